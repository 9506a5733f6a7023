/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_HOOKS_H
#define CRASHCFG_INIT_HOOKS_H

#include "place.h"

/*
 * Run the programs of DUMP_PRE that have not run yet, with the dump's folder AT as their working folder, no argument
 * and no input; those of DUMP_POST with one argument, "saved" or "failed", in the folder of the
 * target that took the dump, or else "/".  Each has a deadline and is a phase of the record; that
 * one fails is told and holds nothing up.
 */
void hooks_pre(struct capture *c, const struct place *at);
void hooks_post(struct capture *c);

#endif
