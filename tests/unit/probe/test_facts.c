/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"
#include "tree.h"

#include <time.h>

static struct tree t;

static int begin(void **state)
{
	(void)state;
	tree_begin(&t);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tree_end(&t);
	return 0;
}

static void an_empty_root_is_a_system_of_which_nothing_is_known(void **state)
{
	auto_facts struct facts *f = NULL;

	(void)state;
	assert_int_equal(facts_read(&t.root, &f, NULL), 0);
	assert_string_equal(f->host, "localhost");
	assert_string_equal(f->machine_id, "");
	assert_string_equal(f->os_id, "linux");
	assert_string_equal(f->os_pretty, "linux");
	assert_int_equal(f->n_kernels, 0);
	assert_null(f->running);
	assert_null(f->cmdline);
	assert_null(f->boot_id);
	assert_null(f->lockdown);
	assert_int_equal(f->mem_total, 0);
	assert_int_equal(f->cpus, 0);
	assert_int_equal(f->boot_apicid, -1);
	assert_int_equal(f->crash_size, -1);
	assert_int_equal(f->crash_loaded, UNKNOWN);
	assert_int_equal(f->kexec_disabled, UNKNOWN);
}

static void the_facts_of_a_system_come_from_its_files(void **state)
{
	auto_facts struct facts *f = NULL;

	(void)state;
	tree_put(&t, "/etc/hostname", "# mine\n  web1.example.org \n");
	tree_put(&t, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	tree_put(&t, "/usr/lib/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
	tree_link(&t, "/etc/os-release", "../usr/lib/os-release");
	tree_put(&t, "/proc/sys/kernel/osrelease", "6.1.0-9-amd64\n");
	tree_put(&t, "/proc/cmdline", "BOOT_IMAGE=/vmlinuz ro crashkernel=256M\n");
	tree_put(&t, "/proc/sys/kernel/random/boot_id", "8f0c2ab0-0000-4000-8000-000000000001\n");
	tree_put(&t, "/proc/sys/kernel/kexec_load_disabled", "0\n");
	tree_put(&t, "/proc/iomem", "00000000-00000000 : System RAM\n");
	tree_put(&t, "/proc/meminfo", "MemTotal:  760000 kB\n");
	tree_put(&t, "/proc/cpuinfo", "processor\t: 0\ninitial apicid\t: 0\n\n");
	tree_put(&t, "/sys/kernel/kexec_crash_size", "268435456\n");
	tree_put(&t, "/sys/kernel/kexec_crash_loaded", "1\n");
	tree_put(&t, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	tree_put(&t, "/sys/devices/system/cpu/online", "0-3\n");
	assert_int_equal(facts_read(&t.root, &f, NULL), 0);
	assert_string_equal(f->host, "web1.example.org");
	assert_string_equal(f->machine_id, "0123456789abcdef0123456789abcdef");
	assert_string_equal(f->os_id, "debian");
	assert_string_equal(f->os_pretty, "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(f->running, "6.1.0-9-amd64");
	assert_string_equal(f->cmdline, "BOOT_IMAGE=/vmlinuz ro crashkernel=256M");
	assert_string_equal(f->boot_id, "8f0c2ab0-0000-4000-8000-000000000001");
	assert_int_equal(f->mem_total, 1 << 30);
	assert_int_equal(f->cpus, 4);
	assert_int_equal(f->boot_apicid, 0);
	assert_int_equal(f->crash_size, 256 << 20);
	assert_int_equal(f->crash_loaded, YES);
	assert_int_equal(f->kexec_disabled, NO);
	assert_string_equal(f->lockdown, "integrity");
}

static void kernels_of_every_layout_are_found_once_and_in_order(void **state)
{
	static const char *const want[][3] = {
		{ "5.14.0-503.el9.x86_64",
		  "/boot/0123456789abcdef0123456789abcdef/5.14.0-503.el9.x86_64/linux", NULL },
		{ "6.1.0-9-amd64", "/boot/vmlinuz-6.1.0-9-amd64", NULL },
		{ "6.1.0-10-amd64", "/boot/vmlinuz-6.1.0-10-amd64", "/lib/modules/6.1.0-10-amd64" },
		{ "6.12.4-arch1-1", "/usr/lib/modules/6.12.4-arch1-1/vmlinuz",
		  "/lib/modules/6.12.4-arch1-1" },
	};
	unsigned char head[KERNEL_HEAD] = { 0 };
	auto_facts struct facts *f = NULL;

	(void)state;
	memcpy(head + 0x202, "HdrS\x0f\x02", 6);
	head[0x262] = 0x40;
	tree_put(&t, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	tree_bytes(&t, "/boot/vmlinuz-6.1.0-10-amd64", head, sizeof(head));
	tree_put(&t, "/boot/vmlinuz-6.1.0-9-amd64", "short");
	tree_put(&t, "/boot/vmlinuz-6.1.0-9-amd64.old", "x");
	tree_put(&t, "/boot/vmlinuz-0-rescue-0123", "x");
	tree_put(&t, "/boot/vmlinuz-linux", "x");
	tree_dir(&t, "/boot/vmlinuz-6.2.0");
	tree_link(&t, "/boot/vmlinuz-6.3.0", "/nowhere");
	tree_put(&t, "/boot/0123456789abcdef0123456789abcdef/5.14.0-503.el9.x86_64/linux", "x");
	tree_link(&t, "/lib", "usr/lib");
	tree_dir(&t, "/usr/lib/modules/6.1.0-10-amd64");
	tree_put(&t, "/usr/lib/modules/6.12.4-arch1-1/vmlinuz", "x");
	tree_put(&t, "/usr/lib/modules/6.1.0-10-amd64/vmlinuz", "the same once more");
	assert_int_equal(facts_read(&t.root, &f, NULL), 0);
	assert_int_equal(f->n_kernels, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_string_equal(f->kernels[i].release, want[i][0]);
		assert_string_equal(f->kernels[i].image, want[i][1]);
		if (want[i][2])
			assert_string_equal(f->kernels[i].modules, want[i][2]);
		else
			assert_null(f->kernels[i].modules);
	}
	assert_int_equal(f->kernels[2].init_size, 0x400000);
	assert_int_equal(f->kernels[1].init_size, 0);
}

static void a_hosts_name_cannot_lead_a_dump_elsewhere(void **state)
{
	static const char *const rows[][2] = {
		{ "../../etc\n", "-.-..-etc" }, { "a/b", "a-b" },	   { ".x", "-x" },
		{ "a;b$(c)", "a-b--c-" },	{ "\n#x\n", "localhost" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_facts struct facts *f = NULL;

		tree_put(&t, "/etc/hostname", rows[i][0]);
		assert_int_equal(facts_read(&t.root, &f, NULL), 0);
		assert_string_equal(f->host, rows[i][1]);
		assert_null(strchr(f->host, '/'));
	}
}

static void this_host_is_read_in_no_time(void **state)
{
	auto_root struct root slash = { .fd = -1 };
	struct timespec from, to;

	(void)state;
	assert_int_equal(root_open(&slash, "/", NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 10; i++) {
		auto_facts struct facts *f = NULL;

		assert_int_equal(facts_read(&slash, &f, NULL), 0);
		assert_non_null(f->running);
		assert_non_null(f->boot_id);
		assert_true(f->mem_total > 64 << 20 && f->cpus > 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	print_message("%.3f ms each\n",
		      ((double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6) /
			      10);
}

int main(void)
{
#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		IN_TREE(an_empty_root_is_a_system_of_which_nothing_is_known),
		IN_TREE(the_facts_of_a_system_come_from_its_files),
		IN_TREE(kernels_of_every_layout_are_found_once_and_in_order),
		IN_TREE(a_hosts_name_cannot_lead_a_dump_elsewhere),
		cmocka_unit_test(this_host_is_read_in_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
