/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "taken.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* "KEY=VALUE;" of each setting. */
static char *settings_of(const struct import *im)
{
	auto_buf struct buf text = { 0 };

	for (unsigned k = 0; k < SETTING_COUNT; k++)
		if (import_value(im, (enum setting_key)k))
			buf_addf(&text, "%s=%s;", setting_name((enum setting_key)k),
				 import_value(im, (enum setting_key)k));
	return xstrdup(buf_text(&text));
}

/* One file: the settings that it becomes, and what is said of its first line. */
struct row {
	const char *text, *settings;
	enum import_fate fate;
	const char *says;	/* part of the note's text; NULL: any */
};

static void check(enum import_dialect d, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_import struct import *im = taken(d, rows[i].text);
		auto_free char *got = settings_of(im);
		const struct import_note *note = note_of(im, 1);

		if (strcmp(got, rows[i].settings) != 0)
			fail_msg("'%s': '%s', wanted '%s'", rows[i].text, got, rows[i].settings);
		assert_non_null(note);
		if (note->fate != rows[i].fate)
			fail_msg("'%s' is '%s', wanted '%s' (%s)", rows[i].text, import_fate_name(note->fate),
				 import_fate_name(rows[i].fate), note->text);
		if (rows[i].says && !strstr(note->text, rows[i].says))
			fail_msg("'%s' says '%s', wanted '%s'", rows[i].text, note->text, rows[i].says);
	}
}

#define LKCD_DIR "DUMP_TARGETS=file:///var/log/dump;"
#define LKCD_RAW(raw) "DUMP_TARGETS=file:///var/log/dump " raw ";"

