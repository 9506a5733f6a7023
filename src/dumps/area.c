/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumps.h"

#include "file.h"
#include "hash.h"
#include "superblock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

void area_done(struct area *a)
{
	free(a->path);
	own_close(&a->fd);
	rawarea_free(a->head);
	*a = (struct area){ .fd = -1 };
}

/*
 * The header, unless something else was put on the device since: whoever made a swap or a file
 * system on it wrote over the first page, and the second one may still be ours.
 */
static int read_head(int fd, const char *path, struct rawarea **ret, struct err *e)
{
	char pages[2 * RAWAREA_PAGE];
	struct superblock s = { 0 };
	struct err why = { 0 };
	int r;

	if (fd_read_at(fd, 0, pages, sizeof(pages)) < 0)
		return err_set(e, ENOENT, "'%s' bears no dump", path);
	r = rawarea_choose(pages, ret, &why);
	if (r < 0)
		return err_set(e, -r, "'%s' bears no dump: %s", path, why.text);
	if (superblock_probe(fd, &s) == -ENOENT)
		return 0;
	superblock_done(&s);
	rawarea_free(take_ptr(*ret));
	return err_set(e, ENOENT, "'%s' bears no dump any more: something else was put on it", path);
}

int area_open(const struct root *root, const char *path, struct area *ret, struct err *e)
{
	/* First without a claim: nobody who only looks may be in the way of a mount or swapon(8). */
	auto_close int look = root_openat(root, path, O_RDONLY | O_NONBLOCK, 0);
	auto_area struct area a = { .fd = -1, .path = xstrdup(path) };
	struct stat st;
	int r;

	if (look < 0 || fstat(look, &st) < 0)
		return err_set(e, look < 0 ? -look : errno, "cannot open '%s': %s", path,
			       strerror(look < 0 ? -look : errno));
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(e, ENOENT, "'%s' is neither a block device nor a file with the content of one", path);
	r = read_head(look, path, &a.head, e);
	if (r < 0 || !a.head)
		return r;
	a.device = S_ISBLK(st.st_mode);
	a.major = major(st.st_rdev);
	a.minor = minor(st.st_rdev);
	a.fd = root_openat(root, path, O_RDWR | (a.device ? O_EXCL : 0), 0);
	if (a.fd < 0)
		return err_set(e, -a.fd, "cannot take '%s' for oneself: %s", path, strerror(-a.fd));
	if (lseek(a.fd, 0, SEEK_END) < (off_t)a.head->size)
		return err_set(e, EINVAL, "'%s' is smaller than the device on which the dump was written", path);
	*ret = a;
	a = (struct area){ .fd = -1 };
	return 0;
}

bool area_is_there(const struct root *root, const char *path)
{
	auto_close int fd = root_openat(root, path, O_RDONLY | O_NONBLOCK, 0);
	struct rawarea *head = NULL;
	int r = fd < 0 ? fd : read_head(fd, path, &head, NULL);

	rawarea_free(head);
	return r == 0;
}

int area_candidates(const struct root *root, struct strv *ret)
{
	/* Drives that spin up or wait for a medium, and what does not outlive a crash. */
	static const char *const others[] = { "fd", "sr", "loop", "ram", "zram", "nbd" };
	auto_strv struct strv names = { 0 };
	int r = root_list(root, "/sys/class/block", &names);

	for (size_t i = 0; i < names.n; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(others) && strncmp(names.v[i], others[k], strlen(others[k])) != 0)
			k++;
		if (k < ARRAY_SIZE(others))
			continue;
		strv_addf(ret, "/dev/%s", names.v[i]);
		for (char *c = ret->v[ret->n - 1]; *c; c++)
			if (*c == '!')		/* sysfs' way to write "cciss/c0d0" */
				*c = '/';
	}
	return r;
}

/* udev made no link for a swap or partition that bore our header: it has to look again. */
static void trigger_udev(const struct root *root, const struct area *a)
{
	auto_free char *path = xasprintf("/sys/dev/block/%u:%u/uevent", a->major, a->minor);
	auto_close int fd = a->device && root->host ? root_openat(root, path, O_WRONLY, 0) : -1;

	if (fd >= 0)
		fd_write_all(fd, "change", 6);
}

int area_give_back(const struct root *root, struct area *a, struct err *e)
{
	const struct rawarea_part *old = &a->head->parts[RAWAREA_OLD_LEAD];
	auto_free char *lead = xmalloc(RAWAREA_LEAD);
	char sha256[HASH_TEXT_MAX];
	int r = old->at ? fd_read_at(a->fd, old->at, lead, RAWAREA_LEAD) : -ENODATA;

	if (r == 0 && strcmp(hash_bytes(lead, RAWAREA_LEAD, sha256), old->sha256) != 0)
		return err_set(e, EBADMSG,
			       "what '%s' bore before the dump is damaged; make its swap or file system anew", a->path);
	/* The first page last: until then the header is there, and all of this can be done again. */
	if (r == 0)
		r = fd_write_at(a->fd, RAWAREA_PAGE, lead + RAWAREA_PAGE, RAWAREA_LEAD - RAWAREA_PAGE);
	if (r == 0 && fsync(a->fd) < 0)
		r = -errno;
	if (r == 0)
		r = fd_write_at(a->fd, 0, lead, RAWAREA_PAGE);
	if (r == 0 && fsync(a->fd) < 0)
		r = -errno;
	if (r < 0)
		return err_set(e, -r, "cannot put back what '%s' bore: %s", a->path, strerror(-r));
	own_close(&a->fd);
	a->fd = -1;
	trigger_udev(root, a);
	return 0;
}
