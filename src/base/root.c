/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "root.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define LINKS_MAX 40		/* as the kernel's MAXSYMLINKS */

int root_open(struct root *ret, const char *dir, struct err *e)
{
	auto_close int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat mine, slash;
	size_t len = strlen(dir);

	if (fd < 0)
		return err_set(e, errno, "root '%s': %s", dir, strerror(errno));
	if (fstat(fd, &mine) < 0 || stat("/", &slash) < 0)
		return err_set(e, errno, "root '%s': %s", dir, strerror(errno));
	while (len && dir[len - 1] == '/')
		len--;
	ret->path = xstrndup(dir, len);
	ret->host = mine.st_dev == slash.st_dev && mine.st_ino == slash.st_ino;
	ret->fd = take_fd(fd);
	return 0;
}

void root_done(struct root *root)
{
	own_close(&root->fd);
	root->fd = -1;
	free(root->path);
	root->path = NULL;
}

/*
 * The walk for kernels without openat2: one component at a time, each opened
 * without following, ".." kept inside, a link's text put in front of the rest.
 */
static int walk(int top, const char *path, int flags, mode_t mode)
{
	auto_strv struct strv todo = { 0 };	/* the rest of the path, last component first */
	int fds[128];				/* the folders above; fds[0] is top and not ours */
	unsigned depth = 0, links = 0;
	int r = -ENOENT;

	fds[0] = top;
	strv_add(&todo, path);
	while (todo.n) {
		auto_free char *rest = todo.v[--todo.n];
		char *name = rest + strspn(rest, "/"), *after;
		bool last, dir_wanted;
		auto_close int fd = -1;
		struct stat st;

		todo.v[todo.n] = NULL;
		if (!*name) {
			if (todo.n)
				continue;
			r = openat(fds[depth], ".", flags & ~(O_CREAT | O_EXCL), 0);
			r = r < 0 ? -errno : r;
			break;
		}
		after = strchrnul(name, '/');
		dir_wanted = *after == '/';
		if (dir_wanted) {
			*after = '\0';
			strv_add(&todo, after + 1);
		}
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
			if (name[1] && depth)
				close(fds[depth--]);
			if (!todo.n)
				strv_add(&todo, "/");
			continue;
		}
		last = true;
		for (size_t i = 0; i < todo.n; i++)
			if (strspn(todo.v[i], "/") != strlen(todo.v[i]))
				last = false;
		if (last && (flags & O_NOFOLLOW) && !dir_wanted) {
			r = openat(fds[depth], name, flags, mode);
			r = r < 0 ? -errno : r;
			break;
		}
		fd = openat(fds[depth], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && last && (flags & O_CREAT)) {
			r = openat(fds[depth], name, flags | O_NOFOLLOW, mode);
			r = r < 0 ? -errno : r;
			break;
		}
		if (fd < 0 || fstat(fd, &st) < 0) {
			r = -errno;
			break;
		}
		if (S_ISLNK(st.st_mode)) {
			char text[4096];
			ssize_t n = readlinkat(fd, "", text, sizeof(text) - 1);

			if (n < 0 || ++links > LINKS_MAX) {
				r = n < 0 ? -errno : -ELOOP;
				break;
			}
			text[n] = '\0';
			if (text[0] == '/')
				while (depth)
					close(fds[depth--]);
			strv_add(&todo, text);
			continue;
		}
		if (last) {
			if (dir_wanted && !S_ISDIR(st.st_mode)) {
				r = -ENOTDIR;
				break;
			}
			r = openat(fds[depth], name, flags | O_NOFOLLOW, mode);
			r = r < 0 ? -errno : r;
			break;
		}
		if (!S_ISDIR(st.st_mode) || depth + 1 >= ARRAY_SIZE(fds)) {
			r = S_ISDIR(st.st_mode) ? -ENAMETOOLONG : -ENOTDIR;
			break;
		}
		fds[++depth] = take_fd(fd);
	}
	while (depth)
		close(fds[depth--]);
	return r;
}

int root_openat(const struct root *root, const char *path, int flags, mode_t mode)
{
	static bool no_openat2;
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	while (!no_openat2) {
		fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno == EAGAIN)		/* a rename raced with ".."; the kernel asks to try again */
			continue;
		if (errno != ENOSYS && errno != EPERM)
			return -errno;
		/* EPERM: an old seccomp filter that does not know the call. */
		no_openat2 = errno == ENOSYS;
		break;
	}
	return walk(root->fd, path, flags | O_CLOEXEC, mode);
}

