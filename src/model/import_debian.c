/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "importparts.h"

#include <string.h>

/* /etc/default/kdump-tools of Debian and Ubuntu: kdump-tools(5), its comments, and older keys. */

#define DEFAULT_DIR "/var/crash"
#define DEFAULT_KEY "/root/.ssh/kdump_id_rsa"
#define OWN_DIR "/var/lib/kdump/"	/* where kdump-tools links its kernel and image */

static void take_dir(struct import *im, struct import_line *l)
{
	im->dir = l;
}

static void take_remote(struct import *im, struct import_line *l)
{
	if (im->n_network < ARRAY_SIZE(im->network))
		im->network[im->n_network++] = l;
}

static void take_kernel_path(struct import *im, struct import_line *l)
{
	if (strncmp(l->read.value, OWN_DIR, strlen(OWN_DIR)) == 0)
		import_note(im, l, IMPORT_UNNEEDED, "kdump-tools' own link to the running kernel");
	else
		take_kernel(im, l);
}

/* A command of a shell: what it ends in is looked for, and it is never run. */
static void take_fail(struct import *im, struct import_line *l)
{
	static const struct {
		const char *word, *action;
	} rows[] = {
		{ "/bash", "shell" }, { "/sh", "shell" }, { "poweroff", "poweroff" }, { "halt", "halt" },
		{ "reboot", "reboot" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strstr(l->read.value, rows[i].word)) {
			if (import_put(im, l, SET_DUMP_ON_FAILURE, rows[i].action) == 0)
				import_note(im, l, IMPORT_NEAR, "the command itself is not run");
			return;
		}
	import_note(im, l, IMPORT_NONE, "no command runs then (DUMP_POST runs after a failed dump too)");
}

static void take_number(struct import *im, struct import_line *l)
{
	if (import_put(im, l, SET_DUMP_KEEP, l->read.value) == 0 &&
	    import_put(im, l, SET_DUMP_KEEP_DAYS, "0") == 0)
		import_note(im, l, IMPORT_BECAME, "no limit by age");
}

static void take_dmesg(struct import *im, struct import_line *l)
{
	if (strcmp(l->read.value, "0") == 0)
		import_note(im, l, IMPORT_NONE, "the log is always saved, and first");
	else
		import_note(im, l, IMPORT_UNNEEDED, "the log is always saved, and first");
}

static void take_tag(struct import *im, struct import_line *l)
{
	if (strcmp(l->read.value, "hostname") == 0)
		import_note(im, l, IMPORT_UNNEEDED, "dumps lie in a folder of the host's name");
	else
		import_note(im, l, IMPORT_NONE, "dumps lie in a folder of the host's name");
}

static void take_args(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	import_collector(im, l, &words, 0, true);
}

/* timeo=, retrans= of mount.nfs. */
static void take_nfs_option(struct import *im, struct import_line *l)
{
	const char *have = im->values[SET_NFS_OPTIONS];
	auto_free char *all = xasprintf("%s%s%s=%s", have ? have : "", have ? "," : "", l->row->text,
					l->read.value);

	import_put_more(im, l, SET_NFS_OPTIONS, all);
}

static void take_sysctl(struct import *im, struct import_line *l)
{
	static const struct {
		const char *name;
		enum setting_key key;
	} known[] = {
		{ "kernel.panic_on_oops", SET_PANIC_ON_OOPS },
		{ "kernel.hung_task_panic", SET_PANIC_ON_HUNG_TASK },
		{ "kernel.softlockup_panic", SET_PANIC_ON_LOCKUP },
		{ "kernel.hardlockup_panic", SET_PANIC_ON_LOCKUP },
		{ "kernel.unknown_nmi_panic", SET_PANIC_ON_NMI },
		{ "kernel.panic_on_unrecovered_nmi", SET_PANIC_ON_NMI },
		{ "kernel.panic_print", SET_PANIC_PRINT },
	};
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++) {
		size_t len = strcspn(words.v[i], "="), k = 0;
		const char *value = words.v[i][len] ? words.v[i] + len + 1 : "";

		while (k < ARRAY_SIZE(known) &&
		       (strlen(known[k].name) != len || strncmp(known[k].name, words.v[i], len) != 0))
			k++;
		if (k == ARRAY_SIZE(known))
			import_note(im, l, IMPORT_NONE, "'%.60s' (write it in /etc/sysctl.d)", words.v[i]);
		else if (known[k].key == SET_PANIC_PRINT)
			import_put(im, l, known[k].key, value);
		else
			import_put(im, l, known[k].key, strcmp(value, "0") == 0 ? "no" : "yes");
	}
}

/* --- when all lines are known ------------------------------------------------------------------------ */

