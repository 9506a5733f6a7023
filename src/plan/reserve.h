/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_RESERVE_H
#define CRASHCFG_RESERVE_H

#include "image.h"

/* How much memory a capture needs.  Bytes; pure, but for reserve_history_read(). */

struct reserve_part {
	const char *name;	/* "kernel" */
	char why[120];
	int64_t bytes;		/* below 0: experience says that the others are too much */
};
struct reserve_sum {
	struct reserve_part parts[14];
	size_t n_parts;
	uint64_t kernel;	/* what a kernel takes until its init runs: with less no capture begins */
	uint64_t need;		/* the parts' sum */
	uint64_t value;		/* what to reserve: rounded up, and at least what any machine should have */
};

/* What one capture had and left, by its manifest. */
struct reserve_seen {
	uint64_t reserved, low;	/* all that the capture kernel was given; the least that was free */
	bool whole;		/* it wrote its dump to the end */
};
struct reserve_history {
	struct reserve_seen *v;
	size_t n;
};
void reserve_history_done(struct reserve_history *h);
/*
 * From the newest dumps that lie on this host for the settings' targets, those that kernel RELEASE
 * wrote to one of these targets.  A mount that does not answer teaches nothing.
 */
void reserve_history_read(const struct root *root, const struct settings *s, const char *host, const char *release,
			  struct reserve_history *ret);

/* IMAGE NULL: none could be planned, and usual sizes stand in; H NULL: there is no experience. */
void reserve_compute(const struct facts *f, const struct image_plan *image, const struct reserve_history *h,
		     struct reserve_sum *ret);
/* The value for the boot loader where the settings say auto: "192M", spelled for F's machine.  Caller frees.
 * NULL: it would take more than half of this machine's memory. */
char *reserve_auto(const struct facts *f, const struct image_plan *image, const struct reserve_history *h);
#define RESERVE_SLACK (UINT64_C(64) << 20)
/* Is CURRENT, a value of crashkernel=, still good where SUM is what would be asked for? */
bool reserve_keeps(const struct reserve_sum *sum, const char *current, uint64_t mem_total);

#endif
