/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bisect.h"

#include "own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)
#define MOST_TRIES 40

/* Play against a machine that needs FLOOR; returns the number of tries. */
static unsigned play(struct bisect *b, uint64_t floor)
{
	unsigned tries = 0;
	uint64_t size;

	while ((size = bisect_next(b)) != 0) {
		assert_true(size % b->step == 0 && size >= b->least && size <= b->most);
		bisect_answer(b, size, size >= floor);
		assert_true(++tries < MOST_TRIES);
	}
	return tries;
}

static void the_floor_is_found_wherever_it_lies(void **state)
{
	(void)state;
	for (uint64_t start = 16; start <= 512; start += 20)
		for (uint64_t floor = 1; floor <= 512; floor += 3) {
			uint64_t want = (floor + 3) / 4 * 4;
			struct bisect b;

			bisect_init(&b, start * MIB, 48 * MIB, 4 * MIB, 16 * MIB, 512 * MIB);
			play(&b, floor * MIB);
			if (want < 16)
				want = 16;
			assert_int_equal(bisect_works(&b), want * MIB);
			assert_int_equal(bisect_fails(&b), want == 16 ? 0 : (want - 4) * MIB);
			bisect_done(&b);
		}
}

static void a_good_estimate_needs_few_tries(void **state)
{
	static const uint64_t floors[] = { 84, 92, 104, 120, 128 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(floors); i++) {
		struct bisect b;

		bisect_init(&b, 128 * MIB, 48 * MIB, 4 * MIB, 16 * MIB, 512 * MIB);
		assert_true(play(&b, floors[i] * MIB) <= 7);
		assert_int_equal(bisect_works(&b), floors[i] * MIB);
		bisect_done(&b);
	}
}

static void where_nothing_works_nothing_is_found(void **state)
{
	struct bisect b;

	(void)state;
	bisect_init(&b, 128 * MIB, 48 * MIB, 4 * MIB, 16 * MIB, 512 * MIB);
	assert_true(play(&b, 1024 * MIB) <= 6);
	assert_int_equal(bisect_works(&b), 0);
	assert_int_equal(bisect_fails(&b), 512 * MIB);
	bisect_done(&b);
}

static void what_works_only_sometimes_does_not_count(void **state)
{
	struct bisect b;
	uint64_t size;
	bool before = false;

	(void)state;
	bisect_init(&b, 128 * MIB, 48 * MIB, 4 * MIB, 16 * MIB, 512 * MIB);
	while ((size = bisect_next(&b)) != 0) {
		bool works = size >= 92 * MIB || (size == 88 * MIB && !before);

		before |= size == 88 * MIB;
		bisect_answer(&b, size, works);
	}
	assert_int_equal(bisect_works(&b), 92 * MIB);
	assert_int_equal(bisect_fails(&b), 88 * MIB);
	bisect_done(&b);
}

static void odd_sizes_are_rounded_and_kept_within_bounds(void **state)
{
	struct bisect b;

	(void)state;
	bisect_init(&b, 5, 1, 4, 9, 18);
	assert_int_equal(b.start, 12);
	assert_int_equal(b.most, 16);
	assert_int_equal(b.gap, 4);
	play(&b, 14);
	assert_int_equal(bisect_works(&b), 16);
	bisect_done(&b);
	bisect_init(&b, 100, 48, 4, 4, 64);
	assert_int_equal(bisect_next(&b), 64);
	bisect_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_floor_is_found_wherever_it_lies),
		cmocka_unit_test(a_good_estimate_needs_few_tries),
		cmocka_unit_test(where_nothing_works_nothing_is_found),
		cmocka_unit_test(what_works_only_sometimes_does_not_count),
		cmocka_unit_test(odd_sizes_are_rounded_and_kept_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
