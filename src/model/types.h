/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TYPES_H
#define CRASHCFG_TYPES_H

#include "schema.h"

/*
 * What the kinds of values share.  types.c has those of numbers, names and
 * targets, types_net.c those of addresses.
 */

static inline void *member(const struct schema_row *row, struct settings *s)
{
	return (char *)s + row->at;
}

/* Put TEXT, or NULL, in place of the text that is there. */
int put_text(const struct schema_row *row, struct settings *s, const char *text);
void done_text(const struct schema_row *row, struct settings *s);
/* TEXT's words, cut at blanks. */
void split_words(const char *text, struct strv *ret);
/* Put the words in place of those that are there; takes them. */
void put_words(struct strv *to, struct strv *words);
void done_words(const struct schema_row *row, struct settings *s);
void done_hostport(const struct schema_row *row, struct settings *s);

#endif
