/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cpio.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC "070701"
#define FIELDS 13
#define HEADER (6 + FIELDS * 8)
#define NAME_MAX_LEN 4096	/* the kernel skips a member whose name is longer: PATH_MAX */
#define TRAILER "TRAILER!!!"

enum {
	F_INO, F_MODE, F_UID, F_GID, F_NLINK, F_MTIME, F_SIZE, F_MAJOR, F_MINOR, F_RMAJOR, F_RMINOR, F_NAME,
	F_CHECK,
};

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static void pad(struct buf *to, size_t unit)
{
	buf_zero(to, (unit - to->len % unit) % unit);
}

static void member(struct buf *to, const uint32_t field[static FIELDS], const char *name, const void *data,
		   size_t len)
{
	buf_adds(to, MAGIC);
	for (int i = 0; i < FIELDS; i++)
		buf_addf(to, "%08X", field[i]);
	buf_add(to, name, strlen(name) + 1);
	pad(to, 4);
	buf_add(to, data, len);
	pad(to, 4);
}

void cpio_add(struct buf *to, unsigned *inode, const char *name, uint32_t mode, const void *data, size_t len,
	      uint32_t rmajor, uint32_t rminor)
{
	const uint32_t field[FIELDS] = {
		[F_INO] = ++*inode, [F_MODE] = mode, [F_NLINK] = S_ISDIR(mode) ? 2 : 1,
		[F_SIZE] = (uint32_t)len, [F_RMAJOR] = rmajor, [F_RMINOR] = rminor,
		[F_NAME] = (uint32_t)strlen(name) + 1,
	};

	member(to, field, name, data, len);
}

void cpio_end(struct buf *to)
{
	static const uint32_t field[FIELDS] = { [F_NLINK] = 1, [F_NAME] = sizeof(TRAILER) };

	member(to, field, TRAILER, "", 0);
	pad(to, 512);
}

/* Eight hex digits, as the kernel's parse_header() reads them. */
static bool hex8(const char *p, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 8; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *d = p[i] ? strchr(digits, p[i]) : NULL;

		if (!d)
			return false;
		v = v << 4 | (uint32_t)((d - digits) & 15);
	}
	*ret = v;
	return true;
}

int cpio_each(const char *data, size_t len, int (*fn)(void *ctx, const struct cpio_member *m), void *ctx,
	      size_t *ret_end, struct err *e)
{
	size_t at = 0;

	for (;;) {
		auto_free char *name = NULL;
		uint32_t field[FIELDS];
		struct cpio_member m;
		size_t start = at, body;
		int r;

		if (len - at < HEADER)
			return err_set(e, EINVAL, "cpio archive ends at byte %zu without a trailer", at);
		if (memcmp(data + at, MAGIC, 6) != 0)
			return err_set(e, EINVAL, "byte %zu is no member of a 'newc' cpio archive", at);
		for (int i = 0; i < FIELDS; i++)
			if (!hex8(data + at + 6 + i * 8, &field[i]))
				return err_set(e, EINVAL, "cpio member at byte %zu: a field is not hex", at);
		at += HEADER;
		if (field[F_NAME] < 2 || field[F_NAME] > NAME_MAX_LEN || field[F_NAME] > len - at ||
		    memchr(data + at, '\0', field[F_NAME]) != data + at + field[F_NAME] - 1)
			return err_set(e, EINVAL, "cpio member at byte %zu has a damaged name", start);
		name = xstrndup(data + at, field[F_NAME]);
		body = align4(at + field[F_NAME]);
		if (body > len || field[F_SIZE] > len - body)
			return err_set(e, EINVAL, "cpio member '%s' is cut off", name);
		at = align4(body + field[F_SIZE]);
		if (strcmp(name, TRAILER) == 0)
			break;
		m = (struct cpio_member){
			.name = name, .mode = field[F_MODE], .data = data + body, .len = field[F_SIZE],
		};
		r = fn ? fn(ctx, &m) : 0;
		if (r < 0)
			return r;
		if (at > len)
			return err_set(e, EINVAL, "cpio archive ends at byte %zu without a trailer", len);
	}
	while (at < len && data[at] == '\0')
		at++;
	*ret_end = at < len ? at : len;
	return 0;
}
