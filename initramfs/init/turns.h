/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_TURNS_H
#define CRASHCFG_INIT_TURNS_H

#include "page.h"
#include "recipe.h"

/* Which target is asked for what, and when.  Nothing in here touches one. */

/* How many of the recipe's targets are tried. */
unsigned turns_count(const struct recipe *r);
/* It is there by its drivers alone: no network is waited for. */
bool turns_is_local(const struct recipe_target *t);
/* Another target waits for its turn. */
bool turns_more(const struct recipe *r, const struct page *p);
bool turns_have_log(const struct page *p);
/*
 * The target to be asked for the log before the one whose turn it is; -1 none: that one is local, or the log is saved, or
 * all were asked.  Moves page->next_early on: each is asked once.
 */
int turns_next_early(const struct recipe *r, struct page *p);
/* A target behind number I lies in a network. */
bool turns_want_network(const struct recipe *r, int i);

#endif
