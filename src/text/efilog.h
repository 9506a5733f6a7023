/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_EFILOG_H
#define CRASHCFG_EFILOG_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The end of a crash's log in EFI variables: the last resort of a capture that found no target.
 * The store is small, wears out, and a full one has bricked machines, so there are EFILOG_PARTS
 * variables of fixed names, EFILOG_PART_MAX bytes each, and the next crash takes the same ones.
 * A variable holds the line
 *	"crashcfg-log 1 PART PARTS CRASH-TIME BOOT-ID\n"
 * and then its part of the text, the first part first.
 */
#define EFILOG_DIR "/sys/firmware/efi/efivars"
#define EFILOG_GUID "5c1f5d1e-8f0b-4b52-9e36-7a4d2c0be8a1"
#define EFILOG_PARTS 4u
#define EFILOG_PART_MAX 2048u	/* with the line before it */
#define EFILOG_NAME_MAX 64
/* efivarfs puts them before a variable's bytes: non-volatile, boot and run time (UEFI 2.10, 8.2). */
#define EFILOG_ATTRIBUTES 7u

/* "CrashcfgLog0-5c1f5d1e-..." */
const char *efilog_name(unsigned part, char name[static EFILOG_NAME_MAX]);

struct efilog {
	int64_t crash_time;	/* 0 unknown */
	char boot_id[40];	/* of the crashed system, "" unknown */
	struct buf text;
	bool whole;		/* no part is missing between the first and the last */
};
void efilog_done(struct efilog *l);
#define auto_efilog AUTO(efilog_done)

/*
 * What the variables shall hold, from the end of TEXT.  The number of parts is returned, 0 for no
 * text; those behind it are of an older crash and are to be removed.
 */
unsigned efilog_encode(int64_t crash_time, const char *boot_id, const char *text, size_t len,
		       struct buf parts[static EFILOG_PARTS]);
/*
 * What variables hold, those that are not there being empty.  Parts of another crash than the first one's
 * are passed over.  -ENOENT: nothing of ours.
 */
int efilog_decode(const struct buf parts[static EFILOG_PARTS], struct efilog *ret, struct err *e);

#endif
