/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_MANIFEST_H
#define CRASHCFG_MANIFEST_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * crash.json, the record that lies beside every dump.  capture-init writes it
 * first (state "saving") and last; `test`, `save`, `list`, `status` and the hub
 * read it.  This codec is its only home.
 */
#define MANIFEST_NAME "crash.json"
#define MANIFEST_SCHEMA 1

enum manifest_state {
	MANIFEST_SAVING,	/* the capture is at work, or was cut off */
	MANIFEST_COMPLETE,	/* vmcore is there, whole and checked */
	MANIFEST_INCOMPLETE,	/* only vmcore.incomplete is there */
	MANIFEST_LOG_ONLY,	/* no vmcore, dmesg.txt is there */
	MANIFEST_FAILED,	/* nothing could be saved but this record */
};

/*
 * One phase of the capture, in order: "look", "notes", "log", "modules"; then for each target
 * "device", "dmesg", "vmcore", "check", "hash", "rename"; "vmcore" and "check" once for each way that
 * was tried to write the dump, "copy" instead of "vmcore" for the plain copy; "room" before the first where it was
 * doubtful that it would fit.  "pre" and "post" for each
 * program of the settings, the one before the first "vmcore", the other behind all targets.  "listeners":
 * those who hear of the progress by the network were looked for, behind the first "dmesg".  "efi": no
 * target took the log, so EFI variables were to.
 */
struct manifest_phase {
	char *name;
	char *target;		/* URL, "" where the phase has none */
	double seconds;
	int exit_code;		/* 0 good; a program's exit code; 128+N: killed by signal N */
	char *error;		/* "" none; one sentence.  With the exit code 0: what went not as it should */
};

/* What was tried on one target, in order. */
struct manifest_attempt {
	char *target;		/* URL */
	char *result;		/* "saved", "failed" */
	char *error;		/* "" none */
};

struct manifest {
	enum manifest_state state;
	char *host, *machine_id;		/* of the crashed system */
	char *boot_id;				/* likewise; "" when it was not handed over */
	char *kernel, *build_id;		/* OSRELEASE and BUILD-ID of VMCOREINFO */
	int64_t crash_time;			/* seconds since 1970, VMCOREINFO's CRASHTIME; 0 unknown */
	char *panic;				/* the panic line of the log, "" unknown */
	char *target;				/* URL that took the dump, "" none */
	uint64_t bytes;				/* of vmcore or vmcore.incomplete */
	char *sha256;				/* of vmcore, "" when not computed */
	uint64_t pages;				/* dumped pages that the dump's bitmap tells; 0 unknown */
	bool checked;				/* the written dump was looked at and found whole */
	char *check;				/* what that look said, one sentence */
	uint64_t mem_total, mem_low;		/* bytes: MemTotal and the least MemAvailable seen */
	uint64_t mem_reserved;			/* bytes of all memory that the capture kernel was given; 0 unknown */
	unsigned dump_level;
	char *compress;
	/*
	 * What wrote the dump, or was at it last: "makedumpfile" (its exit code is in phases, its filter in
	 * dump_level, which is not the settings' where that one failed), or "copy": the plain
	 * copy of /proc/vmcore, an ELF core with holes, that stands in where makedumpfile cannot.
	 */
	char *area;				/* id of the raw area that it was collected from, "" none */
	char *collector;
	struct manifest_phase *phases;
	size_t n_phases;
	struct manifest_attempt *attempts;
	size_t n_attempts;
};

void manifest_free(struct manifest *m);		/* accepts NULL */
static inline void own_manifest(struct manifest **m)
{
	manifest_free(*m);
}
#define auto_manifest AUTO(own_manifest)

void manifest_encode(const struct manifest *m, struct buf *to);
/* Unknown members are ignored, absent ones take their empty value.  -EINVAL: not a manifest. */
int manifest_decode(const char *text, size_t len, struct manifest **ret, struct err *e);
const char *manifest_state_name(enum manifest_state s);
/*
 * Name of a dump's folder: "2026-11-21T00-10-22Z-1b4e28ba", crash time in UTC and the first eight
 * digits of the crashed system's boot id ("00000000" where that is not a boot id).  Two crashes
 * never share one: whoever makes it adds ".2", ".3" ... where it is there already.  Caller frees.
 */
char *manifest_folder(int64_t crash_time, const char *boot_id);
/* The crash time of a folder with such a name, with or without ".2"; -1: it is none. */
int64_t manifest_folder_time(const char *name);
#define MANIFEST_FOLDER_LEN 29	/* without ".2": what is one crash's own */

#endif
