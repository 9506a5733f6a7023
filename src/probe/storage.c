/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include "block.h"
#include "fstype.h"
#include "mounts.h"
#include "rawtarget.h"
#include "stack.h"
#include "superblock.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define FSTAB_MAX (1u << 20)

void storage_done(struct storage *s)
{
	free(s->target.url);
	free(s->target.fstype);
	free(s->target.uuid);
	free(s->target.label);
	free(s->target.device);
	free(s->target.options);
	free(s->target.dir);
	free(s->target.partuuid);
	free(s->bears);
	for (size_t i = 0; i < s->target.n_layers; i++)
		recipe_layer_done(&s->target.layers[i]);
	free(s->target.layers);
	free(s->target.host);
	free(s->target.address);
	free(s->target.user);
	free(s->target.known);
	strv_done(&s->modaliases);
	strv_done(&s->drivers);
	strv_done(&s->notes);
	free(s->remote_what);
	for (size_t i = 0; i < s->n_sessions; i++)
		iscsi_session_done(&s->sessions[i]);
	free(s->sessions);
	*s = (struct storage){ 0 };
}

#define NAME_ANOTHER "name a file system on a disk or partition in DUMP_TARGETS, such as 'fs:UUID=...:/dir'"

/* One sentence on the stack below WHERE, where there is something in it that is not known. */
static int find_stack(const struct root *root, const struct block_dev *b, const char *where, struct stack *ret,
		      struct err *e)
{
	struct err what = { 0 };
	int r = stack_find(root, b, ret, &what);

	if (r == -ENOTSUP)
		return err_set(e, ENOTSUP, "%s lies on %s: not yet known to the native builder; " NAME_ANOTHER,
			       where, what.text);
	return r < 0 ? err_set(e, -r, "%s lies on %s", where, what.text) : 0;
}

static int check_superblock(const struct superblock *s, const struct block_dev *b, struct err *e)
{
	if (!fstype_driver(s->type))
		return err_set(e, ENOTSUP, "'%s' holds '%s': a dump can be written to " FSTYPES_KNOWN,
			       b->node, s->type);
	if (s->external_log)
		return err_set(e, ENOTSUP,
			       "the journal of the %s file system on '%s' lies on another device: not "
			       "yet known to the native builder; " NAME_ANOTHER,
			       s->type, b->node);
	if (s->devices > 1)
		return err_set(
			e, ENOTSUP,
			"the %s file system on '%s' spreads over %u devices: not yet known to the "
			"native builder; " NAME_ANOTHER,
			s->type, b->node, s->devices);
	if (!*s->uuid && !*s->label)
		return err_set(
			e, ENOENT,
			"the file system on '%s' has neither UUID nor label to find it again by; give it "
			"one ('tune2fs -U random', 'xfs_admin -U generate')",
			b->node);
	return 0;
}

/* Everything is known and allowed: put it together.  BELOW is emptied. */
static void fill(const struct target *t, const struct block_dev *b, const struct superblock *s, const char *dir,
		 const char *options, struct stack *below, struct storage *ret)
{
	const char *driver = fstype_driver(s->type);
	struct storage out = {
		.target = {
			.kind = t->kind,
			.url = xstrdup(t->url),
			.fstype = xstrdup(driver),
			.uuid = xstrdup(s->uuid),
			.label = xstrdup(s->label),
			.device = xstrdup(b->node),
			.partuuid = xstrdup(""),
			.size = b->size,
			.dir = xstrdup(dir),
			.options = fstype_options(driver, options),
			.layers = below->layers,
			.n_layers = below->n_layers,
			.host = xstrdup(""),
			.address = xstrdup(""),
			.user = xstrdup(""),
			.known = xstrdup(""),
		},
		.modaliases = below->modaliases,
		.drivers = below->drivers,
		.notes = below->notes,
		.remote = below->remote,
		.remote_what = below->remote_what,
		.sessions = below->sessions,
		.n_sessions = below->n_sessions,
	};

	*below = (struct stack){ 0 };
	fstype_asks(driver, out.target.options, &out.modaliases);
	strv_add_once(&out.drivers, driver);
	*ret = out;
}

