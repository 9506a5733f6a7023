/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "importparts.h"

#include <string.h>

/*
 * /etc/kdump.conf of Fedora, RHEL and their kin: kdump.conf(5), with the keys that older ones had.  A line is
 * a directive and its value.
 */

#define DEFAULT_DIR "/var/crash"
#define DEFAULT_KEY "/root/.ssh/kdump_id_rsa"

/* Several targets were refused there; here they are tried in their order. */
static void take_target(struct import *im, struct import_line *l)
{
	if (im->n_network == ARRAY_SIZE(im->network))
		import_note(im, l, IMPORT_UNREAD, "more than %zu targets", ARRAY_SIZE(im->network));
	else
		im->network[im->n_network++] = l;
}

static void take_dir(struct import *im, struct import_line *l)
{
	im->dir = l;
}

static void take_key(struct import *im, struct import_line *l)
{
	im->key = l;
}

static void take_pre(struct import *im, struct import_line *l)
{
	im->pre = l;
}

static void take_post(struct import *im, struct import_line *l)
{
	im->post = l;
}

/* cp, scp, cat, dd and the like: the whole of /proc/vmcore. */
static bool is_copier(const char *program)
{
	static const char *const names[] = { "cp", "scp", "cat", "dd", "rsync" };
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(slash ? slash + 1 : program, names[i]) == 0)
			return true;
	return false;
}

static void take_collector(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };
	const char *slash;

	import_words(l->read.value, &words);
	if (!words.n) {
		import_note(im, l, IMPORT_UNREAD, "no program");
		return;
	}
	slash = strrchr(words.v[0], '/');
	if (strcmp(slash ? slash + 1 : words.v[0], "makedumpfile") == 0) {
		import_collector(im, l, &words, 1, true);
	} else if (is_copier(words.v[0])) {
		if (import_put(im, l, SET_DUMP_LEVEL, "0") == 0 &&
		    import_put(im, l, SET_DUMP_COMPRESS, "none") == 0)
			import_note(im, l, IMPORT_NEAR,
				    "makedumpfile writes the dump in any case; so it leaves nothing out");
	} else {
		import_note(im, l, IMPORT_NONE, "no collector but makedumpfile is run");
	}
}

static void take_failure(struct import *im, struct import_line *l)
{
	if (strcmp(l->read.value, "dump_to_rootfs") == 0)
		im->fallback = l;
	else
		import_put(im, l, SET_DUMP_ON_FAILURE, l->read.value);
}

static void take_words(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++)
		import_put_word(im, l, l->row->to, words.v[i]);
}

static void take_blacklist(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };
	auto_buf struct buf names = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++)
		buf_addf(&names, "%s%s", i ? "," : "module_blacklist=", words.v[i]);
	if (words.n)
		import_put_word(im, l, SET_CAPTURE_CMDLINE_ADD, buf_text(&names));
}

static void take_reset(struct import *im, struct import_line *l)
{
	bool yes;

	if (import_yes(im, l, &yes) < 0)
		return;
	if (yes)
		import_put(im, l, SET_CRASHKERNEL, "auto");
	else
		import_note(im, l, IMPORT_NONE,
			    "the size stands in the boot loader, not here (set CRASHKERNEL to keep it)");
}

/* dracut's --mount "SOURCE FOLDER TYPE OPTIONS" is a target; its other arguments mean nothing here. */
static void take_dracut(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };
	bool mounts = false;

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++) {
		if (strcmp(words.v[i], "--mount") == 0 && !mounts && i + 1 < words.n) {
			i++;
			mounts = true;
			take_target(im, l);
		} else {
			import_note(im, l, IMPORT_NONE, "'%.60s' is for dracut", words.v[i]);
		}
	}
}

/* --- when all lines are known ---------------------------------------------------------------------- */

static void finish_mount(struct import *im, const struct import_line *l, const char *dir)
{
	auto_strv struct strv words = { 0 }, mount = { 0 };
	const char *options;
	size_t at = 0;
	bool nfs;

	import_words(l->read.value, &words);
	while (strcmp(words.v[at], "--mount") != 0)	/* take_dracut() has seen it, and a word behind it */
		at++;
	import_words(words.v[at + 1], &mount);
	if (mount.n < 3) {
		import_note(im, l, IMPORT_UNREAD, "'--mount' wants a source, a folder and a type");
		return;
	}
	nfs = strncmp(mount.v[2], "nfs", 3) == 0;
	options = mount.n > 3 && strcmp(mount.v[3], "defaults") != 0 ? mount.v[3] : NULL;
	if (nfs)
		import_nfs(im, l, mount.v[0], dir);
	else
		import_fs(im, l, mount.v[0], dir);
	if (options && nfs)
		import_put(im, l, SET_NFS_OPTIONS, options);
	else if (options)
		import_note(im, l, IMPORT_NONE, "the mount options '%.40s'", options);
}

static void finish_target(struct import *im, const struct import_line *l, const char *dir)
{
	const char *key = l->row->key, *value = l->read.value;

	if (strcmp(key, "dracut_args") == 0)
		finish_mount(im, l, dir);
	else if (strcmp(key, "raw") == 0)
		import_raw(im, l, value);
	else if (strcmp(key, "nfs") == 0 || (strcmp(key, "net") == 0 && strstr(value, ":/")))
		import_nfs(im, l, value, dir);
	else if (strcmp(key, "ssh") == 0 || strcmp(key, "net") == 0)
		import_ssh(im, l, value, dir);
	else if (import_fs(im, l, value, dir) == 0 && strcmp(key, "minix") == 0)
		import_note(im, l, IMPORT_NEAR, "minix is a file system that was never tried here");
}

