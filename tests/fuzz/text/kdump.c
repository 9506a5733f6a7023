/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever a dump's headers say: nothing outside the file is read, and what is whole cannot be
 * whole when cut.
 */
#include "kdump.h"

#include "own.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
	const uint8_t *data;
	size_t size;
};

static int read_file(void *ctx, uint64_t offset, void *to, size_t len)
{
	const struct file *f = ctx;

	if (offset > f->size || len > f->size - offset)
		abort();
	memcpy(to, f->data + offset, len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file f = { .data = data, .size = size };
	struct kdump k, cut;
	struct err e = { 0 };
	int r = kdump_check(read_file, &f, size, &k, &e);

	if (r < 0) {
		if (!e.text[0] || r != -e.code)
			abort();
		return 0;
	}
	if (k.end != size || !k.pages || !k.seen || k.seen > k.pages || k.pages > size)
		abort();
	f.size = size - 1;
	if (kdump_check(read_file, &f, size - 1, &cut, NULL) == 0)
		abort();
	return 0;
}
