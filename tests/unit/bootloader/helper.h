/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TEST_BOOT_HELPER_H
#define CRASHCFG_TEST_BOOT_HELPER_H

/* A fixture system copied to a throw-away folder, and edits written into it the plain way. */

#include "bootloader.h"
#include "ledger.h"
#include "tree.h"

#define KEY "crashkernel"

static inline const struct boot_editor *editor_named(const char *name)
{
	return strcmp(name, "grub") == 0  ? &boot_grub
	       : strcmp(name, "bls") == 0 ? &boot_bls
					  : &boot_none;
}

static inline void copy_below(const struct root *from, const char *path, const struct tree *to)
{
	auto_strv struct strv names = { 0 };

	if (root_list(from, path, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *at = xasprintf("%s/%s", strcmp(path, "/") == 0 ? "" : path, names.v[i]),
			       *link = NULL;
		auto_buf struct buf data = { 0 };
		struct stat st;

		assert_int_equal(root_lstat(from, at, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			tree_dir(to, at);
			copy_below(from, at, to);
		} else if (S_ISLNK(st.st_mode)) {
			assert_int_equal(root_readlink(from, at, &link), 0);
			tree_link(to, at, link);
		} else {
			assert_int_equal(root_read(from, at, 1 << 24, &data, NULL), 0);
			tree_bytes(to, at, buf_text(&data), data.len);
		}
	}
}

static inline void tree_from(struct tree *t, const char *fixture)
{
	auto_free char *path = xasprintf("tests/roots/%s/root", fixture);
	auto_root struct root from = { .fd = -1 };
	struct err e = { 0 };

	tree_begin(t);
	if (root_open(&from, path, &e) < 0)
		fail_msg("%s (run from the top of the source)", e.text);
	copy_below(&from, "/", t);
}

static inline struct boot_state *load(const struct boot_editor *editor, const struct tree *t)
{
	struct boot_state *s = NULL;
	struct err e = { 0 };

	if (editor->load(&t->root, &s, &e) < 0)
		fail_msg("load: %s", e.text);
	return s;
}

static inline void put_edits(const struct tree *t, const struct edit_list *edits)
{
	for (size_t i = 0; i < edits->n; i++) {
		const struct edit *edit = &edits->v[i];
		auto_buf struct buf now = { 0 };
		auto_free char *path = root_path(&t->root, edit->path);
		struct stat st;

		/* The path leads through no link, and OLD is what is there. */
		assert_int_equal(root_lstat(&t->root, edit->path, &st), edit->had ? 0 : -ENOENT);
		assert_true(!edit->had || S_ISREG(st.st_mode));
		if (edit->had) {
			assert_int_equal(root_read(&t->root, edit->path, 1 << 24, &now, NULL), 0);
			assert_true(buf_equal(&now, &edit->old));
		}
		if (edit->keep)
			tree_bytes(t, edit->path, buf_text(&edit->text), edit->text.len);
		else
			assert_int_equal(unlink(path), 0);
	}
}

/* Load, set (VALUE NULL: take off), write.  Returns the number of edits. */
static inline size_t change(const struct boot_editor *editor, const struct tree *t, const char *value,
			    bool force)
{
	struct boot_state *s = load(editor, t);
	auto_edits struct edit_list edits = { 0 };
	struct err e = { 0 };

	if (editor->set_arg(s, KEY, value, force, &e) < 0)
		fail_msg("set %s: %s", value ? value : "(off)", e.text);
	assert_int_equal(editor->emit(s, &edits, &e), 0);
	put_edits(t, &edits);
	editor->free(s);
	return edits.n;
}

static inline char *text_of(const struct tree *t, const char *path)
{
	struct buf text = { 0 };

	if (root_read(&t->root, path, 1 << 24, &text, NULL) < 0)
		return NULL;
	buf_addc(&text, '\0');
	return buf_take(&text);
}

/* Every regular file's path and bytes, in order, but for empty folders. */
static inline void snapshot(const struct root *root, const char *path, struct buf *to)
{
	auto_strv struct strv names = { 0 };

	assert_int_equal(root_list(root, path, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *at = xasprintf("%s/%s", strcmp(path, "/") == 0 ? "" : path, names.v[i]);
		auto_buf struct buf data = { 0 };
		struct stat st;

		assert_int_equal(root_lstat(root, at, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			snapshot(root, at, to);
		} else if (S_ISREG(st.st_mode)) {
			assert_int_equal(root_read(root, at, 1 << 24, &data, NULL), 0);
			buf_addf(to, "%s %zu\n", at, data.len);
			buf_add(to, buf_text(&data), data.len);
		}
	}
}

static inline char *conflicts_text(const struct boot_editor *editor, const struct boot_state *s)
{
	struct boot_conflict *v = NULL;
	struct buf text = { 0 };
	size_t n = 0;

	editor->conflicts(s, KEY, &v, &n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%s:%u %s\n", v[i].path, v[i].line, v[i].text);
	boot_conflicts_free(v, n);
	return buf_take(&text);
}

#endif
