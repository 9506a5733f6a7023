/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kdump.h"

#include "own.h"

#include <errno.h>
#include <string.h>

#define PIECE 65536U
#define INCOMPLETE 0x8U		/* DUMP_DH_COMPRESSED_INCOMPLETE */

/* struct disk_dump_header, as far as it matters here; offsets of the 64-bit build. */
#define AT_VERSION 8
#define AT_RELEASE (12 + 2 * 65)
#define AT_STATUS 424
#define AT_BLOCK_SIZE 428
#define AT_SUB_BLOCKS 432
#define AT_BITMAP_BLOCKS 436
#define AT_MAX_MAPNR 440
#define HEADER_SIZE 464

/* struct kdump_sub_header; members exist from the header version in brackets. */
#define SUB_OFFSET_ERASEINFO 64	/* (5) */
#define SUB_SIZE_ERASEINFO 72
#define SUB_MAX_MAPNR_64 96	/* (6) */
#define SUB_SIZE 104

#define DESC_SIZE 24U		/* page_desc: offset (8), size (4), flags (4), page_flags (8) */

struct source {
	dump_reader read;
	void *ctx;
	uint64_t size;
	unsigned char *piece;
};

static uint32_t get32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t get64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static int fetch(struct source *s, uint64_t offset, size_t len, const char *what, struct err *e)
{
	int r;

	if (offset > s->size || len > s->size - offset)
		return err_set(e, ENODATA, "the file ends at %llu, within %s", (unsigned long long)s->size,
			       what);
	r = s->read(s->ctx, offset, s->piece, len);
	return r < 0 ? err_set(e, -r, "cannot read %s: %s", what, strerror(-r)) : 0;
}

struct layout {
	uint64_t bitmap;	/* where the second one lies */
	uint64_t bitmap_len;
	uint64_t mapnr;		/* page frames that it speaks of */
	uint64_t descs;
	uint64_t trailer;	/* end of what makedumpfile puts behind the pages, 0 nothing */
};

static int read_headers(struct source *s, struct kdump *k, struct layout *l, struct err *e)
{
	const unsigned char *p = s->piece;
	uint64_t sub_blocks, bitmap_blocks;
	int r = fetch(s, 0, HEADER_SIZE, "its header", e);

	if (r < 0)
		return r;
	if (memcmp(p, "KDUMP   ", 8) != 0)
		return err_set(e, EINVAL, "it does not begin with 'KDUMP   '");
	k->version = get32(p + AT_VERSION);
	k->incomplete = (get32(p + AT_STATUS) & INCOMPLETE) != 0;
	k->block_size = get32(p + AT_BLOCK_SIZE);
	memcpy(k->release, p + AT_RELEASE, sizeof(k->release) - 1);
	sub_blocks = get32(p + AT_SUB_BLOCKS);
	bitmap_blocks = get32(p + AT_BITMAP_BLOCKS);
	l->mapnr = get32(p + AT_MAX_MAPNR);
	if (k->version < 1 || k->version > 100 || k->block_size < 4096 || k->block_size > 65536 ||
	    (k->block_size & (k->block_size - 1)))
		return err_set(e, EINVAL, "its header is damaged: version %u, block size %u", k->version,
			       k->block_size);
	r = fetch(s, k->block_size, SUB_SIZE, "its second header", e);
	if (r < 0)
		return r;
	if (k->version >= 6)
		l->mapnr = get64(p + SUB_MAX_MAPNR_64);
	if (k->version >= 5 && get64(p + SUB_SIZE_ERASEINFO)) {
		l->trailer = get64(p + SUB_OFFSET_ERASEINFO) + get64(p + SUB_SIZE_ERASEINFO);
		if (l->trailer > s->size)
			return err_set(e, ENODATA, "the file ends at %llu, its erase information at %llu",
				       (unsigned long long)s->size, (unsigned long long)l->trailer);
	}
	l->bitmap_len = bitmap_blocks / 2 * k->block_size;
	l->bitmap = (1 + sub_blocks) * k->block_size + l->bitmap_len;
	l->descs = (1 + sub_blocks + bitmap_blocks) * k->block_size;
	if (bitmap_blocks % 2 || l->mapnr == 0 || (l->mapnr - 1) / 8 >= l->bitmap_len)
		return err_set(e, EINVAL, "its bitmaps of %llu blocks do not hold %llu page frames",
			       (unsigned long long)bitmap_blocks, (unsigned long long)l->mapnr);
	if (l->descs > s->size)
		return err_set(e, ENODATA, "the file ends at %llu, within its bitmaps",
			       (unsigned long long)s->size);
	return 0;
}