static void lkcd_becomes_ours(void **state)
{
	static const struct row rows[] = {
		{ "DUMP_ACTIVE=0", "DUMP_ACTIVE=no;" LKCD_DIR, IMPORT_BECAME, "" },
		{ "DUMP_ACTIVE=maybe", LKCD_DIR, IMPORT_UNREAD, "neither yes nor no" },
		{ "DUMPDIR=/srv/dump", "DUMP_TARGETS=file:///srv/dump;", IMPORT_BECAME, "" },
		{ "DUMPDIR=ftp://u:pw@h/d", LKCD_DIR, IMPORT_NONE, "FTP" },
		{ "DUMPDEV=/dev/vmdump", LKCD_RAW("raw:swap"), IMPORT_NEAR, "first swap" },
		{ "DUMPDEV=/dev/sda2", LKCD_RAW("raw:/dev/sda2"), IMPORT_NEAR, "tried when" },
		{ "DUMP_DEV=eth0\nDUMP_FLAGS=0x40000000", LKCD_DIR "NET_DEVICE=eth0;", IMPORT_BECAME, "" },
		{ "DUMPDEV=/dev/sda2\nDUMP_DEV=/dev/sda3", LKCD_RAW("raw:/dev/sda3"), IMPORT_OVERRIDDEN,
		  "line 2" },
		{ "DUMP_LEVEL=0", LKCD_DIR "DUMP_LEVEL=log;", IMPORT_NEAR, "no dump at all" },
		{ "DUMP_LEVEL=1", LKCD_DIR "DUMP_LEVEL=log;", IMPORT_BECAME, "" },
		{ "DUMP_LEVEL=2", LKCD_DIR "DUMP_LEVEL=zero+cache+private+user+free;", IMPORT_BECAME, "" },
		{ "DUMP_LEVEL=4", LKCD_DIR "DUMP_LEVEL=zero+free;", IMPORT_BECAME, "" },
		{ "DUMP_LEVEL=8", LKCD_DIR "DUMP_LEVEL=0;", IMPORT_BECAME, "" },
		{ "DUMP_LEVEL=0x10", LKCD_DIR "DUMP_LEVEL=0;", IMPORT_NEAR, "firmware" },
		{ "DUMP_LEVEL=\"8\nX", LKCD_DIR "DUMP_LEVEL=0;", IMPORT_BECAME, "never closed" },
		{ "DUMP_LEVEL=all", LKCD_DIR, IMPORT_UNREAD, "not a level" },
		{ "DUMP_COMPRESS=0", LKCD_DIR "DUMP_COMPRESS=none;", IMPORT_BECAME, "" },
		{ "DUMP_COMPRESS=1", LKCD_DIR "DUMP_COMPRESS=lzo;", IMPORT_NEAR, "run-length" },
		{ "DUMP_COMPRESS=DUMP_COMPRESS_RLE", LKCD_DIR "DUMP_COMPRESS=lzo;", IMPORT_NEAR, NULL },
		{ "DUMP_COMPRESS=GZIP", LKCD_DIR "DUMP_COMPRESS=zlib;", IMPORT_BECAME, "" },
		{ "DUMP_FLAGS=0x80000003", LKCD_DIR, IMPORT_NONE, "never goes on" },
		{ "DUMP_FLAGS=0x40000000", LKCD_DIR, IMPORT_NONE, "netdump" },
		{ "DUMP_FLAGS=0x100", LKCD_DIR, IMPORT_NONE, "0x100 is not known" },
		{ "DUMP_SAVE=1", LKCD_DIR, IMPORT_UNNEEDED, NULL },
		{ "DUMP_SAVE=0", LKCD_DIR, IMPORT_NONE, NULL },
		{ "PANIC_TIMEOUT=5", LKCD_DIR, IMPORT_UNNEEDED, NULL },
		{ "BOUNDS_LIMIT=10", LKCD_DIR "DUMP_KEEP=10;", IMPORT_BECAME, "" },
		{ "KEXEC_IMAGE=/boot/vmlinuz-2.6.5-7", LKCD_DIR "CAPTURE_KERNEL=2.6.5-7;", IMPORT_BECAME,
		  "" },
		{ "KEXEC_IMAGE=/boot/kexec", LKCD_DIR, IMPORT_NONE, "release" },
		{ "KEXEC_CMDLINE=\"root=806\"", LKCD_DIR, IMPORT_NONE, NULL },
		{ "TARGET_HOST=h", LKCD_DIR, IMPORT_NONE, "netdump" },
		{ "TARGET_PORT=6688", LKCD_DIR, IMPORT_NONE, NULL },
		{ "SOURCE_PORT=6688", LKCD_DIR, IMPORT_NONE, NULL },
		{ "ETH_ADDRESS=00:07:95:E6:08:FB", LKCD_DIR, IMPORT_UNNEEDED, NULL },
		{ "DUMP_COLOUR=red", LKCD_DIR, IMPORT_NONE, "LKCD knows no such key" },
		{ "DUMP_LEVEL=$(id)", LKCD_DIR, IMPORT_UNREAD, "nothing is expanded" },
		{ "# DUMP_LEVEL=8", LKCD_DIR, IMPORT_OFF, "" },
		{ "DUMP_LEVEL=8\nDUMP_LEVEL=4", LKCD_DIR "DUMP_LEVEL=zero+free;", IMPORT_OVERRIDDEN,
		  "line 2" },
		{ "DUMP_LEVEL=", LKCD_DIR, IMPORT_UNNEEDED, "empty" },
	};

	(void)state;
	check(IMPORT_LKCD, rows, ARRAY_SIZE(rows));
}