static int stat_flags(const struct root *root, const char *path, int flags, struct stat *ret)
{
	auto_close int fd = root_openat(root, path, O_PATH | flags, 0);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

int root_stat(const struct root *root, const char *path, struct stat *ret)
{
	return stat_flags(root, path, 0, ret);
}

int root_lstat(const struct root *root, const char *path, struct stat *ret)
{
	return stat_flags(root, path, O_NOFOLLOW, ret);
}

bool root_exists(const struct root *root, const char *path)
{
	struct stat st;

	return root_stat(root, path, &st) == 0;
}

int root_readlink(const struct root *root, const char *path, char **ret)
{
	auto_close int fd = root_openat(root, path, O_PATH | O_NOFOLLOW, 0);
	char text[4096];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", text, sizeof(text) - 1);
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno;	/* ENOENT: it is not a link */
	text[n] = '\0';
	*ret = xstrdup(text);
	return 0;
}

static int fd_path(int fd, char *text, size_t size)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, text, size - 1);
	if (n < 0)
		return -errno;
	if ((size_t)n == size - 1)
		return -ENAMETOOLONG;
	text[n] = '\0';
	return 0;
}

int root_realpath(const struct root *root, const char *path, char **ret)
{
	auto_close int fd = root_openat(root, path, O_PATH, 0);
	char top[PATH_MAX], full[PATH_MAX];
	size_t len;
	int r;

	if (fd < 0)
		return fd;
	r = fd_path(root->fd, top, sizeof(top));
	if (r < 0)
		return r;
	r = fd_path(fd, full, sizeof(full));
	if (r < 0)
		return r;
	len = strcmp(top, "/") == 0 ? 0 : strlen(top);
	if (strncmp(full, top, len) != 0 || (full[len] && full[len] != '/'))
		return -ENOENT;		/* the folder was moved away meanwhile */
	*ret = xstrdup(full[len] ? full + len : "/");
	return 0;
}

int root_list(const struct root *root, const char *path, struct strv *ret)
{
	auto_close int fd = root_openat(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
	auto_closedir DIR *dir = NULL;
	struct strv names = { 0 };
	struct dirent *entry;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	fd = -1;
	while (errno = 0, (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strv_add(&names, entry->d_name);
	if (errno) {
		int r = -errno;

		strv_done(&names);
		return r;
	}
	strv_sort(&names);
	strv_done(ret);
	*ret = names;
	return 0;
}

int root_open_parent(const struct root *root, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");
	const char *name = slash ? slash + 1 : path;
	int fd;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	fd = root_openat(root, *parent ? parent : "/", O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}

int root_mkdirs(const struct root *root, const char *path, mode_t mode)
{
	auto_close int parent = -1;
	const char *name, *slash = strrchr(path, '/');
	struct stat st;

	if (root_stat(root, path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	parent = root_open_parent(root, path, &name);
	if (parent == -ENOENT && slash && slash > path) {
		auto_free char *above = xstrndup(path, (size_t)(slash - path));
		int r = root_mkdirs(root, above, mode);

		if (r < 0)
			return r;
		parent = root_open_parent(root, path, &name);
	}
	if (parent < 0)
		return parent;
	return mkdirat(parent, name, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int read_fd(int fd, const char *path, size_t cap, struct buf *ret, struct err *e)
{
	int r = fd_read_all(fd, cap, ret);

	if (r == -EFBIG)
		return err_set(e, EFBIG, "'%s' is larger than the %zu bytes that such a file may have", path, cap);
	if (r < 0)
		return err_set(e, -r, "'%s': %s", path, strerror(-r));
	return 0;
}

int root_read(const struct root *root, const char *path, size_t cap, struct buf *ret, struct err *e)
{
	auto_close int fd = root_openat(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return err_set(e, -fd, "'%s': %s", path, strerror(-fd));
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "'%s': %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(e, EISDIR, "'%s' is a directory, not a file", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "'%s' is not a regular file", path);
	return read_fd(fd, path, cap, ret, e);
}

int root_read_proc(const struct root *root, const char *path, struct buf *ret, struct err *e)
{
	auto_close int fd = root_openat(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0)
		return err_set(e, -fd, "'%s': %s", path, strerror(-fd));
	return read_fd(fd, path, 16u << 20, ret, e);
}

char *root_read_line(const struct root *root, const char *path)
{
	auto_buf struct buf b = { 0 };

	if (root_read_proc(root, path, &b, NULL) < 0 || !b.data)
		return NULL;
	b.data[strcspn(b.data, "\n")] = '\0';
	return xstrdup(b.data);
}

char *root_path(const struct root *root, const char *path)
{
	return xasprintf("%s%s", root->path, path);
}
