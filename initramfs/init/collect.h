/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_COLLECT_H
#define CRASHCFG_INIT_COLLECT_H

#include "place.h"

/*
 * The ways to write DUMP_PART into a place; the file is not there before, and on failure what is
 * there stays.
 */

/*
 * makedumpfile with that filter.  MAY_STOP: there is another way or place, so it is ended as soon as
 * the pages written so far tell that the disk will not hold the rest.  Its exit code is
 * *ret_code.  -ENOSPC: there is or will be no room; -EIO, -ETIMEDOUT, -ENOENT: it failed.
 */
int collect_by_makedumpfile(struct capture *c, const struct place *to, unsigned level, unsigned threads,
			    bool may_stop, int *ret_code, struct err *e);
/*
 * The same for a place in which nobody can seek: makedumpfile's flattened format (flat.h) goes to
 * TAKE piece by piece; its negative answer, with text, ends makedumpfile and is the answer here.
 */
struct collect_stream {
	int (*take)(void *ctx, const void *data, size_t len, struct err *e);
	void *ctx;
	uint64_t room;		/* bytes that the place has for it */
};
int collect_stream(struct capture *c, const struct collect_stream *to, unsigned level, unsigned threads,
		   bool may_stop, int *ret_code, struct err *e);
/*
 * All of /proc/vmcore as it stands, an ELF core, its zeroed pages as holes.  Asks nothing of
 * the crashed kernel but its ELF headers.  Pages that cannot be read become zeros.
 * -ENOSPC: the text tells from which memory on all is missing.
 */
int collect_by_copy(struct capture *c, const struct place *to, struct err *e);
/* The same as a flattened stream. */
int collect_copy_stream(struct capture *c, const struct collect_stream *to, struct err *e);
/* Are parts of what it wrote what /proc/vmcore holds, and is all there that the headers name? */
int collect_check_copy(struct capture *c, int fd, uint64_t size, char says[static 200], struct err *e);

#endif
