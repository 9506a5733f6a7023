/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mounts.h"

#include "own.h"
#include "probe.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const char mountinfo[] =
	"22 27 0:21 / /proc rw - proc proc rw\n"
	"27 1 254:2 / / rw,relatime shared:1 - ext4 /dev/vda2 rw,discard\n"
	"28 27 254:3 / /srv rw - xfs /dev/vda3 rw\n"
	"29 28 254:4 / /srv/data rw - ext4 /dev/vda4 rw\n"
	"30 27 254:2 /data/x /var/crash rw - ext4 /dev/vda2 rw\n"
	"31 27 0:33 /@home /home rw - btrfs /dev/vdb rw,subvolid=256,subvol=/@home\n"
	"32 27 254:5 / /srv rw - ext4 /dev/vda5 rw\n"		/* hides /srv of 28 and all below it */
	"33 31 0:40 / /home/t rw - tmpfs tmpfs rw\n"
	"not a line\n"
	"34 33 254:6 / /home/t rw - ext4 /dev/vda6 rw\n"		/* on top of 33, at the same place */
	"35 27 254:7 / /with\\040blank rw - ext4 /dev/vda7 rw\n"
	"36 27 0:50 / /n rw - nfs4 server:/export rw,addr=10.0.0.1\n";

static const char fstab[] =
	"# <file system> <mount point> <type> <options>\n"
	"UUID=1-2 / ext4 defaults 0 1\n"
	"LABEL=crash /var/crash xfs defaults 0 2\n"
	"/dev/vdb /home btrfs subvol=@home 0 0\n"
	"/home/dumps /srv none bind 0 0\n"
	"/loop /loop none bind 0 0\n"
	"UUID=5-6 none swap sw 0 0\n";

static void the_mount_that_is_seen_at_a_path_is_found(void **state)
{
	static const struct {
		const char *path, *source, *target, *inside;
	} rows[] = {
		{ "/", "/dev/vda2", "/", "/" },
		{ "/var", "/dev/vda2", "/", "/var" },
		{ "/var/crash", "/dev/vda2", "/var/crash", "/data/x" },
		{ "/var/crash/a/b", "/dev/vda2", "/var/crash", "/data/x/a/b" },
		{ "/var/crasher", "/dev/vda2", "/", "/var/crasher" },
		{ "/srv/data/x", "/dev/vda5", "/srv", "/data/x" },
		{ "/home/me", "/dev/vdb", "/home", "/@home/me" },
		{ "/home", "/dev/vdb", "/home", "/@home" },
		{ "/home/t/x", "/dev/vda6", "/home/t", "/x" },
		{ "/with blank/x", "/dev/vda7", "/with blank", "/x" },
		{ "/n", "server:/export", "/n", "/" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_mount struct mount_seen m = { 0 };
		auto_free char *inside = NULL;

		assert_int_equal(mounts_holding(mountinfo, strlen(mountinfo), rows[i].path, &m, NULL), 0);
		inside = mount_inside(&m, rows[i].path);
		assert_string_equal(m.source, rows[i].source);
		assert_string_equal(m.target, rows[i].target);
		assert_string_equal(inside, rows[i].inside);
	}
}

static void fstab_tells_what_would_be_mounted(void **state)
{
	static const struct {
		const char *path, *uuid, *label, *source, *fstype, *inside;
	} rows[] = {
		{ "/var", "1-2", "", "", "ext4", "/var" },
		{ "/var/crash/x", "", "crash", "", "xfs", "/x" },
		{ "/home/me", "", "", "/dev/vdb", "btrfs", "/@home/me" },
		{ "/srv/x", "", "", "/dev/vdb", "btrfs", "/@home/dumps/x" },
	};
	auto_mount struct mount_seen none = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_mount struct mount_seen m = { 0 };
		auto_free char *inside = NULL;

		assert_int_equal(mounts_holding(fstab, strlen(fstab), rows[i].path, &m, NULL), 0);
		inside = mount_inside(&m, rows[i].path);
		assert_string_equal(m.uuid, rows[i].uuid);
		assert_string_equal(m.label, rows[i].label);
		assert_string_equal(m.source, rows[i].source);
		assert_string_equal(m.fstype, rows[i].fstype);
		assert_string_equal(inside, rows[i].inside);
	}
	assert_int_equal(mounts_holding(fstab, strlen(fstab), "/loop/x", &none, &e), -EINVAL);
	assert_non_null(strstr(e.text, "'/loop'"));
}

