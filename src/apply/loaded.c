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

void loaded_forget(const struct root *root)
{
	const char *name;
	auto_close int dir = root->host ? root_open_parent(root, LOADED_PATH, &name) : -1;

	if (dir >= 0)
		unlinkat(dir, name, 0);
}
