/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_FLAT_H
#define CRASHCFG_FLAT_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * makedumpfile's flattened format, which "makedumpfile -F" writes where it cannot seek
 * (makedumpfile.h: struct makedumpfile_header, struct makedumpfile_data_header): a head of
 * FLAT_HEAD bytes, then records {offset, length, bytes}, numbers of eight bytes, big-endian;
 * a record of -1, -1 ends it.  A later record may write over an earlier one.
 */
#define FLAT_HEAD 4096
#define FLAT_RECORD 16

/* Who is told; either may be NULL.  A negative answer ends the reading with that. */
struct flat_sink {
	/* A record begins: its LEN bytes for OFFSET lie at POS of the stream. */
	int (*record)(void *ctx, uint64_t offset, uint64_t len, uint64_t pos);
	/* Bytes of a record, in pieces as they come. */
	int (*data)(void *ctx, uint64_t offset, const void *data, size_t len);
	void *ctx;
};

/* A reader that takes the stream piece by piece.  Zeroed, it is at the start. */
struct flat {
	uint64_t pos;			/* bytes of the stream that were taken */
	uint64_t offset, left;		/* of the record at hand */
	uint64_t size;			/* of the file that the records make, so far */
	unsigned char head[FLAT_RECORD];
	size_t have;			/* bytes of HEAD */
	bool ended;
};

/*
 * Take LEN bytes.  What follows the end is passed over: f->pos counts the stream's own
 * bytes.  -EINVAL: not such a stream, or damaged; text says where.  A sink's answer comes without text.
 */
int flat_feed(struct flat *f, const void *data, size_t len, const struct flat_sink *to, struct err *e);

/* The head of a stream, and that of a record; UINT64_MAX, UINT64_MAX: the end. */
void flat_head(char head[static FLAT_HEAD]);
void flat_record(char head[static FLAT_RECORD], uint64_t offset, uint64_t len);

#endif
