/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elffile.h"

#include "fake_elf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <cmocka.h>

static void test_needs_are_read(void **state)
{
	static const struct fake_elf row = {
		.interp = "/lib64/ld.so", .needed = { "liba.so.1", "libc.so.6" }, .rpath = "/opt/lib",
		.runpath = "$ORIGIN/../lib",
	};
	auto_buf struct buf b = { 0 };
	auto_elf struct elf elf = { 0 };

	(void)state;
	fake_program(&row, &b);
	assert_int_equal(elf_read(b.data, b.len, &elf, NULL), 0);
	assert_int_equal(elf.class, ELFCLASS64);
	assert_int_equal(elf.order, ELFDATA2LSB);
	assert_int_equal(elf.machine, EM_X86_64);
	assert_string_equal(elf.interp, "/lib64/ld.so");
	assert_int_equal(elf.needed.n, 2);
	assert_string_equal(elf.needed.v[0], "liba.so.1");
	assert_string_equal(elf.needed.v[1], "libc.so.6");
	assert_string_equal(elf.rpath, "/opt/lib");
	assert_string_equal(elf.runpath, "$ORIGIN/../lib");
}

static void test_the_other_class_and_byte_order_are_read(void **state)
{
	static const unsigned char big[] = {
		/* 32 bit, most significant byte first, one program header, PT_INTERP, "/ld" */
		0x7f, 'E', 'L', 'F', 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0, 2, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0,
		0, 0, 0, 52, 0, 0, 0, 0, 0, 0, 0, 0, 0, 52, 0, 32, 0, 1, 0, 40, 0, 0, 0, 0,
		0, 0, 0, 3, 0, 0, 0, 84, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 0,
		0, 0, 0, 1, '/', 'l', 'd', 0,
	};
	auto_elf struct elf elf = { 0 };

	(void)state;
	assert_int_equal(elf_read((const char *)big, sizeof(big), &elf, NULL), 0);
	assert_int_equal(elf.class, ELFCLASS32);
	assert_int_equal(elf.order, ELFDATA2MSB);
	assert_int_equal(elf.machine, EM_PPC);
	assert_string_equal(elf.interp, "/ld");
}

static void test_every_cut_is_an_error(void **state)
{
	static const struct fake_elf row = { .interp = "/lib64/ld.so", .needed = { "liba.so.1" } };
	auto_buf struct buf b = { 0 };

	(void)state;
	fake_program(&row, &b);
	for (size_t len = 0; len < b.len; len++) {
		char *copy = xmemdup(b.data, len);
		struct elf elf = { 0 };
		struct err e = { 0 };
		int r = elf_read(copy, len, &elf, &e);

		assert_true(r == -ENOEXEC || r == -EINVAL);
		assert_int_equal(e.code, -r);
		assert_null(elf.interp);
		free(copy);
	}
}

static void test_trimming_takes_off_what_is_not_loaded(void **state)
{
	static const struct fake_elf plain = { .needed = { "libc.so.6" } };
	static const struct fake_elf debug = { .needed = { "libc.so.6" }, .debug = "debug information" };
	auto_buf struct buf a = { 0 }, b = { 0 }, ta = { 0 }, tb = { 0 };
	auto_elf struct elf elf = { 0 };
	const Elf64_Ehdr *head;

	(void)state;
	fake_program(&plain, &a);
	fake_program(&debug, &b);
	assert_int_equal(elf_trim(a.data, a.len, &ta, NULL), 0);
	assert_int_equal(elf_trim(b.data, b.len, &tb, NULL), 0);
	assert_int_equal(ta.len, a.len);
	assert_true(buf_equal(&ta, &tb));
	head = (const void *)ta.data;
	assert_int_equal(head->e_shoff, 0);
	assert_int_equal(head->e_shnum, 0);
	assert_int_equal(elf_read(ta.data, ta.len, &elf, NULL), 0);
	assert_string_equal(elf.needed.v[0], "libc.so.6");
}

static void test_modinfo_is_read(void **state)
{
	static const struct fake_module row = {
		.info = { "license=GPL", "alias=fs-toy", "firmware=toy/a.fw" },
		.exports = { "toy" }, .imports = { "printk" },
	};
	auto_buf struct buf b = { 0 };
	auto_strv struct strv info = { 0 }, none = { 0 };

	(void)state;
	fake_ko(&row, &b);
	assert_int_equal(elf_modinfo(b.data, b.len, &info, NULL), 0);
	assert_int_equal(info.n, 3);
	assert_string_equal(info.v[1], "alias=fs-toy");
	assert_int_equal(elf_modinfo(b.data, b.len - 1, &none, NULL), -EINVAL);
	assert_int_equal(elf_modinfo("#!/bin/sh", 9, &none, NULL), -ENOEXEC);
	assert_int_equal(none.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needs_are_read),
		cmocka_unit_test(test_the_other_class_and_byte_order_are_read),
		cmocka_unit_test(test_every_cut_is_an_error),
		cmocka_unit_test(test_trimming_takes_off_what_is_not_loaded),
		cmocka_unit_test(test_modinfo_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
