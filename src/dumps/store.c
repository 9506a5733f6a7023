/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumps.h"

#include "probe.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#define MANIFEST_MAX (1u << 20)
#define HOLES_MIN (1 << 20)

void dump_list_done(struct dump_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].dir);
		free(l->v[i].name);
		manifest_free(l->v[i].manifest);
	}
	free(l->v);
	*l = (struct dump_list){ 0 };
}

bool dump_name_parse(const char *name, int64_t *ret_when)
{
	int64_t when = manifest_folder_time(name);

	if (when >= 0 && ret_when)
		*ret_when = when;
	return when >= 0;
}

static void look(const struct root *root, struct dump *d)
{
	auto_free char *path = xasprintf("%s/%s", d->dir, d->name);
	auto_free char *record = xasprintf("%s/" MANIFEST_NAME, path);
	auto_buf struct buf text = { 0 };
	auto_strv struct strv names = { 0 };

	root_list(root, path, &names);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *file = xasprintf("%s/%s", path, names.v[i]);
		struct stat st;

		if (root_lstat(root, file, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		/* A plain copy of memory has holes where pages were zero. */
		d->bytes += st.st_size > HOLES_MIN && st.st_blocks * 512 < st.st_size ? (uint64_t)st.st_blocks * 512
										      : (uint64_t)st.st_size;
		d->vmcore |= strcmp(names.v[i], DUMP_VMCORE) == 0;
	}
	if (root_read(root, record, MANIFEST_MAX, &text, NULL) == 0 &&
	    manifest_decode(buf_text(&text), text.len, &d->manifest, NULL) == 0 && d->manifest->crash_time > 0)
		d->when = d->manifest->crash_time;
	d->whole = d->vmcore && d->manifest && d->manifest->state == MANIFEST_COMPLETE;
}

static int by_time(const void *a, const void *b)
{
	const struct dump *x = a, *y = b;

	return x->when != y->when ? (x->when > y->when) - (x->when < y->when) : strcmp(x->name, y->name);
}

int dump_list_add(const struct root *root, const char *dir, bool roots, struct dump_list *l, struct err *e)
{
	auto_strv struct strv names = { 0 };
	int r = path_answers(root, dir, e);

	if (r < 0)
		return r;
	r = root_list(root, dir, &names);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "'%s%s': %s", root->path, dir, strerror(-r));
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.v[i]);
		struct dump *d;
		struct stat st;
		int64_t when;

		if (!dump_name_parse(names.v[i], &when) || root_lstat(root, path, &st) < 0 || !S_ISDIR(st.st_mode) ||
		    (roots && st.st_uid != 0 && st.st_uid != geteuid()))
			continue;
		d = vec_push(&l->v, &l->n);
		d->dir = xstrdup(dir);
		d->name = xstrdup(names.v[i]);
		d->when = when;
		look(root, d);
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_time);
	return 0;
}

const char *dump_state(const struct dump *d)
{
	if (!d->manifest)
		return "no record";
	/* The record is the last to be written, and the vmcore the first that somebody takes away. */
	if (d->manifest->state == MANIFEST_COMPLETE && !d->vmcore)
		return "vmcore gone";
	return manifest_state_name(d->manifest->state);
}

int dump_free_bytes(const struct root *root, const char *dir, uint64_t *ret)
{
	auto_free char *path = xstrdup(dir);
	auto_close int fd = -1;
	struct statvfs vfs;
	int r = path_answers(root, dir, NULL);

	if (r < 0)
		return r;
	while ((fd = root_openat(root, *path ? path : "/", O_PATH | O_DIRECTORY, 0)) == -ENOENT && *path)
		*strrchr(path, '/') = '\0';
	if (fd < 0)
		return fd;
	if (fstatvfs(fd, &vfs) < 0)
		return -errno;
	*ret = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	return 0;
}
