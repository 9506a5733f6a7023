/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cpio.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

static void make(struct buf *to)
{
	unsigned inode = 0;

	cpio_add(to, &inode, "dev", S_IFDIR | 0755, NULL, 0, 0, 0);
	cpio_add(to, &inode, "dev/console", S_IFCHR | 0600, NULL, 0, 5, 1);
	cpio_add(to, &inode, "init", S_IFREG | 0755, "abcde", 5, 0, 0);
	cpio_add(to, &inode, "modprobe", S_IFLNK | 0777, "/init", 5, 0, 0);
	cpio_end(to);
}

static void test_the_bytes_are_those_of_the_format(void **state)
{
	static const char want[] =
		"070701" "00000001" "000041ED" "00000000" "00000000" "00000002" "00000000" "00000000"
		"00000000" "00000000" "00000000" "00000000" "00000004" "00000000" "dev\0\0\0"
		"070701" "00000002" "00002180" "00000000" "00000000" "00000001" "00000000" "00000000"
		"00000000" "00000000" "00000005" "00000001" "0000000C" "00000000" "dev/console\0\0\0";
	auto_buf struct buf b = { 0 };

	(void)state;
	make(&b);
	assert_memory_equal(b.data, want, sizeof(want) - 1);
	assert_int_equal(b.len % 512, 0);
}

static int note(void *ctx, const struct cpio_member *m)
{
	struct buf *to = ctx;

	buf_addf(to, "%s %o ", m->name, m->mode);
	buf_add(to, m->data, m->len);
	buf_addc(to, '\n');
	return strcmp(m->name, "stop") == 0 ? -ECANCELED : 0;
}

static void test_what_was_written_is_read(void **state)
{
	auto_buf struct buf b = { 0 }, seen = { 0 };
	size_t end = 0, whole;

	(void)state;
	make(&b);
	whole = b.len;
	buf_adds(&b, "next");
	assert_int_equal(cpio_each(b.data, b.len, note, &seen, &end, NULL), 0);
	assert_int_equal(end, whole);
	assert_string_equal(seen.data, "dev 40755 \ndev/console 20600 \ninit 100755 abcde\n"
			    "modprobe 120777 /init\n");
}

static void test_a_callback_ends_the_walk(void **state)
{
	auto_buf struct buf b = { 0 }, seen = { 0 };
	unsigned inode = 0;
	size_t end = 77;

	(void)state;
	cpio_add(&b, &inode, "stop", S_IFREG, "x", 1, 0, 0);
	make(&b);
	assert_int_equal(cpio_each(b.data, b.len, note, &seen, &end, NULL), -ECANCELED);
	assert_string_equal(seen.data, "stop 100000 x\n");
	assert_int_equal(end, 77);
}

static void test_every_cut_is_an_error(void **state)
{
	auto_buf struct buf b = { 0 }, seen = { 0 };
	size_t end = 0, trailer;

	(void)state;
	make(&b);
	trailer = (size_t)((const char *)memmem(b.data, b.len, "TRAILER!!!", 11) + 11 - b.data);
	for (size_t len = 0; len < trailer; len++) {
		char *copy = xmemdup(b.data, len);	/* so that a sanitizer sees a read behind the end */
		struct err e = { 0 };

		assert_int_equal(cpio_each(copy, len, note, &seen, &end, &e), -EINVAL);
		assert_int_equal(e.code, EINVAL);
		free(copy);
	}
}

static void test_damage_is_told_with_its_place(void **state)
{
	static const struct { size_t at; const char *bytes, *text; } rows[] = {
		{ 0, "070702", "byte 0 is no member of a 'newc' cpio archive" },
		{ 20, "xyz", "cpio member at byte 0: a field is not hex" },
		{ 94, "00000000", "cpio member at byte 0 has a damaged name" },
		{ 94, "00000003", "cpio member at byte 0 has a damaged name" },
		{ 94, "FFFFFFFF", "cpio member at byte 0 has a damaged name" },
		{ 54, "FFFFFFFF", "cpio member 'dev' is cut off" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf b = { 0 }, seen = { 0 };
		struct err e = { 0 };
		size_t end;

		make(&b);
		memcpy(b.data + rows[i].at, rows[i].bytes, strlen(rows[i].bytes));
		assert_int_equal(cpio_each(b.data, b.len, note, &seen, &end, &e), -EINVAL);
		assert_string_equal(e.text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_bytes_are_those_of_the_format),
		cmocka_unit_test(test_what_was_written_is_read),
		cmocka_unit_test(test_a_callback_ends_the_walk),
		cmocka_unit_test(test_every_cut_is_an_error),
		cmocka_unit_test(test_damage_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
