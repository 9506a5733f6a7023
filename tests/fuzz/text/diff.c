/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The diff of two texts, applied to the first by the few rules of the format, gives the second. */
#include "diff.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static const char *line_end(const char *at, const char *end)
{
	const char *nl = memchr(at, '\n', (size_t)(end - at));

	return nl ? nl + 1 : end;
}

static void copy_lines(const struct buf *from, size_t *at, size_t n, struct buf *to)
{
	while (n--) {
		const char *start = from->data + *at, *end = line_end(start, from->data + from->len);

		must(*at < from->len);
		if (to)
			buf_add(to, start, (size_t)(end - start));
		*at += (size_t)(end - start);
	}
}

static void apply(const struct buf *old, const struct buf *diff, struct buf *to)
{
	const char *p = diff->data, *end = p + diff->len;
	size_t at = 0, line = 0;	/* of OLD: bytes and lines consumed */

	p = line_end(line_end(p, end), end);
	while (p < end) {
		const char *next = line_end(p, end);
		bool bare = next < end && *next == '\\';	/* "\ No newline": the line has none */
		size_t len = (size_t)(next - p) - 1 - bare;

		if (*p == '@') {
			size_t first = (size_t)strtoull(p + 4, NULL, 10);
			const char *comma = p + 4 + strspn(p + 4, "0123456789");
			size_t n = *comma == ',' ? (size_t)strtoull(comma + 1, NULL, 10) : 1;

			first -= n ? 1 : 0;
			must(first >= line);
			copy_lines(old, &at, first - line, to);
			line = first;
			p = next;
			continue;
		}
		must(*p == ' ' || *p == '+' || *p == '-');
		if (*p != '+') {
			must(at + len <= old->len && memcmp(old->data + at, p + 1, len) == 0);
			copy_lines(old, &at, 1, NULL);
			line++;
		}
		if (*p != '-')
			buf_add(to, p + 1, len);
		p = bare ? line_end(next, end) : next;
	}
	if (at < old->len)
		buf_add(to, old->data + at, old->len - at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf a = { 0 }, b = { 0 }, diff = { 0 }, got = { 0 };
	const uint8_t *cut = memchr(data, 0xff, size);
	size_t len = cut ? (size_t)(cut - data) : size / 2;

	buf_add(&a, data, len);
	buf_add(&b, data + len, size - len);
	if (cut)
		memmove(b.data, b.data + 1, b.len--);
	diff_unified("a", &a, "b", &b, &diff);
	must(!diff.len == buf_equal(&a, &b));
	if (!diff.len || memchr(data, 0, size))
		return 0;
	apply(&a, &diff, &got);
	must(buf_equal(&got, &b));
	return 0;
}
