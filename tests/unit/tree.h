/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TEST_TREE_H
#define CRASHCFG_TEST_TREE_H

/* A throw-away system for one test: a folder below /tmp, filled file by file, read as a root. */

#include "file.h"
#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

struct tree {
	char path[64];
	struct root root;
};

static inline void tree_begin(struct tree *t)
{
	strcpy(t->path, "/tmp/crashcfg-tree-XXXXXX");
	assert_non_null(mkdtemp(t->path));
	assert_int_equal(root_open(&t->root, t->path, NULL), 0);
}

static inline int tree_parent(const struct tree *t, const char *path, const char **ret_name)
{
	auto_free char *above = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	if (*above)
		assert_int_equal(root_mkdirs(&t->root, above, 0755), 0);
	return root_open_parent(&t->root, path, ret_name);
}

static inline void tree_bytes(const struct tree *t, const char *path, const void *data, size_t len)
{
	const char *name;
	auto_close int dir = tree_parent(t, path, &name);

	assert_true(dir >= 0);
	assert_int_equal(file_replace_at(dir, name, data, len, 0644), 0);
}

static inline void tree_put(const struct tree *t, const char *path, const char *text)
{
	tree_bytes(t, path, text, strlen(text));
}

static inline void tree_link(const struct tree *t, const char *path, const char *to)
{
	const char *name;
	auto_close int dir = tree_parent(t, path, &name);

	assert_true(dir >= 0);
	assert_int_equal(symlinkat(to, dir, name), 0);
}

static inline void tree_dir(const struct tree *t, const char *path)
{
	assert_int_equal(root_mkdirs(&t->root, path, 0755), 0);
}

static inline int tree_drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static inline void tree_end(struct tree *t)
{
	root_done(&t->root);
	nftw(t->path, tree_drop, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
