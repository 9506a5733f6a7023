/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_RAWAREA_H
#define CRASHCFG_RAWAREA_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A dump on a bare device: what capture-init writes to a raw: target and `save` collects
 * at the next boot.  This codec is the format's only home.  Offsets in bytes:
 *
 *	0		header page
 *	4096		the same page once more, written and flushed before the first
 *	8192		zeros up to RAWAREA_LEAD, so that no swap signature is left, whatever the page size
 *	RAWAREA_OLD	what the first RAWAREA_LEAD bytes were, put back when the dump was collected
 *	RAWAREA_RECORD	crash.json, in two slots of RAWAREA_RECORD_MAX that take turns
 *	RAWAREA_DATA	dmesg.txt, vmcoreinfo.txt, registers.txt, vmcore.flat, each at a page's start
 *
 * A header page is text: "crashcfg raw area 1", "sha256 HEX", then JSON, then NULs.  The sum is
 * that of the JSON.  Parts are listed once they are on the disk, so what a header lists is there.
 * The page is written anew after each part; the one that says "final" comes last of all.
 * vmcore.flat is makedumpfile's flattened format (flat.h).
 */
#define RAWAREA_PAGE 4096u
#define RAWAREA_LEAD 65536u
#define RAWAREA_OLD 65536u
#define RAWAREA_RECORD (128u << 10)
#define RAWAREA_RECORD_MAX (512u << 10)
#define RAWAREA_DATA (2u << 20)
#define RAWAREA_LEAST (16u << 20)	/* bytes; on less nothing is written */

enum rawarea_state {
	RAWAREA_SAVING,		/* the capture is at work, or was cut off */
	RAWAREA_FINAL,		/* it has said all */
};

/* In the order in which they are collected. */
enum rawarea_name {
	RAWAREA_OLD_LEAD,	/* "old" */
	RAWAREA_DMESG,		/* "dmesg.txt" */
	RAWAREA_VMCOREINFO,	/* "vmcoreinfo.txt" */
	RAWAREA_REGISTERS,	/* "registers.txt" */
	RAWAREA_VMCORE,		/* "vmcore.flat" */
	RAWAREA_MANIFEST,	/* "crash.json" */
	RAWAREA_NAMES
};

struct rawarea_part {
	uint64_t at, len;	/* bytes; at 0: not there */
	char *sha256;
	bool whole;		/* false: what could be written of it */
};

struct rawarea {
	enum rawarea_state state;
	uint64_t sequence;	/* grows with each header page */
	char *id;		/* of this dump: hex digits */
	uint64_t size;		/* of the device */
	char *url;		/* of the target */
	char *fstype;		/* what the device bore, "swap" or "" */
	char *uuid, *label;	/* of that */
	char *partuuid;		/* of the partition, "" none */
	struct rawarea_part parts[RAWAREA_NAMES];
};

void rawarea_free(struct rawarea *a);		/* accepts NULL */
static inline void own_rawarea(struct rawarea **a)
{
	rawarea_free(*a);
}
#define auto_rawarea AUTO(own_rawarea)

/* -E2BIG: the names in it are too long for a page. */
int rawarea_encode(const struct rawarea *a, char page[static RAWAREA_PAGE], struct err *e);
/*
 * -ENOENT: not such a page; -EINVAL: one that is damaged, or whose parts lie on each other or
 * outside the device; text says what.
 */
int rawarea_decode(const char page[static RAWAREA_PAGE], struct rawarea **ret, struct err *e);
/* Of the first two pages of a device the one that counts: the newer good one.  Errors as above. */
int rawarea_choose(const char pages[static 2 * RAWAREA_PAGE], struct rawarea **ret, struct err *e);

const char *rawarea_part_name(enum rawarea_name n);	/* "dmesg.txt" */

#endif
