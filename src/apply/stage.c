/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>

#define XATTRS_MAX 65536

/* A change's folder, and the three names in it. */
struct place {
	int dir;
	const char *name;
	char *staged, *kept;
};

static void place_done(struct place *p)
{
	own_close(&p->dir);
	free(p->staged);
	free(p->kept);
}
#define auto_place AUTO(place_done)

static int place_open(const struct root *root, const struct change *c, struct place *ret, struct err *e)
{
	int dir = root_open_parent(root, c->path, &ret->name);

	if (dir < 0)
		return err_set(e, -dir, "folder of '%s%s': %s", root->path, c->path, strerror(-dir));
	ret->dir = dir;
	ret->staged = xasprintf(".%s.crashcfg-new", ret->name);
	ret->kept = xasprintf(".%s.crashcfg-old", ret->name);
	return 0;
}

static int fail(const struct root *root, const struct change *c, const char *what, int code,
		struct err *e)
{
	const char *next = code == EROFS ? "; make its file system writable first" :
		code == ENOSPC || code == EDQUOT ? "; make room first" :
		code == EPERM ? "; is it immutable (lsattr), or are you not root?" : "";

	return err_set(e, code, "'%s%s': cannot %s: %s%s", root->path, c->path, what, strerror(code),
		       next);
}

/* --- looking --------------------------------------------------------------------------------- */

static int look_at(int dir, const char *name, bool link, char hash[static HASH_TEXT_MAX])
{
	auto_close int fd = -1;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		*hash = '\0';
		return errno == ENOENT ? 0 : -errno;
	}
	if (link) {
		char text[PATH_MAX];
		ssize_t n = readlinkat(dir, name, text, sizeof(text));

		if (n < 0)
			return -errno;		/* EINVAL: not a link */
		hash_bytes(text, (size_t)n, hash);
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : hash_fd(fd, hash, NULL);
}

int change_look(const struct root *root, const char *path, bool link, char hash[static HASH_TEXT_MAX])
{
	const char *name;
	auto_close int dir = root_open_parent(root, path, &name);

	if (dir == -ENOENT) {
		*hash = '\0';
		return 0;
	}
	return dir < 0 ? dir : look_at(dir, name, link, hash);
}

/* --- staging --------------------------------------------------------------------------------- */

/* Folders of ours hold images: nobody else need look into them. */
int stage_folder(const struct root *root, const char *path, struct err *e)
{
	bool ours = strncmp(path, IMAGE_DIR, strlen(IMAGE_DIR)) == 0;
	const char *name;
	auto_close int dir = root_open_parent(root, path, &name);

	if (dir >= 0 && (mkdirat(dir, name, ours ? 0700 : 0755) == 0 || errno == EEXIST) &&
	    (fsync(dir) == 0 || errno == EINVAL))
		return 0;
	return err_set(e, dir < 0 ? -dir : errno, "folder '%s%s': cannot make it: %s", root->path, path,
		       strerror(dir < 0 ? -dir : errno));
}

/*
 * SELinux label, ACL and what else the old file bears.  Not the hashes and
 * signatures of integrity measurement, which are of the old content: the kernel
 * makes its own for the new one.
 */
static int copy_xattrs(int from, int to)
{
	auto_free char *names = xmalloc(XATTRS_MAX), *value = xmalloc(XATTRS_MAX);
	ssize_t len = flistxattr(from, names, XATTRS_MAX);

	if (len < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		ssize_t n;

		if (strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0)
			continue;
		n = fgetxattr(from, name, value, XATTRS_MAX);
		if (n < 0 && errno == ENODATA)
			continue;
		if (n < 0 || (fsetxattr(to, name, value, (size_t)n, 0) < 0 && errno != ENOTSUP))
			return -errno;
	}
	return 0;
}

/* Owner, mode and attributes of DIR/NAME for the file FD. */
static int copy_face(int dir, const char *name, int fd)
{
	auto_close int old = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st, mine;

	if (old < 0 || fstat(old, &st) < 0 || fstat(fd, &mine) < 0)
		return -errno;
	if ((st.st_uid != mine.st_uid || st.st_gid != mine.st_gid) &&
	    fchown(fd, st.st_uid, st.st_gid) < 0)
		return -errno;
	if (fchmod(fd, st.st_mode & 07777) < 0)
		return -errno;
	return copy_xattrs(old, fd);
}

/* DIR/NAME, new and on the disk, with the face of DIR/LIKE, or with MODE where LIKE is NULL. */
static int make_file(int dir, const char *name, const char *like, mode_t mode, const void *data,
		     size_t len)
{
	auto_close int fd = -1;
	int r;

	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = like ? copy_face(dir, like, fd) : fchmod(fd, mode) < 0 ? -errno : 0;
	if (r == 0)
		r = fd_write_all(fd, data, len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && close(take_fd(fd)) < 0)
		r = -errno;
	return r;
}

static int stage_new(const struct place *p, const struct change *c)
{
	if (!c->link)
		return make_file(p->dir, p->staged, c->had ? p->name : NULL, c->mode, buf_text(c->text),
				 c->text->len);
	if (unlinkat(p->dir, p->staged, 0) < 0 && errno != ENOENT)
		return -errno;
	return symlinkat(buf_text(c->text), p->dir, p->staged) < 0 ? -errno : 0;
}

