/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "importparts.h"

#include "num.h"

#include <errno.h>
#include <string.h>

/* /etc/sysconfig/kdump of SUSE: kdump(5), with the keys that older ones had. */

/* --- where it goes --------------------------------------------------------------------------------- */

/* "//[user[:password]@]host[:port]/dir" of ssh and sftp. */
static int put_ssh(struct import *im, const struct import_line *l, const char *rest)
{
	size_t len = strcspn(rest, "/");
	const char *at = memrchr(rest, '@', len), *colon = at ? memchr(rest, ':', (size_t)(at - rest)) : NULL;
	auto_free char *user = at ? xstrndup(rest, (size_t)((colon ? colon : at) - rest)) : xstrdup("root");
	const char *host = at ? at + 1 : rest, *dir = rest + len;
	auto_buf struct buf url = { 0 };
	int r;

	buf_adds(&url, "ssh://");
	import_url_add(user, &url);
	buf_addf(&url, "@%.*s", (int)(dir - host), host);
	import_url_add(*dir ? dir : "/", &url);
	r = import_put_target(im, l, buf_text(&url));
	if (r == 0 && colon)
		import_note(im, l, IMPORT_NONE, "a password is never used (SSH_KEY is)");
	return r;
}

/* One place of KDUMP_SAVEDIR. */
static void put_place(struct import *im, const struct import_line *l, const char *place)
{
	size_t len = strcspn(place, ":");
	auto_free char *scheme = xstrndup(place, len), *nfs = NULL;
	const char *rest = place + len + 3;

	if (place[0] == '/') {
		import_local(im, l, place);
		return;
	}
	if (strncmp(place + len, "://", 3) != 0) {
		import_note(im, l, IMPORT_UNREAD, "neither a folder nor a URL");
		return;
	}
	if (strcasecmp(scheme, "file") == 0) {
		import_local(im, l, rest);
	} else if (strcasecmp(scheme, "nfs") == 0) {
		nfs = xasprintf("%.*s:%s", (int)strcspn(rest, "/"), rest, rest + strcspn(rest, "/"));
		import_nfs(im, l, nfs, NULL);
	} else if (strcasecmp(scheme, "ssh") == 0) {
		put_ssh(im, l, rest);
	} else if (strcasecmp(scheme, "sftp") == 0 || strcasecmp(scheme, "scp") == 0) {
		if (put_ssh(im, l, rest) == 0)
			import_note(im, l, IMPORT_NEAR, "ssh: serves SFTP too");
	} else {
		import_note(im, l, IMPORT_NONE, "'%.10s' is not spoken (use an ssh: or nfs: target)", scheme);
	}
}

static void take_places(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++)
		put_place(im, l, words.v[i]);
}

static void take_device(struct import *im, struct import_line *l)
{
	import_raw(im, l, l->read.value);
}

/* Files of root's ~/.ssh; one key is used here. */
static void take_identity(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++) {
		auto_free char *path = words.v[i][0] == '/' ? xstrdup(words.v[i])
							     : xasprintf("/root/.ssh/%s", words.v[i]);

		if (i)
			import_note(im, l, IMPORT_NONE, "'%.60s': one key is used, the first", words.v[i]);
		else
			import_put(im, l, SET_SSH_KEY, path);
	}
}

static void take_host_key(struct import *im, struct import_line *l)
{
	if (strcmp(l->read.value, "*") == 0)
		import_note(im, l, IMPORT_NONE,
			    "a host whose key is not known is never spoken to (add its key to root's "
			    "known_hosts)");
	else
		import_note(im, l, IMPORT_NONE,
			    "keys of hosts are read from a file (put it there, and name the file in "
			    "SSH_KNOWN_HOSTS)");
}

/* --- what is kept, and how it is packed -------------------------------------------------------------- */

