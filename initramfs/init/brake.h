/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_BRAKE_H
#define CRASHCFG_INIT_BRAKE_H

#include "place.h"

/*
 * The crash-loop brake: is this one crash too many within the recipe's span, by the names of the folders that
 * lie beside this dump's?  Then no memory is saved any more, so that a host that crashes again
 * and again neither fills its disk nor loses an hour each time; the page says so.
 */
void brake_look(struct capture *c, const struct place *at);

#endif
