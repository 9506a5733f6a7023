/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff.h"

#include "file.h"
#include "proc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct buf text_of(const char *text)
{
	struct buf b = { 0 };

	buf_adds(&b, text);
	return b;
}

static void diff_is_what_people_expect(void **state)
{
	static const struct {
		const char *old, *new_text, *want;
	} rows[] = {
		{ "a\n", "a\n", "" },
		{ "", "", "" },
		{ "a\nb\nc\n", "a\nB\nc\n", "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n" },
		{ "", "a\n", "--- old\n+++ new\n@@ -0,0 +1 @@\n+a\n" },
		{ "a\n", "", "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n" },
		{ "a", "a\n", "--- old\n+++ new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\nnine\n",
		  "--- old\n+++ new\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+nine\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf a = text_of(rows[i].old), b = text_of(rows[i].new_text), got = { 0 };

		diff_unified("old", &a, "new", &b, &got);
		assert_string_equal(buf_text(&got), rows[i].want);
	}
}

static void bytes_with_a_nul_are_said_to_differ(void **state)
{
	auto_buf struct buf a = text_of("x\n"), b = text_of("y"), got = { 0 };

	(void)state;
	buf_zero(&b, 1);
	diff_unified("/boot/a", &a, "/boot/b", &b, &got);
	assert_string_equal(buf_text(&got), "Binary files /boot/a and /boot/b differ\n");
}

static void odd_names_are_written_as_patch_reads_them(void **state)
{
	auto_buf struct buf a = text_of("x\n"), b = text_of("y\n"), got = { 0 };

	(void)state;
	diff_unified("a b", &a, "c\n\"d", &b, &got);
	assert_string_equal(buf_text(&got), "--- a b\t\n+++ \"c\\012\\\"d\"\n@@ -1 +1 @@\n-x\n+y\n");
}

/* --- against the real programs ----------------------------------------------------------------- */

static char *dir;

static void put(const char *name, const struct buf *data)
{
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(file_replace_at(fd, name, buf_text(data), data->len, 0600), 0);
}

static void get(const char *name, struct buf *ret)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_read_all(fd, 1 << 24, ret), 0);
}

static uint32_t rnd(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void random_text(uint32_t *seed, unsigned lines, unsigned alphabet, struct buf *ret)
{
	for (unsigned i = 0; i < lines; i++)
		buf_addf(ret, "%c%s", 'a' + (char)(rnd(seed) % alphabet),
			 rnd(seed) % 9 ? "\n" : " x\r\n");
	if (rnd(seed) % 3 == 0 && ret->len)
		ret->data[--ret->len] = '\0';
}

static size_t changed_lines(const struct buf *diff)
{
	size_t n = 0;

	for (const char *p = buf_text(diff); *p; p = strchrnul(p, '\n') + (*strchrnul(p, '\n') != '\0'))
		n += *p == '+' || *p == '-';
	return n;
}

static void patch_makes_the_new_text_of_the_old_one(void **state)
{
	auto_free char *old = xasprintf("%s/old", dir), *new_path = xasprintf("%s/new", dir),
		       *patch = xasprintf("%s/patch", dir);
	const char *const patch_argv[] = { "/usr/bin/patch", "-s", "--binary", old, patch, NULL };
	const char *const diff_argv[] = {
		"/usr/bin/diff", "-u", "--minimal", "-a", old, new_path, NULL
	};
	uint32_t seed = 1;

	(void)state;
	if (access(patch_argv[0], X_OK) < 0 || access(diff_argv[0], X_OK) < 0)
		skip();
	for (int i = 0; i < 250; i++) {
		auto_buf struct buf a = { 0 }, b = { 0 }, d = { 0 }, got = { 0 };
		auto_proc struct proc by_diff = { .argv = diff_argv, .out_max = 1 << 20 },
				      by_patch = { .argv = patch_argv };
		struct err e = { 0 };

		random_text(&seed, rnd(&seed) % 60, 2 + rnd(&seed) % 20, &a);
		random_text(&seed, rnd(&seed) % 60, 2 + rnd(&seed) % 20, &b);
		if (rnd(&seed) % 2) {	/* a few changes only */
			buf_clear(&b);
			buf_add(&b, buf_text(&a), a.len);
			for (unsigned n = rnd(&seed) % 5; n && b.len; n--)
				b.data[rnd(&seed) % b.len] = rnd(&seed) % 2 ? '\n' : 'z';
		}
		diff_unified(old, &a, new_path, &b, &d);
		if (!d.len) {
			assert_true(buf_equal(&a, &b));
			continue;
		}
		put("old", &a);
		put("new", &b);
		put("patch", &d);
		assert_int_equal(proc_run(&by_diff, &e), 0);
		assert_int_equal(changed_lines(&d), changed_lines(&by_diff.out));
		if (proc_check(&by_patch, &e) < 0)
			fail_msg("%s\n%s", e.text, buf_text(&d));
		if (b.len) {
			get("old", &got);
			assert_true(buf_equal(&got, &b));
		}
	}
}

static void wholly_different_big_texts_are_quick(void **state)
{
	auto_buf struct buf a = { 0 }, b = { 0 }, d = { 0 };
	long long start = now_ms();

	(void)state;
	for (int i = 0; i < 100000; i++) {
		buf_addf(&a, "old %d\n", i);
		buf_addf(&b, "new %d\n", i);
	}
	diff_unified("a", &a, "b", &b, &d);
	assert_memory_equal(buf_text(&d), "--- a\n+++ b\n@@ -1,100000 +1,100000 @@\n-old 0\n", 45);
	assert_true(now_ms() - start < 5000);
}

static int make_dir(void **state)
{
	(void)state;
	dir = xstrdup("/tmp/crashcfg-diff.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	static const char *const names[] = { "old", "new", "patch", "old.orig", "old.rej" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names[i]);

		unlink(path);
	}
	rmdir(dir);
	free(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(diff_is_what_people_expect),
		cmocka_unit_test(bytes_with_a_nul_are_said_to_differ),
		cmocka_unit_test(odd_names_are_written_as_patch_reads_them),
		cmocka_unit_test(patch_makes_the_new_text_of_the_old_one),
		cmocka_unit_test(wholly_different_big_texts_are_quick),
	};

	return cmocka_run_group_tests_name("diff", tests, make_dir, drop_dir);
}