/* --- file: the file system that a folder lies on ----------------------------------------------- */

/* DIR without symbolic links; what of it does not exist yet stays as it is. */
static int resolve_dir(const struct root *root, const char *dir, char **ret, struct err *e)
{
	auto_free char *above = xstrdup(dir), *real = NULL;
	struct stat st;
	int r;

	while ((r = root_realpath(root, above, &real)) == -ENOENT && strcmp(above, "/") != 0) {
		char *slash = strrchr(above, '/');

		if (root_lstat(root, above, &st) == 0 && S_ISLNK(st.st_mode))
			return err_set(e, ENOENT,
				       "'%s' is a symbolic link that leads nowhere; make its target, or "
				       "name the folder itself",
				       above);
		slash[slash == above] = '\0';
	}
	if (r < 0)
		return err_set(e, -r, "'%s': %s", above,
			       r == -ENOENT ? "'/proc' is not mounted" : strerror(-r));
	if (root_stat(root, real, &st) == 0 && !S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "'%s' is not a folder, so no dump can be put there", real);
	*ret = xasprintf("%s%s", strcmp(real, "/") == 0 ? "" : real,
			 dir + (strcmp(above, "/") == 0 ? 0 : strlen(above)));
	if (!**ret) {
		free(*ret);
		*ret = xstrdup("/");
	}
	return 0;
}

