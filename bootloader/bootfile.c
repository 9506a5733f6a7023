/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bootfile.h"

#include <errno.h>
#include <string.h>

#define LINKS_MAX 40	/* as the kernel's MAXSYMLINKS */

void boot_file_done(struct boot_file *f)
{
	free(f->path);
	buf_done(&f->old);
	buf_done(&f->text);
	*f = (struct boot_file){ 0 };
}

/* Put the link's text before what is still to be walked. */
static void follow(const char *link, struct buf *done, struct buf *todo)
{
	auto_buf struct buf next = { 0 };

	if (link[0] == '/')
		buf_clear(done);
	buf_addf(&next, "%s/%s", link, buf_text(todo));
	buf_clear(todo);
	buf_add(todo, next.data, next.len);
}

static void go_up(struct buf *done)
{
	const char *slash = done->len ? strrchr(done->data, '/') : NULL;

	if (slash) {
		done->len = (size_t)(slash - done->data);
		done->data[done->len] = '\0';
	}
}

int boot_path_resolve(const struct root *root, const char *path, char **ret)
{
	auto_buf struct buf done = { 0 }, todo = { 0 };
	unsigned links = 0;

	buf_adds(&todo, path);
	for (;;) {
		const char *name = buf_text(&todo) + strspn(buf_text(&todo), "/");
		size_t len = strcspn(name, "/"), was = done.len;
		auto_free char *link = NULL, *rest = xstrdup(name + len);
		int r;

		if (!len)
			break;
		if (len == 2 && memcmp(name, "..", 2) == 0) {
			go_up(&done);
		} else if (len != 1 || *name != '.') {
			buf_addc(&done, '/');
			buf_add(&done, name, len);
		}
		buf_clear(&todo);
		buf_adds(&todo, rest);
		if (done.len <= was)
			continue;
		r = root_readlink(root, done.data, &link);
		if (r == 0) {
			if (++links > LINKS_MAX)
				return -ELOOP;
			done.len = was;
			done.data[was] = '\0';
			follow(link, &done, &todo);
		} else if (r != -EINVAL && r != -ENOENT) {
			return r;
		}
	}
	if (!done.len)
		buf_addc(&done, '/');
	*ret = buf_take(&done);
	return 0;
}

int boot_file_look(const struct root *root, const char *path, size_t cap, struct boot_file *ret,
		   struct err *e)
{
	struct boot_file f = { 0 };
	struct err why = { 0 };
	int r = boot_path_resolve(root, path, &f.path);

	if (r < 0)
		return err_set(e, -r, "'%s': %s", path, strerror(-r));
	r = root_read(root, f.path, cap, &f.old, &why);
	if (r < 0 && r != -ENOENT) {
		boot_file_done(&f);
		return err_set(e, -r, "%s", why.text);
	}
	f.had = f.keep = r == 0;
	buf_add(&f.text, buf_text(&f.old), f.old.len);
	*ret = f;
	return 0;
}

int boot_file_read(const struct root *root, const char *path, mode_t mode, struct boot_file *ret,
		   struct err *e)
{
	int r = boot_file_look(root, path, BOOT_FILE_MAX, ret, e);

	if (r == 0)
		ret->mode = mode;
	return r;
}

int boot_file_read_text(const struct root *root, const char *path, mode_t mode, struct boot_file *ret,
			struct err *e)
{
	int r = boot_file_read(root, path, mode, ret, e);

	if (r < 0 || !memchr(buf_text(&ret->old), '\0', ret->old.len))
		return r;
	boot_file_done(ret);
	return err_set(
		e, EINVAL,
		"'%s' holds a NUL byte, so it is not the text file that is wanted; mend or restore it",
		path);
}

void boot_file_splice(struct boot_file *f, size_t start, size_t len, const char *by, size_t by_len)
{
	auto_buf struct buf next = { 0 };

	buf_add(&next, buf_text(&f->text), start);
	buf_add(&next, by, by_len);
	buf_add(&next, f->text.data + start + len, f->text.len - start - len);
	boot_file_set(f, next.data, next.len);
}

void boot_file_set(struct boot_file *f, const char *data, size_t len)
{
	buf_clear(&f->text);
	buf_add(&f->text, data, len);
	f->keep = true;
}

void boot_file_drop(struct boot_file *f)
{
	buf_clear(&f->text);
	f->keep = false;
}

bool boot_file_changed(const struct boot_file *f)
{
	return f->had != f->keep || (f->had && !buf_equal(&f->old, &f->text));
}

void boot_file_emit(const struct boot_file *f, struct edit_list *edits, const char *why)
{
	if (boot_file_changed(f))
		edit_add(edits, f->path, f->had ? &f->old : NULL, f->keep ? &f->text : NULL, f->mode,
			 why);
}