static void kdump_conf_becomes_ours(void **state)
{
#define KEY "SSH_KEY=/root/.ssh/kdump_id_rsa;"
	static const struct row rows[] = {
		{ "path /srv/my dumps", "DUMP_TARGETS=file:///srv/my%20dumps;", IMPORT_BECAME, "" },
		{ "path crash\next4 LABEL=my%disk", "DUMP_TARGETS=fs:LABEL=my%25disk:/crash;",
		  IMPORT_BECAME, "folder of the targets" },
		{ "xfs UUID=0f3c1a2b-1111-2222-3333-444455556666",
		  "DUMP_TARGETS=fs:UUID=0f3c1a2b-1111-2222-3333-444455556666:/var/crash;", IMPORT_BECAME,
		  "" },
		{ "btrfs /dev/vg/lv", "DUMP_TARGETS=fs:/dev/vg/lv:/var/crash;", IMPORT_BECAME, "" },
		{ "ext4 PARTUUID=ab-01", "DUMP_TARGETS=fs:/dev/disk/by-partuuid/ab-01:/var/crash;",
		  IMPORT_BECAME, "" },
		{ "minix /dev/fd0", "DUMP_TARGETS=fs:/dev/fd0:/var/crash;", IMPORT_NEAR, "minix" },
		{ "ext4 vg", "", IMPORT_UNREAD, "names no file system" },
		{ "raw /dev/vg/lv", "DUMP_TARGETS=raw:/dev/vg/lv;", IMPORT_BECAME, "" },
		{ "path /x\nraw /dev/vg/lv", "DUMP_TARGETS=raw:/dev/vg/lv;", IMPORT_UNNEEDED, "raw:" },
		{ "nfs h:/export/tmp", "DUMP_TARGETS=nfs://h/export/tmp/var/crash;", IMPORT_BECAME, "" },
		{ "nfs [2001:db8::1]:/e/\npath /", "DUMP_TARGETS=nfs://[2001:db8::1]/e;", IMPORT_BECAME,
		  "" },
		{ "nfs h", "", IMPORT_UNREAD, "host:/export" },
		{ "net h:/e", "DUMP_TARGETS=nfs://h/e/var/crash;", IMPORT_BECAME, "" },
		{ "ssh u@h", "DUMP_TARGETS=ssh://u@h/var/crash;" KEY, IMPORT_BECAME, "default" },
		{ "ssh u@2001:db8::1", "DUMP_TARGETS=ssh://u@[2001:db8::1]/var/crash;" KEY, IMPORT_BECAME,
		  NULL },
		{ "sshkey /k\nnet u@h", "DUMP_TARGETS=ssh://u@h/var/crash;SSH_KEY=/k;", IMPORT_BECAME, "" },
		{ "ssh h", "", IMPORT_UNREAD, "user@host" },
		{ "virtiofs fs", "", IMPORT_NONE, NULL },
		{ "nfs a:/e\nssh u@b", "DUMP_TARGETS=nfs://a/e/var/crash ssh://u@b/var/crash;" KEY,
		  IMPORT_BECAME, "" },
		{ "failure_action dump_to_rootfs\nnfs a:/e",
		  "DUMP_TARGETS=nfs://a/e/var/crash file:///var/crash;", IMPORT_BECAME, "tried last" },
		{ "failure_action shell", "DUMP_ON_FAILURE=shell;", IMPORT_BECAME, "" },
		{ "default halt", "DUMP_ON_FAILURE=halt;", IMPORT_BECAME, "" },
		{ "default halt\nfailure_action reboot", "DUMP_ON_FAILURE=reboot;", IMPORT_OVERRIDDEN,
		  "line 2" },
		{ "failure_action mount_root_run_init", "", IMPORT_UNREAD, "not one of" },
		{ "final_action poweroff", "DUMP_ON_SUCCESS=poweroff;", IMPORT_BECAME, "" },
		{ "core_collector makedumpfile -l --message-level 7 -d 31",
		  "DUMP_LEVEL=31;DUMP_COMPRESS=lzo;", IMPORT_BECAME, "--message-level" },
		{ "core_collector makedumpfile", "DUMP_LEVEL=0;DUMP_COMPRESS=none;", IMPORT_BECAME, "" },
		{ "core_collector /sbin/makedumpfile -Fzd17 --num-threads=4",
		  "DUMP_LEVEL=17;DUMP_COMPRESS=zstd;DUMP_THREADS=4;", IMPORT_BECAME, "'-F'" },
		{ "core_collector makedumpfile -p -d 1,31", "DUMP_LEVEL=1;DUMP_COMPRESS=snappy;",
		  IMPORT_NEAR, "first" },
		{ "core_collector makedumpfile -c -E --work-dir /tmp x", "DUMP_LEVEL=0;DUMP_COMPRESS=zlib;",
		  IMPORT_NEAR, "'--work-dir'" },
		{ "core_collector makedumpfile -d", "DUMP_LEVEL=0;DUMP_COMPRESS=none;", IMPORT_NEAR,
		  "lacks its value" },
		{ "core_collector makedumpfile -q", "DUMP_LEVEL=0;DUMP_COMPRESS=none;", IMPORT_NEAR,
		  "'-q' is not known" },
		{ "core_collector \"cp --sparse=always\"", "DUMP_LEVEL=0;DUMP_COMPRESS=none;", IMPORT_NEAR,
		  NULL },
		{ "core_collector gzip -c", "", IMPORT_NONE, "makedumpfile" },
		{ "kdump_pre /bin/a", "DUMP_PRE=/bin/a;", IMPORT_NEAR, "holds nothing up" },
		{ "kdump_post /bin/a b c", "DUMP_POST=/bin/a;", IMPORT_NEAR, "arguments are not" },
		{ "kdump_post echo x", "", IMPORT_NONE, "program's path" },
		{ "kdump_emergency /x", "", IMPORT_NONE, NULL },
		{ "extra_bins /usr/bin/lftp", "", IMPORT_NONE, NULL },
		{ "extra_modules gfs2 nfs-acl", "CAPTURE_MODULES=gfs2 nfs-acl;", IMPORT_BECAME, "" },
		{ "auto_reset_crashkernel yes", "CRASHKERNEL=auto;", IMPORT_BECAME, "" },
		{ "auto_reset_crashkernel no", "", IMPORT_NONE, "CRASHKERNEL" },
		{ "force_rebuild 1", "", IMPORT_UNNEEDED, NULL },
		{ "force_no_rebuild 1", "", IMPORT_NONE, NULL },
		{ "dracut_args --mount \"h:/e /mnt nfs4 vers=4.2\" -o x",
		  "DUMP_TARGETS=nfs://h/e/var/crash;NFS_OPTIONS=vers=4.2;", IMPORT_NEAR,
		  "'x' is for dracut" },
		{ "dracut_args --mount '/dev/vda1 /mnt xfs noatime'",
		  "DUMP_TARGETS=fs:/dev/vda1:/var/crash;", IMPORT_NEAR, "noatime" },
		{ "dracut_args --mount x", "", IMPORT_UNREAD, "wants a source" },
		{ "fence_kdump_nodes a b", "", IMPORT_NONE, "fence_kdump" },
		{ "fence_kdump_args -p 1", "", IMPORT_NONE, "fence_kdump" },
		{ "options loop max_loop=1", "", IMPORT_NONE, "modprobe.d" },
		{ "link_delay 30", "NET_WAIT=30s;", IMPORT_BECAME, "" },
		{ "disk_timeout 3", "", IMPORT_UNNEEDED, NULL },
		{ "debug_mem_level 1", "", IMPORT_UNNEEDED, NULL },
		{ "blacklist a b", "CAPTURE_CMDLINE_ADD=module_blacklist=a,b;", IMPORT_BECAME, "" },
		{ "path=/x", "", IMPORT_UNREAD, "key value" },
		{ "nonsense 1", "", IMPORT_NONE, "knows no such key" },
	};

	(void)state;
	check(IMPORT_KDUMP_CONF, rows, ARRAY_SIZE(rows));
}

