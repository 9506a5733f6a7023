/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_RECORD_H
#define CRASHCFG_RECORD_H

#include "err.h"
#include "json.h"

#include <stddef.h>

/*
 * Structs <-> JSON objects by a table of their members, so that encoder,
 * decoder and destructor of a record cannot disagree.
 */
enum record_kind {
	RECORD_TEXT,		/* char *, never NULL after decoding */
	RECORD_UINT,		/* unsigned */
	RECORD_INT,		/* int */
	RECORD_U64,		/* uint64_t, up to INT64_MAX (larger ones are written as that) */
	RECORD_I64,		/* int64_t */
	RECORD_FLAG,		/* int, a JSON boolean */
	RECORD_BOOL,		/* bool */
	RECORD_REAL,		/* double */
	RECORD_NAME,		/* an enum counted from 0, written as one of NAMES */
	RECORD_STRV,		/* struct strv */
};

struct record_field {
	const char *key;
	enum record_kind kind;
	size_t at;			/* offset in the struct */
	const char *const *names;	/* RECORD_NAME: NULL-terminated */
};

#define RECORD(type, member, record_kind) \
	{ .key = #member, .kind = RECORD_##record_kind, .at = offsetof(type, member) }
#define RECORD_ENUM(type, member, list) \
	{ .key = #member, .kind = RECORD_NAME, .at = offsetof(type, member), .names = (list) }

void record_encode(const struct record_field *fields, size_t n, const void *from, struct json *to);
/*
 * Fill the zeroed struct TO.  A member that is absent takes its empty value, or
 * with ALL is a fault; one of another kind or out of its range always is:
 * -EINVAL, the text names it.  TO holds what was read so far even then.
 */
int record_decode(const struct record_field *fields, size_t n, const struct json *from, bool all, void *to,
		  struct err *e);
/* Free what the members own; the struct itself stays. */
void record_done(const struct record_field *fields, size_t n, void *record);

#endif
