/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_SUPERBLOCK_H
#define CRASHCFG_SUPERBLOCK_H

#include "block.h"

/* What a file system says of itself. */
struct superblock {
	char *type;		/* "ext4", "xfs", "btrfs", ... as libblkid names it */
	char *uuid;		/* "" none */
	char *label;		/* "" none */
	bool external_log;	/* its journal lies on another device (ext3, ext4, xfs) */
	unsigned devices;	/* it spreads over so many (btrfs); 1 */
};

void superblock_done(struct superblock *s);
#define auto_superblock AUTO(superblock_done)

/*
 * By libblkid's low-level probe on an open device.  -ENOENT: no file system known there;
 * -ENOTUNIQ: signatures of several.
 */
int superblock_probe(int fd, struct superblock *ret);
/* The same as far as udev's database tells it, the text of /run/udev/data/bMAJ:MIN (E:ID_FS_...).  -ENOENT
 * likewise. */
int superblock_from_udev(const char *text, struct superblock *ret);

/* The same of whatever it is: a swap, a member of an array. */
int superblock_any_from_udev(const char *text, struct superblock *ret);
/* A value of such a text, "" none.  Caller frees. */
char *udev_value(const char *text, const char *key) __attribute__((returns_nonnull));
/* UUID of the partition that the open device is, by libblkid; "" none.  Caller frees. */
char *partition_uuid(int fd) __attribute__((returns_nonnull));

/*
 * Of a mounted file system, from a folder on it, when the device may not be read: by FS_IOC_GETFSUUID
 * (kernels from 6.9 on) and FS_IOC_GETFSLABEL, which ask for no privilege.  The type is the mount's.  -ENOENT
 * likewise.
 */
int superblock_from_mount(int dir, const char *fstype, struct superblock *ret);

/*
 * The UUID by which a member of something larger is known: TYPE is "linux_raid_member" (the array's), "LVM2_member"
 * (the physical volume's) or "crypto_LUKS".  Read or told by udev as with superblock_read().  -ENOENT: it is none.
 */
int superblock_member(const struct root *root, const struct block_dev *b, const char *type, char **ret_uuid,
		      struct err *e);

/* Of a device below the host's /dev; without permission to read it, by udev.  -EACCES when both fail. */
int superblock_read(const struct root *root, const struct block_dev *b, struct superblock *ret,
		    struct err *e);

#endif