/* There N old ones stayed beside the new one; 0 is all of them, -1 none. */
static void take_keep(struct import *im, struct import_line *l)
{
	auto_free char *keep = NULL;
	uint64_t n = 0;

	if (strcmp(l->read.value, "-1") != 0 && num_parse(l->read.value, 999999, &n) < 0) {
		import_note(im, l, IMPORT_UNREAD, "not a number of dumps");
		return;
	}
	keep = xasprintf("%llu", l->read.value[0] == '-' ? 1ULL : n ? (unsigned long long)n + 1 : 0ULL);
	if (import_put(im, l, SET_DUMP_KEEP, keep) == 0 && import_put(im, l, SET_DUMP_KEEP_DAYS, "0") == 0)
		import_note(im, l, IMPORT_BECAME, "%s",
			    n ? "the new dump counts too; no limit by age" : "no limit by age");
}

static void take_free(struct import *im, struct import_line *l)
{
	auto_free char *size = xasprintf("%sM", l->read.value);

	if (import_put(im, l, SET_DUMP_MIN_FREE, size) == 0)
		import_note(im, l, IMPORT_NEAR,
			    "older dumps make room before a crash; there the new one was deleted");
}

static void take_level(struct import *im, struct import_line *l)
{
	im->level = l;
}

static void take_format(struct import *im, struct import_line *l)
{
	im->format = l;
}

/* The format none leaves out all, raw nothing; both whatever the level says. */
static void finish_format(struct import *im)
{
	static const struct {
		const char *there, *compress, *level;
	} formats[] = {
		{ "compressed", "zlib", NULL }, { "lzo", "lzo", NULL },	 { "snappy", "snappy", NULL },
		{ "zstd", "zstd", NULL },	{ "ELF", "none", NULL }, { "raw", "none", "0" },
		{ "none", NULL, "log" },
	};
	const char *value = im->format ? im->format->read.value : "";
	const char *forced = NULL;
	size_t i = 0;

	while (i < ARRAY_SIZE(formats) && strcasecmp(formats[i].there, value) != 0)
		i++;
	if (im->format && i == ARRAY_SIZE(formats))
		import_note(im, im->format, IMPORT_UNREAD,
			    "not a format of kdump(5) (compressed, lzo, snappy, zstd, ELF, raw or none)");
	if (i < ARRAY_SIZE(formats)) {
		forced = formats[i].level;
		if (formats[i].compress)
			import_put(im, im->format, SET_DUMP_COMPRESS, formats[i].compress);
		if (forced)
			import_put(im, im->format, SET_DUMP_LEVEL, forced);
		if (strcmp(formats[i].there, "ELF") == 0)
			import_note(im, im->format, IMPORT_NEAR, "dumps are in makedumpfile's own format");
	}
	if (im->level && forced)
		import_note(im, im->level, IMPORT_UNNEEDED, "KDUMP_DUMPFORMAT decides what is left out");
	else if (im->level)
		import_put(im, im->level, SET_DUMP_LEVEL, im->level->read.value);
}

static void take_cpus(struct import *im, struct import_line *l)
{
	bool all = strcmp(l->read.value, "0") == 0;

	if (import_put(im, l, SET_DUMP_THREADS, all ? "auto" : l->read.value) == 0)
		import_note(im, l, IMPORT_NEAR,
			    all ? "all CPUs there; as many as are of use here"
				: "a limit there; here it is the number of threads");
}

static void take_flags(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++)
		import_note(im, l, IMPORT_NONE, "'%.40s' is for kdumptool", words.v[i]);
}

/* --- memory, network, ends --------------------------------------------------------------------------- */

static void put_crashkernel_words(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++) {
		const char *word = words.v[i];

		if (strncmp(word, "crashkernel=", 12) == 0)
			word += 12;
		if (strlen(word) > 4 && strcmp(word + strlen(word) - 4, ",low") == 0)
			import_note(im, l, IMPORT_NONE, "'%.40s': the kernel takes what it needs below 4G",
				    word);
		else
			import_put(im, l, SET_CRASHKERNEL, word);
	}
}

