/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crashkernel.h"

#include "buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define M (UINT64_C(1) << 20)
#define G (UINT64_C(1) << 30)
#define T (UINT64_C(1) << 40)

static void the_size_is_what_the_kernel_would_reserve(void **state)
{
	static const struct { const char *text; uint64_t mem, want; } rows[] = {
		{ "256M",				4 * G,		256 * M },
		{ "256m",				4 * G,		256 * M },
		{ "0x10000000",				4 * G,		256 * M },
		{ "0400M",				4 * G,		256 * M },
		{ "262144K@16M",			4 * G,		256 * M },
		{ "1G,high",				64 * G,		1 * G },
		{ "72M,low",				4 * G,		72 * M },
		{ "1G,cma",				64 * G,		1 * G },
		{ "0-:256M",				4 * G,		256 * M },
		{ "1G-4G:192M,4G-64G:256M,64G-:512M",	512 * M,	0 },
		{ "1G-4G:192M,4G-64G:256M,64G-:512M",	1 * G,		192 * M },
		{ "1G-4G:192M,4G-64G:256M,64G-:512M",	4 * G - 128 * M, 192 * M },
		{ "1G-4G:192M,4G-64G:256M,64G-:512M",	4 * G,		256 * M },
		{ "1G-4G:192M,4G-64G:256M,64G-:512M",	4 * T,		512 * M },
		/* Firmware holds some of a 4 GB host's memory: the kernel rounds up to 128 MB. */
		{ "1G-4G:192M,4G-64G:256M,64G-:512M",	4 * G - 5 * M,	256 * M },
		{ "1G-4G:192M,2G-:256M@64M",		3 * G,		192 * M },
		{ "0-2G:0,2G-:256M",			1 * G,		0 },
		{ "4G",					2 * G,		0 },
		{ "4G",					4 * G,		0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_crashkernel struct crashkernel c = { 0 };
		struct err e;

		if (crashkernel_parse(rows[i].text, &c, &e) < 0)
			fail_msg("'%s': %s", rows[i].text, e.text);
		assert_int_equal(crashkernel_size(&c, rows[i].mem), rows[i].want);
	}
}

static void a_command_lines_value_is_the_one_that_the_kernel_obeys(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "ro quiet", NULL },
		{ "crashkernel=256M", "256M" },
		{ "crashkernel=1G crashkernel=256M", "256M" },
		{ "crashkernel=256M crashkernel=512M,high", "256M" },
		{ "crashkernel=512M,high crashkernel=128M,low", "512M,high crashkernel=128M,low" },
		{ "crashkernel=128M,low crashkernel=1G,high crashkernel=512M,high", "512M,high crashkernel=128M,low" },
		{ "crashkernel=512M,high", "512M,high" },
		{ "crashkernel=128M,low", NULL },
		{ "crashkernel=256M crashkernel=1G,cma", "256M crashkernel=1G,cma" },
		{ "crashkernel=1G,cma crashkernel=128M,low crashkernel=1G,high", "1G,high crashkernel=128M,low crashkernel=1G,cma" },
		{ "crashkernel=1G,cma", NULL },
		{ "ro -- crashkernel=256M", NULL },
		{ "crashkernel", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = crashkernel_in_force(rows[i].line);

		if (rows[i].want)
			assert_string_equal(got, rows[i].want);
		else
			assert_null(got);
	}
}

static void the_parts_are_told(void **state)
{
	auto_crashkernel struct crashkernel c = { 0 };

	(void)state;
	assert_int_equal(crashkernel_parse("512M-2G:64M,2G-:128M@16M", &c, NULL), 0);
	assert_int_equal(c.n_ranges, 2);
	assert_int_equal(c.ranges[0].start, 512 * M);
	assert_int_equal(c.ranges[0].end, 2 * G);
	assert_int_equal(c.ranges[1].size, 128 * M);
	assert_true(c.ranges[1].end == UINT64_MAX);
	assert_true(c.has_offset);
	assert_int_equal(c.offset, 16 * M);
	assert_false(c.high || c.low || c.cma);
	crashkernel_done(&c);
	assert_int_equal(crashkernel_parse("1G,high", &c, NULL), 0);
	assert_true(c.high && !c.low && !c.cma && !c.has_offset);
}

