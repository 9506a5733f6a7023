/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* A member's place in its record; the table says what lies there. */
#define MEMBER(type, record, field) ((type *)(void *)((char *)(record) + (field)->at))
#define CONST_MEMBER(type, record, field) ((type const *)(const void *)((const char *)(record) + (field)->at))

static struct json *encode_one(const struct record_field *f, const void *from)
{
	struct json *array;
	const struct strv *list;
	uint64_t big;
	const char *text;

	switch (f->kind) {
	case RECORD_TEXT:
		text = *CONST_MEMBER(char *, from, f);
		return js_text(text ? text : "");
	case RECORD_UINT:
		return js_int(*CONST_MEMBER(unsigned, from, f));
	case RECORD_INT:
		return js_int(*CONST_MEMBER(int, from, f));
	case RECORD_U64:
		big = *CONST_MEMBER(uint64_t, from, f);
		return js_int(big > INT64_MAX ? INT64_MAX : (int64_t)big);
	case RECORD_I64:
		return js_int(*CONST_MEMBER(int64_t, from, f));
	case RECORD_FLAG:
		return js_bool(*CONST_MEMBER(int, from, f) != 0);
	case RECORD_BOOL:
		return js_bool(*CONST_MEMBER(bool, from, f));
	case RECORD_REAL:
		return js_real(*CONST_MEMBER(double, from, f));
	case RECORD_NAME:
		return js_text(f->names[*CONST_MEMBER(unsigned, from, f)]);
	case RECORD_STRV:
		array = js_array();
		list = CONST_MEMBER(struct strv, from, f);
		for (size_t i = 0; i < list->n; i++)
			js_add_text(array, list->v[i]);
		return array;
	}
	return js_null();
}

void record_encode(const struct record_field *fields, size_t n, const void *from, struct json *to)
{
	for (size_t i = 0; i < n; i++)
		js_set(to, fields[i].key, encode_one(&fields[i], from));
}

static int wanted(const struct record_field *f, const char *what, struct err *e)
{
	return err_set(e, EINVAL, "'%s' is not %s", f->key, what);
}

static int decode_int(const struct record_field *f, const struct json *from, int64_t min, int64_t max,
		      int64_t *ret, struct err *e)
{
	int64_t v = js_get_int(from, f->key, 0);

	/* Only what is no integer follows the default. */
	if (v != js_get_int(from, f->key, 1) || v < min || v > max)
		return wanted(f, "a whole number in its range", e);
	*ret = v;
	return 0;
}

static int decode_bool(const struct record_field *f, const struct json *from, bool *ret, struct err *e)
{
	bool v = js_get_bool(from, f->key, false);

	if (v != js_get_bool(from, f->key, true))
		return wanted(f, "true or false", e);
	*ret = v;
	return 0;
}

static int decode_name(const struct record_field *f, const struct json *from, unsigned *ret, struct err *e)
{
	const char *text = js_get_text(from, f->key);

	for (unsigned i = 0; text && f->names[i]; i++) {
		if (strcmp(text, f->names[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	return err_set(e, EINVAL, "'%s' is '%.40s', which is not known here", f->key,
		       text ? text : "no text");
}

static int decode_strv(const struct record_field *f, const struct json *from, struct strv *ret, struct err *e)
{
	const struct json *array = js_get(from, f->key);

	if (!js_is_array(array))
		return wanted(f, "a list of texts", e);
	for (size_t i = 0; i < js_len(array); i++) {
		const char *text = js_as_text(js_at(array, i));

		if (!text)
			return wanted(f, "a list of texts", e);
		strv_add(ret, text);
	}
	return 0;
}

static int decode_one(const struct record_field *f, const struct json *from, void *to, struct err *e)
{
	const char *text;
	int64_t v = 0;
	bool flag = false;
	double real;
	int r = 0;

	switch (f->kind) {
	case RECORD_TEXT:
		text = js_get_text(from, f->key);
		if (!text)
			return wanted(f, "a text", e);
		*MEMBER(char *, to, f) = xstrdup(text);
		break;
	case RECORD_UINT:
		r = decode_int(f, from, 0, UINT_MAX, &v, e);
		*MEMBER(unsigned, to, f) = (unsigned)v;
		break;
	case RECORD_INT:
		r = decode_int(f, from, INT_MIN, INT_MAX, &v, e);
		*MEMBER(int, to, f) = (int)v;
		break;
	case RECORD_U64:
		r = decode_int(f, from, 0, INT64_MAX, &v, e);
		*MEMBER(uint64_t, to, f) = (uint64_t)v;
		break;
	case RECORD_I64:
		r = decode_int(f, from, INT64_MIN, INT64_MAX, &v, e);
		*MEMBER(int64_t, to, f) = v;
		break;
	case RECORD_FLAG:
		r = decode_bool(f, from, &flag, e);
		*MEMBER(int, to, f) = flag;
		break;
	case RECORD_BOOL:
		r = decode_bool(f, from, &flag, e);
		*MEMBER(bool, to, f) = flag;
		break;
	case RECORD_REAL:
		real = js_get_real(from, f->key, 0);
		/* Written so that a NaN, too, is a fault. */
		if (!(real >= -1e15 && real <= 1e15) || js_get_real(from, f->key, 1) < real ||
		    js_get_real(from, f->key, 1) > real)
			return wanted(f, "a number in its range", e);
		*MEMBER(double, to, f) = real;
		break;
	case RECORD_NAME:
		return decode_name(f, from, MEMBER(unsigned, to, f), e);
	case RECORD_STRV:
		return decode_strv(f, from, MEMBER(struct strv, to, f), e);
	}
	return r;
}

int record_decode(const struct record_field *fields, size_t n, const struct json *from, bool all, void *to,
		  struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (js_get(from, fields[i].key))
			r = decode_one(&fields[i], from, to, e);
		else if (all)
			r = err_set(e, EINVAL, "'%s' is missing", fields[i].key);
	}
	/* No text is ever NULL, also in what a failed decode leaves to be freed. */
	for (size_t i = 0; i < n; i++)
		if (fields[i].kind == RECORD_TEXT && !*MEMBER(char *, to, &fields[i]))
			*MEMBER(char *, to, &fields[i]) = xstrdup("");
	return r;
}

void record_done(const struct record_field *fields, size_t n, void *record)
{
	for (size_t i = 0; i < n; i++) {
		if (fields[i].kind == RECORD_TEXT)
			free(take_ptr(*MEMBER(char *, record, &fields[i])));
		else if (fields[i].kind == RECORD_STRV)
			strv_done(MEMBER(struct strv, record, &fields[i]));
	}
}
