/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include "bring.h"
#include "layers.h"
#include "live.h"
#include "proc.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Targets on a local file system: `file:` and `fs:`. */

#define DEVICE_MS 30000		/* how long a device may take to come; disk arrays spin up slowly */
#define AGAIN_MS 3000		/* how long to wait for another one, when the first did not do */

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

/* Devices come side by side: what was waited for one of them was waited for all. */
static long long device_patience(const struct page *p)
{
	long long gone = p->devices_since ? now_ms() - p->devices_since : 0;

	return gone < DEVICE_MS - AGAIN_MS ? DEVICE_MS - gone : AGAIN_MS;
}

long long place_patience(const struct capture *c)
{
	long long wait = device_patience(c->page);
	long long left =
		c->recipe->deadline ? (long long)c->recipe->deadline * 1000 - now_ms() : 2 * DEVICE_MS;

	if (c->recipe->stall && (long long)c->recipe->stall * 500 < left / 2)
		left = (long long)c->recipe->stall * 1000;
	return left / 2 < wait ? left / 2 : wait;
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

/* On the healthy host the device is known, and what lies on it is often mounted: the same file system twice. */
int live_mount(struct capture *c, const struct recipe_target *t, const char *where, struct err *e)
{
	int r;

	live_step(c, "mount");
	r = mount_device(t, c->live->order.device, where, e);
	if (r == -EBUSY)
		return err_set(e, EBUSY, "'%s' is mounted read-only here, or in use by something else", t->device);
	return r;
}

static int disk_open(struct capture *c, int i, struct place *ret, struct err *e)
{
	const struct recipe_target *t = &c->recipe->targets[i];
	struct page_attempt *a = &c->page->attempts[i];
	char where[MOUNT_POINT_MAX], device[DEVNAME_MAX + 8];
	int r;

	place_mount_point(i, where);
	mkdir(where, 0700);
	/* It was asked for the log before, and what failed lay behind the mount. */
	if (a->mounted)
		umount2(where, MNT_DETACH);
	a->mounted = false;
	/* The running system has it up. */
	r = c->live ? 0 : bring_up(c, t, e);
	if (r == 0)
		r = c->live ? live_mount(c, t, where, e) : find_and_mount(c, t, where, device, e);
	if (r < 0)
		return r;
	a->mounted = true;
	if (!c->live)
		devices_say(device, t);
	return folder_make(c, i, t->dir + strspn(t->dir, "/"), true, ret, e);
}

static bool disk_takes(const struct recipe_target *t)
{
	return t->kind == TARGET_FILE || t->kind == TARGET_FS;
}

const struct destination destination_disk = { .name = "disk", .takes = disk_takes, .open = disk_open };
