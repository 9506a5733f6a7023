/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_BISECT_H
#define CRASHCFG_LAB_BISECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The smallest size that works, in steps.  Pure: sizes go out, answers come in.  A size that worked may
 * fail the next time, so one is believed when it has worked BISECT_SURE times and never failed; what failed
 * once does not work, nor does anything below it.
 */
#define BISECT_SURE 2

struct bisect_size {
	uint64_t size;
	unsigned worked, failed;	/* times */
};

struct bisect {
	uint64_t start;		/* the estimate: the first to be tried */
	uint64_t gap;		/* how far above the truth it may lie: the second is so much below */
	uint64_t step;
	uint64_t least, most;	/* none below and none above is tried; multiples of step */
	struct bisect_size *sizes;
	size_t n_sizes;
};

/* All but the step are rounded to it.  */
void bisect_init(struct bisect *b, uint64_t start, uint64_t gap, uint64_t step, uint64_t least, uint64_t most);
void bisect_done(struct bisect *b);
/* What to try now; 0: it is over. */
uint64_t bisect_next(const struct bisect *b);
void bisect_answer(struct bisect *b, uint64_t size, bool worked);
/* The smallest that worked, above all that failed; 0: none yet, or none at all. */
uint64_t bisect_works(const struct bisect *b);
/* The largest that failed; 0: none. */
uint64_t bisect_fails(const struct bisect *b);

#endif
