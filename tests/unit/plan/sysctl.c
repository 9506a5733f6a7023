/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sysctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void what_is_not_set_is_left_as_it_is(void **state)
{
	static const struct {
		enum setting_key key;
		const char *value, *want[DROPINS];	/* without the lines that say who wrote it */
	} rows[] = {
		{ SET_DUMP_KEEP, "5", { "kernel.panic_on_oops = 1\n", "", "" } },
		{ SET_PANIC_ON_OOPS, "no", { "kernel.panic_on_oops = 0\n", "", "" } },
		{ SET_PANIC_ON_LOCKUP, "yes",
		  { "kernel.panic_on_oops = 1\n-kernel.softlockup_panic = 1\n-kernel.hardlockup_panic = 1\n", "",
		    "" } },
		{ SET_PANIC_ON_HUNG_TASK, "no", { "kernel.panic_on_oops = 1\n-kernel.hung_task_panic = 0\n", "", "" } },
		{ SET_PANIC_ON_NMI, "yes",
		  { "kernel.panic_on_oops = 1\n-kernel.unknown_nmi_panic = 1\n"
		    "-kernel.panic_on_unrecovered_nmi = 1\n", "", "" } },
		{ SET_PANIC_PRINT, "67", { "kernel.panic_on_oops = 1\n-kernel.panic_print = 67\n", "", "" } },
		{ SET_LOG_CONSOLE_LEVEL, "0", { "kernel.panic_on_oops = 1\nkernel.printk = 0\n", "", "" } },
		{ SET_LOG_NETCONSOLE, "@/eth0,6666@192.0.2.7/",
		  { "kernel.panic_on_oops = 1\n", "options netconsole netconsole=@/eth0,6666@192.0.2.7/\n",
		    "netconsole\n" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_settings struct settings *s = settings_new();
		auto_faults struct fault_list faults = { 0 };

		settings_set(s, rows[i].key, rows[i].value, "x", 1, &faults);
		assert_int_equal(faults.errors, 0);
		for (size_t k = 0; k < DROPINS; k++) {
			auto_buf struct buf text = { 0 };
			const char *body;

			dropin_text(s, k, &text);
			body = buf_text(&text);
			while (*body == '#')
				body = strchr(body, '\n') + 1;
			assert_string_equal(body, rows[i].want[k]);
		}
	}
}

static void a_value_of_several_numbers_is_its_first(void **state)
{
	auto_free char *path = sysctl_path("kernel.printk");

	(void)state;
	assert_string_equal(path, "/proc/sys/kernel/printk");
	assert_true(sysctl_is("4\t4\t1\t7", "4"));
	assert_true(sysctl_is("4", "4"));
	assert_false(sysctl_is("44", "4"));
	assert_false(sysctl_is("", "4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_set_is_left_as_it_is),
		cmocka_unit_test(a_value_of_several_numbers_is_its_first),
	};

	return cmocka_run_group_tests_name("sysctl", tests, NULL, NULL);
}