static void kdump_sysconfig_becomes_ours(void **state)
{
	static const struct row rows[] = {
		{ "KDUMP_KERNELVER=6.1.0-1", "CAPTURE_KERNEL=6.1.0-1;", IMPORT_BECAME, "" },
		{ "KDUMP_KERNELVER=kdump", "", IMPORT_UNREAD, "release" },
		{ "KDUMP_COMMANDLINE=\"ro root=x\"", "", IMPORT_NONE, NULL },
		{ "KDUMP_COMMANDLINE_REMOVE=\"quiet foo\"", "CAPTURE_CMDLINE_REMOVE=foo;", IMPORT_BECAME,
		  "'quiet'" },
		{ "KDUMP_COMMANDLINE_APPEND=\"irqpoll nr_cpus=1 rd.x foo=1\"", "CAPTURE_CMDLINE_ADD=foo=1;",
		  IMPORT_NEAR, "'rd.x' is for programs" },
		{ "KDUMP_COMMANDLINE_APPEND=\"irqpoll reset_devices\"", "", IMPORT_UNNEEDED,
		  "there anyway" },
		{ "KDUMP_COMMANDLINE_APPEND=\"crashkernel=1G\"", "", IMPORT_UNREAD, "decided by crashcfg" },
		{ "FADUMP_COMMANDLINE_APPEND=x", "", IMPORT_NONE, NULL },
		{ "KEXEC_ARGS=-s", "", IMPORT_UNNEEDED, NULL },
		{ "KEXEC_ARGS=\"-s --elf32-core-headers\"", "", IMPORT_NONE, "--elf32" },
		{ "KDUMP_BOOTDIR=/boot", "", IMPORT_UNNEEDED, NULL },
		{ "KDUMP_IMG=other", "", IMPORT_NONE, NULL },
		{ "KDUMP_IMG_EXT=.gz", "", IMPORT_NONE, NULL },
		{ "VMCORE_CREATION_NOTIFICATION=yes", "", IMPORT_UNNEEDED, NULL },
		{ "KDUMP_STDLOGLVL=3", "", IMPORT_NONE, NULL },
	};

	(void)state;
	check(IMPORT_KDUMP_SYSCONFIG, rows, ARRAY_SIZE(rows));
}