static void several_values_are_one(void **state)
{
	static const struct {
		const char *text, *joined;
		uint64_t size, low, cma;
	} rows[] = {
		{ "256M", "256M", 256 * M, 0, 0 },
		{ "512M,high 128M,low", "512M,high crashkernel=128M,low", 512 * M, 128 * M, 0 },
		{ "128M,low\tcrashkernel=512M,high", "512M,high crashkernel=128M,low", 512 * M, 128 * M, 0 },
		{ "1G,cma 256M", "256M crashkernel=1G,cma", 256 * M, 0, G },
		{ "1G,cma 1G-4G:192M,4G-:256M", "1G-4G:192M,4G-:256M crashkernel=1G,cma", 256 * M, 0, G },
		{ "64M,low 2G,cma 1G,high", "1G,high crashkernel=64M,low crashkernel=2G,cma", G, 64 * M, 2 * G },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_crashkernel struct crashkernel c = { 0 }, again = { 0 };
		auto_free char *joined = crashkernel_join(rows[i].text), *twice = crashkernel_join(joined);
		auto_free char *line = xasprintf("ro crashkernel=%s quiet", joined), *found = crashkernel_in_force(line);

		assert_int_equal(crashkernel_parse(rows[i].text, &c, NULL), 0);
		assert_int_equal(crashkernel_size(&c, 16 * G), rows[i].size);
		assert_int_equal(c.low_size, rows[i].low);
		assert_int_equal(c.cma_size, rows[i].cma);
		/* Joined it is the same, and so it comes back from a command line. */
		assert_string_equal(joined, rows[i].joined);
		assert_string_equal(twice, joined);
		assert_string_equal(found, joined);
		assert_int_equal(crashkernel_parse(joined, &again, NULL), 0);
		assert_true(again.low_size == c.low_size && again.cma_size == c.cma_size);
	}
}

static void what_the_kernel_would_not_take_is_refused(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "",			"where the size should be" },
		{ "banana",		"'banana' is where the size should be" },
		{ "M",			"where the size should be" },
		{ "-256M",		"where the size should be" },
		{ "0",			"0 reserves nothing" },
		{ "0M",			"0 reserves nothing" },
		{ "256 M",		"'M' is where the size should be" },
		{ "256MB",		"'B' does not belong there" },
		{ "256M 512M",		"stands beside another of its kind" },
		{ "1G,high 256M",	"stands beside another of its kind" },
		{ "1G,high 128M,low 64M,low", "stands there twice" },
		{ "256M 128M,low",	"beside ',high' alone" },
		{ "128M,low 1G,cma",	"reserved beside another" },
		{ "256M,",		"',' behind the size is unknown" },
		{ "256M,hihg",		"',hihg' behind the size is unknown" },
		{ "256M,high,low",	"behind the size is unknown" },
		{ "256M@16M,high",	"',high' does not belong there" },
		{ "256M@",		"offset behind '@'" },
		{ "256M,high@16M",	"behind the size is unknown" },
		{ "08M",		"as octal" },
		{ "99999999999999999999", "larger than any memory" },
		{ "99999999999E",	"larger than any memory" },
		{ "1G:256M",		"where the '-' of a range should be" },
		{ "1G-4G",		"'-4G' does not belong there" },
		{ "1G-4G:",		"where the size of the range should be" },
		{ "1G-4G:192M,",	"start of the range" },
		{ "1G-4G:192M 4G-:1G",	"ranges are parted by ','" },
		{ "4G-1G:192M",		"ends at or before its start" },
		{ "1G-1G:192M",		"ends at or before its start" },
		{ "1G-4G:8G",		"more than the memory" },
		{ "1G-4G:0",		"no range reserves anything" },
		{ "1G-x:192M",		"end of the range" },
		{ ":192M",		"start of the range" },
	};
	auto_buf struct buf many = { 0 };
	struct crashkernel none = { 0 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(crashkernel_parse(rows[i].text, &none, &e), -EINVAL);
		assert_null(none.ranges);
		if (!strstr(e.text, rows[i].want))
			fail_msg("'%s': %s", rows[i].text, e.text);
	}
	for (unsigned i = 0; i <= CRASHKERNEL_RANGES_MAX; i++)
		buf_addf(&many, "%s%uG-%uG:128M", i ? "," : "", i + 1, i + 2);
	assert_int_equal(crashkernel_parse(many.data, &none, &e), -EINVAL);
}

