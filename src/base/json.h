/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_JSON_H
#define CRASHCFG_JSON_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * JSON trees, by jansson behind this door.  A tree owns its members; keys keep
 * their order.  Bytes that are not UTF-8 are stored as U+FFFD, control
 * characters are escaped by the writer, so any text may be put in.
 */
struct json;

struct json *js_object(void);
struct json *js_array(void);
struct json *js_text(const char *text);
struct json *js_int(int64_t v);
struct json *js_bool(bool v);
struct json *js_real(double v);
struct json *js_null(void);
void js_free(struct json *j);
static inline void own_js(struct json **j)
{
	js_free(*j);
}
#define auto_json AUTO(own_js)

/* Put a member in place of an older one; takes VALUE.  js_set() returns VALUE for chaining. */
struct json *js_set(struct json *object, const char *key, struct json *value);
void js_set_text(struct json *object, const char *key, const char *text);	/* NULL: null */
void js_set_int(struct json *object, const char *key, int64_t v);
void js_set_bool(struct json *object, const char *key, bool v);
void js_set_real(struct json *object, const char *key, double v);
void js_set_strv(struct json *object, const char *key, const struct strv *list);
struct json *js_add(struct json *array, struct json *value);			/* takes and returns VALUE */
void js_add_text(struct json *array, const char *text);

/* One more owner of VALUE, which is not to be changed from then on; NULL: NULL. */
struct json *js_share(const struct json *value);

/* Readers: NULL, 0 or the default where the member is absent or of another kind. */
struct json *js_get(const struct json *object, const char *key);		/* borrowed */
const char *js_get_text(const struct json *object, const char *key);		/* borrowed, or NULL */
int64_t js_get_int(const struct json *object, const char *key, int64_t otherwise);
bool js_get_bool(const struct json *object, const char *key, bool otherwise);
double js_get_real(const struct json *object, const char *key, double otherwise);
void js_get_strv(const struct json *object, const char *key, struct strv *ret);
bool js_is_array(const struct json *value);
size_t js_len(const struct json *array);
struct json *js_at(const struct json *array, size_t i);			/* borrowed, or NULL */
const char *js_as_text(const struct json *value);				/* borrowed, or NULL */

/* Depth and size are bounded by the library and by LEN.  -EINVAL: not one JSON value, text says where. */
int js_parse(const char *text, size_t len, struct json **ret, struct err *e);
/* Indented by two, a newline last; the same tree gives the same bytes. */
void js_write(const struct json *j, struct buf *to);
/* On one line, a newline last. */
void js_write_line(const struct json *j, struct buf *to);

#endif
