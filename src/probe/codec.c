/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec.h"

#include <errno.h>
#include <limits.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

/*
 * What the capture kernel pays for, it pays while its memory is scarcest: the
 * unpacker's window lies beside the packed and the unpacked image.  With a window
 * of 128 KiB an image unpacks in a reservation in which one of 8 MiB runs out of memory,
 * and it is hardly larger, since the files of an image have little in common.
 * Level 5 is where more effort stops paying: level 6 takes half as much time again
 * for 2 %, level 12 four times for 3 %.
 */
#define ZSTD_LEVEL 5
#define ZSTD_WINDOW_LOG 17
/* Worker threads take pieces of this size: the bytes depend on it, not on the number of threads. */
#define ZSTD_JOB (1u << 20)
#define ZSTD_THREADS 2
#define ZSTD_WINDOW_LOG_MAX 27	/* for files of others: 128 MiB */
#define XZ_DICT (1u << 20)
#define XZ_MEMORY_MAX (256u << 20)
#define STEP (256u << 10)

struct codec {
	const char *name, *suffix;
	int (*unpack)(const char *data, size_t len, size_t cap, struct buf *to, struct err *e);
	int (*pack)(const char *data, size_t len, struct buf *to, struct err *e);
};

static int too_large(size_t cap, struct err *e)
{
	return err_set(e, EFBIG, "unpacks to more than %zu bytes", cap);
}

static int unzstd(const char *data, size_t len, size_t cap, struct buf *to, struct err *e)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = { data, len, 0 };
	size_t left = 1;
	int r = 0;

	if (!stream)
		return err_set(e, ENOMEM, "zstd: out of memory");
	ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	while (r == 0 && (in.pos < in.size || left)) {
		ZSTD_outBuffer out = { buf_room(to, STEP), STEP, 0 };
		size_t before = in.pos;

		left = ZSTD_decompressStream(stream, &out, &in);
		if (ZSTD_isError(left)) {
			r = err_set(e, EINVAL, "damaged zstd data: %s", ZSTD_getErrorName(left));
			break;
		}
		to->len += out.pos;
		if (to->len > cap)
			r = too_large(cap, e);
		else if (left && in.pos == before && out.pos == 0)
			r = err_set(e, EINVAL, "damaged zstd data: cut off");
	}
	ZSTD_freeDStream(stream);
	return r;
}

static int zstd(const char *data, size_t len, struct buf *to, struct err *e)
{
	static const struct { ZSTD_cParameter name; int value; } want[] = {
		{ ZSTD_c_compressionLevel, ZSTD_LEVEL }, { ZSTD_c_windowLog, ZSTD_WINDOW_LOG },
		{ ZSTD_c_checksumFlag, 0 }, { ZSTD_c_contentSizeFlag, 1 },
		{ ZSTD_c_nbWorkers, ZSTD_THREADS }, { ZSTD_c_jobSize, ZSTD_JOB },
	};
	size_t room = ZSTD_compressBound(len), n;
	ZSTD_CCtx *ctx = ZSTD_createCCtx();

	if (!ctx)
		return err_set(e, ENOMEM, "zstd: out of memory");
	/* A library without threads refuses the last two: it packs a little differently, and just as well. */
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		ZSTD_CCtx_setParameter(ctx, want[i].name, want[i].value);
	n = ZSTD_compress2(ctx, buf_room(to, room), room, data, len);
	ZSTD_freeCCtx(ctx);
	if (ZSTD_isError(n))
		return err_set(e, EIO, "zstd: %s", ZSTD_getErrorName(n));
	to->len += n;
	to->data[to->len] = '\0';
	return 0;
}

/* Let liblzma turn all of DATA into what is appended to TO. */
static int lzma_run(lzma_stream *stream, const char *data, size_t len, size_t cap, struct buf *to,
		    struct err *e)
{
	lzma_ret code = LZMA_OK;
	int r = 0;

	stream->next_in = (const uint8_t *)data;
	stream->avail_in = len;
	while (r == 0 && code == LZMA_OK) {
		stream->next_out = buf_room(to, STEP);
		stream->avail_out = STEP;
		code = lzma_code(stream, LZMA_FINISH);
		to->len += STEP - stream->avail_out;
		if (to->len > cap)
			r = too_large(cap, e);
	}
	if (r == 0 && code != LZMA_STREAM_END)
		r = err_set(e, EINVAL, "%s", code == LZMA_BUF_ERROR ? "damaged xz data: cut off" :
			    code == LZMA_MEMLIMIT_ERROR ? "xz data wants too much memory" :
			    "damaged xz data");
	lzma_end(stream);
	return r;
}

