/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "taken.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* The keys of the tools' manuals and shipped files; each must be known. */
static void every_documented_key_is_known(void **state)
{
	static const struct {
		enum import_dialect d;
		const char *keys;
	} rows[] = {
		{ IMPORT_LKCD, "DUMP_ACTIVE DUMPDEV DUMP_DEV DUMPDIR DUMP_SAVE DUMP_LEVEL DUMP_FLAGS "
			       "DUMP_COMPRESS PANIC_TIMEOUT "
			       "BOUNDS_LIMIT KEXEC_IMAGE KEXEC_CMDLINE TARGET_HOST TARGET_PORT SOURCE_PORT "
			       "ETH_ADDRESS" },
		{ IMPORT_KDUMP_CONF,
		  "auto_reset_crashkernel raw nfs ssh sshkey ext2 ext3 ext4 minix btrfs xfs virtiofs path "
		  "core_collector kdump_emergency kdump_post kdump_pre extra_bins extra_modules "
		  "failure_action default "
		  "final_action force_rebuild force_no_rebuild dracut_args fence_kdump_args "
		  "fence_kdump_nodes net options "
		  "link_delay disk_timeout debug_mem_level blacklist dracut_kdump_service_timeout "
		  "override_resettable" },
		{ IMPORT_KDUMP_SYSCONFIG,
		  "KDUMP_KERNELVER KDUMP_COMMANDLINE KDUMP_COMMANDLINE_REMOVE KDUMP_COMMANDLINE_APPEND "
		  "FADUMP_COMMANDLINE_APPEND KEXEC_ARGS KDUMP_BOOTDIR KDUMP_IMG KDUMP_IMG_EXT "
		  "VMCORE_CREATION_NOTIFICATION KDUMP_STDLOGLVL KDUMP_SYSLOGLVL KDUMP_KMSGLOGLVL "
		  "KDUMP_FILE_LOAD" },
		{ IMPORT_SUSE,
		  "KDUMP_CRASHKERNEL KDUMP_UPDATE_BOOTLOADER KDUMP_KERNELVER KDUMP_CPUS KDUMP_COMMANDLINE "
		  "KDUMP_COMMANDLINE_APPEND KDUMP_AUTO_RESIZE KDUMP_FADUMP KDUMP_FADUMP_SHELL "
		  "FADUMP_COMMANDLINE_APPEND "
		  "KEXEC_OPTIONS MAKEDUMPFILE_OPTIONS KDUMP_IMMEDIATE_REBOOT KDUMP_TRANSFER KDUMP_SAVEDIR "
		  "KDUMP_KEEP_OLD_DUMPS KDUMP_FREE_DISK_SIZE KDUMP_VERBOSE KDUMP_DUMPLEVEL "
		  "KDUMP_DUMPFORMAT "
		  "KDUMP_CONTINUE_ON_ERROR KDUMP_REQUIRED_PROGRAMS KDUMP_PRESCRIPT KDUMP_POSTSCRIPT "
		  "KDUMP_COPY_KERNEL "
		  "KDUMPTOOL_FLAGS KDUMP_NETCONFIG KDUMP_NET_TIMEOUT KDUMP_SMTP_SERVER KDUMP_SMTP_USER "
		  "KDUMP_SMTP_PASSWORD KDUMP_NOTIFICATION_TO KDUMP_NOTIFICATION_CC KDUMP_HOST_KEY "
		  "KDUMP_SSH_HOST_KEY "
		  "KDUMP_SSH_IDENTITY" },
		{ IMPORT_DEBIAN, "USE_KDUMP KDUMP_KERNEL KDUMP_INITRD KDUMP_COREDIR KDUMP_FAIL_CMD "
				 "KDUMP_DUMP_DMESG KDUMP_NUM_DUMPS "
				 "KDUMP_COMPRESSION MAKEDUMP_ARGS KDUMP_KEXEC_ARGS KDUMP_CMDLINE "
				 "KDUMP_CMDLINE_APPEND HOSTTAG NFS "
				 "NFS_TIMEO NFS_RETRANS NFS_MOUNT_RETRY FTP FTP_USER FTP_PASSWORD FTP_PORT "
				 "SSH SSH_KEY SSH_KDUMP_RETRY "
				 "KDUMP_SYSCTL DEBUG_KERNEL" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (const char *p = rows[i].keys; *p; p += strspn(p, " ")) {
			size_t len = strcspn(p, " ");
			auto_free char *line = xasprintf("%.*s%s1\n", (int)len, p,
							 rows[i].d == IMPORT_KDUMP_CONF ? " " : "=");
			auto_import struct import *im = taken(rows[i].d, line);
			const struct import_note *note = note_of(im, 1);

			if (!note || strstr(note->text, "no such key"))
				fail_msg("no row for '%.*s'", (int)len, p);
			p += len;
		}
}

static void what_is_made_passes_the_check_and_is_made_so_again(void **state)
{
	static const struct {
		enum import_dialect d;
		const char *text;
	} rows[] = {
		{ IMPORT_LKCD,
		  "DUMP_ACTIVE=1\nDUMPDEV=/dev/vmdump\nDUMPDIR=/var/log/dump\nDUMP_SAVE=1\nDUMP_LEVEL=8\n"
		  "DUMP_FLAGS=0x80000000\nDUMP_COMPRESS=2\nPANIC_TIMEOUT=5\nBOUNDS_LIMIT=10\n" },
		{ IMPORT_KDUMP_CONF,
		  "auto_reset_crashkernel yes\npath /var/crash\next4 LABEL=dumps\nnfs h:/e\n"
		  "core_collector makedumpfile -l --message-level 7 -d 31\nfailure_action shell\n"
		  "ssh u@h\nkdump_post /x\nextra_modules gfs2\n" },
		{ IMPORT_KDUMP_SYSCONFIG,
		  "KDUMP_COMMANDLINE_REMOVE=\"hugepages debug\"\n"
		  "KDUMP_COMMANDLINE_APPEND=\"irqpoll nr_cpus=1 a=\\\"b c\\\"\"\n" },
		{ IMPORT_SUSE,
		  "KDUMP_SAVEDIR=\"/var/crash sftp://h/d\"\nKDUMP_KEEP_OLD_DUMPS=5\nKDUMP_DUMPLEVEL=31\n"
		  "KDUMP_DUMPFORMAT=zstd\nKDUMP_NETCONFIG=eth0:dhcp\nKDUMP_SMTP_SERVER=m\n"
		  "KDUMP_NOTIFICATION_TO=a@b\n" },
		{ IMPORT_DEBIAN,
		  "USE_KDUMP=1\nKDUMP_COREDIR=/var/crash\nMAKEDUMP_ARGS=\"-c -d 31\"\nKDUMP_NUM_DUMPS=0\n"
		  "KDUMP_CMDLINE_APPEND=\"nr_cpus=1 usbcore.nousb\"\nKDUMP_FAIL_CMD=\"reboot -f\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_import struct import *im = taken(rows[i].d, rows[i].text),
					  *again = taken(rows[i].d, rows[i].text);
		auto_settings struct settings *s = settings_new();
		auto_faults struct fault_list faults = { 0 };
		auto_buf struct buf one = { 0 }, two = { 0 };

		import_text(im, &one);
		import_text(again, &two);
		assert_true(buf_equal(&one, &two));
		for (unsigned k = 0; k < SETTING_COUNT; k++)
			if (import_value(im, (enum setting_key)k))
				settings_set(s, (enum setting_key)k, import_value(im, (enum setting_key)k),
					     "/f", k + 1, &faults);
		settings_check(s, &faults);
		for (size_t j = 0; j < faults.n; j++)
			if (faults.v[j].level == FAULT_ERROR)
				fail_msg("%s: %s", faults.v[j].key, faults.v[j].text);
	}
}

/* The last key of each table repeats, so every place before it does. */
static void a_key_that_repeats_is_overridden(void **state)
{
	static const struct {
		enum import_dialect d;
		const char *text;
	} rows[] = {
		{ IMPORT_LKCD, "ETH_ADDRESS=1\nETH_ADDRESS=2" },
		{ IMPORT_KDUMP_CONF, "blacklist a\nblacklist b" },
		{ IMPORT_KDUMP_SYSCONFIG,
		  "KDUMP_IDE_NOPROBE_COMMANDLINE=1\nKDUMP_IDE_NOPROBE_COMMANDLINE=2" },
		{ IMPORT_SUSE, "KDUMP_RUNLEVEL=1\nKDUMP_RUNLEVEL=2" },
		{ IMPORT_DEBIAN, "KDUMP_RUNLEVEL=1\nKDUMP_RUNLEVEL=2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_import struct import *im = taken(rows[i].d, rows[i].text);
		const struct import_note *note = note_of(im, 1);

		if (!note || note->fate != IMPORT_OVERRIDDEN)
			fail_msg("'%s' is not overridden", rows[i].text);
	}
}

static void a_file_is_known_by_its_keys(void **state)
{
	static const struct {
		const char *file, *text;
		enum import_dialect d;
	} rows[] = {
		{ "/x", "DUMPDEV=/dev/vmdump\nDUMP_LEVEL=8", IMPORT_LKCD },
		{ "/x", "path /var/crash\n", IMPORT_KDUMP_CONF },
		{ "/x", "KDUMP_COMMANDLINE_REMOVE=x\nKDUMP_COMMANDLINE_APPEND=y", IMPORT_KDUMP_SYSCONFIG },
		{ "/etc/sysconfig/kdump", "KDUMP_SAVEDIR=/x\nKDUMP_KERNELVER=", IMPORT_SUSE },
		{ "/x", "USE_KDUMP=1", IMPORT_DEBIAN },
		{ "/etc/kdump.conf", "", IMPORT_KDUMP_CONF },
		{ "/x", "#path /var/crash\n", IMPORT_KDUMP_CONF },
		{ "/x", "root:x:0:0\n", IMPORT_DIALECTS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(import_detect(rows[i].file, rows[i].text, strlen(rows[i].text)), rows[i].d);
	assert_int_equal(import_named("kdump-utils", "/x", "KEXEC_ARGS=-s", 13), IMPORT_KDUMP_SYSCONFIG);
	assert_int_equal(import_named("kdump-utils", "/x", "", 0), IMPORT_KDUMP_CONF);
	assert_int_equal(import_named("suse", "/x", "path /x", 7), IMPORT_SUSE);
	assert_int_equal(import_named("hub", "/x", "", 0), IMPORT_DIALECTS);
}

static void no_password_is_told(void **state)
{
	static const struct {
		enum import_dialect d;
		const char *text;
	} rows[] = {
		{ IMPORT_DEBIAN, "FTP_PASSWORD=hunter2" },
		{ IMPORT_DEBIAN, "#FTP_PASSWORD=hunter2" },
		{ IMPORT_DEBIAN, "FTP_PASSWORD=$(echo hunter2)" },
		{ IMPORT_DEBIAN, "set FTP_PASSWORD hunter2" },
		{ IMPORT_DEBIAN, "FTP_PASSWORD=hunter2 x" },
		{ IMPORT_DEBIAN, "MY_PASSWD=hunter2" },
		{ IMPORT_SUSE, "KDUMP_SMTP_PASSWORD=\"hunter2\"" },
		{ IMPORT_SUSE, "KDUMP_SAVEDIR=ftp://u:hunter2@h/d" },
		{ IMPORT_SUSE, "KDUMP_SAVEDIR=ssh://u:hunter2@h/d" },
		{ IMPORT_SUSE, "KDUMP_SAVEDIR=ssh://u:hunter2@/d" },
		{ IMPORT_SUSE, "#KDUMP_SAVEDIR=cifs://u:hunter2@h/d" },
		{ IMPORT_LKCD, "DUMPDIR=ftp://u:hunter2@h/d" },
		{ IMPORT_KDUMP_CONF, "ssh u:hunter2@h" },
		{ IMPORT_KDUMP_CONF, "nfs u:hunter2@h:/e" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_import struct import *im = taken(rows[i].d, rows[i].text);
		auto_buf struct buf text = { 0 };

		import_text(im, &text);
		if (strstr(buf_text(&text), "hunter2"))
			fail_msg("%s", buf_text(&text));
	}
}

static void hooks_of_the_host_are_programs(void **state)
{
	static const char text[] = "kdump_pre /bin/a\nkdump_post /bin/b\n";
	struct import_host host = { 0 };
	auto_import struct import *im = import_new();

	(void)state;
	strv_add(&host.pre, "/etc/kdump/pre.d/1");
	strv_add(&host.post, "/etc/kdump/post.d/1");
	import_add(im, IMPORT_KDUMP_CONF, "/etc/kdump.conf", text, strlen(text));
	import_finish(im, &host);
	assert_string_equal(import_value(im, SET_DUMP_PRE), "/bin/a /etc/kdump/pre.d/1");
	assert_string_equal(import_value(im, SET_DUMP_POST), "/etc/kdump/post.d/1 /bin/b");
	strv_done(&host.pre);
	strv_done(&host.post);
}

static void the_later_file_wins(void **state)
{
	static const char one[] = "path /a\n", two[] = "KDUMP_KERNELVER=6.1.0\n", three[] = "path /b\n";
	auto_import struct import *im = import_new();
	auto_buf struct buf text = { 0 };

	(void)state;
	import_add(im, IMPORT_KDUMP_CONF, "/1", one, strlen(one));
	import_add(im, IMPORT_KDUMP_SYSCONFIG, "/2", two, strlen(two));
	import_add(im, IMPORT_KDUMP_CONF, "/3", three, strlen(three));
	import_finish(im, NULL);
	assert_string_equal(import_value(im, SET_DUMP_TARGETS), "file:///b");
	assert_string_equal(import_value(im, SET_CAPTURE_KERNEL), "6.1.0");
	import_text(im, &text);
	assert_non_null(
		strstr(buf_text(&text), "from /1 (kdump-utils), /2 (kdump-utils), /3 (kdump-utils).\n"));
	assert_non_null(strstr(buf_text(&text), "# /1:1: path = '/a': overridden: line 1 sets it again\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_documented_key_is_known),
		cmocka_unit_test(what_is_made_passes_the_check_and_is_made_so_again),
		cmocka_unit_test(a_key_that_repeats_is_overridden),
		cmocka_unit_test(a_file_is_known_by_its_keys),
		cmocka_unit_test(no_password_is_told),
		cmocka_unit_test(hooks_of_the_host_are_programs),
		cmocka_unit_test(the_later_file_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
