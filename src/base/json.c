/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* struct json is jansson's json_t under a name that our headers may use. */
static json_t *in(const struct json *j)
{
	return (json_t *)(uintptr_t)j;
}

static struct json *made(json_t *j)
{
	if (!j)
		abort();	/* out of memory: every argument is valid here */
	return (struct json *)j;
}

/* Length of the UTF-8 sequence at P (RFC 3629: shortest form, no surrogates), 0: none. */
static size_t utf8_len(const unsigned char *p)
{
	unsigned c = p[0];

	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf && (p[1] & 0xc0) == 0x80)
		return 2;
	if ((c & 0xf0) == 0xe0 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80)
		return (c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] >= 0xa0) ? 0 : 3;
	if (c >= 0xf0 && c <= 0xf4 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80 && (p[3] & 0xc0) == 0x80)
		return (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] >= 0x90) ? 0 : 4;
	return 0;
}

struct json *js_object(void)
{
	return made(json_object());
}

struct json *js_array(void)
{
	return made(json_array());
}

struct json *js_share(const struct json *value)
{
	return value ? made(json_incref(in(value))) : NULL;
}

struct json *js_text(const char *text)
{
	json_t *j = json_string(text);
	auto_buf struct buf clean = { 0 };

	if (j)
		return made(j);
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t len = utf8_len(p);

		if (len)
			buf_add(&clean, p, len);
		else
			buf_adds(&clean, "\xef\xbf\xbd");
		p += len ? len : 1;
	}
	return made(json_string(buf_text(&clean)));
}

struct json *js_int(int64_t v)
{
	return made(json_integer(v));
}

struct json *js_bool(bool v)
{
	return made(json_boolean(v));
}

struct json *js_real(double v)
{
	return made(json_real(v));
}

struct json *js_null(void)
{
	return made(json_null());
}

void js_free(struct json *j)
{
	json_decref(in(j));
}

struct json *js_set(struct json *object, const char *key, struct json *value)
{
	if (json_object_set_new(in(object), key, in(value)) < 0)
		abort();
	return value;
}

void js_set_text(struct json *object, const char *key, const char *text)
{
	js_set(object, key, text ? js_text(text) : js_null());
}

void js_set_int(struct json *object, const char *key, int64_t v)
{
	js_set(object, key, js_int(v));
}

void js_set_bool(struct json *object, const char *key, bool v)
{
	js_set(object, key, js_bool(v));
}

void js_set_real(struct json *object, const char *key, double v)
{
	js_set(object, key, js_real(v));
}

void js_set_strv(struct json *object, const char *key, const struct strv *list)
{
	struct json *array = js_set(object, key, js_array());

	for (size_t i = 0; i < list->n; i++)
		js_add_text(array, list->v[i]);
}

struct json *js_add(struct json *array, struct json *value)
{
	if (json_array_append_new(in(array), in(value)) < 0)
		abort();
	return value;
}

void js_add_text(struct json *array, const char *text)
{
	js_add(array, js_text(text));
}

struct json *js_get(const struct json *object, const char *key)
{
	return (struct json *)json_object_get(in(object), key);
}

const char *js_get_text(const struct json *object, const char *key)
{
	return json_string_value(in(js_get(object, key)));
}

int64_t js_get_int(const struct json *object, const char *key, int64_t otherwise)
{
	json_t *j = in(js_get(object, key));

	return json_is_integer(j) ? json_integer_value(j) : otherwise;
}

bool js_get_bool(const struct json *object, const char *key, bool otherwise)
{
	json_t *j = in(js_get(object, key));

	return json_is_boolean(j) ? json_is_true(j) : otherwise;
}

double js_get_real(const struct json *object, const char *key, double otherwise)
{
	json_t *j = in(js_get(object, key));

	return json_is_number(j) ? json_number_value(j) : otherwise;
}

void js_get_strv(const struct json *object, const char *key, struct strv *ret)
{
	const struct json *array = js_get(object, key);

	for (size_t i = 0; i < js_len(array); i++) {
		const char *text = js_as_text(js_at(array, i));

		if (text)
			strv_add(ret, text);
	}
}

bool js_is_array(const struct json *value)
{
	return json_is_array(in(value));
}

size_t js_len(const struct json *array)
{
	return json_array_size(in(array));
}

struct json *js_at(const struct json *array, size_t i)
{
	return (struct json *)json_array_get(in(array), i);
}

const char *js_as_text(const struct json *value)
{
	return json_string_value(in(value));
}

int js_parse(const char *text, size_t len, struct json **ret, struct err *e)
{
	json_error_t where;
	json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);

	if (!j)
		return err_set(e, EINVAL, "not JSON: line %d, column %d: %s", where.line, where.column, where.text);
	*ret = (struct json *)j;
	return 0;
}

static int write_chunk(const char *data, size_t len, void *to)
{
	buf_add(to, data, len);
	return 0;
}

void js_write(const struct json *j, struct buf *to)
{
	if (json_dump_callback(in(j), write_chunk, to, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6)) < 0)
		abort();
	buf_addc(to, '\n');
}

void js_write_line(const struct json *j, struct buf *to)
{
	if (json_dump_callback(in(j), write_chunk, to, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6)) < 0)
		abort();
	buf_addc(to, '\n');
}
