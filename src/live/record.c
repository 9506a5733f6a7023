/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

#include "file.h"
#include "json.h"
#include "plain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define RECORD_SCHEMA 1
#define RECORD_MAX (1u << 20)
#define TARGETS_MAX 64
#define STEPS_MAX 64

static void step_json(const struct live_step *s, struct json *to)
{
	js_set_text(to, "name", s->name);
	js_set_bool(to, "ok", s->ok);
	js_set_real(to, "seconds", (double)s->ms / 1000);
	js_set_text(to, "error", s->ok ? NULL : s->error);
	js_set_text(to, "note", *s->note ? s->note : NULL);
}

static void target_json(const struct live_target *t, struct json *to)
{
	const struct live_step *failed = live_failed_step(t);
	struct json *steps;

	js_set_text(to, "url", t->url);
	js_set_bool(to, "ok", t->ok);
	js_set_real(to, "seconds", (double)t->ms / 1000);
	js_set_text(to, "failed", failed ? failed->name : NULL);
	js_set_text(to, "error", failed ? failed->error : NULL);
	js_set_bool(to, "mounted", t->mounted);
	steps = js_set(to, "steps", js_array());
	for (size_t i = 0; i < t->n_steps; i++)
		step_json(&t->steps[i], js_add(steps, js_object()));
}

struct json *live_json(const struct live_result *l)
{
	struct json *j = js_object(), *targets;

	js_set_bool(j, "ok", l->ok);
	js_set_int(j, "time", l->time);
	js_set_text(j, "image", l->image);
	js_set_bool(j, "built", l->built);
	targets = js_set(j, "targets", js_array());
	for (size_t i = 0; i < l->n_targets; i++)
		target_json(&l->targets[i], js_add(targets, js_object()));
	return j;
}

static char *text_of(const struct json *j, const char *key)
{
	const char *text = js_get_text(j, key);

	return text_plain(xstrdup(text ? text : ""));
}

static int64_t ms_of(const struct json *j)
{
	double seconds = js_get_real(j, "seconds", 0);

	return seconds > 0 && seconds < 1e9 ? (int64_t)(seconds * 1000 + 0.5) : 0;
}

static void parse_target(const struct json *j, struct live_target *t)
{
	const struct json *steps = js_get(j, "steps");

	t->url = text_of(j, "url");
	t->ok = js_get_bool(j, "ok", false);
	t->mounted = js_get_bool(j, "mounted", false);
	t->ms = ms_of(j);
	for (size_t i = 0; i < js_len(steps) && i < STEPS_MAX; i++) {
		const struct json *one = js_at(steps, i);
		struct live_step *s = vec_push(&t->steps, &t->n_steps);

		s->name = text_of(one, "name");
		s->ok = js_get_bool(one, "ok", false);
		s->error = text_of(one, "error");
		s->note = text_of(one, "note");
		s->ms = ms_of(one);
	}
}

int live_parse(const char *text, size_t len, struct live_result *ret, struct err *e)
{
	auto_json struct json *j = NULL;
	const struct json *targets;
	int r = js_parse(text, len, &j, e);

	if (r < 0)
		return r;
	targets = js_get(j, "targets");
	if (js_get_int(j, "schema", 0) != RECORD_SCHEMA || !js_is_array(targets))
		return err_set(e, EINVAL, "not the record of a 'check --live' of this version");
	*ret = (struct live_result){
		.time = js_get_int(j, "time", 0), .ok = js_get_bool(j, "ok", false),
		.built = js_get_bool(j, "built", false), .image = text_of(j, "image"),
	};
	for (size_t i = 0; i < js_len(targets) && i < TARGETS_MAX; i++)
		parse_target(js_at(targets, i), vec_push(&ret->targets, &ret->n_targets));
	return 0;
}

int live_record_write(const struct root *root, const struct live_result *l, struct err *e)
{
	auto_close int dir = root_openat(root, IMAGE_DIR, O_RDONLY | O_DIRECTORY, 0);
	auto_json struct json *j = live_json(l);
	auto_buf struct buf text = { 0 };
	int r = dir < 0 ? dir : 0;

	js_set_int(j, "schema", RECORD_SCHEMA);
	js_write(j, &text);
	if (r == 0)
		r = file_replace_at(dir, strrchr(LIVE_RECORD, '/') + 1, text.data, text.len, 0600);
	return r < 0 ? err_set(e, -r, "cannot write '" LIVE_RECORD "': %s", strerror(-r)) : 0;
}

int live_record_read(const struct root *root, struct live_result *ret, struct err *e)
{
	auto_buf struct buf text = { 0 };
	int r = root_read(root, LIVE_RECORD, RECORD_MAX, &text, e);

	if (r == 0)
		r = live_parse(buf_text(&text), text.len, ret, e);
	return r;
}

char *live_age(int64_t then, int64_t now)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" } };
	int64_t age = now - then;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (age >= units[i].seconds)
			return xasprintf("%lld %s%s ago", (long long)(age / units[i].seconds), units[i].name,
					 age / units[i].seconds == 1 ? "" : "s");
	return xstrdup("just now");
}
