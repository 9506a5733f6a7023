/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void versions_are_ordered_as_people_read_them(void **state)
{
	/* each is older than the next */
	static const char *const rising[] = {
		"3.10.0-1160.el7.x86_64",
		"4.18.0-80.el8.x86_64",
		"4.18.0-552.el8.x86_64",
		"5.10.0-46-amd64",
		"6.1.0-rc1",
		"6.1.0-rc2",
		"6.1.0-rc10",
		"6.1.0",
		"6.1.0-0.rc5.39.fc38.x86_64",
		"6.1.0-9-amd64",
		"6.1.0-10-amd64",
		"6.1.0-10-rt-amd64",
		"6.1.1-amd64",
		"6.12~rc3-amd64",
		"6.12-rc4",
		"6.12-amd64",
		"6.12.0-1-default",
		"6.12.9-amd64",
		"6.12.10-amd64",
		"6.12.117+deb13-amd64",
		"7.0",
		"10.0",
		"10.0.99999999999999999999999999998",
		"10.0.99999999999999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rising); i++)
		for (size_t j = 0; j < ARRAY_SIZE(rising); j++) {
			int order = version_compare(rising[i], rising[j]);

			if (i < j)
				assert_true(order < 0);
			else if (i > j)
				assert_true(order > 0);
			else
				assert_int_equal(order, 0);
		}
}

static void the_chosen_kernel_is_the_running_one_if_installed_else_the_newest(void **state)
{
	static char v1[] = "6.1.0-9", v2[] = "6.1.0-10", gone[] = "5.10.0-1";
	struct kernel_fact kernels[] = { { .release = v1 }, { .release = v2 } };
	struct facts f = { .kernels = kernels, .n_kernels = 2, .running = v1 };

	(void)state;
	assert_ptr_equal(facts_kernel(&f, NULL), &kernels[0]);
	f.running = gone;
	assert_ptr_equal(facts_kernel(&f, NULL), &kernels[1]);
	f.running = NULL;
	assert_ptr_equal(facts_kernel(&f, NULL), &kernels[1]);
	assert_ptr_equal(facts_kernel(&f, "6.1.0-9"), &kernels[0]);
	assert_null(facts_kernel(&f, "6.1.0"));
	f.n_kernels = 0;
	assert_null(facts_kernel(&f, NULL));
}

static void without_iomem_memory_is_rounded_up_to_what_was_plugged_in(void **state)
{
	static const struct {
		const char *text;
		uint64_t reserved, mib;
	} rows[] = {
		{ "MemTotal:       24684096 kB\nMemFree:  1 kB\n", 0, 24576 },
		{ "MemTotal:         850000 kB\n", 128 << 20, 1024 },
		{ "MemFree: 1 kB\nMemTotal: 1000000 kB\n", 0, 1024 },
		{ "MemTotal: 0 kB\n", 0, 0 },
		{ "MemTotal: x\n", 0, 0 },
		{ "XMemTotal: 5 kB\n", 0, 0 },
		{ "", 0, 0 },
		{ "MemTotal: 99999999999999999999999 kB\n", 0, 0 },
		{ "MemTotal:", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(meminfo_ram(rows[i].text, rows[i].reserved), rows[i].mib << 20);
}

static void cpus_are_counted_from_lists(void **state)
{
	static const struct {
		const char *text;
		unsigned n;
	} rows[] = {
		{ "0", 1 },
		{ "0-3", 4 },
		{ "0-3,8\n", 5 },
		{ "0,2,4-5", 4 },
		{ "", 0 },
		{ "0-", 0 },
		{ "3-1", 0 },
		{ "0,,1", 0 },
		{ "0-4294967295", 0 },
		{ "0-99999999999999999999", 0 },
		{ "x", 0 },
		{ "0-3 ", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(cpu_list_count(rows[i].text), rows[i].n);
}

static void os_release_is_read_and_never_executed(void **state)
{
	static const struct {
		const char *text, *key, *value;
	} rows[] = {
		{ "ID=debian\n", "ID", "debian" },
		{ "VERSION_ID=\"12\"\nID=\"debian\"\n", "ID", "debian" },
		{ "PRETTY_NAME='Red Hat \"9\"'\n", "PRETTY_NAME", "Red Hat \"9\"" },
		{ "PRETTY_NAME=\"a \\\"b\\\" \\$c\"\n", "PRETTY_NAME", "a \"b\" $c" },
		{ "ID=$(touch x)\n", "ID", "$(touch" },
		{ "ID=debian # no\n", "ID", "debian" },
		{ "#ID=x\nID=\"open\nNAME=y\n", "ID", "open" },
		{ "ID=x\\", "ID", "x\\" },
		{ "ID=\n", "ID", "" }, { "IDX=1\n", "ID", NULL }, { "ID", "ID", NULL }, { "", "ID", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *value = os_release_get(rows[i].text, rows[i].key);

		if (rows[i].value)
			assert_string_equal(value, rows[i].value);
		else
			assert_null(value);
	}
}

static void lockdown_is_the_word_in_brackets(void **state)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "[none] integrity confidentiality\n", "none" },
		{ "none [integrity] confidentiality\n", "integrity" },
		{ "none integrity [confidentiality]\n", "confidentiality" },
		{ "none", NULL },
		{ "[none", NULL },
		{ "]none[", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *value = lockdown_parse(rows[i].text);

		if (rows[i].value)
			assert_string_equal(value, rows[i].value);
		else
			assert_null(value);
	}
}

static void the_boot_cpu_is_the_first_in_cpuinfo(void **state)
{
	static const struct {
		const char *text;
		int64_t id;
	} rows[] = {
		{ "processor\t: 0\napicid\t\t: 4\ninitial apicid\t: 2\nfpu\t: yes\n\nprocessor\t: 1\ninitial "
		  "apicid\t: 3\n",
		  2 },
		{ "processor\t: 0\n\nprocessor\t: 1\ninitial apicid\t: 3\n", -1 },
		{ "processor\t: 0\ninitial apicid\t: ", -1 },
		{ "processor\t: 0\ninitial apicid\t: 12", -1 },
		{ "processor\t: 0\ninitial apicid 5\n", -1 },
		{ "processor : 0\nBogoMIPS : 48.00\n", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(cpuinfo_boot_apicid(rows[i].text), rows[i].id);
}

static void a_kernel_tells_what_memory_it_needs_to_start(void **state)
{
	unsigned char head[KERNEL_HEAD] = { 0 };
	struct kernel_fact k = { .init_size = 1, .cmdline_max = 1 };

	(void)state;
	kernel_head_read(head, sizeof(head), &k);
	assert_int_equal(k.init_size, 0);
	memcpy(head + 0x202, "HdrS\x0f\x02", 6);
	memcpy(head + 0x238, "\xff\x07\0\0", 4);
	memcpy(head + 0x260, "\0\x80\xf9\x03", 4);
	kernel_head_read(head, sizeof(head), &k);
	assert_int_equal(k.init_size, 0x3f98000);
	assert_int_equal(k.cmdline_max, 2047);
	head[0x206] = 5;
	kernel_head_read(head, sizeof(head), &k);
	assert_int_equal(k.init_size, 0);
	assert_int_equal(k.cmdline_max, 0);
	kernel_head_read(head, 16, &k);
	assert_int_equal(k.init_size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_ordered_as_people_read_them),
		cmocka_unit_test(the_chosen_kernel_is_the_running_one_if_installed_else_the_newest),
		cmocka_unit_test(without_iomem_memory_is_rounded_up_to_what_was_plugged_in),
		cmocka_unit_test(cpus_are_counted_from_lists),
		cmocka_unit_test(os_release_is_read_and_never_executed),
		cmocka_unit_test(lockdown_is_the_word_in_brackets),
		cmocka_unit_test(the_boot_cpu_is_the_first_in_cpuinfo),
		cmocka_unit_test(a_kernel_tells_what_memory_it_needs_to_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