static void suse_becomes_ours(void **state)
{
	static const struct row rows[] = {
		{ "KDUMP_SAVEDIR=/srv", "DUMP_TARGETS=file:///srv;", IMPORT_BECAME, "" },
		{ "KDUMP_SAVEDIR=FILE:///srv", "DUMP_TARGETS=file:///srv;", IMPORT_BECAME, "" },
		{ "KDUMP_SAVEDIR=\"file:///srv nfs://h/e\"", "DUMP_TARGETS=file:///srv nfs://h/e;",
		  IMPORT_BECAME, "" },
		{ "KDUMP_SAVEDIR=sftp://u@h:22/d", "DUMP_TARGETS=ssh://u@h:22/d;SSH_KEY=/root/.ssh/id_rsa;",
		  IMPORT_NEAR, "SFTP" },
		{ "KDUMP_SAVEDIR=ssh://h/d", "DUMP_TARGETS=ssh://root@h/d;SSH_KEY=/root/.ssh/id_rsa;",
		  IMPORT_BECAME, "kdump's default" },
		{ "KDUMP_SAVEDIR=ssh://u:pw@h/d\nKDUMP_SSH_IDENTITY=k",
		  "DUMP_TARGETS=ssh://u@h/d;SSH_KEY=/root/.ssh/k;", IMPORT_NEAR, "password is never used" },
		{ "KDUMP_SAVEDIR=ftp://u:pw@h/d", "", IMPORT_NONE, "'ftp' is not spoken" },
		{ "KDUMP_SAVEDIR=\"smb://h/d /srv\"", "DUMP_TARGETS=file:///srv;", IMPORT_NEAR, "'smb'" },
		{ "KDUMP_SAVEDIR=crash", "", IMPORT_UNREAD, "neither" },
		{ "KDUMP_DUMPDIR=/srv", "DUMP_TARGETS=file:///srv;", IMPORT_BECAME, "" },
		{ "KDUMP_DUMPDEV=/dev/sda3", "DUMP_TARGETS=raw:/dev/sda3;", IMPORT_BECAME, "" },
		{ "KDUMP_KEEP_OLD_DUMPS=3", "DUMP_KEEP=4;DUMP_KEEP_DAYS=0;", IMPORT_BECAME, "counts too" },
		{ "KDUMP_KEEP_OLD_DUMPS=0", "DUMP_KEEP=0;DUMP_KEEP_DAYS=0;", IMPORT_BECAME, NULL },
		{ "KDUMP_KEEP_OLD_DUMPS=-1", "DUMP_KEEP=1;DUMP_KEEP_DAYS=0;", IMPORT_BECAME, NULL },
		{ "KDUMP_KEEP_OLD_DUMPS=few", "", IMPORT_UNREAD, NULL },
		{ "KDUMP_FREE_DISK_SIZE=64", "DUMP_MIN_FREE=64M;", IMPORT_NEAR, NULL },
		{ "KDUMP_FREE_DISK_SPACE=64", "DUMP_MIN_FREE=64M;", IMPORT_NEAR, NULL },
		{ "KDUMP_DUMPLEVEL=17", "DUMP_LEVEL=17;", IMPORT_BECAME, "" },
		{ "KDUMP_DUMPLEVEL=32", "", IMPORT_UNREAD, "not a dump level" },
		{ "KDUMP_DUMPFORMAT=none\nKDUMP_DUMPLEVEL=31", "DUMP_LEVEL=log;", IMPORT_BECAME, "" },
		{ "KDUMP_DUMPLEVEL=31\nKDUMP_DUMPFORMAT=raw", "DUMP_LEVEL=0;DUMP_COMPRESS=none;",
		  IMPORT_UNNEEDED, "KDUMP_DUMPFORMAT" },
		{ "KDUMP_DUMPFORMAT=compressed", "DUMP_COMPRESS=zlib;", IMPORT_BECAME, "" },
		{ "KDUMP_DUMPFORMAT=elf", "DUMP_COMPRESS=none;", IMPORT_NEAR, "format" },
		{ "KDUMP_DUMPFORMAT=zip", "", IMPORT_UNREAD, "not a format" },
		{ "KDUMP_CPUS=4", "DUMP_THREADS=4;", IMPORT_NEAR, NULL },
		{ "KDUMP_CPUS=0", "DUMP_THREADS=auto;", IMPORT_NEAR, NULL },
		{ "MAKEDUMPFILE_OPTIONS=-X", "", IMPORT_NONE, "Xen" },
		{ "KDUMP_CRASHKERNEL=\"crashkernel=72M,low crashkernel=300M,high\"",
		  "CRASHKERNEL=300M,high;", IMPORT_NEAR, "72M,low" },
		{ "KDUMP_CRASHKERNEL=lots", "", IMPORT_UNREAD, NULL },
		{ "KDUMP_IMMEDIATE_REBOOT=yes", "DUMP_ON_SUCCESS=reboot;", IMPORT_BECAME, "" },
		{ "KDUMP_IMMEDIATE_REBOOT=no", "", IMPORT_NONE, "no shell" },
		{ "KDUMP_CONTINUE_ON_ERROR=false", "DUMP_ON_FAILURE=shell;", IMPORT_BECAME, "" },
		{ "KDUMP_TRANSFER=/x", "", IMPORT_NONE, NULL },
		{ "KDUMP_PRESCRIPT=/x", "DUMP_PRE=/x;", IMPORT_NEAR, NULL },
		{ "KDUMP_POSTSCRIPT=\"/usr/lib/fence_kdump_send -c 5 n\"", "", IMPORT_NONE, "fence_kdump" },
		{ "KDUMP_REQUIRED_PROGRAMS=/x", "", IMPORT_NONE, NULL },
		{ "KDUMP_NETCONFIG=auto", "NET_ADDRESS=auto;", IMPORT_BECAME, "" },
		{ "KDUMP_NETCONFIG=eth1:dhcp4:force", "NET_DEVICE=eth1;NET_ADDRESS=dhcp;", IMPORT_NEAR,
		  "'force'" },
		{ "KDUMP_NETCONFIG=eth1:static", "NET_DEVICE=eth1;NET_ADDRESS=auto;", IMPORT_BECAME, "" },
		{ "KDUMP_NETCONFIG=eth1:dhcp6", "NET_DEVICE=eth1;", IMPORT_NEAR, "'dhcp6'" },
		{ "KDUMP_NET_TIMEOUT=30", "NET_WAIT=30s;", IMPORT_BECAME, "" },
		{ "KDUMP_NET_TIMEOUT=0", "", IMPORT_NONE, NULL },
		{ "KDUMP_SMTP_SERVER=m:25", "NOTIFY_SMTP=m:25;", IMPORT_BECAME, "" },
		{ "KDUMP_SMTP_PASSWORD=pw", "", IMPORT_NONE, "without a password" },
		{ "KDUMP_NOTIFICATION_TO=a@b\nKDUMP_NOTIFICATION_CC=\"c@d e@f\"",
		  "NOTIFY_MAIL=a@b c@d e@f;", IMPORT_BECAME, "" },
		{ "KDUMP_HOST_KEY=\"*\"", "", IMPORT_NONE, "never spoken to" },
		{ "KDUMP_HOST_KEY=\"ssh-rsa AAA\"", "", IMPORT_NONE, "SSH_KNOWN_HOSTS" },
		{ "KDUMP_SSH_IDENTITY=\"/k1 k2\"", "SSH_KEY=/k1;", IMPORT_NEAR, "'k2'" },
		{ "KDUMP_FADUMP=true", "", IMPORT_NONE, NULL },
		{ "KDUMP_FADUMP=false", "", IMPORT_UNNEEDED, NULL },
		{ "KDUMP_AUTO_RESIZE=true", "", IMPORT_NONE, NULL },
		{ "KDUMPTOOL_FLAGS=\"NOSPARSE SINGLE\"", "", IMPORT_NONE, "'SINGLE'" },
		{ "KDUMP_VERBOSE=3", "", IMPORT_UNNEEDED, NULL },
		{ "KDUMP_COPY_KERNEL=yes", "", IMPORT_NONE, NULL },
	};

	(void)state;
	check(IMPORT_SUSE, rows, ARRAY_SIZE(rows));
}