static void take_net(struct import *im, struct import_line *l)
{
	static const struct {
		const char *there, *address;	/* NULL: not known here */
	} modes[] = { { "auto", "auto" }, { "static", "auto" }, { "dhcp", "dhcp" }, { "dhcp4", "dhcp" },
		      { "dhcp6", NULL },  { "auto6", NULL } };
	auto_free char *value = xstrdup(l->read.value);
	char *force = strstr(value, ":force"), *colon;
	const char *mode;

	if (force && !force[strlen(":force")]) {
		*force = '\0';
		import_note(im, l, IMPORT_NONE, "'force': the network is set up when a target needs it");
	}
	colon = strchr(value, ':');
	mode = colon ? colon + 1 : value;
	if (colon)
		*colon = '\0';
	if (colon && strcmp(value, "auto") != 0)
		import_put(im, l, SET_NET_DEVICE, value);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (strcmp(modes[i].there, mode) == 0 && modes[i].address) {
			import_put(im, l, SET_NET_ADDRESS, modes[i].address);
			return;
		}
	import_note(im, l, IMPORT_NONE, "'%.20s' (NET_ADDRESS knows auto, dhcp and an address)", mode);
}

static void take_net_timeout(struct import *im, struct import_line *l)
{
	if (strcmp(l->read.value, "0") == 0)
		import_note(im, l, IMPORT_NONE, "the network is waited for, but only so long");
	else
		take_seconds(im, l);
}

static void take_reboot(struct import *im, struct import_line *l)
{
	bool yes;

	if (import_yes(im, l, &yes) < 0)
		return;
	if (yes)
		import_put(im, l, SET_DUMP_ON_SUCCESS, "reboot");
	else
		import_note(im, l, IMPORT_NONE,
			    "no shell is opened after a dump that was saved (DUMP_ON_SUCCESS knows reboot, "
			    "poweroff and halt)");
}

static void take_continue(struct import *im, struct import_line *l)
{
	bool yes;

	if (import_yes(im, l, &yes) == 0)
		import_put(im, l, SET_DUMP_ON_FAILURE, yes ? "reboot" : "shell");
}

/* A switch whose yes has no counterpart, and whose no needs none. */
static void take_switch(struct import *im, struct import_line *l)
{
	bool yes;

	if (import_yes(im, l, &yes) < 0)
		return;
	if (yes)
		import_note(im, l, IMPORT_NONE, "%s", l->row->text);
	else
		import_note(im, l, IMPORT_UNNEEDED, "%s", l->row->text);
}

static void take_mails(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++)
		import_put_word(im, l, SET_NOTIFY_MAIL, words.v[i]);
}

static void finish(struct import *im)
{
	static const char any[] = "/root/.ssh/id_rsa";

	finish_format(im);
	import_kept(im, IMPORT_SUSE);
	import_default_key(im, im->host->identity ? im->host->identity : any,
			   im->host->identity ? "the one that root has, as by kdump's" : "kdump's");
}

#define FADUMP "firmware-assisted dumps of POWER are not made"
#define MAIL_AUTH "mail is sent without a password (let the server take it from this host)"

