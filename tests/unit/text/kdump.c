/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kdump.h"

#include "buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BLOCK 4096U
#define PAGES 5U
#define DESCS (4 * BLOCK)
#define DATA (DESCS + PAGES * 24)

static void put32(struct buf *b, size_t at, uint32_t v)
{
	memcpy(b->data + at, &v, sizeof(v));
}

static void put64(struct buf *b, size_t at, uint64_t v)
{
	memcpy(b->data + at, &v, sizeof(v));
}

/* Five pages of 100 bytes among 64 page frames; two bitmaps of a block each. */
static void make_dump(struct buf *b)
{
	buf_zero(b, DATA + PAGES * 100);
	memcpy(b->data, "KDUMP   ", 8);
	put32(b, 8, 6);
	memcpy(b->data + 142, "6.1.0-55-amd64", 14);
	put32(b, 428, BLOCK);
	put32(b, 432, 1);
	put32(b, 436, 2);
	put32(b, 440, 64);
	put64(b, BLOCK + 96, 64);
	b->data[3 * BLOCK] = 0x1f;
	for (size_t i = 0; i < PAGES; i++) {
		put64(b, DESCS + i * 24, DATA + i * 100);
		put32(b, DESCS + i * 24 + 8, 100);
	}
}

static int read_buf(void *ctx, uint64_t offset, void *to, size_t len)
{
	const struct buf *b = ctx;

	if (offset > b->len || len > b->len - offset)
		return -ENODATA;
	memcpy(to, b->data + offset, len);
	return 0;
}

static void a_whole_dump_is_whole(void **state)
{
	auto_buf struct buf b = { 0 };
	struct kdump k;
	struct err e = { 0 };

	(void)state;
	make_dump(&b);
	if (kdump_check(read_buf, &b, b.len, &k, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(k.pages, PAGES);
	assert_int_equal(k.seen, PAGES);
	assert_int_equal(k.end, b.len);
	assert_int_equal(k.block_size, BLOCK);
	assert_string_equal(k.release, "6.1.0-55-amd64");
}

static void a_dump_cut_anywhere_is_not_whole(void **state)
{
	auto_buf struct buf b = { 0 };

	(void)state;
	make_dump(&b);
	for (size_t len = 0; len < b.len; len++) {
		auto_free char *exact = xmemdup(b.data, len);
		struct buf cut = { .data = exact, .len = len };
		struct kdump k;

		assert_true(kdump_check(read_buf, &cut, len, &k, NULL) < 0);
	}
}

static void damage_is_seen(void **state)
{
	static const struct {
		size_t at;
		uint64_t value;
		int want;
	} rows[] = {
		{ 0, 0, -EINVAL },				/* signature */
		{ 8, 0, -EINVAL },				/* version */
		{ 424, 0x8 | (uint64_t)BLOCK << 32, -EUCLEAN },	/* incomplete */
		{ 428, 4095 | 1ULL << 32, -EINVAL },		/* block size */
		{ 428, 0 | 1ULL << 32, -EINVAL },
		{ 432, 0xffffffff | 2ULL << 32, -ENODATA },	/* blocks of the sub header */
		{ 436, 3 | 64ULL << 32, -EINVAL },		/* bitmaps of one block and a half */
		{ 436, 0 | 64ULL << 32, -EINVAL },
		{ BLOCK + 96, 0, -EINVAL },			/* max_mapnr_64 */
		{ BLOCK + 96, UINT64_MAX, -EINVAL },
		{ BLOCK + 72, 1000, 0 },			/* erase information that ends within the file */
		{ BLOCK + 72, 1ULL << 40, -ENODATA },
		{ 3 * BLOCK, 0, -EINVAL },			/* no page at all */
		{ 3 * BLOCK, 0x3f, -EINVAL },			/* one page more than there is */
		{ DESCS, 0, -EINVAL },				/* a page within the headers */
		{ DESCS + 48, UINT64_MAX, -EINVAL },
		{ DESCS + 8, 0, -EINVAL },			/* a page without bytes */
		{ DESCS + 8, 5000, -EINVAL },
		{ DESCS + 96 + 8, 99, -EINVAL },		/* the last page does not end at the end */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf b = { 0 };
		struct err e = { 0 };
		struct kdump k;

		make_dump(&b);
		put64(&b, rows[i].at, rows[i].value);
		if (kdump_check(read_buf, &b, b.len, &k, &e) != rows[i].want)
			fail_msg("row %zu: wanted %d, got '%s'", i, rows[i].want, e.text);
	}
}

static int fail_to_read(void *ctx, uint64_t offset, void *to, size_t len)
{
	const struct buf *b = ctx;

	return offset >= DESCS ? -EIO : read_buf((void *)(uintptr_t)b, offset, to, len);
}

static void a_disk_error_is_told(void **state)
{
	auto_buf struct buf b = { 0 };
	struct err e = { 0 };
	struct kdump k;

	(void)state;
	make_dump(&b);
	assert_int_equal(kdump_check(fail_to_read, &b, b.len, &k, &e), -EIO);
	assert_non_null(strstr(e.text, "page descriptors"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_dump_is_whole),
		cmocka_unit_test(a_dump_cut_anywhere_is_not_whole),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(a_disk_error_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
