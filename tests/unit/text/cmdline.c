/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmdline.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *line, *want;	/* want NULL: -EINVAL */
};

#define SET "crashkernel=256M"

static void set_replaces_the_first_and_drops_the_later_ones(void **state)
{
	static const struct row rows[] = {
		{ "ro  crashkernel=1G  quiet",		"ro  crashkernel=256M  quiet" },
		{ "ro crashkernel=1 -- crashkernel=2",	"ro crashkernel=256M -- crashkernel=2" },
		{ "dyndbg=\"file a.c +p\" ro\n",	"dyndbg=\"file a.c +p\" ro crashkernel=256M\n" },
		{ "",					"crashkernel=256M" },
		{ "\n",					"crashkernel=256M\n" },
		{ "ro",					"ro crashkernel=256M" },
		{ "ro \r\n",				"ro crashkernel=256M \r\n" },
		{ "crashkernel=",			"crashkernel=256M" },
		{ "crashkernel",			"crashkernel crashkernel=256M" },
		{ "crashkernel=1G,high crashkernel=64M,low ro", "crashkernel=256M ro" },
		{ "a crashkernel=1 b  crashkernel=2 c",	"a crashkernel=256M b c" },
		{ "xcrashkernel=1 crashkernel_x=2",	"xcrashkernel=1 crashkernel_x=2 crashkernel=256M" },
		{ "\"crashkernel=1 2\" ro",		"crashkernel=256M ro" },
		{ "crashkernel=\"1 2\" ro",		"crashkernel=256M ro" },
		{ "a=\"crashkernel=1\" ro",		"a=\"crashkernel=1\" ro crashkernel=256M" },
		{ "motd=it's ro",			"motd=it's ro crashkernel=256M" },
		{ "ro -- single",			"ro crashkernel=256M -- single" },
		{ "-- single",				"crashkernel=256M -- single" },
		{ " -- single",				" crashkernel=256M -- single" },
		{ "ro \"--\" crashkernel=1",		"ro crashkernel=256M \"--\" crashkernel=1" },
		{ "ro --=x crashkernel=1",		"ro --=x crashkernel=256M" },
		{ "ro\xa0quiet",			"ro\xa0quiet crashkernel=256M" },
		{ "ro crashkernel=1\xa0quiet",		"ro crashkernel=256M\xa0quiet" },
		{ "root=\"/dev/sda1 ro",		NULL },
		{ "crashkernel=1 a=\"",			NULL },
		{ "ro -- \"",				"ro crashkernel=256M -- \"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = NULL;
		int r = cmdline_set(rows[i].line, "crashkernel", SET, &got);

		if (!rows[i].want) {
			assert_int_equal(r, -EINVAL);
			assert_null(got);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(got, rows[i].want);
	}
}

static void remove_takes_the_blanks_before_along(void **state)
{
	static const struct row rows[] = {
		{ "ro crashkernel=1 quiet",		"ro quiet" },
		{ "ro  \tcrashkernel=1  quiet",		"ro  quiet" },
		{ "ro crashkernel=1\n",			"ro\n" },
		{ "ro crashkernel quiet",		"ro quiet" },
		{ "crashkernel=1",			"" },
		{ "crashkernel=1\n",			"\n" },
		{ "crashkernel=1   ro",			"ro" },
		{ "  crashkernel=1   ro",		"  ro" },
		{ "crashkernel=1 crashkernel=2 ro",	"ro" },
		{ "a crashkernel=1 crashkernel=2",	"a" },
		{ "crashkernel=1 -- crashkernel=2",	"-- crashkernel=2" },
		{ "ro -- crashkernel=2",		"ro -- crashkernel=2" },
		{ "crash-kernel=1 crashkernels=2",	"crash-kernel=1 crashkernels=2" },
		{ "ro \"",				NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = NULL;
		int r = cmdline_remove(rows[i].line, "crashkernel", &got);

		if (!rows[i].want) {
			assert_int_equal(r, -EINVAL);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(got, rows[i].want);
	}
}

static void get_gives_the_last_value(void **state)
{
	static const struct {
		const char *line, *key, *want;
		unsigned count;
	} rows[] = {
		{ "a=1 a=2",			"a", "2", 2 },
		{ "a=1 -- a=2",			"a", "1", 1 },
		{ "a= ro",			"a", "", 1 },
		{ "a ro",			"a", NULL, 0 },
		{ "a=\"b c\"d ro",		"a", "b c\"d", 1 },
		{ "a=\"b c\" ro",		"a", "b c", 1 },
		{ "\"a=b c\" ro",		"a", "b c", 1 },
		{ "a=b\"c d\"",			"a", "b\"c d\"", 1 },
		{ "log-buf-len=1M",		"log_buf_len", "1M", 1 },
		{ "=a=b",			"=a", "b", 1 },
		{ "\"\"",			"", NULL, 0 },
		{ "",				"a", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = cmdline_get(rows[i].line, rows[i].key);

		assert_int_equal(cmdline_count(rows[i].line, rows[i].key), rows[i].count);
		if (!rows[i].want)
			assert_null(got);
		else
			assert_string_equal(got, rows[i].want);
	}
}

static int collect(void *ctx, const char *key, const char *value)
{
	buf_addf(ctx, "<%s>", key);
	if (value)
		buf_addf(ctx, "=<%s>", value);
	return strcmp(key, "stop") == 0 ? 7 : 0;
}

static void words_are_cut_as_the_kernel_cuts_them(void **state)
{
	static const struct {
		const char *line, *want;
		int r;
	} rows[] = {
		{ "  BOOT_IMAGE=/vmlinuz  ro\tquiet\n", "<BOOT_IMAGE>=</vmlinuz><ro><quiet>", 0 },
		{ "a=\"x y\" \"b=c d\" \"e f\" \"\"", "<a>=<x y><b>=<c d><e f><>", 0 },
		{ "ro -- x", "<ro>", 0 },
		{ "a stop b", "<a><stop>", 7 },
		{ "a b=\"c", "<a>", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf got = { 0 };

		assert_int_equal(cmdline_each(rows[i].line, collect, &got), rows[i].r);
		assert_string_equal(buf_text(&got), rows[i].want);
	}
}

static void a_text_that_is_not_that_one_word_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "crashkernel", "crashkernel=1 ro", " crashkernel=1", "crashkernel=1 ", "other=1",
		"crashkernel=\"1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_free char *got = NULL;

		assert_int_equal(cmdline_set("ro", "crashkernel", texts[i], &got), -EINVAL);
	}
}

static void several_words_of_the_key_are_put_as_one(void **state)
{
	static const char pair[] = "crashkernel=512M,high crashkernel=64M,low";
	auto_free char *once = NULL, *twice = NULL, *words = NULL;

	(void)state;
	assert_int_equal(cmdline_set("ro crashkernel=1 quiet", "crashkernel", pair, &once), 0);
	assert_string_equal(once, "ro crashkernel=512M,high crashkernel=64M,low quiet");
	assert_int_equal(cmdline_set(once, "crashkernel", pair, &twice), 0);
	assert_string_equal(once, twice);
	words = cmdline_words(once, "crashkernel");
	assert_string_equal(words, pair);
	assert_null(cmdline_words("ro crashkernel -- crashkernel=1", "crashkernel"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_replaces_the_first_and_drops_the_later_ones),
		cmocka_unit_test(remove_takes_the_blanks_before_along),
		cmocka_unit_test(get_gives_the_last_value),
		cmocka_unit_test(words_are_cut_as_the_kernel_cuts_them),
		cmocka_unit_test(several_words_of_the_key_are_put_as_one),
		cmocka_unit_test(a_text_that_is_not_that_one_word_is_refused),
	};

	return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL);
}
