/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_LAYERS_H
#define CRASHCFG_INIT_LAYERS_H

#include "capture.h"

/*
 * Set up what lies between T's disks and its file system (arrays, volumes), bottom up, each when the devices that bear
 * its members have come, waiting at most MS milliseconds for each.  What is up already, from another target or
 * an earlier worker, stays as it is.
 * An array of which a member does not come runs without it, and one that was being written when the
 * kernel died is not brought in order here: that is the healthy system's.
 * -ENODEV: members are missing; else what the layer's own program said.
 */
int layers_open(struct capture *c, const struct recipe_target *t, long long ms, struct err *e);

/*
 * Does the key that was handed over open the encrypted layer L, which lies on DEVICE?  Nothing is opened.
 * -EKEYREJECTED: no key slot of it.
 */
int layer_unlocks(struct capture *c, const struct recipe_layer *l, const char *device, struct err *e);

/*
 * Is NAME ("dm-3") a part of a larger device, which must not be taken for the whole although it bears the same (one
 * half of a mirrored volume, the origin of a snapshot)?
 */
bool layers_is_part(const char *name);

/*
 * Can the device NAME bear T's file system: is it one of T's layers, where there are any?  A disk that an array has lost may
 * bear the same (where the array's own data stand at its end), and so may one half of it.
 */
bool layers_bear(const struct recipe_target *t, const char *name);

#endif
