/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_BUF_H
#define CRASHCFG_BUF_H

#include "own.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A growing run of bytes.  Always NUL-terminated one past its length, so data
 * can be printed as text; never NULL after the first add.  May hold NULs.
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
};

void buf_done(struct buf *b);
#define auto_buf AUTO(buf_done)

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *text);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_zero(struct buf *b, size_t n);			/* append n NUL bytes */
void *buf_room(struct buf *b, size_t n);		/* at least n writable bytes behind len */
void buf_clear(struct buf *b);				/* len = 0, keeps the memory */
const char *buf_text(const struct buf *b);		/* "" when empty */
char *buf_take(struct buf *b);				/* the text, owned by the caller; b is empty */
bool buf_equal(const struct buf *a, const struct buf *b);

/* A growing list of strings that it owns.  v is NULL-terminated when n > 0. */
struct strv {
	char **v;
	size_t n;
};

void strv_done(struct strv *s);
#define auto_strv AUTO(strv_done)
void strv_add(struct strv *s, const char *text);	/* copies */
void strv_take(struct strv *s, char *text);		/* owns */
void strv_addf(struct strv *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool strv_has(const struct strv *s, const char *text);
void strv_add_once(struct strv *s, const char *text);
void strv_sort(struct strv *s);

#endif
