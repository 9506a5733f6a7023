/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* nftw() has no argument for its callback's own data. */
static struct {
	int fd;
	size_t base;		/* bytes of the path that are not part of the name */
	unsigned files;
	struct err *e;
} stream;

static int write_unit(const char *text)
{
	char unit[STREAM_UNIT] = { 0 };

	if (strlen(text) >= sizeof(unit))
		return -ENAMETOOLONG;
	memcpy(unit, text, strlen(text));
	return fd_write_all(stream.fd, unit, sizeof(unit));
}

/* Copy exactly SIZE bytes, so that the stream stays in step, and pad them. */
static int write_bytes(int fd, uint64_t size)
{
	static char chunk[1 << 20];
	uint64_t left = size;

	while (left > 0) {
		size_t want = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
		ssize_t n = read(fd, chunk, want);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		r = fd_write_all(stream.fd, chunk, (size_t)n);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	memset(chunk, 0, STREAM_UNIT);
	return fd_write_all(stream.fd, chunk, (STREAM_UNIT - size % STREAM_UNIT) % STREAM_UNIT);
}

static int add(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	auto_free char *head = NULL;
	auto_close int fd = -1;
	int r;

	(void)ftw;
	if (type == FTW_DNR || type == FTW_NS)
		return err_set(stream.e, EIO, "cannot read '%s'", path);
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(stream.e, errno, "cannot open '%s': %s", path, strerror(errno));
	head = xasprintf("%s%llu %s\n", STREAM_FILE, (unsigned long long)st->st_size, path + stream.base);
	r = write_unit(head);
	if (r == 0)
		r = write_bytes(fd, (uint64_t)st->st_size);
	if (r < 0)
		return err_set(stream.e, -r, "cannot hand out '%s': %s", path, strerror(-r));
	stream.files++;
	return 0;
}

int stream_write(const char *dir, const char *device, unsigned *ret_files, struct err *e)
{
	auto_close int fd = open(device, O_WRONLY | O_CLOEXEC);
	auto_free char *top = xasprintf("%s%s", MOUNT_POINT, dir);
	int r;

	if (fd < 0)
		return err_set(e, errno, "cannot open '%s': %s", device, strerror(errno));
	stream.fd = fd;
	stream.base = strlen(top) + 1;
	stream.files = 0;
	stream.e = e;
	if (access(top, F_OK) == 0) {	/* no such folder: no dump came, which is an answer too */
		r = nftw(top, add, 16, FTW_PHYS);
		if (r < 0)
			return e->code ? -e->code : err_set(e, EIO, "cannot walk '%s'", top);
	}
	r = write_unit(STREAM_END "\n");
	if (r < 0 || fsync(fd) < 0)
		return err_set(e, EIO, "cannot write to '%s': %s", device, strerror(errno));
	*ret_files = stream.files;
	return 0;
}
