/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger.h"

#include "json.h"

#include <errno.h>
#include <string.h>

#define LEDGER_SCHEMA 1
#define FORMER_MAX 64	/* more sizes than anybody tries */

static void arg_done(struct ledger_arg *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->v[i].path);
		free(a->v[i].field);
		free(a->v[i].was);
	}
	free(a->v);
	strv_done(&a->former);
	free(a->key);
	free(a->value);
	*a = (struct ledger_arg){ 0 };
}

void ledger_done(struct ledger *l)
{
	for (size_t i = 0; i < l->n; i++)
		arg_done(&l->v[i]);
	free(l->v);
	boot_file_done(&l->file);
	*l = (struct ledger){ 0 };
}

/* JSON keeps UTF-8 only, a command line may hold any bytes: all but printable ASCII becomes \xNN. */
static char *escape(const char *text)
{
	auto_buf struct buf out = { 0 };

	for (const char *p = text; *p; p++) {
		if (*p < ' ' || *p > '~' || *p == '\\')
			buf_addf(&out, "\\x%02x", (unsigned)(unsigned char)*p);
		else
			buf_addc(&out, *p);
	}
	return buf_take(&out);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL: not what escape() writes. */
static char *unescape(const char *text)
{
	auto_buf struct buf out = { 0 };

	for (const char *p = text; *p; p++) {
		int high, low;

		if (*p != '\\') {
			buf_addc(&out, *p);
			continue;
		}
		high = p[1] == 'x' ? hex_digit(p[2]) : -1;
		low = high >= 0 ? hex_digit(p[3]) : -1;
		if (low < 0 || !(high || low))
			return NULL;
		buf_addc(&out, (char)(high * 16 + low));
		p += 3;
	}
	return buf_take(&out);
}

static int read_place(const struct json *j, struct ledger_arg *to)
{
	const char *path = js_get_text(j, "path"), *field = js_get_text(j, "field"),
		   *was = js_get_text(j, "was");
	auto_free char *bytes = was ? unescape(was) : NULL, *where = path ? unescape(path) : NULL;

	if (!where || !field || !bytes)
		return -EINVAL;
	ledger_note(to, where, field, bytes);
	return 0;
}

static int read_arg(const struct json *j, struct ledger *to)
{
	const char *key = js_get_text(j, "key"), *value = js_get_text(j, "value");
	const struct json *places = js_get(j, "places"), *former = js_get(j, "former");
	struct ledger_arg *arg;

	if (!key || !*key || !value || ledger_find(to, key))
		return -EINVAL;
	arg = ledger_add(to, key, value);
	for (size_t i = 0; i < js_len(former) && i < FORMER_MAX; i++)
		if (js_as_text(js_at(former, i)))
			strv_add_once(&arg->former, js_as_text(js_at(former, i)));
	for (size_t i = 0; i < js_len(places); i++)
		if (read_place(js_at(places, i), arg) < 0)
			return -EINVAL;
	return 0;
}

static int read_args(const struct json *tree, const char *loader, struct ledger *to)
{
	const struct json *args = js_get(tree, "args");
	const char *writer = js_get_text(tree, "loader");

	if (js_get_int(tree, "schema", 0) != LEDGER_SCHEMA || !writer)
		return -EINVAL;
	if (strcmp(writer, loader) != 0)
		return js_len(args) ? -EBUSY : 0;
	for (size_t i = 0; i < js_len(args); i++)
		if (read_arg(js_at(args, i), to) < 0)
			return -EINVAL;
	return 0;
}

int ledger_read(const struct root *root, const char *loader, struct ledger *ret, struct err *e)
{
	static const char advice[] = "move it away to go on: what it told of then counts as set by hand";
	auto_json struct json *tree = NULL;
	struct ledger l = { 0 };
	struct err why = { 0 };
	int r = boot_file_read(root, LEDGER_PATH, 0600, &l.file, e);

	if (r < 0)
		return r;
	if (l.file.had)
		r = js_parse(l.file.old.data, l.file.old.len, &tree, &why);
	if (r < 0)
		r = err_set(e, EINVAL, "'%s': %s; %s", LEDGER_PATH, why.text, advice);
	else if (l.file.had && (r = read_args(tree, loader, &l)) == -EBUSY)
		r = err_set(e, EBUSY, "'%s' tells what was set in the files of boot loader '%s', and this is '%s' now; "
			    "go back to it and run 'crashcfg remove' first", LEDGER_PATH,
			    js_get_text(tree, "loader"), loader);
	else if (r < 0)
		r = err_set(e, EINVAL, "'%s' is not a record of schema %d; %s", LEDGER_PATH,
			    LEDGER_SCHEMA, advice);
	if (r < 0) {
		ledger_done(&l);
		return r;
	}
	l.changed = false;
	*ret = l;
	return 0;
}

static struct json *arg_json(const struct ledger_arg *a)
{
	struct json *j = js_object(), *places;

	js_set_text(j, "key", a->key);
	js_set_text(j, "value", a->value);
	if (a->former.n)
		js_set_strv(j, "former", &a->former);
	places = js_set(j, "places", js_array());
	for (size_t i = 0; i < a->n; i++) {
		auto_free char *path = escape(a->v[i].path), *was = escape(a->v[i].was);
		struct json *place = js_add(places, js_object());

		js_set_text(place, "path", path);
		js_set_text(place, "field", a->v[i].field);
		js_set_text(place, "was", was);
	}
	return j;
}

void ledger_emit(const struct ledger *l, const char *loader, struct edit_list *edits)
{
	auto_json struct json *tree = js_object();
	auto_buf struct buf text = { 0 };
	struct json *args;

	if (!l->changed)
		return;
	js_set_int(tree, "schema", LEDGER_SCHEMA);
	js_set_text(tree, "loader", loader);
	args = js_set(tree, "args", js_array());
	for (size_t i = 0; i < l->n; i++)
		js_add(args, arg_json(&l->v[i]));
	js_write(tree, &text);
	edit_add(edits, l->file.path, l->file.had ? &l->file.old : NULL, l->n ? &text : NULL,
		 l->file.mode, "the record of what was set in the boot loader's files");
}

struct ledger_arg *ledger_find(const struct ledger *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].key, key) == 0)
			return &l->v[i];
	return NULL;
}

