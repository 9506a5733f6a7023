/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_WIRE_H
#define CRASHCFG_LAB_WIRE_H

#include "recipe.h"
#include "tools.h"

/*
 * The way from the guest that crashes to a scratch server, as the recipe has it from the host: the guest
 * gets network cards of the host's kind with the host's addresses, and the other end is given the
 * addresses of the target and of the router on the way to it.  Both hang on one descriptor, which
 * nobody else has.
 */

/* The links of RECIPE that T is reached by, as recipe_links. */
struct wire {
	const struct recipe_link **links;
	size_t n;
};
void wire_done(struct wire *w);
#define auto_wire AUTO(wire_done)
int wire_find(const struct recipe *recipe, const struct recipe_target *t, struct wire *ret, struct err *e);

/* Does the capture ask a name server for T's host? */
bool wire_has_name(const struct recipe *recipe, const struct recipe_target *t);
/* QEMU's arguments for the crashing guest's cards, on descriptor FD.  -ENOTSUP: QEMU has no such card. */
int wire_cards(const struct wire *w, int fd, struct strv *ret, struct err *e);
/* For the server's one card. */
void wire_server_card(int fd, struct strv *ret);
/* What the server has to run to have its addresses, and to give the other guest one where that asks for it. */
int wire_server(const struct recipe *recipe, const struct recipe_target *t, const struct wire *w,
		struct script *s, struct err *e);

#endif
