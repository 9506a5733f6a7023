/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "liveorder.h"

#include "json.h"
#include "plain.h"

#include <errno.h>
#include <string.h>

#define STEP_LEN_MAX 32

void live_order_done(struct live_order *o)
{
	free(o->device);
	strv_done(&o->locked);
	free(o->folder);
	*o = (struct live_order){ 0 };
}

void live_line_done(struct live_line *l)
{
	free(l->step);
	free(l->error);
	free(l->note);
	*l = (struct live_line){ 0 };
}

void live_order_encode(const struct live_order *o, struct buf *to)
{
	auto_json struct json *j = js_object();

	js_set_int(j, "target", o->target);
	js_set_text(j, "device", o->device);
	js_set_strv(j, "locked", &o->locked);
	js_set_text(j, "folder", o->folder);
	js_set_int(j, "need", (int64_t)o->need);
	js_write_line(j, to);
}

static bool is_node(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0;
}

/* A plain name: it is put together with paths. */
static bool is_folder(const char *name)
{
	size_t head = strlen(LIVE_FOLDER);

	return strncmp(name, LIVE_FOLDER, head) == 0 && name[head] && strlen(name) < 64 &&
	       strspn(name + head, "0123456789abcdef") == strlen(name + head);
}

int live_order_decode(const char *text, size_t len, struct live_order *ret, struct err *e)
{
	auto_strv struct strv locked = { 0 };
	auto_json struct json *j = NULL;
	const char *device, *folder;
	int64_t target, need;
	bool nodes = true;
	int r = js_parse(text, len, &j, e);

	if (r < 0)
		return r;
	device = js_get_text(j, "device");
	folder = js_get_text(j, "folder");
	target = js_get_int(j, "target", -1);
	need = js_get_int(j, "need", -1);
	js_get_strv(j, "locked", &locked);
	for (size_t i = 0; i < locked.n; i++)
		nodes &= is_node(locked.v[i]);
	if (target < 0 || target > 1000 || need < 0 || !device || !folder || !is_folder(folder) ||
	    (*device && !is_node(device)) || !nodes)
		return err_set(e, EINVAL, "not an order for the image of this version");
	*ret = (struct live_order){
		.target = (unsigned)target, .need = (uint64_t)need, .device = xstrdup(device),
		.folder = xstrdup(folder), .locked = locked,
	};
	locked = (struct strv){ 0 };
	return 0;
}

void live_line_encode(const struct live_line *l, struct buf *to)
{
	auto_json struct json *j = js_object();

	js_set_text(j, "step", l->step);
	if (l->ended) {
		js_set_int(j, "ms", l->ms);
		js_set_text(j, "error", l->error ? l->error : "");
		js_set_text(j, "note", l->note ? l->note : "");
	}
	js_write_line(j, to);
}

static bool is_step(const char *name)
{
	return name && *name && strlen(name) < STEP_LEN_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz") == strlen(name);
}

int live_line_decode(const char *text, size_t len, struct live_line *ret, struct err *e)
{
	auto_json struct json *j = NULL;
	const char *step, *error, *note;
	int64_t ms;
	int r = len > LIVE_LINE_MAX ? err_set(e, EINVAL, "a line of %zu bytes", len) : js_parse(text, len, &j, e);

	if (r < 0)
		return r;
	step = js_get_text(j, "step");
	error = js_get_text(j, "error");
	note = js_get_text(j, "note");
	ms = js_get_int(j, "ms", -1);
	if (!is_step(step) || ms < -1)
		return err_set(e, EINVAL, "a line that tells no step");
	*ret = (struct live_line){
		.step = xstrdup(step), .ended = ms >= 0, .ms = ms < 0 ? 0 : ms,
		.error = text_plain(xstrdup(ms >= 0 && error ? error : "")),
		.note = text_plain(xstrdup(ms >= 0 && note ? note : "")),
	};
	return 0;
}
