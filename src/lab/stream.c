/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"
#include "file.h"
#include "guest/guest.h"
#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILES_MAX 4096

void lab_files_free(struct lab_file *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].name);
	free(v);
}

/* "a/b/c" with no empty, "." or ".." part. */
static bool is_plain_name(const char *name)
{
	for (const char *part = name;; part++) {
		size_t len = strcspn(part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && strncmp(part, "..", 2) == 0))
			return false;
		part += len;
		if (!*part)
			return true;
	}
}

/* A unit's text "SIZE NAME\n", behind its mark. */
static int parse_head(const char *text, struct lab_file *ret, struct err *e)
{
	auto_free char *copy = xstrndup(text, strcspn(text, "\n"));
	char *name = strchr(copy, ' ');

	if (name)
		*name++ = '\0';
	if (!name || num_parse(copy, INT64_MAX / 2, &ret->size) < 0 || !is_plain_name(name))
		return err_set(e, EINVAL, "the guest's stream: a damaged head");
	ret->name = xstrdup(name);
	return 0;
}

static int copy_bytes(int from, int to, uint64_t size)
{
	auto_free char *chunk = xmalloc(1 << 20);

	while (size > 0) {
		ssize_t n = read(from, chunk, size < 1 << 20 ? (size_t)size : 1 << 20);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		r = fd_write_all(to, chunk, (size_t)n);
		if (r < 0)
			return r;
		size -= (uint64_t)n;
	}
	return 0;
}

static int unpack_one(int from, const struct root *to, const struct lab_file *f, uint64_t left, struct err *e)
{
	auto_free char *path = xasprintf("/%s", f->name), *parent = xstrdup(path);
	auto_close int fd = -1;
	int r;

	if (f->size > left)
		return err_set(e, EINVAL, "the guest's stream: '%s' claims %llu bytes and %llu are left",
			       f->name, (unsigned long long)f->size, (unsigned long long)left);
	*strrchr(parent, '/') = '\0';
	r = *parent ? root_mkdirs(to, parent, 0700) : 0;
	if (r == 0)
		fd = r = root_openat(to, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (r >= 0)
		r = copy_bytes(from, fd, f->size);
	if (r < 0)
		return err_set(e, -r, "cannot write '%s%s': %s", to->path, path, strerror(-r));
	if (lseek(from, (off_t)((STREAM_UNIT - f->size % STREAM_UNIT) % STREAM_UNIT), SEEK_CUR) < 0)
		return err_set(e, errno, "the guest's stream: %s", strerror(errno));
	return 0;
}

static int read_unit(int fd, char unit[STREAM_UNIT + 1], struct err *e)
{
	size_t got = 0;

	while (got < STREAM_UNIT) {
		ssize_t n = read(fd, unit + got, STREAM_UNIT - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, EINVAL, "the guest's stream ends without its end mark");
		got += (size_t)n;
	}
	unit[STREAM_UNIT] = '\0';
	return 0;
}

static int unpack(int fd, const struct root *to, struct lab_file **v, size_t *n, struct err *e)
{
	char unit[STREAM_UNIT + 1];
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "the guest's stream: %s", strerror(errno));
	for (;;) {
		struct lab_file *f;

		r = read_unit(fd, unit, e);
		if (r < 0)
			return r;
		if (strncmp(unit, STREAM_END, strlen(STREAM_END)) == 0)
			return 0;
		if (strncmp(unit, STREAM_FILE, strlen(STREAM_FILE)) != 0 || *n >= FILES_MAX)
			return err_set(e, EINVAL, "the guest's stream: neither a file nor its end");
		f = vec_push(v, n);
		r = parse_head(unit + strlen(STREAM_FILE), f, e);
		if (r == 0)
			r = unpack_one(fd, to, f, (uint64_t)(st.st_size - lseek(fd, 0, SEEK_CUR)), e);
		if (r < 0)
			return r;
	}
}

int stream_unpack(const char *path, const char *dir, struct lab_file **ret, size_t *ret_n, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_root struct root to = { .fd = -1 };
	struct lab_file *v = NULL;
	size_t n = 0;
	int r;

	if (fd < 0)
		return err_set(e, errno, "cannot open '%s': %s", path, strerror(errno));
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "cannot make '%s': %s", dir, strerror(errno));
	r = root_open(&to, dir, e);
	if (r < 0)
		return r;
	r = unpack(fd, &to, &v, &n, e);
	if (r < 0) {
		lab_files_free(v, n);
		return r;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}
