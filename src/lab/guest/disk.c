/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init.h"
#include "file.h"
#include "num.h"
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/module.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DISK_WAIT_MS 20000
#define SUBVOLUME_FIRST 256	/* BTRFS_FIRST_FREE_OBJECTID */
#define SUBVOLUMES_MAX 4096

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4
#endif

static int module_insert(const char *path, const char *options, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool plain = strlen(path) > 3 && strcmp(path + strlen(path) - 3, ".ko") == 0;

	if (fd < 0)
		return err_set(e, errno, "cannot open '%s': %s", path, strerror(errno));
	if (syscall(SYS_finit_module, fd, options, plain ? 0 : MODULE_INIT_COMPRESSED_FILE) < 0 &&
	    errno != EEXIST)
		return err_set(e, errno, "cannot insert '%s': %s", path, strerror(errno));
	return 0;
}

int modules_insert(const struct strv *modules, struct err *e)
{
	for (size_t i = 0; i < modules->n; i++) {
		auto_free char *path = xstrdup(modules->v[i]);
		char *options = strchr(path, ' ');
		int r;

		if (options)
			*options++ = '\0';
		r = module_insert(path, options ? options : "", e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A disk, in distinction to what has no hardware below: loop, ram, zram, md, dm. */
static bool is_disk(const char *name)
{
	auto_free char *path = xasprintf("/sys/block/%s/device", name);
	struct stat st;

	return stat(path, &st) == 0 && strncmp(name, "sr", 2) != 0 && strncmp(name, "fd", 2) != 0;
}

static bool has_serial(const char *name, const char *serial)
{
	auto_free char *path = xasprintf("/sys/block/%s/serial", name);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf text = { 0 };

	if (strcmp(serial, "any") == 0)
		return true;
	if (fd < 0 || fd_read_all(fd, 4096, &text) < 0)
		return false;
	return strncmp(buf_text(&text), serial, strlen(serial)) == 0 &&
	       strspn(buf_text(&text) + strlen(serial), " \n") == text.len - strlen(serial);
}

static bool disk_look(const char *serial, char **ret)
{
	auto_closedir DIR *dir = opendir("/sys/block");
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		auto_free char *node = xasprintf("/dev/%s", d->d_name);

		if (d->d_name[0] == '.' || !is_disk(d->d_name) || !has_serial(d->d_name, serial) ||
		    access(node, F_OK) < 0)
			continue;
		*ret = take_ptr(node);
		return true;
	}
	return false;
}

int disk_find(const char *serial, char **ret, struct err *e)
{
	long long end = now_ms() + DISK_WAIT_MS;

	while (!disk_look(serial, ret)) {
		if (now_ms() > end)
			return err_set(e, ENODEV, "no disk '%s' came within %d s", serial,
				       DISK_WAIT_MS / 1000);
		usleep(10000);
	}
	return 0;
}

static void disks_look(struct strv *ret)
{
	auto_closedir DIR *dir = opendir("/sys/block");
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		auto_free char *node = xasprintf("/dev/%s", d->d_name);

		if (d->d_name[0] != '.' && is_disk(d->d_name) && !has_serial(d->d_name, SERIAL_OUT) &&
		    access(node, F_OK) == 0)
			strv_add(ret, node);
	}
	strv_sort(ret);
}

int disks_find(unsigned n, struct strv *ret, struct err *e)
{
	long long end = now_ms() + DISK_WAIT_MS;

	for (;;) {
		disks_look(ret);
		if (ret->n >= n)
			return 0;
		if (now_ms() > end)
			return err_set(e, ENODEV, "%zu of %u disks came within %d s", ret->n, n,
				       DISK_WAIT_MS / 1000);
		usleep(10000);
		strv_done(ret);
	}
}

/* One more subvolume; the file system numbers them from SUBVOLUME_FIRST on. */
static int subvolume_make(const char *parent, const char *name, struct err *e)
{
	auto_close int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct btrfs_ioctl_vol_args args = { 0 };

	if (strlen(name) >= sizeof(args.name))
		return err_set(e, ENAMETOOLONG, "subvolume '%s': too long a name", name);
	memcpy(args.name, name, strlen(name));
	if (fd < 0 || (ioctl(fd, BTRFS_IOC_SUBVOL_CREATE, &args) < 0 && errno != EEXIST))
		return err_set(e, errno, "cannot make the subvolume '%s': %s", name, strerror(errno));
	return 0;
}

static int subvolume_by_path(const char *path, struct err *e)
{
	auto_free char *copy = xstrdup(path), *parent = xstrdup(MOUNT_POINT);
	char *save = NULL;

	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		char *next;
		int r = subvolume_make(parent, part, e);

		if (r < 0)
			return r;
		next = xasprintf("%s/%s", parent, part);
		free(parent);
		parent = next;
	}
	return 0;
}

static int subvolume_by_id(uint64_t id, struct err *e)
{
	if (id < SUBVOLUME_FIRST)	/* 5 and 0: the top itself */
		return 0;
	if (id - SUBVOLUME_FIRST >= SUBVOLUMES_MAX)
		return err_set(e, ENOTSUP, "subvolid=%llu: too many to make", (unsigned long long)id);
	for (uint64_t i = SUBVOLUME_FIRST; i <= id; i++) {
		auto_free char *name = xasprintf("subvolume-%llu", (unsigned long long)i);
		int r = subvolume_make(MOUNT_POINT, name, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The subvolume that the mount options want, made in the top that is mounted. */
static int subvolume_for(const char *options, struct err *e)
{
	auto_free char *copy = xstrdup(options);
	char *save = NULL;

	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		uint64_t id;

		if (strncmp(word, "subvol=", 7) == 0)
			return subvolume_by_path(word + 7, e);
		if (strncmp(word, "subvolid=", 9) == 0 && num_parse(word + 9, UINT64_MAX, &id) == 0)
			return subvolume_by_id(id, e);
	}
	return 0;
}

int disk_mount(const struct plan *p, const char *device, bool create, struct err *e)
{
	unsigned long flags = create ? 0 : MS_RDONLY;
	int r;

	if (create && strcmp(p->fstype, "btrfs") == 0 && strstr(p->options, "subvol")) {
		if (mount(device, MOUNT_POINT, p->fstype, 0, NULL) < 0)
			return err_set(e, errno, "cannot mount '%s' as %s: %s", device, p->fstype,
				       strerror(errno));
		r = subvolume_for(p->options, e);
		umount(MOUNT_POINT);
		if (r < 0)
			return r;
	}
	if (mount(device, MOUNT_POINT, p->fstype, flags, *p->options ? p->options : NULL) < 0)
		return err_set(e, errno, "cannot mount '%s' as %s with the options '%s': %s", device,
			       p->fstype, p->options, strerror(errno));
	return 0;
}
