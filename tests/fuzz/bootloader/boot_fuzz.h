/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_BOOT_FUZZ_H
#define CRASHCFG_BOOT_FUZZ_H

/*
 * The laws of an editor, on a small system in memory whose files are cut out of
 * the input: twice is once, taken off is the old system, and a file that was
 * not ours to edit keeps its bytes.
 */
#include "bootloader.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>

#define FUZZ_FILES 8

static struct root fuzz_root;
static char fuzz_dir[64];

struct fuzz_file {
	const char *path;
	bool there;
	struct buf text;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void fuzz_write(const char *path, const struct buf *text)
{
	auto_free char *above = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	auto_close int fd = -1;

	must(root_mkdirs(&fuzz_root, above, 0755) == 0);
	if (!text) {
		auto_free char *full = root_path(&fuzz_root, path);

		unlink(full);
		return;
	}
	fd = root_openat(&fuzz_root, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	must(fd >= 0 && fd_write_all(fd, buf_text(text), text->len) == 0);
}

/*
 * A fuzzer often ends without a chance to clean up.  So the folder has a fixed
 * name, and a number for runs side by side: the lock tells who is alive.
 */
static void fuzz_begin(const char *name)
{
	int fd = -1;

	for (unsigned n = 0; n < 256 && fd < 0; n++) {
		snprintf(fuzz_dir, sizeof(fuzz_dir), "/dev/shm/crashcfg-fuzz-%s.%u", name, n);
		must(mkdir(fuzz_dir, 0700) == 0 || errno == EEXIST);
		fd = open(fuzz_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
			close(fd);
			fd = -1;
		}
	}
	must(fd >= 0 && root_open(&fuzz_root, fuzz_dir, NULL) == 0);	/* fd stays open: it is the lock */
}

static void fuzz_text(const char *path, const char *text)
{
	auto_buf struct buf b = { 0 };

	buf_adds(&b, text);
	fuzz_write(path, &b);
}

/* Cut the input at 0xff into the files; a missing piece is a missing file. */
static void fuzz_cut(const uint8_t *data, size_t size, struct fuzz_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint8_t *cut = size ? memchr(data, 0xff, size) : NULL;
		size_t len = cut ? (size_t)(cut - data) : size;

		buf_clear(&files[i].text);
		buf_add(&files[i].text, data, len);
		files[i].there = size > 0;
		fuzz_write(files[i].path, files[i].there ? &files[i].text : NULL);
		data += len + (cut != NULL);
		size -= len + (cut != NULL);
	}
}

/* Load, set, write.  1: changed; 0: not; negative: refused, nothing was written. */
static int fuzz_change(const struct boot_editor *editor, const char *value, bool force)
{
	auto_edits struct edit_list edits = { 0 };
	struct boot_command command = { 0 };
	struct boot_state *s = NULL;
	struct err e = { 0 };
	int r = editor->load(&fuzz_root, &s, &e);

	if (r == 0)
		r = editor->set_arg(s, "crashkernel", value, force, &e);
	if (r < 0) {
		must(e.code == -r && e.text[0]);
		editor->free(s);
		return r;
	}
	must(editor->emit(s, &edits, &e) == 0);
	if (editor->command(s, &command) == 0)
		boot_command_done(&command);
	for (size_t i = 0; i < edits.n; i++)
		fuzz_write(edits.v[i].path, edits.v[i].keep ? &edits.v[i].text : NULL);
	editor->free(s);
	return edits.n > 0;
}

static void fuzz_same(const struct fuzz_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_buf struct buf now = { 0 };
		int r = root_read(&fuzz_root, files[i].path, 1 << 24, &now, NULL);

		must(files[i].there ? r == 0 && buf_equal(&now, &files[i].text) : r == -ENOENT);
	}
	must(!root_exists(&fuzz_root, "/var/lib/crashcfg/bootloader.json"));
}

static void fuzz_laws(const struct boot_editor *editor, const struct fuzz_file *files, size_t n,
		      bool force)
{
	struct boot_state *s = NULL;
	struct boot_conflict *v = NULL;
	size_t n_conflicts = 0;
	bool refused = false;

	fuzz_write("/var/lib/crashcfg/bootloader.json", NULL);
	if (editor->load(&fuzz_root, &s, NULL) < 0)
		return;
	free(editor->get_default(s, "crashkernel"));
	editor->conflicts(s, "crashkernel", &v, &n_conflicts);
	boot_conflicts_free(v, n_conflicts);
	editor->free(s);

	if (fuzz_change(editor, "256M", force) < 0) {
		fuzz_same(files, n);
		return;
	}
	must(fuzz_change(editor, "256M", force) == 0);
	must(fuzz_change(editor, "256M", false) == 0);
	refused = fuzz_change(editor, "1G-:320M,high", false) < 0;
	must(refused || fuzz_change(editor, NULL, false) >= 0);
	if (refused)
		must(fuzz_change(editor, NULL, false) >= 0);
	fuzz_same(files, n);
	must(fuzz_change(editor, NULL, false) == 0);
}

#endif
