/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are read or refused; what was read, written again, reads the same. */
#include "cpio.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct copy {
	struct buf archive;
	unsigned inode;
	struct buf seen;	/* every member's name, type, and data */
};

static int copy_member(void *ctx, const struct cpio_member *m)
{
	struct copy *copy = ctx;

	if (strlen(m->name) == 0)
		abort();
	cpio_add(&copy->archive, &copy->inode, m->name, m->mode, m->data, m->len, 0, 0);
	buf_addf(&copy->seen, "%s %o ", m->name, m->mode);
	buf_add(&copy->seen, m->data, m->len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct copy first = { 0 }, second = { 0 };
	struct err e = { 0 };
	size_t end = 0;
	int r = cpio_each((const char *)data, size, copy_member, &first, &end, &e);

	if (r == 0) {
		if (end > size || e.code)
			abort();
		cpio_end(&first.archive);
		if (first.archive.len % 512)
			abort();
		if (cpio_each(first.archive.data, first.archive.len, copy_member, &second, &end, &e) < 0 ||
		    end != first.archive.len || !buf_equal(&first.seen, &second.seen))
			abort();
	} else if (!e.code || !e.text[0]) {
		abort();
	}
	buf_done(&first.archive);
	buf_done(&first.seen);
	buf_done(&second.archive);
	buf_done(&second.seen);
	return 0;
}