static int copy_old(const struct place *p, const struct change *c)
{
	auto_close int fd = -1;
	auto_buf struct buf text = { 0 };
	int r;

	if (c->link) {
		char target[PATH_MAX];
		ssize_t n = readlinkat(p->dir, p->name, target, sizeof(target) - 1);

		if (n < 0)
			return -errno;
		target[n] = '\0';
		return symlinkat(target, p->dir, p->kept) < 0 ? -errno : 0;
	}
	fd = openat(p->dir, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fd_read_all(fd, 256u << 20, &text);
	return r < 0 ? r : make_file(p->dir, p->kept, p->name, 0, buf_text(&text), text.len);
}

/* A second link keeps the old file as it is, blocks and all; FAT has none, so there it is copied. */
static int keep_old(const struct place *p, const struct change *c)
{
	if (unlinkat(p->dir, p->kept, 0) < 0 && errno != ENOENT)
		return -errno;
	if (linkat(p->dir, p->name, p->dir, p->kept, 0) == 0)
		return 0;
	if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK)
		return -errno;
	return copy_old(p, c);
}

int stage_files(const struct root *root, const struct journal *j, struct err *e)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct change *c = &j->v[i];
		auto_place struct place p = { .dir = -1 };
		int r = place_open(root, c, &p, e);

		if (r < 0)
			return r;
		r = c->keep ? stage_new(&p, c) : 0;
		if (r < 0)
			return fail(root, c, "write the new file beside it", -r, e);
		r = c->had ? keep_old(&p, c) : 0;
		if (r < 0)
			return fail(root, c, "keep the old file", -r, e);
		if (fsync(p.dir) < 0 && errno != EINVAL)
			return fail(root, c, "flush its folder", errno, e);
	}
	return 0;
}

/* --- renaming -------------------------------------------------------------------------------- */

static int commit_one(const struct root *root, const struct change *c, struct err *e)
{
	auto_place struct place p = { .dir = -1 };
	char now[HASH_TEXT_MAX];
	int r = place_open(root, c, &p, e);

	if (r < 0)
		return r;
	r = look_at(p.dir, p.name, c->link, now);
	if (r < 0)
		return fail(root, c, "read it", -r, e);
	if (strcmp(now, c->old_hash) != 0)
		return err_set(e, ESTALE,
			       "'%s%s' was changed by somebody else just now; run crashcfg again",
			       root->path, c->path);
	r = c->keep ? renameat(p.dir, p.staged, p.dir, p.name) : unlinkat(p.dir, p.name, 0);
	if (r < 0)
		return fail(root, c, c->keep ? "put the new file in its place" : "delete it", errno, e);
	if (fsync(p.dir) < 0 && errno != EINVAL)
		return fail(root, c, "flush its folder", errno, e);
	return 0;
}

int commit_files(const struct root *root, const struct journal *j, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < j->n && r == 0; i++)
		r = commit_one(root, &j->v[i], e);
	return r;
}

/* --- back, or cleaning up --------------------------------------------------------------------- */

static int drop(int dir, const char *name)
{
	return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int take_back_one(const struct root *root, const struct change *c, bool renamed, struct err *e)
{
	auto_place struct place p = { .dir = -1 };
	char now[HASH_TEXT_MAX] = "", kept[HASH_TEXT_MAX] = "";
	int r = place_open(root, c, &p, NULL);

	if (r == -ENOENT)
		return 0;		/* its folder was never made */
	if (r < 0)
		return fail(root, c, "open its folder", -r, e);
	if (renamed && look_at(p.dir, p.name, c->link, now) == 0 && strcmp(now, c->old_hash) != 0 &&
	    (strcmp(now, c->new_hash) == 0 || !*now)) {
		/* Only what is known to be the old file comes back. */
		if (c->had && look_at(p.dir, p.kept, c->link, kept) == 0 &&
		    strcmp(kept, c->old_hash) == 0)
			r = renameat(p.dir, p.kept, p.dir, p.name) < 0 ? -errno : 0;
		else
			r = c->had ? -ENODATA : drop(p.dir, p.name);
	}
	if (r == 0)
		r = drop(p.dir, p.kept);
	if (r == 0)
		r = drop(p.dir, p.staged);
	if (r == 0 && fsync(p.dir) < 0 && errno != EINVAL)
		r = -errno;
	return r < 0 ? fail(root, c, "put the old file back", -r, e) : 0;
}

int take_back_files(const struct root *root, const struct journal *j, struct err *e)
{
	int worst = 0;

	for (size_t i = j->n; i-- > 0;) {
		int r = take_back_one(root, &j->v[i], j->state != JOURNAL_STAGING, worst ? NULL : e);

		worst = worst ? worst : r;
	}
	/* Ours are empty now; a folder that somebody else uses meanwhile stays. */
	for (size_t i = j->folders.n; i-- > 0 && worst == 0;) {
		const char *name;
		auto_close int dir = root_open_parent(root, j->folders.v[i], &name);

		if (dir >= 0)
			unlinkat(dir, name, AT_REMOVEDIR);
	}
	return worst;
}

int clean_files(const struct root *root, const struct journal *j, struct err *e)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct change *c = &j->v[i];
		auto_place struct place p = { .dir = -1 };
		int r = place_open(root, c, &p, NULL);

		if (r == -ENOENT)
			continue;
		if (r == 0)
			r = drop(p.dir, p.kept);
		if (r == 0)
			r = drop(p.dir, p.staged);
		if (r < 0)
			return fail(root, c, "clean up beside it", -r, e);
	}
	return 0;
}
