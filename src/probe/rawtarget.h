/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_RAWTARGET_H
#define CRASHCFG_RAWTARGET_H

#include "probe.h"

/* storage_find() for raw: targets. */
int storage_find_raw(const struct root *root, const struct target *t, struct storage *ret, struct err *e);

/*
 * What a raw: target means, as fstab(5) writes it: "/dev/...", "UUID=...", "PARTUUID=...", or a swap file's
 * path.  -ENOENT: 'raw:swap' without a swap in fstab.  Caller frees.
 */
int raw_spec(const struct root *root, const struct target *t, char **ret, struct err *e);
/* Where udev shows it: "/dev/disk/by-uuid/...".  NULL: no device.  Caller frees. */
char *raw_device_path(const char *spec);

#endif