static int count_pages(struct source *s, struct kdump *k, const struct layout *l, struct err *e)
{
	for (uint64_t at = 0; at < l->bitmap_len; at += PIECE) {
		uint64_t left = l->bitmap_len - at;
		size_t len = left < PIECE ? (size_t)left : PIECE;
		int r = fetch(s, l->bitmap + at, len, "its second bitmap", e);

		if (r < 0)
			return r;
		/* Block sizes are powers of two: whole words. */
		for (size_t i = 0; i < len; i += 8)
			k->pages += (unsigned)__builtin_popcountll(get64(s->piece + i));
	}
	if (k->pages == 0)
		return err_set(e, EINVAL, "its second bitmap names no page");
	return 0;
}

static int check_descs(struct source *s, struct kdump *k, const struct layout *l, uint64_t from, uint64_t to,
		       struct err *e)
{
	const size_t step = PIECE / DESC_SIZE;
	uint64_t data = l->descs + k->pages * DESC_SIZE;

	while (from < to) {
		size_t n = to - from < step ? (size_t)(to - from) : step;
		int r = fetch(s, l->descs + from * DESC_SIZE, n * DESC_SIZE, "its page descriptors", e);

		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++) {
			uint64_t offset = get64(s->piece + i * DESC_SIZE);
			uint32_t size = get32(s->piece + i * DESC_SIZE + 8);
			unsigned long long page = from + i;

			if (offset < data || size == 0 || size > k->block_size || offset > s->size ||
			    size > s->size - offset)
				return err_set(
					e, EINVAL,
					"page %llu of %llu lies outside the file: %u bytes at %llu of %llu",
					page, (unsigned long long)k->pages, size,
					(unsigned long long)offset, (unsigned long long)s->size);
			if (offset + size > k->end)
				k->end = offset + size;
		}
		k->seen += n;
		from += n;
	}
	return 0;
}

static int check(struct source *s, struct kdump *k, struct err *e)
{
	struct layout l = { .trailer = 0 };
	uint64_t half = KDUMP_DESC_MAX / 2;
	int r = read_headers(s, k, &l, e);

	if (r < 0)
		return r;
	if (k->incomplete)
		return err_set(e, EUCLEAN, "makedumpfile marked it as incomplete");
	r = count_pages(s, k, &l, e);
	if (r < 0)
		return r;
	if (k->pages > s->size / DESC_SIZE)
		return err_set(e, ENODATA,
			       "the file ends at %llu, before %llu page descriptors can have room",
			       (unsigned long long)s->size, (unsigned long long)k->pages);
	if (k->pages <= KDUMP_DESC_MAX) {
		r = check_descs(s, k, &l, 0, k->pages, e);
	} else {
		r = check_descs(s, k, &l, 0, half, e);
		if (r == 0)
			r = check_descs(s, k, &l, k->pages - half, k->pages, e);
		/* Pages of zeros all have the first one's place: the last data may be that of a page between. */
		if (r == 0 && (l.trailer > k->end ? l.trailer : k->end) != s->size)
			r = check_descs(s, k, &l, half, k->pages - half, e);
	}
	if (r < 0)
		return r;
	if (l.trailer > k->end)
		k->end = l.trailer;
	if (k->end != s->size)
		return err_set(e, EINVAL, "its last page ends at %llu, the file at %llu",
			       (unsigned long long)k->end, (unsigned long long)s->size);
	return 0;
}

int kdump_check(dump_reader read_at, void *ctx, uint64_t file_size, struct kdump *ret, struct err *e)
{
	auto_free unsigned char *piece = xmalloc(PIECE);
	struct source s = { .read = read_at, .ctx = ctx, .size = file_size, .piece = piece };
	struct kdump k = { .version = 0 };
	int r = check(&s, &k, e);

	if (r < 0)
		return r;
	*ret = k;
	return 0;
}
