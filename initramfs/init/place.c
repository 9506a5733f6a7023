/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct destination *const destinations[] = {
	&destination_disk, &destination_raw, &destination_nfs, &destination_ssh,
};

const struct destination *destination_find(const struct recipe_target *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(destinations); i++)
		if (destinations[i]->takes(t))
			return destinations[i];
	return NULL;
}

void place_done(struct place *p)
{
	if (p->how && p->how->done)
		p->how->done(p);
	own_close(&p->dir);
	p->dir = -1;
	free(take_ptr(p->shown));
}

void place_mount_point(int i, char path[static MOUNT_POINT_MAX])
{
	snprintf(path, MOUNT_POINT_MAX, "/run/target%d", i);
}

int place_reopen(struct page *p, const struct recipe *r, int i, struct place *ret, struct err *e)
{
	const struct destination *how = destination_find(&r->targets[i]);
	struct capture c = { .recipe = r, .page = p, .devices = { .fd = -1 } };
	const struct page_attempt *a = &p->attempts[i];
	char mount_point[MOUNT_POINT_MAX];
	auto_free char *path = NULL;
	int fd;

	if (how && how->reopen)
		return how->reopen(p, r, i, ret, e);
	place_mount_point(i, mount_point);
	path = xasprintf("%s/%s", mount_point, a->folder);
	/* Its parts were made or walked without symbolic links when it was opened first. */
	fd = a->folder[0] ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			  : (errno = ENOENT, -1);
	if (fd < 0 && errno == ENOTCONN && how && how->again) {
		int again = how->again(&c, i, e);

		if (again < 0)
			return again;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return err_set(e, errno, "cannot open the dump folder of '%s': %s", r->targets[i].url,
			       strerror(errno));
	*ret = (struct place){ .target = i, .dir = fd, .how = how, .shown = xasprintf("/%s", a->folder) };
	return 0;
}

bool place_is_cut(const struct place *p)
{
	struct stat st;

	return p->how && p->how->again && fstat(p->dir, &st) < 0 &&
	       (errno == ENOTCONN || errno == ECONNRESET || errno == ECONNABORTED);
}

int place_create(const struct place *p, const char *name, struct err *e)
{
	auto_free char *part = xasprintf("%s.incomplete", name);
	int fd = openat(p->dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_set(e, errno, "cannot make '%s/%s': %s", p->shown, part, strerror(errno)) : fd;
}

int place_commit(const struct place *p, int fd, const char *name, struct err *e)
{
	auto_free char *part = xasprintf("%s.incomplete", name);
	int r = fsync(fd) < 0 ? -errno : 0;

	if (r == 0 && renameat2(p->dir, part, p->dir, name, RENAME_NOREPLACE) < 0)
		r = -errno;
	/* A file system without that flag: the folder is our own, nobody else makes names in it. */
	if (r == -EINVAL && faccessat(p->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		r = renameat(p->dir, part, p->dir, name) < 0 ? -errno : 0;
	return r < 0 ? err_set(e, -r, "cannot bring '%s/%s' to the disk: %s", p->shown, name, strerror(-r))
		     : 0;
}

int place_put(const struct place *p, const char *name, const void *data, size_t len, struct err *e)
{
	auto_close int fd = place_create(p, name, e);
	int r;

	if (fd < 0)
		return fd;
	r = fd_write_all(fd, data, len);
	if (r < 0)
		return err_set(e, -r, "cannot write '%s/%s.incomplete': %s", p->shown, name, strerror(-r));
	return place_commit(p, fd, name, e);
}

int place_sync(const struct place *p, struct err *e)
{
	if (fsync(p->dir) < 0 && errno != EINVAL)
		return err_set(e, errno, "cannot bring folder '%s' to the disk: %s", p->shown,
			       strerror(errno));
	return 0;
}