static const struct import_row rows[] = {
	{ .key = "KDUMP_CRASHKERNEL", .take = put_crashkernel_words },
	{ .key = "KDUMP_UPDATE_BOOTLOADER", .take = take_unneeded,
	  .text = "'crashcfg apply' edits the boot loader, and nothing else does" },
	{ .key = "KDUMP_KERNELVER", .take = take_kernel, .to = SET_CAPTURE_KERNEL },
	{ .key = "KDUMP_CPUS", .take = take_cpus },
	{ .key = "KDUMP_COMMANDLINE", .take = take_none,
	  .text = "the capture kernel's command line is made from the running one (CAPTURE_CMDLINE_ADD and "
		  "CAPTURE_CMDLINE_REMOVE change it)" },
	{ .key = "KDUMP_COMMANDLINE_APPEND", .take = take_cmdline_add },
	{ .key = "KDUMP_AUTO_RESIZE", .take = take_switch,
	  .text = "reserved memory is given back by no command at boot" },
	{ .key = "KDUMP_FADUMP", .take = take_switch, .text = FADUMP },
	{ .key = "KDUMP_FADUMP_SHELL", .take = take_switch, .text = FADUMP },
	{ .key = "FADUMP_COMMANDLINE_APPEND", .take = take_none, .text = FADUMP },
	{ .key = "KEXEC_OPTIONS", .take = take_none, .text = "no option is handed to kexec" },
	{ .key = "MAKEDUMPFILE_OPTIONS", .take = take_makedumpfile },
	{ .key = "KDUMP_IMMEDIATE_REBOOT", .take = take_reboot },
	{ .key = "KDUMP_TRANSFER", .take = take_none,
	  .text = "no program but crashcfg's own sends a dump (DUMP_POST runs when it was saved)" },
	{ .key = "KDUMP_SAVEDIR", .take = take_places },
	{ .key = "KDUMP_DUMPDIR", .take = take_places },
	{ .key = "KDUMP_DUMPDEV", .take = take_device },
	{ .key = "KDUMP_KEEP_OLD_DUMPS", .take = take_keep },
	{ .key = "KDUMP_FREE_DISK_SIZE", .take = take_free },
	{ .key = "KDUMP_FREE_DISK_SPACE", .take = take_free },
	{ .key = "KDUMP_VERBOSE", .take = take_unneeded,
	  .text = "the console shows the progress, and the record tells each phase" },
	{ .key = "KDUMP_DUMPLEVEL", .take = take_level },
	{ .key = "KDUMP_DUMPFORMAT", .take = take_format },
	{ .key = "KDUMP_CONTINUE_ON_ERROR", .take = take_continue },
	{ .key = "KDUMP_REQUIRED_PROGRAMS", .take = take_programs_needed },
	{ .key = "KDUMP_PRESCRIPT", .take = take_program, .to = SET_DUMP_PRE },
	{ .key = "KDUMP_POSTSCRIPT", .take = take_program, .to = SET_DUMP_POST },
	{ .key = "KDUMP_COPY_KERNEL", .take = take_switch,
	  .text = "the kernel is not copied beside the dump" },
	{ .key = "KDUMPTOOL_FLAGS", .take = take_flags },
	{ .key = "KDUMP_NETCONFIG", .take = take_net },
	{ .key = "KDUMP_NET_TIMEOUT", .take = take_net_timeout, .to = SET_NET_WAIT },
	{ .key = "KDUMP_SMTP_SERVER", .take = take_value, .to = SET_NOTIFY_SMTP },
	{ .key = "KDUMP_SMTP_USER", .take = take_none, .text = MAIL_AUTH },
	{ .key = "KDUMP_SMTP_PASSWORD", .take = take_none, .text = MAIL_AUTH, .secret = true },
	{ .key = "KDUMP_NOTIFICATION_TO", .take = take_mails },
	{ .key = "KDUMP_NOTIFICATION_CC", .take = take_mails },
	{ .key = "KDUMP_HOST_KEY", .take = take_host_key },
	{ .key = "KDUMP_SSH_HOST_KEY", .take = take_host_key },
	{ .key = "KDUMP_SSH_IDENTITY", .take = take_identity },
	{ .key = "KDUMP_RUNLEVEL", .take = take_unneeded, .text = "the image runs one program and no init" },
	{ .key = NULL },
};

const struct import_dialect_row import_suse = {
	.name = "suse", .title = "SUSE", .path = "/etc/sysconfig/kdump", .syntax = FOREIGN_SHELL,
	.rows = rows, .finish = finish,
};
