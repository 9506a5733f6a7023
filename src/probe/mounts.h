/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_MOUNTS_H
#define CRASHCFG_MOUNTS_H

#include "err.h"

#include <stddef.h>

/* A mounted file system, or one that fstab would mount. */
struct mount_seen {
	char *source;		/* "/dev/vda2"; "" when fstab tells a tag only */
	char *uuid, *label;	/* by fstab's UUID= and LABEL=, "" */
	char *fstype;		/* "ext4" */
	char *target;		/* the mount point, "/var" */
	char *root;		/* the folder of the file system that appears there: "/", "/@var" */
	char *options;		/* of the file system, "rw,subvol=/@" */
	unsigned major, minor;	/* of the device by mountinfo; 0, 0: not known (fstab), 0, N: no disk */
};

void mount_seen_done(struct mount_seen *m);
#define auto_mount AUTO(mount_seen_done)

/*
 * The mount that PATH (absolute, without symbolic links) lies on, from the text of
 * /proc/PID/mountinfo (proc(5): with ids, so that what is hidden below a later
 * mount is not taken) or of fstab(5).  By libmount.
 * -ENOENT: none holds it; -EINVAL: no such table.
 */
int mounts_holding(const char *table, size_t len, const char *path, struct mount_seen *ret, struct err *e);

/* What of PATH, which lies on M, is within the file system: "/@var/crash".  Caller frees. */
char *mount_inside(const struct mount_seen *m, const char *path);

/*
 * The first swap of fstab(5) that is not "noauto", as it is written there: "UUID=...", "/dev/vda2", "/swapfile".
 * -ENOENT: none.  Caller frees.
 */
int mounts_first_swap(const char *table, size_t len, char **ret);

#endif