/* Is /proc below ROOT the kernel's, whose paths are this process's, and not a fixture's copy? */
static bool proc_is_real(const struct root *root)
{
	auto_close int fd = root_openat(root, "/proc", O_RDONLY | O_DIRECTORY, 0);
	struct statfs fs;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* DIR as the kernel names it for this process: with the path of ROOT before it. */
static char *kernel_path(const struct root *root, const char *dir)
{
	auto_free char *top = NULL;

	if (root->host || !proc_is_real(root))
		return xstrdup(dir);
	top = realpath(root->path, NULL);
	return top && strcmp(top, "/") != 0 ? xasprintf("%s%s", top, strcmp(dir, "/") == 0 ? "" : dir) :
					      xstrdup(dir);
}

/*
 * A system that runs tells its mounts; one that does not has a table of what it
 * would mount.  *ret_inside is DIR within the file system.
 */
static int find_mount(const struct root *root, const char *dir, struct mount_seen *ret, char **ret_inside,
		      struct err *e)
{
	auto_free char *path = kernel_path(root, dir);
	const char *file = "/proc/self/mountinfo";
	auto_buf struct buf table = { 0 };
	int r;

	r = root_read_proc(root, file, &table, NULL);
	if (r < 0 && !root->host)
		r = root_read_proc(root, file = "/etc/fstab", &table, NULL);
	if (r < 0)
		return err_set(e, -r, "cannot tell which file system holds '%s': '%s': %s", dir, file,
			       strerror(-r));
	r = mounts_holding(buf_text(&table), table.len, path, ret, e);
	if (r < 0)
		return err_wrap(e, "'%s'", file);
	*ret_inside = mount_inside(ret, path);
	return 0;
}

static int check_mount(const struct mount_seen *m, const char *dir, struct err *e)
{
	static const char *const removed = "//deleted";
	size_t len = strlen(m->root), tail = strlen(removed);

	if (!fstype_driver(m->fstype))
		return err_set(e, ENOTSUP,
			       "'%s' lies on %s (mounted at '%s'): a dump can be written to " FSTYPES_KNOWN
			       "; " NAME_ANOTHER,
			       dir, m->fstype, m->target);
	if (len >= tail && strcmp(m->root + len - tail, removed) == 0)
		return err_set(e, ENOENT,
			       "'%s' lies on a folder that was deleted while it was mounted at '%s'", dir,
			       m->target);
	return 0;
}

/* The device of a mount.  btrfs has no number of its own there, and below a foreign root there may be names
 * only. */
static int find_device(const struct root *root, const struct mount_seen *m, struct block_dev *ret,
		       struct err *e)
{
	auto_free char *real = NULL;
	struct stat st;

	if (m->major)
		return block_by_number(root, m->major, m->minor, ret, e);
	if (strncmp(m->source, "/dev/", 5) != 0)
		return err_set(e, ENOENT, "which device '%s' lies on is not told by its mount", m->target);
	if (root_stat(root, m->source, &st) == 0 && S_ISBLK(st.st_mode))
		return block_by_number(root, major(st.st_rdev), minor(st.st_rdev), ret, e);
	if (root_realpath(root, m->source, &real) == 0 && strncmp(real, "/dev/", 5) == 0)
		return block_by_name(root, real + 5, ret, e);
	return block_by_name(root, m->source + 5, ret, e);
}

static int find_tagged(const struct root *root, const char *uuid, const char *label,
		       struct block_dev *ret_dev, struct superblock *ret_super, struct err *e);

/* Below a foreign root no device is opened, but what fstab says of the mount that holds DIR tells enough. */
static int superblock_from_fstab(const struct root *root, const struct mount_seen *m, const char *dir,
				 struct superblock *ret)
{
	auto_mount struct mount_seen line = { 0 };
	auto_buf struct buf table = { 0 };
	auto_free char *target = NULL;

	if (root_read(root, "/etc/fstab", FSTAB_MAX, &table, NULL) < 0 ||
	    mounts_holding(buf_text(&table), table.len, dir, &line, NULL) < 0 ||
	    (!*line.uuid && !*line.label))
		return -ENOENT;
	target = kernel_path(root, line.target);
	if (strcmp(target, m->target) != 0)
		return -ENOENT;
	*ret = (struct superblock){
		.type = xstrdup(m->fstype),
		.uuid = xstrdup(line.uuid),
		.label = xstrdup(line.label),
		.devices = 1,
	};
	return 0;
}

/* What the mounted file system tells of itself; whether it has more devices is then told by its options and
 * sysfs. */
static int superblock_of_mount(const struct root *root, const struct mount_seen *m, const char *dir,
			       struct superblock *ret)
{
	auto_strv struct strv devices = { 0 };
	auto_close int fd = -1;
	auto_free char *path = xstrdup(dir), *sys = NULL;
	int r;

	while ((fd = root_openat(root, *path ? path : "/", O_RDONLY | O_DIRECTORY, 0)) == -ENOENT && *path)
		*strrchr(path, '/') = '\0';
	r = fd < 0 ? fd : superblock_from_mount(fd, m->fstype, ret);
	if (r < 0)
		return r;
	ret->external_log = strstr(m->options, "logdev=") || strstr(m->options, "journal_");
	sys = xasprintf("/sys/fs/btrfs/%s/devices", ret->uuid);
	if (root_list(root, sys, &devices) == 0 && devices.n)
		ret->devices = (unsigned)devices.n;
	return 0;
}

static int find_superblock(const struct root *root, const struct mount_seen *m, const struct block_dev *b,
			   const char *dir, struct superblock *ret, struct err *e)
{
	struct err why = { 0 };
	int r = superblock_read(root, b, ret, &why);

	if (r >= 0)
		return r;
	if ((root->host ? superblock_of_mount(root, m, dir, ret) == 0 :
			  superblock_from_fstab(root, m, dir, ret) == 0) &&
	    (*ret->uuid || *ret->label))
		return 0;
	return err_set(e, why.code, "%s", why.text);
}

/* The device of M, and its superblock where looking for the one gave the other. */
static int find_device_of(const struct root *root, const struct mount_seen *m, struct block_dev *ret_dev,
			  struct superblock *ret_super, struct err *e)
{
	int r;

	if (m->major || *m->source)
		r = find_device(root, m, ret_dev, e);
	else if (*m->uuid || *m->label)
		r = find_tagged(root, *m->uuid ? m->uuid : NULL, m->label, ret_dev, ret_super, e);
	else
		r = err_set(e, ENOTSUP,
			    "'/etc/fstab' names the file system of '%s' neither by UUID=, LABEL= nor device; "
			    NAME_ANOTHER, m->target);
	if (r == -ENOENT && !root->host && !root_exists(root, "/sys/class/block"))
		return err_set(e, ENOENT,
			       "the hardware below '%s' is told by '/sys' alone, and this root has none; "
			       "build the image where that system runs",
			       m->target);
	return r;
}

static int find_file(const struct root *root, const struct target *t, struct storage *ret, struct err *e)
{
	auto_free char *dir = NULL, *inside = NULL, *where = xasprintf("'%s'", t->dir);
	auto_superblock struct superblock s = { 0 };
	auto_block struct block_dev b = { 0 };
	auto_mount struct mount_seen m = { 0 };
	auto_stack struct stack below = { 0 };
	int r;

	r = path_answers(root, t->dir, e);
	if (r == 0)
		r = resolve_dir(root, t->dir, &dir, e);
	if (r < 0 || !dir)
		return r;
	r = find_mount(root, dir, &m, &inside, e);
	if (r < 0 || !inside)
		return r;
	r = check_mount(&m, t->dir, e);
	if (r < 0)
		return r;
	r = find_device_of(root, &m, &b, &s, e);
	if (r < 0)
		return r;
	r = find_stack(root, &b, where, &below, e);
	if (r < 0)
		return r;
	if (!s.type)
		r = find_superblock(root, &m, &b, dir, &s, e);
	if (r < 0 || !s.type)
		return r;
	r = check_superblock(&s, &b, e);
	if (r < 0)
		return r;
	fill(t, &b, &s, inside, m.options, &below, ret);
	return 0;
}

/* --- fs: a file system by its UUID, label or device -------------------------------------------- */

static bool is_wanted(const struct superblock *s, const char *uuid, const char *label)
{
	return uuid ? strcasecmp(s->uuid, uuid) == 0 : strcmp(s->label, label) == 0;
}

/* udev's link, if it is there and tells the truth. */
static int find_by_link(const struct root *root, const char *uuid, const char *label,
			struct block_dev *ret_dev, struct superblock *ret_super)
{
	auto_superblock struct superblock s = { 0 };
	auto_block struct block_dev b = { 0 };
	auto_free char *path = NULL;
	char name[512];
	struct stat st;

	if (blkid_encode_string(uuid ? uuid : label, name, sizeof(name)) != 0)
		return -ENOENT;
	path = xasprintf("/dev/disk/by-%s/%s", uuid ? "uuid" : "label", name);
	if (root_stat(root, path, &st) < 0 || !S_ISBLK(st.st_mode) ||
	    block_by_number(root, major(st.st_rdev), minor(st.st_rdev), &b, NULL) < 0 ||
	    superblock_read(root, &b, &s, NULL) < 0 || !is_wanted(&s, uuid, label))
		return -ENOENT;
	*ret_dev = b;
	*ret_super = s;
	b = (struct block_dev){ 0 };
	s = (struct superblock){ 0 };
	return 0;
}

/* A member of an array or a path of a multipath device bears what the whole bears: that is held by it. */
static bool is_held(const struct root *root, const struct block_dev *b)
{
	auto_free char *path = xasprintf("%s/holders", b->sys);
	auto_strv struct strv holders = { 0 };

	return root_list(root, path, &holders) == 0 && holders.n > 0;
}

/* Look at every device.  Two that bear the same identity cannot be told apart after the crash either. */
static int find_by_looking(const struct root *root, const char *uuid, const char *label,
			   struct block_dev *ret_dev, struct superblock *ret_super, struct err *e)
{
	auto_superblock struct superblock found_super = { 0 };
	auto_block struct block_dev found = { 0 };
	const char *tag = uuid ? "UUID" : "label", *value = uuid ? uuid : label;
	auto_strv struct strv names = { 0 };
	bool denied = false;

	root_list(root, "/sys/class/block", &names);
	for (size_t i = 0; i < names.n; i++) {
		auto_superblock struct superblock s = { 0 };
		auto_block struct block_dev b = { 0 };
		int r;

		if (block_by_name(root, names.v[i], &b, NULL) < 0 || !b.size ||
		    strncmp(names.v[i], "fd", 2) == 0)
			continue;
		r = superblock_read(root, &b, &s, NULL);
		denied = denied || r == -EACCES;
		if (r < 0 || !is_wanted(&s, uuid, label) || is_held(root, &b))
			continue;
		if (found.sys)
			return err_set(e, ENOTUNIQ, "'%s' and '%s' both bear the %s '%s'", found.node, b.node,
				       tag, value);
		found = b;
		found_super = s;
		b = (struct block_dev){ 0 };
		s = (struct superblock){ 0 };
	}
	if (!found.sys && denied)
		return err_set(e, EACCES,
			       "no file system with the %s '%s' is on the devices that may be read here%s",
			       tag, value, geteuid() ? "; run this as root" : "");
	if (!found.sys)
		return err_set(e, ENOENT,
			       "no file system with the %s '%s' is here; 'blkid' lists those that are", tag,
			       value);
	*ret_dev = found;
	*ret_super = found_super;
	found = (struct block_dev){ 0 };
	found_super = (struct superblock){ 0 };
	return 0;
}

static int find_tagged(const struct root *root, const char *uuid, const char *label,
		       struct block_dev *ret_dev, struct superblock *ret_super, struct err *e)
{
	if (root->host && find_by_link(root, uuid, label, ret_dev, ret_super) == 0)
		return 0;
	return find_by_looking(root, uuid, label, ret_dev, ret_super, e);
}

static int find_named(const struct root *root, const char *device, struct block_dev *ret_dev,
		      struct superblock *ret_super, struct err *e)
{
	struct mount_seen m = { .source = xstrdup(device), .target = xstrdup(device) };
	auto_superblock struct superblock s = { 0 };
	auto_block struct block_dev b = { 0 };
	int r = find_device(root, &m, &b, e);

	mount_seen_done(&m);
	if (r < 0)
		return err_wrap(e, "'%s'", device);
	r = superblock_read(root, &b, &s, e);
	if (r < 0)
		return r;
	*ret_dev = b;
	*ret_super = s;
	b = (struct block_dev){ 0 };
	s = (struct superblock){ 0 };
	return 0;
}

static int find_fs(const struct root *root, const struct target *t, struct storage *ret, struct err *e)
{
	auto_free char *where = xasprintf("'%s'", t->url);
	auto_superblock struct superblock s = { 0 };
	auto_block struct block_dev b = { 0 };
	auto_stack struct stack below = { 0 };
	int r;

	r = t->device ? find_named(root, t->device, &b, &s, e) :
			find_tagged(root, t->uuid, t->label, &b, &s, e);
	if (r < 0)
		return r;
	r = find_stack(root, &b, where, &below, e);
	if (r < 0 || !s.type)
		return r;
	r = check_superblock(&s, &b, e);
	if (r < 0)
		return r;
	fill(t, &b, &s, t->dir, "", &below, ret);
	return 0;
}

int storage_find(const struct root *root, const struct target *t, struct storage *ret, struct err *e)
{
	switch (t->kind) {
	case TARGET_FILE:
		return find_file(root, t, ret, e);
	case TARGET_FS:
		return find_fs(root, t, ret, e);
	case TARGET_RAW:
		return storage_find_raw(root, t, ret, e);
	default:
		return err_set(e, ENOTSUP,
			       "target '%s': '%s' is not yet known to the native builder; name a folder "
			       "('file:///var/crash') or a file system ('fs:UUID=...:/dir')",
			       t->url, target_kind_name(t->kind));
	}
}
