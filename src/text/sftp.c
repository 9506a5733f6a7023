/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sftp.h"

#include <errno.h>
#include <string.h>

enum { ATTR_SIZE = 1, ATTR_OWNER = 2, ATTR_MODE = 4, ATTR_TIME = 8, ATTR_EXTENDED = 0x80000000 };

/* --- writing ---------------------------------------------------------------------------------- */

void sftp_put_u32(struct buf *to, uint32_t v)
{
	const char bytes[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };

	buf_add(to, bytes, sizeof(bytes));
}

void sftp_put_u64(struct buf *to, uint64_t v)
{
	sftp_put_u32(to, (uint32_t)(v >> 32));
	sftp_put_u32(to, (uint32_t)v);
}

void sftp_put_text(struct buf *to, const void *data, size_t len)
{
	sftp_put_u32(to, (uint32_t)len);
	buf_add(to, data, len);
}

void sftp_put_attrs(struct buf *to, const struct sftp_attrs *a)
{
	sftp_put_u32(to, (a->has_size ? ATTR_SIZE : 0u) | (a->has_mode ? ATTR_MODE : 0u) |
			 (a->has_time ? ATTR_TIME : 0u));
	if (a->has_size)
		sftp_put_u64(to, a->size);
	if (a->has_mode)
		sftp_put_u32(to, a->mode);
	if (a->has_time) {
		sftp_put_u32(to, a->atime);
		sftp_put_u32(to, a->mtime);
	}
}

size_t sftp_begin(struct buf *to, enum sftp_type type, uint32_t id)
{
	size_t at = to->len;

	sftp_put_u32(to, 0);
	buf_addc(to, (char)type);
	sftp_put_u32(to, id);
	return at;
}

void sftp_end(struct buf *to, size_t begun)
{
	uint32_t len = (uint32_t)(to->len - begun - 4);

	for (int i = 0; i < 4; i++)
		to->data[begun + (size_t)i] = (char)(len >> (24 - 8 * i));
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reader {
	const char *data;
	size_t len;
};

static bool get_u32(struct reader *r, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)r->data;

	if (r->len < 4)
		return false;
	*ret = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	r->data += 4;
	r->len -= 4;
	return true;
}

static bool get_u64(struct reader *r, uint64_t *ret)
{
	uint32_t high, low;

	if (r->len < 8 || !get_u32(r, &high) || !get_u32(r, &low))
		return false;
	*ret = (uint64_t)high << 32 | low;
	return true;
}

static bool get_text(struct reader *r, const char **ret, size_t *ret_len)
{
	uint32_t len;

	if (!get_u32(r, &len) || len > r->len)
		return false;
	*ret = r->data;
	*ret_len = len;
	r->data += len;
	r->len -= len;
	return true;
}

static bool get_attrs(struct reader *r, struct sftp_attrs *ret)
{
	uint32_t flags, skip, n = 0;
	const char *text;
	size_t len;

	*ret = (struct sftp_attrs){ 0 };
	if (!get_u32(r, &flags))
		return false;
	ret->has_size = flags & ATTR_SIZE;
	ret->has_mode = flags & ATTR_MODE;
	ret->has_time = flags & ATTR_TIME;
	if ((ret->has_size && !get_u64(r, &ret->size)) ||
	    ((flags & ATTR_OWNER) && (!get_u32(r, &skip) || !get_u32(r, &skip))) ||
	    (ret->has_mode && !get_u32(r, &ret->mode)) ||
	    (ret->has_time && (!get_u32(r, &ret->atime) || !get_u32(r, &ret->mtime))) ||
	    ((flags & ATTR_EXTENDED) && !get_u32(r, &n)))
		return false;
	while (n--)
		if (!get_text(r, &text, &len) || !get_text(r, &text, &len))
			return false;
	return true;
}

int sftp_parse(const char *data, size_t len, struct sftp_packet *ret)
{
	struct reader r = { data, len };
	struct sftp_packet p = { 0 };
	bool good = len > 0;

	if (!good)
		return -EINVAL;
	p.type = (enum sftp_type)(unsigned char)data[0];
	r.data++;
	r.len--;
	good = get_u32(&r, &p.id);
	switch (p.type) {
	case SFTP_STATUS:
		good = good && get_u32(&r, &p.status);
		/* Servers of old send no words. */
		if (good && r.len && !get_text(&r, &p.data, &p.len))
			good = false;
		break;
	case SFTP_HANDLE:
	case SFTP_DATA:
		good = good && get_text(&r, &p.data, &p.len);
		break;
	case SFTP_NAME:
		good = good && get_u32(&r, &p.count);
		p.data = r.data;
		p.len = r.len;
		break;
	case SFTP_ATTRS:
		good = good && get_attrs(&r, &p.attrs);
		break;
	case SFTP_VERSION:
	case SFTP_EXTENDED_REPLY:
		p.data = r.data;
		p.len = r.len;
		break;
	default:
		good = false;
	}
	if (!good)
		return -EINVAL;
	*ret = p;
	return 0;
}

bool sftp_next_name(struct sftp_packet *p, struct sftp_name *ret)
{
	struct reader r = { p->data, p->len };
	const char *text;
	size_t len;

	if (!p->count || !get_text(&r, &ret->name, &ret->len) || !get_text(&r, &text, &len) ||
	    !get_attrs(&r, &ret->attrs))
		return false;
	p->count--;
	p->data = r.data;
	p->len = r.len;
	return true;
}

bool sftp_has_extension(const struct sftp_packet *version, const char *name)
{
	struct reader r = { version->data, version->len };
	const char *text, *value;
	size_t len, value_len;

	while (get_text(&r, &text, &len) && get_text(&r, &value, &value_len))
		if (len == strlen(name) && memcmp(text, name, len) == 0)
			return true;
	return false;
}

int sftp_read_space(const struct sftp_packet *p, struct sftp_space *ret)
{
	struct reader r = { p->data, p->len };
	uint64_t fragment, all;

	/* f_bsize f_frsize f_blocks f_bfree f_bavail f_files f_ffree ... */
	if (!get_u64(&r, &ret->block) || !get_u64(&r, &fragment) || !get_u64(&r, &ret->blocks) ||
	    !get_u64(&r, &all) ||
	    !get_u64(&r, &ret->available) || !get_u64(&r, &ret->files) || !get_u64(&r, &ret->files_free))
		return -EINVAL;
	ret->block = fragment ? fragment : ret->block;
	return 0;
}

int sftp_errno(uint32_t status)
{
	switch (status) {
	case SFTP_OK:
	case SFTP_EOF:
		return 0;
	case SFTP_NO_SUCH_FILE:
		return ENOENT;
	case SFTP_PERMISSION_DENIED:
		return EACCES;
	case SFTP_BAD_MESSAGE:
		return EPROTO;
	case SFTP_NO_CONNECTION:
	case SFTP_CONNECTION_LOST:
		return ECONNRESET;
	case SFTP_UNSUPPORTED:
		return EOPNOTSUPP;
	default:
		return EIO;
	}
}
