/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int image_files_open(struct image_files *f, const struct root *root, const struct root *kernel_root,
		     struct err *e)
{
	struct root here;
	int r = root_open(&here, "/", e);

	if (r < 0)
		return r;
	*f = (struct image_files){
		.root = root, .kernel_root = kernel_root ? kernel_root : root, .here = here,
	};
	return 0;
}

void image_files_done(struct image_files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].path);
		free(f->v[i].text);
		free(f->v[i].source);
	}
	free(f->v);
	hashes_free(f->hashes);
	if (f->here.path)
		root_done(&f->here);
	*f = (struct image_files){ .here.fd = -1 };
}

static const struct root *root_of(const struct image_files *f, enum file_place place)
{
	return place == FROM_HERE ? &f->here : place == FROM_KERNEL ? f->kernel_root : f->root;
}

int image_files_open_source(const struct image_files *f, enum file_place place, const char *source,
			    struct err *e)
{
	auto_close int fd = root_openat(root_of(f, place), source, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return err_set(e, -fd, "'%s': %s", source, strerror(-fd));
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "'%s': %s", source, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "'%s' is not a regular file", source);
	if (st.st_size > IMAGE_FILE_MAX)
		return err_set(e, EFBIG, "'%s' has %lld bytes, more than a file of an image may have", source,
			       (long long)st.st_size);
	return take_fd(fd);
}

struct image_file *image_files_find(const struct image_files *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].path, path) == 0)
			return &f->v[i];
	return NULL;
}

/* An entry for PATH, its parents before it; NULL: it is there already. */
static struct image_file *push(struct image_files *f, const char *path, uint32_t mode)
{
	const char *slash = strrchr(path, '/');
	struct image_file *file;

	if (image_files_find(f, path))
		return NULL;
	if (slash && slash > path) {
		auto_free char *parent = xstrndup(path, (size_t)(slash - path));

		image_files_folder(f, parent, 0755);
	}
	file = vec_push(&f->v, &f->n);
	file->path = xstrdup(path);
	file->mode = mode;
	return file;
}

void image_files_folder(struct image_files *f, const char *path, uint32_t mode)
{
	push(f, path, S_IFDIR | mode);
}

void image_files_link(struct image_files *f, const char *path, const char *to)
{
	struct image_file *file = push(f, path, S_IFLNK | 0777);

	if (file)
		file->text = xstrdup(to);
}

void image_files_text(struct image_files *f, const char *path, uint32_t mode, const char *text)
{
	struct image_file *file = push(f, path, S_IFREG | mode);

	if (file)
		file->text = xstrdup(text);
}

void image_files_node(struct image_files *f, const char *path, uint32_t mode, uint32_t rmajor,
		      uint32_t rminor)
{
	struct image_file *file = push(f, path, mode);

	if (file) {
		file->rmajor = rmajor;
		file->rminor = rminor;
	}
}

int image_files_add(struct image_files *f, const char *path, uint32_t mode, enum file_place place,
		    const char *source, enum file_treat treat, struct err *e)
{
	auto_close int fd = image_files_open_source(f, place, source, e);
	char hash[HASH_TEXT_MAX];
	struct file_stamp stamp;
	struct image_file *file;
	int r;

	if (fd < 0)
		return fd;
	r = hashes_file(f->hashes, fd, hash, &stamp);
	if (r < 0)
		return err_set(e, -r, "'%s': %s", source, strerror(-r));
	file = push(f, path, S_IFREG | mode);
	if (!file)
		return 0;
	file->place = place;
	file->source = xstrdup(source);
	file->treat = treat;
	file->stamp = stamp;
	memcpy(file->hash, hash, sizeof(hash));
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct image_file *)a)->path, ((const struct image_file *)b)->path);
}

/* In the order of bytes a folder stands before what it holds, and the order is the same everywhere. */
void image_files_sort(struct image_files *f)
{
	qsort(f->v, f->n, sizeof(*f->v), by_path);
}