static void a_table_of_any_content_ends_in_an_answer(void **state)
{
	static const struct {
		const char *table;
		int r;
	} rows[] = {
		{ "", -EINVAL },
		{ "\n\n", -EINVAL },
		{ "x\n", -EINVAL },
		{ "# only a comment\n", -EINVAL },
		{ "22 27 0:21 / /proc rw - proc proc rw\n", -ENOENT },
		/* each on the other */
		{ "1 2 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / / rw - ext4 /dev/b rw\n", -ENOENT },
		{ "1 9 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /x rw - ext4 /dev/b rw\n1 2 8:1 / /x rw - ext4 "
		  "/dev/c rw\n",
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_mount struct mount_seen m = { 0 };

		assert_int_equal(mounts_holding(rows[i].table, strlen(rows[i].table), "/x/y", &m, NULL),
				 rows[i].r);
	}
}

static void the_first_swap_of_fstab_is_told_as_it_is_written(void **state)
{
	static const struct {
		const char *table, *want;
	} rows[] = {
		{ fstab, "UUID=5-6" },
		{ "/dev/sda2 none swap sw,pri=1 0 0\nUUID=1 none swap sw 0 0\n", "/dev/sda2" },
		{ "/dev/sda2 none swap noauto 0 0\n/swapfile swap swap defaults 0 0\n", "/swapfile" },
		{ "PARTUUID=ab-01 none swap sw 0 0\n", "PARTUUID=ab-01" },
		{ "/dev/sda1 / ext4 defaults 0 1\n", NULL },
		{ "swap swap\n", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *spec = NULL;
		int r = mounts_first_swap(rows[i].table, strlen(rows[i].table), &spec);

		assert_int_equal(r, rows[i].want ? 0 : -ENOENT);
		if (rows[i].want)
			assert_string_equal(spec, rows[i].want);
	}
}

static void only_what_waits_for_others_may_hang(void **state)
{
	static const struct {
		const char *table;
		bool may;
	} rows[] = {
		{ "", false },
		{ "not a line\n", false },
		{ "27 1 254:2 / / rw shared:1 - ext4 /dev/vda2 rw\n22 27 0:21 / /proc rw - proc proc rw\n", false },
		{ "31 27 0:33 /@home /home rw - btrfs /dev/vdb rw\n", false },
		{ "36 27 0:50 / /n rw - nfs4 server:/export rw\n", true },
		{ "36 27 0:50 / /n rw shared:7 master:3 - fuse.sshfs a:/b rw\n", true },
		{ "36 27 7:0 / /n rw - fuseblk /dev/loop0 rw\n", true },
		{ "36 27 0:50 / /home rw - autofs systemd-1 rw\n", true },
		{ "36 27 0:50 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n", false },
		{ "36 27 0:50 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw\n", false },
		{ "36 27 0:50 / /n rw - brand-new-fs x rw\n", true },
		{ "36 27 0:50 / /n rw -", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (mounts_may_hang(rows[i].table) != rows[i].may)
			fail_msg("row %zu: %s", i, rows[i].table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_swap_of_fstab_is_told_as_it_is_written),
		cmocka_unit_test(the_mount_that_is_seen_at_a_path_is_found),
		cmocka_unit_test(fstab_tells_what_would_be_mounted),
		cmocka_unit_test(a_table_of_any_content_ends_in_an_answer),
		cmocka_unit_test(only_what_waits_for_others_may_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
