/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_INITRD_H
#define CRASHCFG_LAB_INITRD_H

#include "lab.h"
#include "layers.h"

/* Where things lie in the guest. */
#define GUEST_SELF "/usr/sbin/crashcfg"
#define GUEST_SSH_KEY "/lab/ssh_key"
#define GUEST_APPEND "/lab/append.cpio"		/* handed over with the image */
#define GUEST_SETTINGS SETTINGS_DIR "/zzz-test.conf"	/* the last word */

/* The guest's root file system as it is being made: a cpio archive, folders before what is in them. */
struct initrd {
	struct buf bytes;
	unsigned inode;
	struct strv folders, files;
};
void initrd_done(struct initrd *i);
#define auto_initrd AUTO(initrd_done)

void initrd_add(struct initrd *i, const char *path, uint32_t mode, const void *data, size_t len);
/* A file of this machine, as PATH in the guest. */
int initrd_add_file(struct initrd *i, const char *path, uint32_t mode, const char *from, struct err *e);

/* A program of this machine with its libraries, at its own path.  What is there already stays. */
int initrd_add_program(struct initrd *i, const char *path, struct err *e);
/* The orders of S go to PLAN, their programs into the tree. */
int initrd_add_script(struct initrd *i, const struct script *s, struct buf *plan, struct err *e);
/* PID 1. */
int initrd_add_init(struct initrd *i, const struct lab_request *q, struct err *e);
/* The modules NAMES and what they need; PLAN inserts them. */
int initrd_add_modules(struct initrd *i, const struct lab_request *q, const struct strv *names, struct buf *plan,
		       struct err *e);
/* The whole archive; nothing can be added any more. */
void initrd_finish(struct initrd *i, const struct buf *plan, struct buf *ret);

/*
 * The guest that crashes, and the one that hands the dump out.  LAYERS: what lies between file system and
 * disks, NULL for a plain disk.  KNOWN: text that takes the place of the image's known_hosts when it
 * is loaded; NULL: the image's own.
 */
struct initrd_spec {
	const struct lab_request *q;
	const struct recipe_target *t;
	const struct layers *layers;
	const char *token;
	const char *known;
};
int initrd_crash(const struct initrd_spec *spec, struct buf *ret, struct err *e);
int initrd_collect(const struct initrd_spec *spec, struct buf *ret, struct err *e);

#endif
