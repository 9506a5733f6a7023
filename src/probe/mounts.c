/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mounts.h"

#include "own.h"

#include <errno.h>
#include <libmount/libmount.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define BINDS_MAX 8		/* bind mounts of bind mounts in fstab */

void mount_seen_done(struct mount_seen *m)
{
	free(m->source);
	free(m->uuid);
	free(m->label);
	free(m->fstype);
	free(m->target);
	free(m->root);
	free(m->options);
	*m = (struct mount_seen){ 0 };
}

static void own_table(struct libmnt_table **t)
{
	mnt_unref_table(*t);
}

/* A line that is none is passed over; libmount would print it otherwise. */
static int skip_line(struct libmnt_table *t, const char *name, int line)
{
	(void)t, (void)name, (void)line;
	return 1;
}

static struct libmnt_table *parse(const char *text, size_t len)
{
	AUTO(own_table) struct libmnt_table *t = mnt_new_table();
	auto_fclose FILE *f = NULL;
	auto_free char *copy = len ? xmemdup(text, len) : NULL;

	if (!t || !len)
		return NULL;
	f = fmemopen(copy, len, "r");
	if (!f)
		return NULL;
	mnt_table_set_parser_errcb(t, skip_line);
	if (mnt_table_parse_stream(t, f, "mounts") < 0 || mnt_table_is_empty(t))
		return NULL;
	return take_ptr(t);
}

/* Is ABOVE the folder PATH, or one above it? */
static bool is_above(const char *above, const char *path)
{
	size_t len = strlen(above);

	while (len > 1 && above[len - 1] == '/')
		len--;
	if (len == 1 && *above == '/')
		return true;
	return strncmp(path, above, len) == 0 && (!path[len] || path[len] == '/');
}

static bool is_at(struct libmnt_fs *fs, const char *path, size_t len)
{
	const char *target = mnt_fs_get_target(fs);

	return target && strlen(target) == len && memcmp(target, path, len) == 0;
}

/* What is mounted on PARENT at the first LEN bytes of PATH. */
static struct libmnt_fs *child_at(struct libmnt_table *t, struct libmnt_fs *parent, const char *path,
				  size_t len)
{
	struct libmnt_fs *fs, *found = NULL;
	struct libmnt_iter *it = mnt_new_iter(MNT_ITER_FORWARD);

	while (it && mnt_table_next_fs(t, it, &fs) == 0)
		if (fs != parent && mnt_fs_get_parent_id(fs) == mnt_fs_get_id(parent) && is_at(fs, path, len))
			found = fs;
	mnt_free_iter(it);
	return found;
}

/* The mount of "/" that lies on none in the table. */
static struct libmnt_fs *topmost(struct libmnt_table *t)
{
	struct libmnt_fs *fs, *other, *found = NULL;
	struct libmnt_iter *it = mnt_new_iter(MNT_ITER_FORWARD), *all = mnt_new_iter(MNT_ITER_FORWARD);

	while (it && all && !found && mnt_table_next_fs(t, it, &fs) == 0) {
		bool below = false;

		if (!is_at(fs, "/", 1))
			continue;
		mnt_reset_iter(all, MNT_ITER_FORWARD);
		while (!below && mnt_table_next_fs(t, all, &other) == 0)
			below = other != fs && mnt_fs_get_id(other) == mnt_fs_get_parent_id(fs);
		if (!below)
			found = fs;
	}
	mnt_free_iter(it);
	mnt_free_iter(all);
	return found;
}

/* Go down PATH as the kernel does: at each folder on to what is mounted there on the mount so far. */
static struct libmnt_fs *walk(struct libmnt_table *t, const char *path)
{
	struct libmnt_fs *fs = topmost(t), *next;
	int left = mnt_table_get_nents(t);	/* a table of any content may hold a circle */
	size_t len = 1;

	while (fs) {
		while (left > 0 && (next = child_at(t, fs, path, len))) {
			fs = next;
			left--;
		}
		if (!path[len])
			break;
		len += path[len] == '/';
		len += strcspn(path + len, "/");
	}
	return fs;
}

static char *copy(const char *text)
{
	return xstrdup(text ? text : "");
}

/* Where in the file system a btrfs subvolume of fstab lies. */
static char *fstab_root(struct libmnt_fs *fs)
{
	auto_free char *subvol = NULL;
	char *value = NULL;
	size_t len = 0;

	if (mnt_fs_get_option(fs, "subvol", &value, &len) == 0 && value && len)
		subvol = xstrndup(value, len);
	return subvol ? xasprintf("%s%s", *subvol == '/' ? "" : "/", subvol) : xstrdup("/");
}

/* Without slashes at its end, but for "/" itself. */
static char *mount_point(struct libmnt_fs *fs)
{
	char *target = copy(mnt_fs_get_target(fs));

	for (size_t len = strlen(target); len > 1 && target[len - 1] == '/';)
		target[--len] = '\0';
	return target;
}

