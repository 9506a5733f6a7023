/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include "layers.h"
#include "manifest.h"
#include "proc.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

/* Targets on a local file system: `file:` and `fs:`. */

#define DEVICE_MS 30000		/* how long a device may take to come; disk arrays spin up slowly */
#define AGAIN_MS 3000		/* how long to wait for another one, when the first did not do */
#define SUFFIX_MAX 99

/* Options that mount(2) takes as flags; all others are the file system's own. */
static const struct {
	const char *name;
	unsigned long flag;
} flags[] = {
	{ "rw", 0 }, { "defaults", 0 }, { "auto", 0 }, { "noauto", 0 }, { "nofail", 0 }, { "relatime", 0 },
	{ "noatime", 0 }, { "strictatime", 0 }, { "nodiratime", 0 }, { "lazytime", 0 }, { "nosuid", 0 },
	{ "suid", 0 }, { "nodev", 0 }, { "dev", 0 }, { "noexec", 0 }, { "exec", 0 },
	{ "sync", MS_SYNCHRONOUS }, { "dirsync", MS_DIRSYNC }, { "ro", MS_RDONLY },
};

static unsigned long split_options(const char *options, struct buf *data)
{
	unsigned long all = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
	auto_free char *copy = xstrdup(options);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		size_t i = 0;

		while (i < ARRAY_SIZE(flags) && strcmp(flags[i].name, word) != 0)
			i++;
		if (i < ARRAY_SIZE(flags))
			all |= flags[i].flag;
		else if (*word && strncmp(word, "x-", 2) != 0)
			buf_addf(data, "%s%s", data->len ? "," : "", word);
	}
	return all;
}

static int mount_device(const struct recipe_target *t, const char *device, const char *where, struct err *e)
{
	auto_buf struct buf data = { 0 };
	unsigned long all = split_options(t->options, &data);
	struct statvfs st;

	/*
	 * A file system that was set to panic on errors must not end the capture; and what
	 * ext4 does lazily in the background would only be in the way.
	 */
	if (strcmp(t->fstype, "ext4") == 0)
		buf_addf(&data, "%serrors=remount-ro,noinit_itable", data.len ? "," : "");
	if (mount(device, where, t->fstype, all, buf_text(&data)) < 0)
		return err_set(e, errno, "cannot mount '%s' as %s with options '%s': %s", device, t->fstype,
			       buf_text(&data), strerror(errno));
	if (statvfs(where, &st) == 0 && (st.f_flag & ST_RDONLY)) {
		umount2(where, MNT_DETACH);
		return err_set(e, EROFS, "'%s' can be mounted read-only alone", device);
	}
	return 0;
}

/* What another device or a later one may cure. */
static bool may_try_another(int r)
{
	return r == -EMEDIUMTYPE || r == -ENOENT || r == -EINVAL || r == -EIO || r == -EUCLEAN || r == -ENXIO;
}

long long place_patience(const struct capture *c)
{
	long long left =
		c->recipe->deadline ? (long long)c->recipe->deadline * 1000 - now_ms() : 2 * DEVICE_MS;

	if (c->recipe->stall && (long long)c->recipe->stall * 500 < left / 2)
		left = (long long)c->recipe->stall * 1000;
	return left / 2 < DEVICE_MS ? left / 2 : DEVICE_MS;
}

static int find_and_mount(struct capture *c, const struct recipe_target *t, const char *where,
			  char device[static DEVNAME_MAX + 8], struct err *e)
{
	struct err first = { 0 };
	size_t seen = 0;
	int r = layers_open(c, t, place_patience(c), e);

	if (r < 0)
		return r;
	do {
		struct err why = { 0 };
		auto_close int fd = -1;

		r = devices_wait(&c->devices, t, first.code ? AGAIN_MS : place_patience(c), seen++, &fd, device,
				 &why);
		if (r == 0)
			r = mount_device(t, device, where, &why);
		if (r < 0 && !first.code)
			first = why;
	} while (r < 0 && may_try_another(r));
	return r < 0 ? err_set(e, first.code, "%s", first.text) : 0;
}

