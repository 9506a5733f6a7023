/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_DUMPS_H
#define CRASHCFG_DUMPS_H

#include "manifest.h"
#include "rawarea.h"
#include "root.h"

/*
 * The dumps that lie on this system: what `save` and `list` are made of.
 * store.c lists them, area.c knows raw areas on devices, collect.c makes a dump folder of one,
 * retain.c says which dumps go.
 */

/* --- store.c --------------------------------------------------------------------------------------- */

#define DUMP_VMCORE "vmcore"
#define DUMP_VMCORE_PART "vmcore.incomplete"

struct dump {
	char *dir;		/* "/var/crash/web1" below the root */
	char *name;		/* "2026-11-21T00-10-22Z-1b4e28ba" */
	struct manifest *manifest;	/* NULL: none that can be read */
	int64_t when;		/* seconds since 1970, by the manifest, else by the name */
	bool vmcore;		/* a file of that name is there */
	bool whole;		/* and the manifest says that the dump is complete */
	uint64_t bytes;		/* of all its files */
};

struct dump_list {
	struct dump *v;		/* oldest first */
	size_t n;
};

void dump_list_done(struct dump_list *l);
#define auto_dumps AUTO(dump_list_done)
/*
 * Add those in folder DIR, which may be absent.  What bears no dump's name is passed over; with ROOTS, for a folder
 * in which others may write, also what is neither root's nor this user's.
 */
int dump_list_add(const struct root *root, const char *dir, bool roots, struct dump_list *l, struct err *e);
/* What the manifest or its absence says: "complete". */
const char *dump_state(const struct dump *d);
/* Is NAME that of a dump's folder?  *ret_when, if not NULL, is the time in it. */
bool dump_name_parse(const char *name, int64_t *ret_when);
/* Free bytes of the file system that holds DIR, or that will hold it.  0 or -errno; -ETIMEDOUT: see path_answers(). */
int dump_free_bytes(const struct root *root, const char *dir, uint64_t *ret);

/* --- area.c ------------------------------------------------------------------------------------------ */

/* A raw area, open. */
struct area {
	char *path;		/* "/dev/vda2", or a file that holds a device's content */
	int fd;
	struct rawarea *head;
	bool device;
	unsigned major, minor;
};

void area_done(struct area *a);
#define auto_area AUTO(area_done)
/*
 * -ENOENT: there is none; -EINVAL: one whose header is damaged on both its places; -EBUSY: the
 * device is in use, so what looks like an area on it is none any more.
 */
int area_open(const struct root *root, const char *path, struct area *ret, struct err *e);
/* The same question without a claim on the device. */
bool area_is_there(const struct root *root, const char *path);
/* Nodes of all block devices that may bear one: "/dev/vda2". */
int area_candidates(const struct root *root, struct strv *ret);
/*
 * Put back what was there before, on the disk, and have udev look again.  A run that is cut off is done again by the
 * next one.  -EBADMSG: what was kept of it is damaged, and nothing was written.
 */
int area_give_back(const struct root *root, struct area *a, struct err *e);

/* --- collect.c ----------------------------------------------------------------------------------------- */

struct collected {
	char *path;		/* the dump's folder below the root */
	bool before;		/* an earlier run had collected it */
	enum manifest_state state;
	uint64_t bytes;		/* of the vmcore */
	char *check;		/* what was found, one sentence */
};
void collected_done(struct collected *c);
#define auto_collected AUTO(collected_done)
/*
 * Make a dump folder in DIR of what lies in the area, which is left as it is.  All of it is on the disk
 * when this returns 0.  -ENOSPC: there is too little room, nothing was written; else an
 * interrupted run is begun anew by the next one.
 */
int area_collect(const struct root *root, const struct area *a, const char *dir, struct collected *ret,
		 struct err *e);

/* --- efi.c ----------------------------------------------------------------------------------------------- */

/*
 * The log that a capture without any target left in EFI variables (efilog.h) becomes a dump folder of HOST
 * in DIR, with dmesg.txt and a record; then the variables go.  -ENOENT: there is none.
 */
int efi_collect(const struct root *root, const char *dir, const char *host, struct collected *ret,
		struct err *e);

/* --- retain.c ------------------------------------------------------------------------------------------ */

struct retain_rules {
	unsigned keep, keep_days;	/* 0: no limit */
	uint64_t min_free;		/* bytes */
	uint64_t free;			/* bytes that are free now */
	int64_t now;
};
enum retain_action { RETAIN_KEEP, RETAIN_STRIP, RETAIN_DELETE };
struct retained {
	enum retain_action action;
	const char *why;		/* "DUMP_KEEP", "DUMP_KEEP_DAYS" or "DUMP_MIN_FREE"; "" kept */
};
/*
 * Pure: what becomes of each dump of L, in its order.  The newest whole dump stays whatever the
 * rules say.  Of the first dump with a panic line of its kind the vmcore goes and the rest stays (STRIP),
 * for the first RETAIN_FIRSTS of them.
 */
#define RETAIN_FIRSTS 16
void retain_plan(const struct dump_list *l, const struct retain_rules *rules, struct retained *ret);
/* Do it to one dump. */
int retain_do(const struct root *root, const struct dump *d, enum retain_action action, struct err *e);
/* What interrupted runs of retain_do() and area_collect() left in DIR. */
void retain_clean(const struct root *root, const char *dir);

#endif