static void describe(struct libmnt_fs *fs, bool seen, struct mount_seen *ret)
{
	const char *tag = NULL, *value = NULL, *root = mnt_fs_get_root(fs);
	dev_t dev = mnt_fs_get_devno(fs);

	*ret = (struct mount_seen){
		.source = copy(mnt_fs_get_srcpath(fs)), .fstype = copy(mnt_fs_get_fstype(fs)),
		.target = mount_point(fs), .options = copy(mnt_fs_get_options(fs)),
		.major = major(dev), .minor = minor(dev),
	};
	ret->root = seen && root ? xstrdup(root) : fstab_root(fs);
	mnt_fs_get_tag(fs, &tag, &value);
	ret->uuid = copy(tag && value && strcmp(tag, "UUID") == 0 ? value : NULL);
	ret->label = copy(tag && value && strcmp(tag, "LABEL") == 0 ? value : NULL);
}

char *mount_inside(const struct mount_seen *m, const char *path)
{
	const char *rest = path + (strcmp(m->target, "/") == 0 ? 0 : strlen(m->target));
	const char *root = strcmp(m->root, "/") == 0 ? "" : m->root;

	while (*rest == '/' && rest[1] == '/')
		rest++;
	if (strcmp(rest, "/") == 0)
		rest = "";
	return *root || *rest ? xasprintf("%s%s", root, rest) : xstrdup("/");
}

/* The line with the longest mount point above PATH, of equal ones the last; swap has none. */
static struct libmnt_fs *longest(struct libmnt_table *t, const char *path)
{
	struct libmnt_fs *fs, *found = NULL;
	struct libmnt_iter *it = mnt_new_iter(MNT_ITER_FORWARD);
	size_t most = 0;

	while (it && mnt_table_next_fs(t, it, &fs) == 0) {
		const char *target = mnt_fs_get_target(fs);

		if (!target || *target != '/' || !is_above(target, path) || strlen(target) < most)
			continue;
		most = strlen(target);
		found = fs;
	}
	mnt_free_iter(it);
	return found;
}

static int find_in_fstab(struct libmnt_table *t, const char *path, unsigned binds, struct mount_seen *ret,
			 struct err *e)
{
	struct libmnt_fs *fs = longest(t, path);
	auto_mount struct mount_seen m = { 0 };
	auto_free char *inside = NULL;
	const char *source;
	int r;

	if (!fs)
		return err_set(e, ENOENT, "no line of '/etc/fstab' tells which file system holds '%s'", path);
	source = mnt_fs_get_srcpath(fs);
	if (mnt_fs_get_option(fs, "bind", NULL, NULL) != 0 &&
	    mnt_fs_get_option(fs, "rbind", NULL, NULL) != 0) {
		describe(fs, false, ret);
		return 0;
	}
	if (!source || *source != '/' || binds == 0)
		return err_set(e, EINVAL, "the bind mount of '%s' in '/etc/fstab' leads nowhere",
			       mnt_fs_get_target(fs));
	r = find_in_fstab(t, source, binds - 1, &m, e);
	if (r < 0 || !m.target)
		return r;
	inside = mount_inside(&m, source);
	free(m.root);
	m.root = take_ptr(inside);
	free(m.target);
	m.target = mount_point(fs);
	*ret = m;
	m = (struct mount_seen){ 0 };
	return 0;
}

int mounts_holding(const char *table, size_t len, const char *path, struct mount_seen *ret, struct err *e)
{
	AUTO(own_table) struct libmnt_table *t = parse(table, len);
	struct libmnt_fs *fs = NULL;
	bool seen;

	if (!t)
		return err_set(e, EINVAL, "the table of mounts cannot be read");
	if (mnt_table_first_fs(t, &fs) != 0)
		return err_set(e, EINVAL, "the table of mounts is empty");
	seen = mnt_fs_get_id(fs) > 0;
	if (!seen)
		return find_in_fstab(t, path, BINDS_MAX, ret, e);
	fs = walk(t, path);
	if (!fs)
		return err_set(e, ENOENT, "no mount is known that holds '%s'", path);
	describe(fs, true, ret);
	return 0;
}

int mounts_first_swap(const char *table, size_t len, char **ret)
{
	AUTO(own_table) struct libmnt_table *t = parse(table, len);
	struct libmnt_iter *it = t ? mnt_new_iter(MNT_ITER_FORWARD) : NULL;
	struct libmnt_fs *fs;
	int r = -ENOENT;

	while (it && r < 0 && mnt_table_next_fs(t, it, &fs) == 0) {
		const char *source = mnt_fs_get_source(fs);

		if (mnt_fs_is_swaparea(fs) && source && *source && mnt_fs_get_option(fs, "noauto", NULL, NULL) != 0) {
			*ret = xstrdup(source);
			r = 0;
		}
	}
	mnt_free_iter(it);
	return r;
}
