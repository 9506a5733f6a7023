/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

void loaded_record(const struct root *root, const struct load_request *q)
{
	auto_image_head struct image_head head = { 0 };
	auto_free char *boot_id = root_read_line(root, "/proc/sys/kernel/random/boot_id");
	auto_json struct json *j = js_object();
	auto_buf struct buf text = { 0 };
	auto_close int dir = -1;
	const char *name;

	loaded_forget(root);
	if (!root->host || image_head_read(root, q->image, &head, NULL) < 0)
		return;
	js_set_int(j, "schema", 1);
	js_set_text(j, "image", head.id);
	js_set_text(j, "path", q->image);
	js_set_text(j, "kernel", q->kernel);
	js_set_text(j, "cmdline", q->cmdline);
	js_set_text(j, "boot_id", boot_id);
	js_write(j, &text);
	dir = root_open_parent(root, LOADED_PATH, &name);
	if (dir >= 0)
		file_replace_at(dir, name, text.data, text.len, 0644);
}

#define RECORD_MAX (256u << 10)

static char *copy(const struct json *j, const char *key)
{
	const char *text = js_get_text(j, key);

	return text ? xstrdup(text) : NULL;
}

void loaded_read(const struct root *root, struct loaded *ret)
{
	auto_buf struct buf text = { 0 };
	auto_json struct json *j = NULL;

	*ret = (struct loaded){ 0 };
	if (root_read(root, LOADED_PATH, RECORD_MAX, &text, NULL) < 0 ||
	    js_parse(buf_text(&text), text.len, &j, NULL) < 0)
		return;
	ret->kernel = copy(j, "kernel");
	ret->image = copy(j, "path");
	ret->cmdline = copy(j, "cmdline");
	if (!ret->kernel || !ret->image || !ret->cmdline)
		loaded_done(ret);
}

void loaded_done(struct loaded *l)
{
	free(l->kernel);
	free(l->image);
	free(l->cmdline);
	*l = (struct loaded){ 0 };
}

void loaded_forget(const struct root *root)
{
	const char *name;
	auto_close int dir = root->host ? root_open_parent(root, LOADED_PATH, &name) : -1;

	if (dir >= 0)
		unlinkat(dir, name, 0);
}