static void kdump_tools_becomes_ours(void **state)
{
	static const struct row rows[] = {
		{ "USE_KDUMP=0", "DUMP_ACTIVE=no;", IMPORT_BECAME, "" },
		{ "KDUMP_KERNEL=/var/lib/kdump/vmlinuz", "", IMPORT_UNNEEDED, NULL },
		{ "KDUMP_KERNEL=/boot/vmlinuz-6.1.0-50-amd64", "CAPTURE_KERNEL=6.1.0-50-amd64;",
		  IMPORT_BECAME, "" },
		{ "KDUMP_INITRD=/x", "", IMPORT_UNNEEDED, NULL },
		{ "KDUMP_COREDIR=/srv", "DUMP_TARGETS=file:///srv;", IMPORT_BECAME, "" },
		{ "KDUMP_COREDIR=/srv\nSSH=\"u@h\"\nSSH_KEY=/k", "DUMP_TARGETS=ssh://u@h/srv;SSH_KEY=/k;",
		  IMPORT_BECAME, "ssh:" },
		{ "NFS=h:/e\nKDUMP_COREDIR=/srv", "DUMP_TARGETS=nfs://h/e;", IMPORT_BECAME, "" },
		{ "SSH=u@h", "DUMP_TARGETS=ssh://u@h/var/crash;SSH_KEY=/root/.ssh/kdump_id_rsa;",
		  IMPORT_BECAME, "default" },
		{ "NFS_TIMEO=600\nNFS_RETRANS=3", "NFS_OPTIONS=timeo=600,retrans=3;", IMPORT_BECAME, "" },
		{ "FTP=h:/d", "", IMPORT_NONE, "FTP" },
		{ "FTP_PASSWORD=pw", "", IMPORT_NONE, "FTP" },
		{ "KDUMP_FAIL_CMD=\"echo 'x'; /bin/bash; reboot -f\"", "DUMP_ON_FAILURE=shell;",
		  IMPORT_NEAR, "not run" },
		{ "KDUMP_FAIL_CMD=\"reboot -f\"", "DUMP_ON_FAILURE=reboot;", IMPORT_NEAR, NULL },
		{ "KDUMP_FAIL_CMD=/x", "", IMPORT_NONE, NULL },
		{ "KDUMP_DUMP_DMESG=1", "", IMPORT_UNNEEDED, NULL },
		{ "KDUMP_DUMP_DMESG=0", "", IMPORT_NONE, NULL },
		{ "KDUMP_NUM_DUMPS=3", "DUMP_KEEP=3;DUMP_KEEP_DAYS=0;", IMPORT_BECAME, NULL },
		{ "KDUMP_COMPRESSION=xz", "", IMPORT_NONE, NULL },
		{ "MAKEDUMP_ARGS=\"-c -d 31\"", "DUMP_LEVEL=31;DUMP_COMPRESS=zlib;", IMPORT_BECAME, "" },
		{ "KDUMP_CMDLINE=x", "", IMPORT_NONE, NULL },
		{ "KDUMP_CMDLINE_APPEND=\"reset_devices systemd.unit=x nr_cpus=1 usbcore.nousb\"",
		  "CAPTURE_CMDLINE_ADD=usbcore.nousb;", IMPORT_NEAR, "systemd.unit=x" },
		{ "HOSTTAG=hostname", "", IMPORT_UNNEEDED, NULL },
		{ "HOSTTAG=ip", "", IMPORT_NONE, NULL },
		{ "KDUMP_SYSCTL=\"kernel.panic_on_oops=0 kernel.hung_task_panic=1 kernel.panic=5\"",
		  "PANIC_ON_OOPS=no;PANIC_ON_HUNG_TASK=yes;", IMPORT_NEAR, "'kernel.panic=5'" },
		{ "KDUMP_CMDLINE_APPEND=\"$KDUMP_CMDLINE_APPEND x\"", "", IMPORT_UNREAD,
		  "nothing is expanded" },
		{ "KDUMP_COREDIR=$(mktemp)\nKDUMP_COREDIR=/srv", "DUMP_TARGETS=file:///srv;", IMPORT_UNREAD,
		  "line 2 counts" },
		{ "NFS_TIMEO=1\nNFS_TIMEO+=0", "NFS_OPTIONS=timeo=10;", IMPORT_OVERRIDDEN, "in front" },
	};

	(void)state;
	check(IMPORT_DEBIAN, rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lkcd_becomes_ours),
		cmocka_unit_test(kdump_conf_becomes_ours),
		cmocka_unit_test(kdump_sysconfig_becomes_ours),
		cmocka_unit_test(suse_becomes_ours),
		cmocka_unit_test(kdump_tools_becomes_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
