/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mdsuper.h"
#include "own.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GIB (UINT64_C(1) << 30)

static void put(char *data, size_t at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		data[at + i] = (char)(value >> 8 * i);
}

/* A 1.x superblock of an array of three: number NUMBER, the roles that its array gives. */
static void put_v1(char *data, uint64_t at, unsigned number, const uint16_t *roles, size_t n)
{
	memset(data, 0, MDSUPER_BYTES);
	put(data, 0, 0xa92b4efc, 4);
	put(data, 4, 1, 4);
	put(data, 92, 3, 4);
	put(data, 144, at / 512, 8);
	put(data, 160, number, 4);
	put(data, 192, UINT64_C(0x123456) << 40 | 1700000000, 8);
	put(data, 200, UINT64_C(0x100000007), 8);
	put(data, 220, n, 4);
	for (size_t i = 0; i < n; i++)
		put(data, 256 + 2 * i, roles[i], 2);
}

static void a_superblock_tells_the_members_that_its_array_had(void **state)
{
	static const struct {
		uint16_t roles[5];
		size_t n;
		unsigned number, active;
		bool member;
	} rows[] = {
		{ { 0, 1, 2 }, 3, 1, 3, true },
		{ { 0, 0xfffe, 2 }, 3, 0, 2, true },			/* one has failed */
		{ { 0, 0xfffe, 2 }, 3, 1, 2, false },
		{ { 0, 0xffff, 0xffff, 2 }, 4, 2, 2, false },		/* a spare */
		{ { 0, 1, 2, 0xfffd }, 4, 3, 3, false },		/* a journal */
		{ { 0, 1, 1, 2 }, 4, 2, 3, true },			/* one is being replaced */
		{ { 0, 1, 2 }, 3, 3, 3, false },			/* a number out of the table */
		{ { 0 }, 0, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char data[MDSUPER_BYTES];
		struct mdsuper s;

		put_v1(data, 4096, rows[i].number, rows[i].roles, rows[i].n);
		assert_int_equal(mdsuper_read(data, sizeof(data), 4096, &s, NULL), 0);
		assert_int_equal(s.disks, 3);
		assert_int_equal(s.active, rows[i].active);
		assert_int_equal(s.member, rows[i].member);
		assert_int_equal(s.events, UINT64_C(0x100000007));
		assert_int_equal(s.updated, 1700000000);
	}
}

static void the_old_kind_tells_the_same(void **state)
{
	char data[MDSUPER_BYTES] = { 0 };
	struct mdsuper s;

	(void)state;
	put(data, 0, 0xa92b4efc, 4);
	put(data, 8, 90, 4);
	put(data, 40, 2, 4);
	put(data, 4 * 32, 1700000000, 4);
	put(data, 4 * 34, 1, 4);
	put(data, 4 * 39, 42, 4);
	put(data, 4 * 996, 6, 4);
	assert_int_equal(mdsuper_read(data, sizeof(data), GIB - 65536, &s, NULL), 0);
	assert_int_equal(s.disks, 2);
	assert_int_equal(s.active, 1);
	assert_int_equal(s.events, 42);
	assert_int_equal(s.updated, 1700000000);
	assert_true(s.member);
}

static void what_lies_elsewhere_or_makes_no_sense_is_none(void **state)
{
	static const uint16_t roles[] = { 0, 1, 2 };
	char good[MDSUPER_BYTES], data[MDSUPER_BYTES];
	struct mdsuper s = { .disks = 77 };

	(void)state;
	put_v1(good, 4096, 0, roles, 3);
	assert_int_equal(mdsuper_read(good, sizeof(good), 0, &s, NULL), -ENODATA);
	assert_int_equal(mdsuper_read(good, sizeof(good) - 1, 4096, &s, NULL), -ENODATA);
	memcpy(data, good, sizeof(data));
	put(data, 0, 0, 4);
	assert_int_equal(mdsuper_read(data, sizeof(data), 4096, &s, NULL), -ENODATA);
	memcpy(data, good, sizeof(data));
	put(data, 4, 2, 4);
	assert_int_equal(mdsuper_read(data, sizeof(data), 4096, &s, NULL), -ENODATA);
	memcpy(data, good, sizeof(data));
	put(data, 92, 0xffffffff, 4);
	assert_int_equal(mdsuper_read(data, sizeof(data), 4096, &s, NULL), -ENODATA);
	assert_int_equal(s.disks, 77);
	put_v1(data, 4096, 0xffffffff, roles, 3);
	put(data, 220, 0xffffffff, 4);
	assert_int_equal(mdsuper_read(data, sizeof(data), 4096, &s, NULL), 0);
	assert_false(s.member);
}

static void the_places_are_those_that_the_kernel_looks_at(void **state)
{
	uint64_t at[MDSUPER_PLACES];

	(void)state;
	assert_int_equal(mdsuper_places(4096, at), 0);
	assert_int_equal(mdsuper_places(GIB + 512, at), 4);
	assert_int_equal(at[0], 4096);
	assert_int_equal(at[1], 0);
	assert_int_equal(at[2], GIB - 8192);
	assert_int_equal(at[3], GIB - 65536);
}

static void members_are_told_by_what_the_array_wrote_last(void **state)
{
	static const struct {
		struct mdsuper v[4];
		size_t n;
		enum mdage want[4];
		unsigned active;
	} rows[] = {
		{ { { 3, 3, true, 10, 100 }, { 3, 3, true, 10, 100 }, { 3, 3, true, 9, 99 } }, 3,
		  { MD_FRESH, MD_FRESH, MD_FRESH }, 3 },
		/* One was lost days ago, and knows nothing of it. */
		{ { { 3, 3, true, 10, 100 }, { 3, 2, true, 500, 100100 }, { 3, 2, true, 500, 100100 } }, 3,
		  { MD_STALE, MD_FRESH, MD_FRESH }, 2 },
		/* Two by the fault that ended the kernel. */
		{ { { 4, 4, true, 500, 99990 }, { 4, 4, true, 501, 99991 }, { 4, 2, true, 507, 100000 } }, 3,
		  { MD_RECENT, MD_RECENT, MD_FRESH }, 2 },
		/* A spare has the newest events, and is none. */
		{ { { 2, 2, false, 20, 100 }, { 2, 2, true, 10, 100 } }, 2, { MD_STALE, MD_FRESH }, 2 },
		{ { { 2, 2, false, 20, 100 } }, 1, { MD_STALE }, 0 },
		/* One whose clock was wrong. */
		{ { { 2, 2, true, 3, 900 }, { 2, 1, true, 10, 100 } }, 2, { MD_STALE, MD_FRESH }, 1 },
	};

	(void)state;
	assert_int_equal(mdsuper_ages(NULL, 0, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum mdage ages[4];

		assert_int_equal(mdsuper_ages(rows[i].v, rows[i].n, ages), rows[i].active);
		for (size_t k = 0; k < rows[i].n; k++)
			assert_int_equal(ages[k], rows[i].want[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_superblock_tells_the_members_that_its_array_had),
		cmocka_unit_test(the_old_kind_tells_the_same),
		cmocka_unit_test(what_lies_elsewhere_or_makes_no_sense_is_none),
		cmocka_unit_test(members_are_told_by_what_the_array_wrote_last),
		cmocka_unit_test(the_places_are_those_that_the_kernel_looks_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
