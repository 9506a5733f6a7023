/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_PLACE_H
#define CRASHCFG_INIT_PLACE_H

#include "capture.h"

struct destination;

/* The dump folder of one target, open for writing. */
struct place {
	int target;
	int dir;
	const struct destination *how;
	void *own;	/* of a destination that is no folder */
	char *shown;	/* "/var/crash/host/2026-11-21T00-10-22Z-1b4e28ba", for people */
};

void place_done(struct place *p);
#define auto_place AUTO(place_done)

/* Kinds of destination differ in how a place is reached; all that follows works on the open folder. */
struct destination {
	const char *name;
	bool (*takes)(const struct recipe_target *t);
	/* Reach target I and make its dump folder; notes in the page what was done. */
	int (*open)(struct capture *c, int i, struct place *ret, struct err *e);
	/*
	 * A place that is no folder has ways of its own for all that follows; NULL: files in place->dir.
	 * They promise what save_log(), report_write() and the functions of dump.h promise.
	 */
	int (*reopen)(const struct page *p, const struct recipe *r, int i, struct place *ret, struct err *e);
	int (*put_log)(struct capture *c, const struct place *to, struct err *e);
	int (*report)(const struct capture *c, const struct place *at, const struct buf *manifest, bool final,
		      struct err *e);
	int (*write)(struct capture *c, const struct place *to, bool may_stop, int *ret_code, struct err *e);
	int (*check)(struct capture *c, const struct place *at, struct err *e);
	int (*hash)(struct capture *c, const struct place *at, struct err *e);
	int (*commit)(struct capture *c, const struct place *at, struct err *e);
	void (*done)(struct place *p);
	/* Mount target I again, whose server died with the worker that had it, or lost its connection; NULL: it
	 * needs none. */
	int (*again)(struct capture *c, int i, struct err *e);
};
/* NULL: this program does not know such targets. */
const struct destination *destination_find(const struct recipe_target *t);
extern const struct destination destination_disk, destination_raw, destination_nfs, destination_ssh;

/*
 * Make the dump's own folder in what is mounted for target I, below SUB, the end of the target's folder
 * ("var/crash", "").  OURS: a folder that belongs to another user is not gone into (on a server it may).
 */
int folder_make(struct capture *c, int i, const char *sub, bool ours, struct place *ret, struct err *e);

/* Open the folder of target I again, which an earlier worker made. */
int place_reopen(struct page *p, const struct recipe *r, int i, struct place *ret, struct err *e);
/* It lies behind a connection that has ended; place_reopen() makes another one. */
bool place_is_cut(const struct place *p);
/*
 * How long to wait for a device, ms: never past the half of what is left of the capture's time, and only for moments once
 * all had the time to come.
 */
long long place_patience(const struct capture *c);
/* Where target I's file system is mounted. */
#define MOUNT_POINT_MAX 32
void place_mount_point(int i, char path[static MOUNT_POINT_MAX]);

/*
 * A file that is NAME.incomplete until place_commit() has brought it to the disk. A descriptor, or
 * an error.
 */
int place_create(const struct place *p, const char *name, struct err *e);
/* fsync of FD, which is NAME.incomplete, then its final name; never one that is there (-EEXIST). */
int place_commit(const struct place *p, int fd, const char *name, struct err *e);
/* All of it in one. */
int place_put(const struct place *p, const char *name, const void *data, size_t len, struct err *e);
/* The folder itself on the disk: the names given by place_commit() are safe then. */
int place_sync(const struct place *p, struct err *e);

#endif
