/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumpsize.h"
#include "recipe.h"

#include "own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const char meminfo[] =
	"MemTotal:        1048576 kB\nMemFree:          524288 kB\nMemAvailable:     700000 kB\n"
	"Buffers:           10240 kB\n"
	"Cached:           204800 kB\nSwapCached:            0 kB\nAnonPages:        102400 kB\n";

static void a_dump_has_what_its_level_does_not_leave_out(void **state)
{
	static const struct {
		const char *text;
		unsigned level;
		bool packed;
		uint64_t least, most;	/* MB */
	} rows[] = {
		{ meminfo, 0, false, 1024, 1200 },
		{ meminfo, 1, false, 1024, 1200 },
		{ meminfo, 16, false, 512, 640 },
		{ meminfo, 31, false, 202, 260 },
		{ meminfo, 8, false, 924, 1100 },
		{ meminfo, 31, true, 101, 150 },
		{ meminfo, DUMP_LEVEL_LOG, false, 1, 16 },
		{ "MemTotal: 100 kB\nMemFree: 99999999 kB\n", 31, false, 1, 16 },
		{ "MemTotal: x kB\n", 31, false, 0, 0 },
		{ "MemTotal: 99999999999999999999 kB\n", 31, false, 0, 0 },
		{ "", 31, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t mb = dump_estimate(rows[i].text, rows[i].level, rows[i].packed) >> 20;

		if (mb < rows[i].least || mb > rows[i].most)
			fail_msg("row %zu: %llu MB", i, (unsigned long long)mb);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_dump_has_what_its_level_does_not_leave_out) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
