/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "codec.h"
#include "cpio.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int image_payload(const char *data, size_t len, struct buf *ret, struct err *e)
{
	auto_json struct json *j = NULL;
	const char *packing;
	int64_t bytes;
	size_t end = 0;
	int r = image_check(data, len, e);

	if (r == 0)
		r = image_head_json(data, len, &j, &end, e);
	if (r < 0)
		return r;
	packing = js_get_text(j, "packing");
	bytes = js_get_int(j, "payload_bytes", -1);
	if (!packing || bytes < 0 || (uint64_t)bytes > len - end)
		return err_set(e, EINVAL, "the capture image does not tell how it is packed: build it again");
	if (strcmp(packing, "none") != 0)
		return codec_unpack(packing, data + end, (size_t)bytes, IMAGE_FILE_MAX, ret, e);
	buf_clear(ret);
	buf_add(ret, data + end, (size_t)bytes);
	return 0;
}

struct extract {
	const struct root *to;
	const char *const *without;
	struct err *e;
};

static bool is_left_out(const struct extract *x, const char *path)
{
	for (const char *const *p = x->without; p && *p; p++)
		if (strncmp(path, *p, strlen(*p)) == 0)
			return true;
	return false;
}

static int extract_file(const struct extract *x, const char *path, const struct cpio_member *m)
{
	auto_close int fd = root_openat(x->to, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, m->mode & 0777);

	if (fd < 0)
		return fd;
	return fchmod(fd, m->mode & 0777) < 0 ? -errno : fd_write_all(fd, m->data, m->len);
}

static int extract_link(const struct extract *x, const char *path, const struct cpio_member *m)
{
	auto_free char *to = xstrndup(m->data, m->len);
	const char *name;
	auto_close int dir = root_open_parent(x->to, path, &name);

	if (dir < 0)
		return dir;
	unlinkat(dir, name, 0);
	return symlinkat(to, dir, name) < 0 ? -errno : 0;
}

/* The archive lists folders before what is in them; what it does not list is made all the same. */
static int extract_one(void *ctx, const struct cpio_member *m)
{
	const struct extract *x = ctx;
	auto_free char *path = xasprintf("/%s", m->name);
	char *slash = strrchr(path, '/');
	int r = 0;

	if (is_left_out(x, path))
		return 0;
	if (slash != path) {
		*slash = '\0';
		r = root_mkdirs(x->to, path, 0755);
		*slash = '/';
	}
	if (r == 0 && S_ISDIR(m->mode))
		r = root_mkdirs(x->to, path, m->mode & 0777);
	else if (r == 0 && S_ISREG(m->mode))
		r = extract_file(x, path, m);
	else if (r == 0 && S_ISLNK(m->mode))
		r = extract_link(x, path, m);
	return r < 0 ? err_set(x->e, -r, "cannot unpack '%s': %s", path, strerror(-r)) : 0;
}

int image_extract(const struct root *to, const char *archive, size_t len, const char *const *without, struct err *e)
{
	struct extract x = { .to = to, .without = without, .e = e };
	size_t at = 0, end = 0;
	int r;

	/* Over dracut's archive lies ours. */
	do {
		r = cpio_each(archive + at, len - at, extract_one, &x, &end, e);
		at += end;
	} while (r == 0 && at < len);
	return r;
}
