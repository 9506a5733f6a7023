/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flat.h"

#include <errno.h>
#include <string.h>

#define SIGNATURE "makedumpfile"
#define SIGNATURE_LEN 16
#define TYPE_AT 16 /* int64_t type, version: both 1 */
#define HEAD_USED 32

static uint64_t number(const unsigned char *p)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* Byte AT of the stream's head must be this one. */
static unsigned char head_byte(uint64_t at)
{
	if (at < SIGNATURE_LEN)
		return at < strlen(SIGNATURE) ? (unsigned char)SIGNATURE[at] : 0;
	return at == TYPE_AT + 7 || at == TYPE_AT + 15 ? 1 : 0;
}

static int take_head(struct flat *f, const unsigned char *p, size_t len, size_t *ret_used,
		     struct err *e)
{
	size_t used = 0;

	for (; used < len && f->pos < FLAT_HEAD; used++, f->pos++)
		if (f->pos < HEAD_USED && p[used] != head_byte(f->pos))
			return err_set(e, EINVAL,
				       f->pos < SIGNATURE_LEN ? "it does not begin with '" SIGNATURE "'"
							      : "it is of a type or version of the "
								"flattened format that is not known");
	*ret_used = used;
	return 0;
}

static int begin_record(struct flat *f, const struct flat_sink *to, struct err *e)
{
	uint64_t offset = number(f->head), len = number(f->head + 8);

	f->have = 0;
	if (offset == UINT64_MAX && len == UINT64_MAX) {
		f->ended = true;
		return 0;
	}
	if (offset > INT64_MAX || len == 0 || len > INT64_MAX - offset)
		return err_set(e, EINVAL,
			       "it is damaged at %llu: a record of %llu bytes for offset %llu",
			       (unsigned long long)f->pos - FLAT_RECORD, (unsigned long long)len,
			       (unsigned long long)offset);
	f->offset = offset;
	f->left = len;
	if (offset + len > f->size)
		f->size = offset + len;
	return to && to->record ? to->record(to->ctx, offset, len, f->pos) : 0;
}

static int take_record_head(struct flat *f, const unsigned char *p, size_t len, size_t *ret_used,
			    const struct flat_sink *to, struct err *e)
{
	size_t n = FLAT_RECORD - f->have < len ? FLAT_RECORD - f->have : len;

	memcpy(f->head + f->have, p, n);
	f->have += n;
	f->pos += n;
	*ret_used = n;
	return f->have == FLAT_RECORD ? begin_record(f, to, e) : 0;
}

static int take_data(struct flat *f, const unsigned char *p, size_t len, size_t *ret_used,
		     const struct flat_sink *to)
{
	size_t n = f->left < len ? (size_t)f->left : len;
	int r = to && to->data ? to->data(to->ctx, f->offset, p, n) : 0;

	f->offset += n;
	f->left -= n;
	f->pos += n;
	*ret_used = n;
	return r;
}

int flat_feed(struct flat *f, const void *data, size_t len, const struct flat_sink *to, struct err *e)
{
	const unsigned char *p = data;

	while (len && !f->ended) {
		size_t used = 0;
		int r;

		if (f->pos < FLAT_HEAD)
			r = take_head(f, p, len, &used, e);
		else if (f->left == 0)
			r = take_record_head(f, p, len, &used, to, e);
		else
			r = take_data(f, p, len, &used, to);
		if (r < 0)
			return r;
		p += used;
		len -= used;
	}
	return 0;
}

static void put_number(char *to, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		to[i] = (char)(v >> (56 - 8 * i));
}

void flat_head(char head[static FLAT_HEAD])
{
	for (unsigned i = 0; i < FLAT_HEAD; i++)
		head[i] = i < HEAD_USED ? (char)head_byte(i) : 0;
}

void flat_record(char head[static FLAT_RECORD], uint64_t offset, uint64_t len)
{
	put_number(head, offset);
	put_number(head + 8, len);
}
