/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_KDUMP_H
#define CRASHCFG_KDUMP_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is a kdump-compressed dump whole?  Its headers are looked at, not its pages
 * (makedumpfile's IMPLEMENTATION and diskdump_mod.h): block 0 holds "KDUMP   ",
 * block 1 the sub header, then come two bitmaps, then a descriptor for each page
 * that the second bitmap names, then the pages.  Little-endian, 64-bit.
 */
struct kdump {
	uint32_t version;
	uint32_t block_size;
	bool incomplete;	/* makedumpfile marked it so: the disk was full */
	uint64_t pages;		/* bits of the second bitmap */
	uint64_t end;		/* where the last page that was looked at, or what follows the pages, ends */
	uint64_t seen;		/* descriptors that were looked at */
	char release[65];	/* of the crashed kernel */
};

/* Read exactly LEN bytes at OFFSET: 0 or -errno (-ENODATA: the file ends before). */
typedef int (*dump_reader)(void *ctx, uint64_t offset, void *to, size_t len);

/*
 * 0: whole as far as it was looked at.  -EINVAL: not such a file, or damaged; -ENODATA: it
 * ends too early; -EUCLEAN: written incompletely; the text says what.  All descriptors are read
 * up to KDUMP_DESC_MAX of them, else the first and the last half of so many.
 * Reads in pieces of 64 KB; takes no other memory.
 */
#define KDUMP_DESC_MAX (1U << 20)
int kdump_check(dump_reader read_at, void *ctx, uint64_t file_size, struct kdump *ret, struct err *e);

#endif
