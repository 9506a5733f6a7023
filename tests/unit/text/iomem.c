/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iomem.h"

#include "own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void memory_is_the_sum_of_the_outermost_ram_ranges(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ "00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n00100000-3fffffff : System "
		  "RAM\n"
		  "  01000000-022090c7 : Kernel code\n  2f000000-36ffffff : Crash kernel\n",
		  0x9ec00 + 0x3ff00000 },
		{ "100000000-13fffffff : System RAM", 0x40000000 },
		{ "  00100000-3fffffff : System RAM\n", 0 },
		{ "00100000-3fffffff : System RAM (kmem)\n", 0 },
		{ "00000000-00000000 : System RAM\n00000000-00000000 : System RAM\n", 0 },
		{ "00200000-00100000 : System RAM\n", 0 },
		{ "00000000-ffffffffffffffff : System RAM\n00000000-00000fff : System RAM\n", 0x1000 },
		{ "0-", 0 },
		{ "", 0 },
		{ "\n\n", 0 },
		{ "zz", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(iomem_ram(rows[i].text), rows[i].bytes);
}

static void what_is_reserved_for_a_crash_lies_within_other_ranges(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ "00100000-3fffffff : System RAM\n  01000000-022090c7 : Kernel code\n"
		  "  2f000000-36ffffff : Crash kernel\n",
		  0x8000000 },
		{ "00100000-3fffffff : System RAM\n  2f000000-36ffffff : Crash kernel\n"
		  "100000000-13fffffff : System RAM\n  120000000-127ffffff : Crash kernel\n",
		  0x10000000 },
		{ "  00000000-00000000 : Crash kernel\n", 0 },
		{ "  2f000000-36ffffff : Crash kernels\n", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(iomem_crash(rows[i].text), rows[i].bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_the_sum_of_the_outermost_ram_ranges),
		cmocka_unit_test(what_is_reserved_for_a_crash_lies_within_other_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
