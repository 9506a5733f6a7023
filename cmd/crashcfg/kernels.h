/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_KERNELS_H
#define CRASHCFG_KERNELS_H

#include "err.h"
#include "root.h"

/*
 * What "--kernels DIR" names: a small root of its own ("DIR/boot", "DIR/lib/modules"),
 * or a folder of such roots, each called by its kernel's release; of these RELEASE's
 * is taken, with NULL the newest.
 */
int kernels_open(const char *dir, const char *release, struct root *ret, struct err *e);

#endif