static int unxz(const char *data, size_t len, size_t cap, struct buf *to, struct err *e)
{
	lzma_stream stream = LZMA_STREAM_INIT;

	if (lzma_stream_decoder(&stream, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
		return err_set(e, ENOMEM, "xz: out of memory");
	return lzma_run(&stream, data, len, cap, to, e);
}

/* The kernel's unpacker knows no check but CRC32 (lib/decompress_unxz.c). */
static int xz(const char *data, size_t len, struct buf *to, struct err *e)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_options_lzma options;
	const lzma_filter filters[] = { { LZMA_FILTER_LZMA2, &options }, { LZMA_VLI_UNKNOWN, NULL } };

	if (lzma_lzma_preset(&options, LZMA_PRESET_DEFAULT))
		return err_set(e, EIO, "xz: no default settings");
	options.dict_size = XZ_DICT;
	if (lzma_stream_encoder(&stream, filters, LZMA_CHECK_CRC32) != LZMA_OK)
		return err_set(e, ENOMEM, "xz: out of memory");
	return lzma_run(&stream, data, len, SIZE_MAX, to, e);
}

static int gunzip(const char *data, size_t len, size_t cap, struct buf *to, struct err *e)
{
	z_stream stream = { .next_in = (const Bytef *)data, .avail_in = (uInt)len };
	int code = Z_OK, r = 0;

	if (len > UINT_MAX)
		return err_set(e, EFBIG, "gzip data of %zu bytes", len);
	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return err_set(e, ENOMEM, "gzip: out of memory");
	while (r == 0 && code == Z_OK) {
		stream.next_out = buf_room(to, STEP);
		stream.avail_out = STEP;
		code = inflate(&stream, Z_NO_FLUSH);
		to->len += STEP - stream.avail_out;
		if (to->len > cap)
			r = too_large(cap, e);
	}
	inflateEnd(&stream);
	if (r == 0 && code != Z_STREAM_END)
		r = err_set(e, EINVAL, "damaged gzip data%s", code == Z_BUF_ERROR ? ": cut off" : "");
	return r;
}

static int gzip(const char *data, size_t len, struct buf *to, struct err *e)
{
	gz_header header = { .os = 255 };	/* no time, no name, unknown system */
	z_stream stream = { .next_in = (const Bytef *)data, .avail_in = (uInt)len };
	size_t room;
	int code;

	if (len > UINT_MAX)
		return err_set(e, EFBIG, "%zu bytes are too much for gzip", len);
	if (deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(e, ENOMEM, "gzip: out of memory");
	deflateSetHeader(&stream, &header);
	room = deflateBound(&stream, (uLong)len);
	stream.next_out = buf_room(to, room);
	stream.avail_out = (uInt)room;
	code = deflate(&stream, Z_FINISH);
	deflateEnd(&stream);
	if (code != Z_STREAM_END)
		return err_set(e, EIO, "gzip: did not end");
	to->len += stream.total_out;
	to->data[to->len] = '\0';
	return 0;
}

static const struct codec codecs[] = {
	{ "zstd", ".zst", unzstd, zstd },
	{ "xz", ".xz", unxz, xz },
	{ "gzip", ".gz", gunzip, gzip },
};

static const struct codec *find(const char *name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (strcmp(codecs[i].name, name) == 0)
			return &codecs[i];
	err_set(e, ENOTSUP, "packing '%s' is not known", name);
	return NULL;
}

const char *codec_of(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		size_t n = strlen(codecs[i].suffix);

		if (len > n && strcmp(path + len - n, codecs[i].suffix) == 0)
			return codecs[i].name;
	}
	return NULL;
}

const char *codec_suffix(const char *codec)
{
	const struct codec *c = find(codec, NULL);

	return c ? c->suffix : NULL;
}

int codec_unpack(const char *codec, const char *data, size_t len, size_t cap, struct buf *ret, struct err *e)
{
	const struct codec *c = find(codec, e);
	auto_buf struct buf out = { 0 };
	int r;

	if (!c)
		return -ENOTSUP;
	r = c->unpack(data, len, cap, &out, e);
	if (r < 0)
		return r;
	buf_room(&out, 0);
	out.data[out.len] = '\0';
	buf_done(ret);
	*ret = out;
	out = (struct buf){ 0 };
	return 0;
}

int codec_pack(const char *codec, const char *data, size_t len, struct buf *to, struct err *e)
{
	const struct codec *c = find(codec, e);

	return c ? c->pack(data, len, to, e) : -ENOTSUP;
}