/* The folder is local, or that of the ssh server; an NFS export is mounted upon it. */
static void finish(struct import *im)
{
	const char *dir = im->dir ? im->dir->read.value : DEFAULT_DIR;
	bool ssh = false;

	for (size_t i = 0; i < im->n_network; i++) {
		const struct import_line *l = im->network[i];

		ssh |= strcmp(l->row->key, "SSH") == 0;
		if (strcmp(l->row->key, "SSH") == 0)
			import_ssh(im, l, l->read.value, dir);
		else
			import_nfs(im, l, l->read.value, NULL);
	}
	if (im->dir && !im->n_network) {
		import_local(im, im->dir, dir);
	} else if (im->dir && ssh) {
		im->notes[im->dir->note].made[SET_DUMP_TARGETS] = true;
		import_note(im, im->dir, IMPORT_BECAME, "the folder of the ssh: target");
	} else if (im->dir) {
		import_note(im, im->dir, IMPORT_UNNEEDED, "an NFS export was mounted there");
	}
	import_default_key(im, DEFAULT_KEY, "kdump-tools'");
	import_kept(im, IMPORT_DEBIAN);
	if (!im->values[SET_DUMP_ACTIVE]) {
		struct import_line l = import_about(im, im->first[IMPORT_DEBIAN]);

		import_note(im, &l, IMPORT_UNSET,
			    "without USE_KDUMP kdump-tools did nothing; here DUMP_ACTIVE=\"%s\" holds",
			    setting_default(SET_DUMP_ACTIVE));
	}
}

#define FTP "FTP is not spoken (use an ssh: or nfs: target)"
#define RETRY "a target is waited for until NET_WAIT, then the next one is tried"

static const struct import_row rows[] = {
	{ .key = "USE_KDUMP", .take = take_bool, .to = SET_DUMP_ACTIVE },
	{ .key = "KDUMP_KERNEL", .take = take_kernel_path, .to = SET_CAPTURE_KERNEL },
	{ .key = "KDUMP_INITRD", .take = take_unneeded, .text = "the image is made by crashcfg itself" },
	{ .key = "KDUMP_COREDIR", .take = take_dir },
	{ .key = "KDUMP_FAIL_CMD", .take = take_fail },
	{ .key = "KDUMP_DUMP_DMESG", .take = take_dmesg },
	{ .key = "KDUMP_NUM_DUMPS", .take = take_number },
	{ .key = "KDUMP_COMPRESSION", .take = take_none,
	  .text = "a dump is not packed as a whole, so that it can be opened where it lies; its pages are "
		  "(DUMP_COMPRESS)" },
	{ .key = "MAKEDUMP_ARGS", .take = take_args },
	{ .key = "KDUMP_KEXEC_ARGS", .take = take_none, .text = "no option is handed to kexec" },
	{ .key = "KDUMP_CMDLINE", .take = take_none,
	  .text = "the capture kernel's command line is made from the running one (CAPTURE_CMDLINE_ADD and "
		  "CAPTURE_CMDLINE_REMOVE change it)" },
	{ .key = "KDUMP_CMDLINE_APPEND", .take = take_cmdline_add },
	{ .key = "HOSTTAG", .take = take_tag },
	{ .key = "NFS", .take = take_remote },
	{ .key = "NFS_TIMEO", .take = take_nfs_option, .text = "timeo" },
	{ .key = "NFS_RETRANS", .take = take_nfs_option, .text = "retrans" },
	{ .key = "NFS_MOUNT_RETRY", .take = take_none, .text = RETRY },
	{ .key = "FTP", .take = take_none, .text = FTP },
	{ .key = "FTP_USER", .take = take_none, .text = FTP },
	{ .key = "FTP_PASSWORD", .take = take_none, .text = FTP, .secret = true },
	{ .key = "FTP_PORT", .take = take_none, .text = FTP },
	{ .key = "SSH", .take = take_remote },
	{ .key = "SSH_KEY", .take = take_value, .to = SET_SSH_KEY },
	{ .key = "SSH_KDUMP_RETRY", .take = take_none, .text = RETRY },
	/* before 1.6.7 */
	{ .key = "KDUMP_SYSCTL", .take = take_sysctl },
	{ .key = "DEBUG_KERNEL", .take = take_unneeded,
	  .text = "the crashed kernel tells what makedumpfile must know" },
	{ .key = "KDUMP_RUNLEVEL", .take = take_unneeded, .text = "the image runs one program and no init" },
	{ .key = NULL },
};

const struct import_dialect_row import_debian = {
	.name = "debian", .title = "kdump-tools", .path = "/etc/default/kdump-tools", .syntax = FOREIGN_SHELL,
	.rows = rows, .finish = finish,
};
