/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flat.h"
#include "rawarea.h"

#include "own.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* --- the flattened format ---------------------------------------------------------------------- */

static void add_number(struct buf *b, uint64_t v)
{
	for (int i = 56; i >= 0; i -= 8)
		buf_addc(b, (char)(v >> i));
}

static void add_head(struct buf *b)
{
	char head[FLAT_HEAD];

	flat_head(head);
	/* makedumpfile.h: signature, type and version. */
	assert_memory_equal(head, "makedumpfile\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1", 32);
	buf_add(b, head, sizeof(head));
}

static void add_record(struct buf *b, uint64_t offset, const char *data)
{
	char head[FLAT_RECORD];

	flat_record(head, offset, strlen(data));
	buf_add(b, head, sizeof(head));
	buf_adds(b, data);
}

static void add_end(struct buf *b)
{
	char head[FLAT_RECORD];

	flat_record(head, UINT64_MAX, UINT64_MAX);
	buf_add(b, head, sizeof(head));
}

static int put(void *ctx, uint64_t offset, const void *data, size_t len)
{
	assert_true(offset + len <= 64);
	memcpy((char *)ctx + offset, data, len);
	return 0;
}

static void a_flattened_stream_makes_its_file_in_whatever_pieces_it_comes(void **state)
{
	auto_buf struct buf b = { 0 };

	(void)state;
	add_head(&b);
	add_record(&b, 0, "KDUMP");
	add_record(&b, 20, "page");
	add_record(&b, 5, "header");
	add_record(&b, 0, "k");		/* a later record writes over an earlier one */
	add_end(&b);
	for (size_t step = 1; step <= b.len; step = step < 40 ? step + 1 : step * 2) {
		char file[64] = { 0 };
		struct flat_sink to = { .data = put, .ctx = file };
		struct flat f = { 0 };

		for (size_t at = 0; at < b.len; at += step)
			assert_int_equal(flat_feed(&f, b.data + at, b.len - at < step ? b.len - at : step, &to, NULL), 0);
		assert_true(f.ended);
		assert_int_equal(f.size, 24);
		assert_int_equal(f.pos, b.len);
		assert_memory_equal(file, "kDUMPheader\0\0\0\0\0\0\0\0\0page", 24);
	}
}

static void what_is_no_flattened_stream_is_refused_at_the_byte_where_it_is_none(void **state)
{
	static const struct {
		uint64_t offset, len;
	} rows[] = { { UINT64_MAX, 1 }, { 1, UINT64_MAX }, { 1, 0 }, { INT64_MAX, 1 }, { 1, INT64_MAX } };
	struct flat f = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(flat_feed(&f, "makedump-file", 13, NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "does not begin"));
	f = (struct flat){ 0 };
	assert_int_equal(flat_feed(&f, "makedumpfile\0\0\0\0\0\0\0\0\0\0\0\2", 24, NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "type or version"));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf b = { 0 };

		add_head(&b);
		add_number(&b, rows[i].offset);
		add_number(&b, rows[i].len);
		f = (struct flat){ 0 };
		assert_int_equal(flat_feed(&f, b.data, b.len, NULL, &e), -EINVAL);
		assert_non_null(strstr(e.text, "damaged at 4096"));
	}
}

/* --- the area's header --------------------------------------------------------------------------- */

static struct rawarea *make(void)
{
	struct rawarea *a = xcalloc(1, sizeof(*a));

	*a = (struct rawarea){
		.sequence = 3, .id = xstrdup("0123456789abcdef"), .size = 1 << 30, .url = xstrdup("raw:swap"),
		.fstype = xstrdup("swap"), .uuid = xstrdup("11111111-2222-4333-8444-555555555555"),
		.label = xstrdup("the \"swap\""), .partuuid = xstrdup(""),
	};
	for (size_t i = 0; i < RAWAREA_NAMES; i++)
		a->parts[i].sha256 = xstrdup("");
	a->parts[RAWAREA_OLD_LEAD].at = RAWAREA_OLD;
	a->parts[RAWAREA_OLD_LEAD].len = RAWAREA_LEAD;
	a->parts[RAWAREA_DMESG].at = RAWAREA_DATA;
	a->parts[RAWAREA_DMESG].len = 30000;
	a->parts[RAWAREA_DMESG].whole = true;
	return a;
}

