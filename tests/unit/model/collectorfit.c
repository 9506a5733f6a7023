/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectorfit.h"

#include "recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define GIB (UINT64_C(1) << 30)

static void a_collector_that_takes_the_kernels_pages_for_a_processs_keeps_those_in(void **state)
{
	static const struct {
		const char *version, *release;
		enum fit fit;
		unsigned level, want;
	} rows[] = {
		{ "1.7.2", "5.10.0-46-amd64", FIT_GOOD, 31, 31 },
		{ "1.7.2", "6.1.0-56-amd64", FIT_GOOD, 31, 31 },
		{ "1.7.2", "6.2.0-rc1", FIT_WRONG, 31, 23 },
		{ "1.7.2", "6.12.48+deb13-amd64", FIT_WRONG, 31, 23 },
		{ "1.7.2", "7.2.13+deb14-amd64", FIT_WRONG, 8, 0 },
		{ "1.7.2", "6.12.0", FIT_WRONG, 17, 17 },
		{ "1.7.2", "6.12.0", FIT_WRONG, DUMP_LEVEL_LOG, DUMP_LEVEL_LOG },
		{ "1.7.3", "6.9.1", FIT_GOOD, 31, 31 },
		{ "1.7.3", "6.10.1", FIT_WRONG, 31, 23 },
		{ "1.7.6", "6.11.9", FIT_GOOD, 31, 31 },
		{ "1.7.6", "6.12.48+deb13-amd64", FIT_LARGE, 31, 31 },
		{ "1.7.8", "6.12.48+deb13-amd64", FIT_GOOD, 31, 31 },
		{ "1.7.8", "7.2.13+deb14-amd64", FIT_WRONG, 31, 23 },
		{ "1.8.0", "7.2.13+deb14-amd64", FIT_GOOD, 31, 31 },
		{ "", "6.12.0", FIT_GOOD, 31, 31 },
		{ "1.7.2", "banana", FIT_GOOD, 31, 31 },
		{ "1.7.2", "", FIT_GOOD, 31, 31 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(collector_fit(rows[i].version, rows[i].release), rows[i].fit);
		assert_int_equal(collector_level(rows[i].version, rows[i].release, rows[i].level), rows[i].want);
	}
	assert_string_equal(collector_knows("1.7.2"), "6.0");
	assert_null(collector_knows("9.9"));
}

static void threads_are_used_where_they_are_sound_and_have_processors(void **state)
{
	static const struct {
		const char *version;
		unsigned asked;		/* 0: auto */
		uint64_t gib;
		unsigned cpus, threads, wanted_cpus;
	} rows[] = {
		{ "1.7.2", 4, 1024, 64, 1, 1 },
		{ "1.7.7", 2, 1024, 64, 1, 1 },
		{ "", 2, 1024, 64, 1, 1 },
		{ "1.7.8", 1, 1024, 64, 1, 1 },
		{ "1.7.8", 2, 1, 2, 2, 3 },
		{ "1.7.10", 33, 1, 2, 33, 34 },
		{ "1.7.8", 0, 16, 64, 1, 1 },
		{ "1.7.8", 0, 127, 64, 1, 1 },
		{ "1.7.8", 0, 256, 64, 4, 5 },
		{ "1.7.8", 0, 4096, 64, 8, 9 },
		{ "1.7.8", 0, 4096, 4, 2, 3 },
		{ "1.7.8", 0, 4096, 2, 1, 1 },
		{ "1.7.8", 0, 0, 64, 1, 1 },
		{ "1.7.8", 0, 4096, 0, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct settings s = { .threads = rows[i].asked };
		struct facts f = { .mem_total = rows[i].gib * GIB, .cpus = rows[i].cpus };
		unsigned threads = collector_threads(&s, rows[i].version, &f);

		assert_int_equal(threads, rows[i].threads);
		assert_int_equal(collector_cpus(threads), rows[i].wanted_cpus);
	}
}

static void check_tells_what_will_not_be_as_it_is_asked_for(void **state)
{
	static const struct {
		const char *version, *release;
		unsigned threads, level, cpus;
		const char *key, *text;		/* NULL: no fault */
	} rows[] = {
		{ "1.7.2", "6.1.0-56-amd64", 0, 31, 4, NULL, NULL },
		{ "1.7.2", "6.1.0-56-amd64", 1, 31, 1, NULL, NULL },
		{ "1.7.2", "6.1.0-56-amd64", 2, 31, 4, "DUMP_THREADS", "install 1.7.8 or later" },
		{ "1.7.8", "6.1.0-56-amd64", 2, 31, 4, NULL, NULL },
		{ "1.7.8", "6.1.0-56-amd64", 4, 31, 4, "DUMP_THREADS", "write 2, or auto" },
		{ "1.7.8", "6.1.0-56-amd64", 2, 31, 1, "DUMP_THREADS", "write 1, or auto" },
		{ "1.7.8", "6.1.0-56-amd64", 2, 31, 0, NULL, NULL },
		{ "1.7.2", "6.12.0", 0, 31, 4, "DUMP_LEVEL", "level 23" },
		{ "1.7.2", "6.12.0", 0, 23, 4, NULL, NULL },
		{ "1.7.2", "6.12.0", 0, DUMP_LEVEL_LOG, 4, NULL, NULL },
		{ "1.7.6", "6.12.0", 0, 31, 4, "DUMP_LEVEL", "nearly as large as memory" },
		{ "1.7.2", NULL, 0, 31, 4, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_settings struct settings *s = settings_new();
		auto_faults struct fault_list faults = { 0 };

		s->threads = rows[i].threads;
		s->dump_level = rows[i].level;
		settings_check_collector(s, rows[i].version, rows[i].release, rows[i].cpus, &faults);
		assert_int_equal(faults.n, rows[i].key != NULL);
		assert_int_equal(faults.errors, 0);
		if (!rows[i].key)
			continue;
		assert_string_equal(faults.v[0].key, rows[i].key);
		assert_non_null(strstr(faults.v[0].text, rows[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_collector_that_takes_the_kernels_pages_for_a_processs_keeps_those_in),
		cmocka_unit_test(threads_are_used_where_they_are_sound_and_have_processors),
		cmocka_unit_test(check_tells_what_will_not_be_as_it_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
