/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define OURS                                                                                                 \
	"irqpoll nr_cpus=1 reset_devices cgroup_disable=memory cgroup.memory=nokmem mce=off numa=off "       \
	"novmcoredd "                                                                                        \
	"acpi_no_memhotplug transparent_hugepage=never nokaslr hest_disable cma=0 hugetlb_cma=0 "            \
	"pcie_ports=compat "                                                                                 \
	"kfence.sample_interval=0 rootfstype=ramfs cryptomgr.notests " \
	"initcall_blacklist=tracer_init_tracefs panic=10"

static char *capture(const char *running, const char *cmdline_remove_words, const char *add)
{
	auto_free char *remove_copy = xstrdup(cmdline_remove_words), *add_copy = xstrdup(add);
	struct settings s = { .cmdline_remove = remove_copy, .cmdline_add = add_copy };
	char *line = NULL;

	assert_int_equal(capture_cmdline(running, &s, NULL, -1, 1, &line, NULL), 0);
	return line;
}

static void what_is_for_the_full_system_goes_and_the_machines_quirks_stay(void **state)
{
	static const struct {
		const char *running, *kept;
	} rows[] = {
		{ "BOOT_IMAGE=/boot/vmlinuz-6.1.0-50-amd64 root=UUID=1-2 ro quiet crashkernel=256M\n", "" },
		{ "BOOT_IMAGE=(hd0,gpt2)/vmlinuz root=/dev/mapper/rhel-root ro "
		  "crashkernel=1G-4G:192M,4G-64G:256M resume=/dev/mapper/rhel-swap rd.lvm.lv=rhel/root "
		  "rd.lvm.lv=rhel/swap rhgb quiet console=tty0 console=ttyS0,115200n8",
		  "console=tty0 console=ttyS0,115200n8" },
		{ "console=ttyS0 earlycon nomodeset pci=realloc acpi=off iommu=pt intel_iommu=on "
		  "mitigations=off",
		  "console=ttyS0 earlycon nomodeset pci=realloc acpi=off iommu=pt intel_iommu=on "
		  "mitigations=off" },
		{ "mem=512M memmap=10M$0xf0000000 hugepages=512 hugepagesz=1G default_hugepagesz=1G x "
		  "hugetlb_cma=1G cma=64M transparent_hugepage=always log_buf_len=64M add_efi_memmap",
		  "x" },
		{ "isolcpus=1-7 nohz_full=1-7 rcu_nocbs=1-7 rcu-nocb-poll maxcpus=8 nr_cpus=8 numa=on "
		  "disable_cpu_apicid=3 y",
		  "y" },
		{ "panic=0 panic_on_warn=1 oops=panic softlockup_panic=1 kgdboc=ttyS0 kgdbwait z", "z" },
		{ "systemd.unit=rescue.target rd.break rd_NO_LUKS luks.uuid=1 plymouth.enable=0 "
		  "net.ifnames=0",
		  "net.ifnames=0" },
		{ "trace_event=sched:* trace_buf_size=10M ftrace=function slub_debug=FZ ima_policy=tcb "
		  "ima=on evm=fix image=x",
		  "image=x" },
		{ "dyndbg=\"file a.c +p\" ro", "dyndbg=\"file a.c +p\"" },
		{ "a ro -- b crashkernel=1 console=tty9", "a" },
		{ "a=\"open crashkernel=1", "a=\"open crashkernel=1\"" },
		{ "console=tty0 console=tty0", "console=tty0 console=tty0" },
		{ "user's ro word", "user's word" },
		{ "noresume noinitrd retain_initrd init=/bin/sh rdinit=/x elfcorehdr=0x1 swiotlb=65536 "
		  "irqpoll nokaslr mce=2",
		  "" },
		{ "crashcfg.boot_id=1 crashcfg.x initcall_blacklist=foo", "initcall_blacklist=foo" },
		{ "", "" },
		{ " \t\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *line = capture(rows[i].running, "", "");
		auto_free char *want = xasprintf("%s%s" OURS, rows[i].kept, *rows[i].kept ? " " : "");

		assert_string_equal(line, want);
	}
}

static void settings_remove_words_of_both_and_add_theirs_last(void **state)
{
	static const struct {
		const char *running, *less, *more, *has, *has_not;
	} rows[] = {
		{ "console=tty0 console=ttyS0", "console=tty0", "", "console=ttyS0 irqpoll", "tty0" },
		{ "console=tty0 console=ttyS0", "console", "", "irqpoll", "console" },
		{ "a.b=1 a.c=2 ab=3", "a.*", "", "ab=3 irqpoll", "a.b" },
		{ "x", "mce pcie-ports", "mce=on", "panic=10 mce=on", "pcie_ports" },
		{ "x", "panic=10", "panic=60", "tracer_init_tracefs panic=60", "panic=10" },
		{ "x", "panic=1", "", "panic=10", "panic=60" },
		{ "x", "", "console=\"a b\" crashkernel=1M", "panic=10 console=\"a b\" crashkernel=1M", "-" },
		{ "x", "* --", "y", "y", "x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *line = capture(rows[i].running, rows[i].less, rows[i].more);

		assert_non_null(strstr(line, rows[i].has));
		assert_null(strstr(line, rows[i].has_not));
	}
}

static void the_boot_cpu_and_the_crashed_boot_are_named(void **state)
{
	struct settings s = { 0 };
	char *line = NULL;

	(void)state;
	assert_int_equal(capture_cmdline(NULL, &s, "0f8d-11", 0, 1, &line, NULL), 0);
	assert_string_equal(line, OURS " disable_cpu_apicid=0 crashcfg.boot_id=0f8d-11");
	free(line);
}

static void threads_get_processors_where_one_stood(void **state)
{
	struct settings s = { 0 };
	auto_free char *line = NULL;

	(void)state;
	assert_int_equal(capture_cmdline("nr_cpus=64 maxcpus=64 x", &s, NULL, 0, 5, &line, NULL), 0);
	assert_int_equal(strncmp(line, "x irqpoll nr_cpus=5 reset_devices", 33), 0);
	assert_null(strstr(line, "nr_cpus=1"));
	assert_null(strstr(line, "64"));
	assert_non_null(strstr(line, "disable_cpu_apicid=0"));
}

static void filtering_twice_is_filtering_once(void **state)
{
	auto_free char *once =
		capture("BOOT_IMAGE=x a=\"b c\" ro console=ttyS0 cgroup_disable=pressure", "", "");
	auto_free char *twice = capture(once, "", "");

	(void)state;
	assert_string_equal(once, twice);
}

static void a_line_that_no_kernel_takes_is_an_error_that_says_what_to_do(void **state)
{
	struct settings s = { 0 };
	struct err e = { 0 };
	char running[2100];
	char *line = NULL;

	(void)state;
	memset(running, 'a', sizeof(running) - 1);
	running[sizeof(running) - 1] = '\0';
	assert_int_equal(capture_cmdline(running, &s, NULL, -1, 1, &line, &e), -E2BIG);
	assert_null(line);
	assert_non_null(strstr(e.text, "CAPTURE_CMDLINE_REMOVE"));
	running[2047 - 31 - strlen(" " OURS)] = '\0';
	assert_int_equal(capture_cmdline(running, &s, NULL, -1, 1, &line, &e), 0);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_for_the_full_system_goes_and_the_machines_quirks_stay),
		cmocka_unit_test(settings_remove_words_of_both_and_add_theirs_last),
		cmocka_unit_test(the_boot_cpu_and_the_crashed_boot_are_named),
		cmocka_unit_test(threads_get_processors_where_one_stood),
		cmocka_unit_test(filtering_twice_is_filtering_once),
		cmocka_unit_test(a_line_that_no_kernel_takes_is_an_error_that_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