/* "path" is absolute without a target, and below it with one. */
static void finish_dir(struct import *im)
{
	const char *value = im->dir ? im->dir->read.value : DEFAULT_DIR;
	auto_free char *dir = import_below(NULL, value);
	bool used = false;

	for (size_t i = 0; i < im->n_network; i++) {
		finish_target(im, im->network[i], dir);
		used |= strcmp(im->network[i]->row->key, "raw") != 0;
	}
	if (im->dir && !im->n_network) {
		import_local(im, im->dir, dir);
	} else if (im->dir && used) {
		im->notes[im->dir->note].made[SET_DUMP_TARGETS] = true;
		import_note(im, im->dir, IMPORT_BECAME, "the folder of the targets");
	} else if (im->dir) {
		import_note(im, im->dir, IMPORT_UNNEEDED, "a raw: target has no folder");
	}
	if (im->fallback && import_local(im, im->fallback, dir) == 0)
		import_note(im, im->fallback, IMPORT_BECAME, "the target that is tried last");
}

static void finish_key(struct import *im)
{
	if (im->key && import_put(im, im->key, SET_SSH_KEY, im->key->read.value) == 0 &&
	    !import_has_kind(im, TARGET_SSH))
		import_note(im, im->key, IMPORT_BECAME, "no target needs it yet");
	import_default_key(im, DEFAULT_KEY, "kdump-utils'");
}

/* Programs in the folders pre.d and post.d, which the file does not name. */
static void put_hooks(struct import *im, const struct strv *hooks, enum setting_key k)
{
	for (size_t i = 0; i < hooks->n; i++) {
		struct import_line l = import_about(im, hooks->v[i]);

		import_program(im, &l, k, hooks->v[i], false);
	}
}

/* As there: kdump_pre before pre.d, kdump_post behind post.d. */
static void finish_hooks(struct import *im)
{
	if (im->pre)
		take_program(im, im->pre);
	put_hooks(im, &im->host->pre, SET_DUMP_PRE);
	put_hooks(im, &im->host->post, SET_DUMP_POST);
	if (im->post)
		take_program(im, im->post);
}

static void finish(struct import *im)
{
	finish_dir(im);
	finish_key(im);
	finish_hooks(im);
	import_kept(im, IMPORT_KDUMP_CONF);
}

#define FENCE "fence_kdump is not spoken (have the cluster fence this host by other means)"
#define REBUILD "the image is rebuilt when one of its inputs has changed, and only then"

static const struct import_row rows[] = {
	{ .key = "raw", .take = take_target, .many = true },
	{ .key = "nfs", .take = take_target, .many = true },
	{ .key = "ssh", .take = take_target, .many = true },
	{ .key = "net", .take = take_target, .many = true },
	{ .key = "ext2", .take = take_target, .many = true },
	{ .key = "ext3", .take = take_target, .many = true },
	{ .key = "ext4", .take = take_target, .many = true },
	{ .key = "xfs", .take = take_target, .many = true },
	{ .key = "btrfs", .take = take_target, .many = true },
	{ .key = "vfat", .take = take_target, .many = true },
	{ .key = "f2fs", .take = take_target, .many = true },
	{ .key = "minix", .take = take_target, .many = true },
	{ .key = "virtiofs", .take = take_none, .many = true, .text = "virtiofs is not a target" },
	{ .key = "path", .take = take_dir },
	{ .key = "sshkey", .take = take_key },
	{ .key = "core_collector", .take = take_collector },
	{ .key = "failure_action", .take = take_failure },
	{ .key = "default", .take = take_failure },
	{ .key = "final_action", .take = take_value, .to = SET_DUMP_ON_SUCCESS },
	{ .key = "kdump_pre", .take = take_pre, .to = SET_DUMP_PRE },
	{ .key = "kdump_post", .take = take_post, .to = SET_DUMP_POST },
	{ .key = "kdump_emergency", .take = take_none,
	  .text = "no program runs when the capture itself fails (DUMP_POST runs after a failed dump too)" },
	{ .key = "extra_bins", .take = take_programs_needed },
	{ .key = "extra_modules", .take = take_words, .to = SET_CAPTURE_MODULES },
	{ .key = "auto_reset_crashkernel", .take = take_reset },
	{ .key = "force_rebuild", .take = take_unneeded, .text = REBUILD },
	{ .key = "force_no_rebuild", .take = take_none, .text = REBUILD },
	{ .key = "dracut_args", .take = take_dracut },
	{ .key = "fence_kdump_args", .take = take_none, .text = FENCE },
	{ .key = "fence_kdump_nodes", .take = take_none, .text = FENCE },
	/* of older ones */
	{ .key = "dracut_kdump_service_timeout", .take = take_unneeded,
	  .text = "DUMP_TIMEOUT ends a capture" },
	{ .key = "override_resettable", .take = take_unneeded,
	  .text = "every disk is tried, and the next target when it fails" },
	/* kdump.conf(5) calls these deprecated */
	{ .key = "options", .take = take_none, .many = true,
	  .text = "options of modules are taken from /etc/modprobe.d (write 'options MODULE ...' there)" },
	{ .key = "link_delay", .take = take_seconds, .to = SET_NET_WAIT },
	{ .key = "disk_timeout", .take = take_unneeded, .text = "a disk is waited for for 30 s, or half of what is left of DUMP_TIMEOUT, then the next target has its turn" },
	{ .key = "debug_mem_level", .take = take_unneeded,
	  .text = "the record tells the least memory that was free" },
	{ .key = "blacklist", .take = take_blacklist },
	{ .key = NULL },
};

const struct import_dialect_row import_kdump_conf = {
	.name = "kdump-utils", .title = "kdump-utils", .path = "/etc/kdump.conf", .syntax = FOREIGN_WORDS,
	.rows = rows, .finish = finish,
};
