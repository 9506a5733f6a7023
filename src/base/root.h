/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_ROOT_H
#define CRASHCFG_ROOT_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * A system as seen from its top folder.  Every path is absolute within it
 * ("/etc/fstab") and cannot leave it: symbolic links, absolute ones and ".."
 * too, are resolved as if the process had been chrooted there
 * (openat2(2) with RESOLVE_IN_ROOT; kernels before 5.6 get a walk by hand).
 */
struct root {
	int fd;			/* O_PATH of DIR */
	char *path;		/* DIR as given, without a trailing slash ("" for "/") */
	bool host;		/* DIR is "/": programs may be run, sysfs be written */
};

int root_open(struct root *ret, const char *dir, struct err *e);
void root_done(struct root *root);
#define auto_root AUTO(root_done)

/* As open(2), O_CLOEXEC added.  Returns a descriptor or -errno. */
int root_openat(const struct root *root, const char *path, int flags, mode_t mode);
/* As stat(2) and lstat(2).  0 or -errno. */
int root_stat(const struct root *root, const char *path, struct stat *ret);
int root_lstat(const struct root *root, const char *path, struct stat *ret);
bool root_exists(const struct root *root, const char *path);
/* The link's text as it stands.  0 or -errno. */
int root_readlink(const struct root *root, const char *path, char **ret);
/*
 * PATH with every symbolic link resolved, as a path below the root.  PATH must
 * exist.  Told by /proc/self/fd of this process (-ENOENT without /proc).  0 or -errno.
 */
int root_realpath(const struct root *root, const char *path, char **ret);
/* Names in a folder, sorted, without "." and "..".  0 or -errno. */
int root_list(const struct root *root, const char *path, struct strv *ret);
/* Make a folder and its missing parents.  0 or -errno. */
int root_mkdirs(const struct root *root, const char *path, mode_t mode);
/* Open the folder that holds PATH; *ret_name points at the last part within PATH. */
int root_open_parent(const struct root *root, const char *path, const char **ret_name);

/*
 * Whole content of a regular file, at most CAP bytes (-EFBIG beyond; -EISDIR,
 * -EINVAL for what is not a regular file).  Never blocks on a fifo or device.
 * root_read_proc() is for /proc and /sys, whose files tell no size.
 */
int root_read(const struct root *root, const char *path, size_t cap, struct buf *ret, struct err *e);
int root_read_proc(const struct root *root, const char *path, struct buf *ret, struct err *e);
/* First line of a small /proc or /sys file, NULL when it cannot be read. */
char *root_read_line(const struct root *root, const char *path);

/* The path for messages and for libraries: DIR and PATH joined.  Not safe to open below a foreign root. */
char *root_path(const struct root *root, const char *path);

#endif
