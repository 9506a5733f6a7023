/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In whatever pieces a stream comes, it makes the same records and the same end. */
#include "flat.h"
#include "own.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t bytes, sum, records, last;
};

static int record(void *ctx, uint64_t offset, uint64_t len, uint64_t pos)
{
	struct seen *s = ctx;

	if (pos < FLAT_HEAD + FLAT_RECORD || pos <= s->last || offset + len < offset)
		abort();
	s->last = pos;
	s->records = s->records * 31 + offset + len;
	return 0;
}

static int take(void *ctx, uint64_t offset, const void *data, size_t len)
{
	const unsigned char *p = data;
	struct seen *s = ctx;

	for (size_t i = 0; i < len; i++)
		s->sum = s->sum * 31 + p[i] + offset + i;
	s->bytes += len;
	return 0;
}

static int run(const uint8_t *data, size_t size, size_t step, struct flat *f, struct seen *s)
{
	struct flat_sink sink = { record, take, s };
	struct err e = { 0 };
	int r = 0;

	for (size_t at = 0; at < size && r == 0; at += step)
		r = flat_feed(f, data + at, size - at < step ? size - at : step, &sink, &e);
	if (r < 0 && (!e.text[0] || r != -e.code))
		abort();
	if (f->pos > size || s->bytes > size)
		abort();
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The head is the same in all of them: behind it is what there is to find. */
	size_t len = FLAT_HEAD + size;
	auto_free uint8_t *whole = xcalloc(1, len);
	struct flat a = { 0 }, b = { 0 };
	struct seen x = { 0 }, y = { 0 };
	int r;

	memcpy(whole, "makedumpfile", 12);
	whole[23] = whole[31] = 1;
	memcpy(whole + FLAT_HEAD, data, size);
	r = run(whole, len, len, &a, &x);
	if (run(whole, len, 7, &b, &y) != r || a.ended != b.ended ||
	    (r == 0 && memcmp(&x, &y, sizeof(x)) != 0))
		abort();
	run(data, size, 3, &(struct flat){ 0 }, &(struct seen){ 0 });
	return 0;
}