static void a_header_page_tells_what_was_put_into_it_and_bears_no_swap_signature(void **state)
{
	auto_rawarea struct rawarea *a = make(), *b = NULL;
	char page[RAWAREA_PAGE], again[RAWAREA_PAGE];

	(void)state;
	assert_int_equal(rawarea_encode(a, page, NULL), 0);
	assert_int_equal(rawarea_decode(page, &b, NULL), 0);
	assert_int_equal(b->sequence, 3);
	assert_string_equal(b->label, "the \"swap\"");
	assert_int_equal(b->parts[RAWAREA_DMESG].len, 30000);
	assert_true(b->parts[RAWAREA_DMESG].whole);
	assert_int_equal(b->parts[RAWAREA_VMCORE].at, 0);
	assert_int_equal(rawarea_encode(b, again, NULL), 0);
	assert_memory_equal(page, again, sizeof(page));
	for (size_t i = RAWAREA_PAGE - 16; i < RAWAREA_PAGE; i++)
		assert_int_equal(page[i], 0);
}

static void every_damaged_byte_of_a_header_is_noticed_but_in_its_padding(void **state)
{
	auto_rawarea struct rawarea *a = make();
	char page[RAWAREA_PAGE];
	size_t len;

	(void)state;
	assert_int_equal(rawarea_encode(a, page, NULL), 0);
	len = strlen(page);
	for (size_t i = 0; i < len; i++) {
		auto_rawarea struct rawarea *b = NULL;
		int r;

		page[i] ^= 1;
		r = rawarea_decode(page, &b, NULL);
		assert_true(r == -ENOENT || r == -EINVAL);
		page[i] ^= 1;
	}
}

static void parts_that_lie_outside_or_on_each_other_are_refused(void **state)
{
	static const struct {
		uint64_t at, len;
		const char *want;
	} rows[] = {
		{ RAWAREA_DATA, 10, "lie on each other" },
		{ RAWAREA_DATA - 10, 20, "lie on each other" },
		{ 4096, 10, "outside" },
		{ (1 << 30) - 1, 2, "outside" },
		{ INT64_MAX, 1, "outside" },
		{ RAWAREA_DATA + 30000, INT64_MAX, "outside" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_rawarea struct rawarea *a = make(), *b = NULL;
		char page[RAWAREA_PAGE];
		struct err e = { 0 };

		a->parts[RAWAREA_VMCORE].at = rows[i].at;
		a->parts[RAWAREA_VMCORE].len = rows[i].len;
		assert_int_equal(rawarea_encode(a, page, NULL), 0);
		assert_int_equal(rawarea_decode(page, &b, &e), -EINVAL);
		assert_non_null(strstr(e.text, rows[i].want));
	}
}

static void of_two_pages_the_newer_good_one_counts(void **state)
{
	auto_rawarea struct rawarea *a = make();
	static const struct {
		int first, second;	/* sequence, 0: damaged, -1: nothing */
		int want;		/* sequence or error */
	} rows[] = {
		{ 3, 3, 3 }, { 3, 4, 4 }, { 4, 3, 4 }, { 0, 4, 4 }, { 4, 0, 4 }, { -1, 4, 4 }, { 4, -1, 4 },
		{ 0, 0, -EINVAL }, { -1, -1, -ENOENT }, { 0, -1, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_rawarea struct rawarea *b = NULL;
		char pages[2 * RAWAREA_PAGE] = { 0 };
		int r;

		for (int k = 0; k < 2; k++) {
			int s = k ? rows[i].second : rows[i].first;

			a->sequence = s > 0 ? (uint64_t)s : 9;
			if (s >= 0)
				assert_int_equal(rawarea_encode(a, pages + k * (int)RAWAREA_PAGE, NULL), 0);
			if (s == 0)
				pages[k * (int)RAWAREA_PAGE + 200] ^= 1;
		}
		r = rawarea_choose(pages, &b, NULL);
		assert_int_equal(r < 0 ? r : (int)b->sequence, rows[i].want);
	}
}

static void names_too_long_for_a_page_are_said(void **state)
{
	auto_rawarea struct rawarea *a = make();
	char page[RAWAREA_PAGE];

	(void)state;
	free(a->url);
	a->url = xcalloc(1, 5001);
	memset(a->url, 'x', 5000);
	assert_int_equal(rawarea_encode(a, page, NULL), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flattened_stream_makes_its_file_in_whatever_pieces_it_comes),
		cmocka_unit_test(what_is_no_flattened_stream_is_refused_at_the_byte_where_it_is_none),
		cmocka_unit_test(a_header_page_tells_what_was_put_into_it_and_bears_no_swap_signature),
		cmocka_unit_test(every_damaged_byte_of_a_header_is_noticed_but_in_its_padding),
		cmocka_unit_test(parts_that_lie_outside_or_on_each_other_are_refused),
		cmocka_unit_test(of_two_pages_the_newer_good_one_counts),
		cmocka_unit_test(names_too_long_for_a_page_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
