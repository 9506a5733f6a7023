/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_LAYERPARTS_H
#define CRASHCFG_INIT_LAYERPARTS_H

#include "capture.h"

/* What the layers' sources share; layers.h is what others see. */
#define ATTR_MAX 256

/* The first line of a file of a block device's folder in sysfs, "" when it has none. */
void layer_attr(const char *device, const char *name, char text[static ATTR_MAX]);
/* Run one of the image's programs; what it said is the error. */
int layer_run(struct capture *c, const char *const *argv, struct err *e);

/*
 * Assemble the array L: when all members are here that it had at its last write, or no more come, waiting at most
 * MS milliseconds.  Members that it had lost before are left out.  0 when it runs already.
 * -ENODEV: no member came; -EIO: it does not run, the text says with how many members.
 */
int array_open(struct capture *c, const struct recipe_layer *l, long long ms, struct err *e);

#endif
