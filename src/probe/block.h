/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_BLOCK_H
#define CRASHCFG_BLOCK_H

#include "probe.h"
#include "root.h"

#include <stdint.h>

/* A block device as sysfs shows it. */
struct block_dev {
	char *sys;		/* "/sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda/vda2" */
	char *disk;		/* the same without the partition */
	char *node;		/* "/dev/vda2" as the kernel names it */
	unsigned major, minor;
	uint64_t size;		/* bytes; 0: sysfs does not tell */
};

void block_done(struct block_dev *b);
#define auto_block AUTO(block_done)

/* -ENOENT: sysfs below the root has no such device. */
int block_by_number(const struct root *root, unsigned maj, unsigned min, struct block_dev *ret,
		    struct err *e);
/* NAME as in /sys/class/block: "vda2". */
int block_by_name(const struct root *root, const char *name, struct block_dev *ret, struct err *e);

/* B lies on no other device (stack.h).  -ENOTSUP: it is no disk or partition that drivers alone make appear; text
 * names what it is. */
int block_is_plain(const struct root *root, const struct block_dev *b, struct err *e);
/*
 * A disk that something has to bring up before it appears: a session, a fabric, a channel path.  REMOTE_NONE: it is
 * none, or none that anybody knows to bring up.  What it is goes to WHAT: "iSCSI disk 'sda'".
 */
enum remote_disk block_remote(const struct root *root, const struct block_dev *b, char **what);

/* What makes the disk appear: modaliases of every device from the disk upwards, and modules of the bound
 * drivers. */
void block_drivers(const struct root *root, const struct block_dev *b, struct strv *modaliases,
		   struct strv *drivers);

/* The same for any device: DIR is its folder below /sys/devices. */
void block_device_drivers(const struct root *root, const char *dir, struct strv *modaliases, struct strv *drivers);

#endif
