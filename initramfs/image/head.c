/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "cpio.h"
#include "file.h"
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int take_inputs(void *ctx, const struct cpio_member *m)
{
	struct json **j = ctx;

	if (strcmp(m->name, &IMAGE_INPUTS[1]) == 0 && !*j)
		js_parse(m->data, m->len, j, NULL);
	return 0;
}

int image_head_json(const char *data, size_t len, struct json **ret, size_t *ret_end, struct err *e)
{
	auto_json struct json *j = NULL;
	const char *id;
	int r = cpio_each(data, len, take_inputs, &j, ret_end, e);

	if (r < 0)
		return err_wrap(e, "not a capture image of crashcfg");
	id = js_get_text(j, "id");
	if (js_get_int(j, "schema", 0) != INPUTS_SCHEMA || !id || strlen(id) != HASH_TEXT_MAX - 1)
		return err_set(e, EINVAL, "not a capture image of this version of crashcfg: build it again");
	*ret = take_ptr(j);
	return 0;
}

int image_head_parse(const char *data, size_t len, struct image_head *ret, struct err *e)
{
	auto_json struct json *j = NULL;
	const char *kernel;
	int64_t threads;
	size_t end;
	int r = image_head_json(data, len, &j, &end, e);

	if (r < 0)
		return r;
	kernel = js_get_text(j, "kernel");
	threads = js_get_int(j, "threads", 1);
	*ret = (struct image_head){
		.id = xstrdup(js_get_text(j, "id")), .kernel = kernel ? xstrdup(kernel) : NULL,
		.threads = threads > 0 && threads <= UINT16_MAX ? (unsigned)threads : 1, .bytes = len,
		.taken = js_share(js_get(j, "taken")),
	};
	return 0;
}

int image_head_read(const struct root *root, const char *path, struct image_head *ret, struct err *e)
{
	auto_close int fd = root_openat(root, path, O_RDONLY | O_NONBLOCK, 0);
	auto_buf struct buf head = { 0 };
	struct stat st;
	size_t len;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, fd < 0 ? -fd : errno, "'%s': %s", path, strerror(fd < 0 ? -fd : errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "'%s' is not a regular file", path);
	len = (uint64_t)st.st_size < IMAGE_HEAD_MAX ? (size_t)st.st_size : IMAGE_HEAD_MAX;
	r = fd_read_at(fd, 0, buf_room(&head, len), len);
	if (r < 0)
		return err_set(e, -r, "'%s': %s", path, strerror(-r));
	if (image_head_parse(head.data, len, ret, e) < 0)
		return err_wrap(e, "'%s'", path);
	ret->bytes = (uint64_t)st.st_size;
	return 0;
}

void image_head_done(struct image_head *h)
{
	free(h->id);
	free(h->kernel);
	js_free(h->taken);
	*h = (struct image_head){ 0 };
}

int image_check(const char *data, size_t len, struct err *e)
{
	auto_json struct json *j = NULL;
	char hash[HASH_TEXT_MAX];
	const char *want;
	int64_t bytes;
	size_t end;
	int r = image_head_json(data, len, &j, &end, e);

	if (r < 0)
		return r;
	want = js_get_text(j, "payload_sha256");
	bytes = js_get_int(j, "payload_bytes", -1);
	if (!want || bytes < 0 || (uint64_t)bytes > len - end)
		return err_set(e, EINVAL, "the capture image is cut off: build it again");
	if (strcmp(hash_bytes(data + end, (size_t)bytes, hash), want) != 0)
		return err_set(e, EINVAL, "the capture image is damaged: build it again");
	return 0;
}
