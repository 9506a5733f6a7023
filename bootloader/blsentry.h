/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_BLSENTRY_H
#define CRASHCFG_BLSENTRY_H

#include "buf.h"

/*
 * Lines "key value" of a boot loader entry (UAPI Boot Loader Specification,
 * type 1), read as GRUB's blscfg command reads them: leading blanks are passed
 * over, "#" starts a comment line, blanks part key and value.
 */
struct bls_line {
	size_t key, key_len;
	size_t value, value_len; /* without the line end; blanks and \r at its end are part of it */
	unsigned line;			/* from 1 */
	size_t next;			/* where to go on */
};

/* The next line with a key and a value, from ret->next on; start with a zeroed one.  False: none. */
bool bls_next(const struct buf *text, struct bls_line *ret);
bool bls_key_is(const struct buf *text, const struct bls_line *line, const char *key);
/* First value of KEY without the blanks at its end; NULL: there is none.  Caller frees. */
char *bls_get(const struct buf *text, const char *key);

/* Order in the menu (rpm's version order, as blscfg has it): > 0 when A is newer and stands above B. */
int bls_compare(const char *id_a, const char *id_b);

#endif
