/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define IMAGE_HEAD (256u << 10)		/* the image's first archive, which bears its id, lies within */

/* The image's id, NULL: it is not one of ours. */
static char *image_id(const struct root *root, const char *path)
{
	auto_close int fd = root_openat(root, path, O_RDONLY | O_NONBLOCK, 0);
	auto_buf struct buf head = { 0 };
	char *id = NULL;
	ssize_t n = 1;

	while (fd >= 0 && head.len < IMAGE_HEAD && n > 0) {
		n = read(fd, buf_room(&head, IMAGE_HEAD), IMAGE_HEAD);
		head.len += n > 0 ? (size_t)n : 0;
	}
	return head.len && image_read_id(head.data, head.len, &id, NULL) == 0 ? id : NULL;
}

void loaded_record(const struct root *root, const struct load_request *q)
{
	auto_free char *id = root->host ? image_id(root, q->image) : NULL;
	auto_free char *boot_id = root_read_line(root, "/proc/sys/kernel/random/boot_id");
	auto_json struct json *j = js_object();
	auto_buf struct buf text = { 0 };
	auto_close int dir = -1;
	const char *name;

	loaded_forget(root);
	if (!id)
		return;
	js_set_int(j, "schema", 1);
	js_set_text(j, "image", id);
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
