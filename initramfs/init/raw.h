/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_RAW_H
#define CRASHCFG_INIT_RAW_H

#include "flat.h"
#include "hash.h"
#include "place.h"
#include "rawarea.h"

/* Where a record of the flattened dump lies in its stream. */
struct raw_record {
	uint64_t offset, pos;
};

/* A raw: target at work: what its place owns. */
struct raw {
	struct rawarea *area;
	uint64_t next;			/* where the next part may begin */
	/* The dump as it comes. */
	const struct place *place;
	struct page *page;
	uint64_t dump_at, written;
	char *data;			/* a piece that is not yet written */
	size_t n_data;
	struct hash *hash;
	struct flat flat;
	struct raw_record *records;
	size_t n_records;
	bool too_many;			/* there were more: the dump is not looked at */
	struct page_attempt *attempt;
};

/* The sum of the stream so far; ends it. */
const char *raw_stream_sum(struct raw *raw, char text[static HASH_TEXT_MAX]);

#endif
