/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_BRING_H
#define CRASHCFG_INIT_BRING_H

#include "capture.h"

/*
 * Where T lies on a disk that drivers alone do not make appear: rebuild the way to what serves it, and have
 * the recipe's bringer (dracut's init, in an image made by dracut) bring it up.  It is tried once in a
 * capture, for all targets.  Else 0 at once.
 */
int bring_up(struct capture *c, const struct recipe_target *t, struct err *e);

#endif