static void each_architecture_has_its_own_spelling(void **state)
{
	static const struct {
		const char *machine;
		uint64_t bytes, memory;
		const char *text;
	} rows[] = {
		{ "x86_64", (120 * M), (1024 * M), "120M" },
		{ "x86_64", (512 * M), (65536 * M), "512M" },
		{ "x86_64", (520 * M), (65536 * M), "520M,high" },
		{ "x86_64", (520 * M), (4096 * M), "520M" },
		{ "aarch64", (121 * M), (65536 * M), "122M" },
		{ "aarch64", (1024 * M), (65536 * M), "1G,high" },
		{ "riscv64", (600 * M), (65536 * M), "600M,high" },
		{ "ppc64le", (392 * M), (65536 * M), "400M" },
		{ "ppc64le", (1024 * M), (65536 * M), "1G" },
		{ "s390x", (1024 * M), (65536 * M), "1G" },
		{ "i686", (600 * M), (8192 * M), "600M" },
		{ "sparc64", (600 * M), (65536 * M), "600M" },
		{ NULL, (600 * M), (65536 * M), "600M" },
		{ "x86_64", (120 * M) + 1, (1024 * M), "121M" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = crashkernel_spell(rows[i].machine, rows[i].bytes, rows[i].memory);
		auto_crashkernel struct crashkernel c = { 0 };

		assert_string_equal(text, rows[i].text);
		assert_int_equal(crashkernel_parse(text, &c, NULL), 0);
		assert_int_equal(crashkernel_check(&c, rows[i].machine, NULL), 0);
	}
}

static void what_an_architecture_does_not_know_is_told(void **state)
{
	static const struct {
		const char *machine, *text;
		bool good;
	} rows[] = {
		{ "x86_64", "512M,high", true }, { "x86_64", "128M,low", true }, { "x86_64", "64M,cma", true },
		{ "aarch64", "512M,high", true }, { "aarch64", "64M,cma", false }, { "ppc64le", "512M,high", false },
		{ "s390x", "512M,high", false }, { "s390x", "512M", true }, { "ppc64le", "2G-:512M@128M", true },
		{ "sparc64", "512M,high", true }, { NULL, "512M,high", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_crashkernel struct crashkernel c = { 0 };
		struct err e = { 0 };

		assert_int_equal(crashkernel_parse(rows[i].text, &c, NULL), 0);
		assert_int_equal(crashkernel_check(&c, rows[i].machine, &e), rows[i].good ? 0 : -EINVAL);
		assert_int_equal(strstr(e.text, "write") || strstr(e.text, "leave"), !rows[i].good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_size_is_what_the_kernel_would_reserve),
		cmocka_unit_test(a_command_lines_value_is_the_one_that_the_kernel_obeys),
		cmocka_unit_test(the_parts_are_told),
		cmocka_unit_test(several_values_are_one),
		cmocka_unit_test(what_the_kernel_would_not_take_is_refused),
		cmocka_unit_test(each_architecture_has_its_own_spelling),
		cmocka_unit_test(what_an_architecture_does_not_know_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
