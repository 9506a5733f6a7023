/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_INIT_H
#define CRASHCFG_LAB_INIT_H

#include "buf.h"
#include "err.h"
#include "guest.h"

#include <stdbool.h>

#define MOUNT_POINT "/mnt"

/* GUEST_PLAN, taken apart. */
struct plan {
	char *mode, *disk, *fstype, *options, *dir, *out, *image, *token;
	struct strv modules, run;
};
int plan_read(struct plan *ret, struct err *e);

void tell(const char *word, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int modules_insert(const struct strv *modules, struct err *e);
/* "/dev/vda" for SERIAL, or for "any" the only disk.  Waits for it. */
int disk_find(const char *serial, char **ret, struct err *e);
/* Mount the scratch disk at MOUNT_POINT; a btrfs gets the subvolume that the options name if CREATE. */
int disk_mount(const struct plan *p, const char *device, bool create, struct err *e);
/* Write the stream of all files below MOUNT_POINT/DIR to DEVICE. */
int stream_write(const char *dir, const char *device, unsigned *ret_files, struct err *e);

#endif
