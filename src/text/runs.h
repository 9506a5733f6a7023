/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_RUNS_H
#define CRASHCFG_RUNS_H

#include "hash.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What was written to a file that is somewhere else, remembered by hashes of its runs, so that what
 * is read back can be held against it.  A dump is written in few streams, each from its start to its end,
 * and its head once more at last; so runs are short at the head, where they are written over, and long
 * behind it. What lies in more runs than these is not known and passes.
 */
#define RUNS_MAX 4096
#define RUNS_HEAD (1u << 20)		/* up to here a run has */
#define RUNS_SHORT 4096u		/* so many bytes, */
#define RUNS_LONG (16u << 20)		/* behind it so many */

struct run_part {
	uint64_t start, end;
	struct hash *hash;		/* NULL: ended, see text */
	char text[HASH_TEXT_MAX];
};

struct runs {
	struct run_part *v;
	size_t n;
	/* The run that is being read back. */
	struct hash *back;
	size_t at;
	uint64_t next;
};

void runs_done(struct runs *r);
void runs_written(struct runs *r, uint64_t offset, const void *data, size_t len);
/* The file has SIZE bytes now: what lies behind them is forgotten. */
void runs_cut(struct runs *r, uint64_t size);
/* LEN bytes were read at OFFSET.  False: a run that was read from its start to its end is not what was
 * written. */
bool runs_read(struct runs *r, uint64_t offset, const void *data, size_t len);

#endif