/* Go down to DIR part by part, making what is missing; no symbolic link, no "..". */
static int walk(int top, const char *dir, struct err *e)
{
	auto_free char *copy = xstrdup(dir);
	auto_close int at = dup(top);
	char *rest = copy, *part;

	while (at >= 0 && (part = strsep(&rest, "/"))) {
		int next;

		if (!*part || strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0)
			return err_set(e, EINVAL, "dump folder '%s' has a '..' in it", dir);
		if (mkdirat(at, part, 0700) == 0 && fsync(at) < 0 && errno != EINVAL)
			return err_set(e, errno, "cannot make '%s' of '%s': %s", part, dir, strerror(errno));
		next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return err_set(e, errno, "cannot enter '%s' of '%s': %s", part, dir,
				       errno == ENOTDIR || errno == ELOOP
					       ? "it is no folder, or a symbolic link"
					       : strerror(errno));
		close(at);
		at = next;
	}
	return at < 0 ? err_set(e, errno, "cannot enter '%s': %s", dir, strerror(errno)) : take_fd(at);
}

/* A folder that nothing was in before. */
static int make_folder(const struct capture *c, int parent, char **ret_name, struct err *e)
{
	int64_t when = c->notes.crash_time ? c->notes.crash_time : (int64_t)time(NULL);
	auto_free char *base = manifest_folder(when, c->boot_id);

	for (unsigned i = 1; i <= SUFFIX_MAX; i++) {
		auto_free char *name = i == 1 ? xstrdup(base) : xasprintf("%s.%u", base, i);
		int fd;

		if (mkdirat(parent, name, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			break;
		}
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fsync(parent) < 0)
			break;
		*ret_name = take_ptr(name);
		return fd;
	}
	return err_set(e, errno, "cannot make dump folder '%s': %s", base, strerror(errno));
}

/*
 * The host's own folder within the dump folder.  Where others may write there, the host's name may be
 * somebody's link, file or folder: then the dump's own fresh folder lies in the dump folder itself.
 */
static int walk_to_host(int top, const char *sub, char **name, struct err *e)
{
	struct err why = { 0 };
	auto_close int at = walk(top, *name, &why);
	struct stat st;

	if (at >= 0 && fstat(at, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()))
		return take_fd(at);
	say(CONSOLE_FAILED, "%s", at >= 0 ? "the host's dump folder belongs to a user" : why.text);
	free(*name);
	*name = xstrdup(*sub ? sub : ".");
	return walk(top, *name, e);
}

static int disk_open(struct capture *c, int i, struct place *ret, struct err *e)
{
	const struct recipe_target *t = &c->recipe->targets[i];
	struct page_attempt *a = &c->page->attempts[i];
	char where[MOUNT_POINT_MAX], device[DEVNAME_MAX + 8];
	auto_close int top = -1, parent = -1, dir = -1;
	auto_free char *parent_name = NULL, *name = NULL;
	const char *sub = t->dir + strspn(t->dir, "/");
	int r;

	place_mount_point(i, where);
	mkdir(where, 0700);
	r = find_and_mount(c, t, where, device, e);
	if (r < 0)
		return r;
	a->mounted = true;
	devices_say(device, t);
	top = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_set(e, errno, "cannot enter '%s': %s", device, strerror(errno));
	parent_name = xasprintf("%s%s%s", sub, *sub ? "/" : "", c->recipe->host);
	parent = walk_to_host(top, sub, &parent_name, e);
	if (parent < 0)
		return parent;
	dir = make_folder(c, parent, &name, e);
	if (dir < 0)
		return dir;
	r = snprintf(a->folder, sizeof(a->folder), "%s/%s", parent_name, name);
	if (r < 0 || (size_t)r >= sizeof(a->folder)) {
		a->folder[0] = '\0';
		return err_set(e, ENAMETOOLONG, "dump folder '%s' is too long", parent_name);
	}
	*ret = (struct place){ .target = i, .dir = take_fd(dir), .shown = xasprintf("/%s", a->folder) };
	return 0;
}

static bool disk_takes(const struct recipe_target *t)
{
	return t->kind == TARGET_FILE || t->kind == TARGET_FS;
}

const struct destination destination_disk = { .name = "disk", .takes = disk_takes, .open = disk_open };