struct ledger_arg *ledger_add(struct ledger *l, const char *key, const char *value)
{
	struct ledger_arg *a = vec_push(&l->v, &l->n);

	a->key = xstrdup(key);
	a->value = xstrdup(value);
	l->changed = true;
	return a;
}

void ledger_set_value(struct ledger *l, struct ledger_arg *a, const char *value)
{
	char *old = a->value;

	if (strcmp(old, value) != 0 && a->former.n < FORMER_MAX)
		strv_add_once(&a->former, old);
	a->value = xstrdup(value);
	free(old);
	l->changed = true;
}

void ledger_drop(struct ledger *l, const char *key)
{
	struct ledger_arg *a = ledger_find(l, key);

	if (!a)
		return;
	arg_done(a);
	*a = l->v[--l->n];
	l->changed = true;
}

const struct ledger_place *ledger_place(const struct ledger_arg *a, const char *path, const char *field)
{
	for (size_t i = 0; a && i < a->n; i++)
		if (strcmp(a->v[i].path, path) == 0 && strcmp(a->v[i].field, field) == 0)
			return &a->v[i];
	return NULL;
}

void ledger_note(struct ledger_arg *a, const char *path, const char *field, const char *was)
{
	struct ledger_place *p = NULL;

	for (size_t i = 0; i < a->n && !p; i++)
		if (strcmp(a->v[i].path, path) == 0 && strcmp(a->v[i].field, field) == 0)
			p = &a->v[i];
	if (!p) {
		p = vec_push(&a->v, &a->n);
		p->path = xstrdup(path);
		p->field = xstrdup(field);
	}
	if (p->was != was) {
		free(p->was);
		p->was = xstrdup(was);
	}
}
