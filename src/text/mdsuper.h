/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_MDSUPER_H
#define CRASHCFG_MDSUPER_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a member of an MD array tells of it: the superblocks 0.90 and 1.x of include/uapi/linux/raid/md_p.h.
 * Every write of a superblock counts its events up, so a member that the array has lost is behind the others.
 */
#define MDSUPER_BYTES 4096u
#define MDSUPER_PLACES 4u

struct mdsuper {
	unsigned disks;		/* members of the whole array */
	unsigned active;	/* of these, those that it had when this was written */
	bool member;		/* this one was one of them; else spare, failed or a journal */
	uint64_t events;
	int64_t updated;	/* seconds since 1970: when this was written */
};

/* Offsets at which a superblock may lie on a device of SIZE bytes; those outside of it are left out. */
size_t mdsuper_places(uint64_t size, uint64_t ret[static MDSUPER_PLACES]);
/* DATA was read at the offset AT.  -ENODATA: no superblock that belongs there. */
int mdsuper_read(const char *data, size_t len, uint64_t at, struct mdsuper *ret, struct err *e);

/*
 * How members of one array stand to its last write.  Fresh: it had them then (the kernel takes one that is a single
 * event behind, since they are written one by one).  Recent: it lost them at most MDSUPER_TOGETHER seconds before, by
 * what killed the kernel, such as their controller's fault: what they hold is as good.  Stale: what they hold must
 * not be mixed with what the others hold; spares are stale too.
 */
#define MDSUPER_TOGETHER 60
enum mdage { MD_STALE, MD_RECENT, MD_FRESH };
/* The age of each of the N in V.  Returns how many members the array had at its last write, 0: none of V is one. */
unsigned mdsuper_ages(const struct mdsuper *v, size_t n, enum mdage *ret);

#endif
