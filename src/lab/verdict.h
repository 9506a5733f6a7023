/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_VERDICT_H
#define CRASHCFG_LAB_VERDICT_H

#include "manifest.h"
#include "vmcore.h"

/* All that was found out about a dump.  NULL and 0: it is not there. */
struct evidence {
	const char *release;		/* the kernel that crashed */
	const char *token;		/* what this run wrote into its log */
	uint64_t memory;		/* bytes of the guest */
	bool log_only;			/* what was asked for: dmesg.txt, and no vmcore */
	uint64_t hash_max;		/* the recipe's: a larger vmcore needs no hash */
	const char *sha256_image, *sha256_armed;	/* of the image here, and of what the guest loaded */
	const struct manifest *manifest;
	uint64_t bytes;			/* of the file vmcore */
	const char *sha256;		/* of the file vmcore */
	const char *dmesg;		/* text of dmesg.txt */
	const struct vmcore_look *look;
	const char *look_error;		/* why there is no look */
};

/* NULL: the dump arrived whole and is this crash's own.  Else the first reason why not; caller frees. */
char *verdict(const struct evidence *ev);

#endif
