/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_INITRD_H
#define CRASHCFG_LAB_INITRD_H

#include "lab.h"

/* Where things lie in the guest. */
#define GUEST_SELF "/usr/sbin/crashcfg"

/* The guest's root file system as it is being made: a cpio archive, folders before what is in them. */
struct initrd {
	struct buf bytes;
	unsigned inode;
	struct strv folders;
};
void initrd_done(struct initrd *i);
#define auto_initrd AUTO(initrd_done)

void initrd_add(struct initrd *i, const char *path, uint32_t mode, const void *data, size_t len);
/* A file of this machine, as PATH in the guest. */
int initrd_add_file(struct initrd *i, const char *path, uint32_t mode, const char *from, struct err *e);

/* The guest that crashes, and the one that hands the dump out. */
int initrd_crash(const struct lab_request *q, const struct recipe_target *t, const char *token,
		 struct buf *ret, struct err *e);
int initrd_collect(const struct lab_request *q, const struct recipe_target *t, struct buf *ret,
		   struct err *e);

#endif
