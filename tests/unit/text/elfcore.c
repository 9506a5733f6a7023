/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elfcore.h"

#include "own.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A core of notes and two pieces of memory, 4 KiB each. */
struct core {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	char rest[12288];
};

static struct core *make_core(void)
{
	struct core *c = xcalloc(1, sizeof(*c));

	memcpy(c->eh.e_ident, ELFMAG, SELFMAG);
	c->eh.e_ident[EI_CLASS] = ELFCLASS64;
	c->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	c->eh.e_type = ET_CORE;
	c->eh.e_phoff = sizeof(c->eh);
	c->eh.e_phentsize = sizeof(Elf64_Phdr);
	c->eh.e_phnum = 3;
	c->ph[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = 512, .p_filesz = 100 };
	c->ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = 4096, .p_filesz = 4096, .p_paddr = 0x1000 };
	c->ph[2] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = 8192, .p_filesz = 4096, .p_paddr = 0x100000 };
	return c;
}

static int read_core(void *ctx, uint64_t offset, void *to, size_t len)
{
	if (offset > sizeof(struct core) || len > sizeof(struct core) - offset)
		return -ENODATA;
	memcpy(to, (const char *)ctx + offset, len);
	return 0;
}

static void its_pieces_of_memory_are_told(void **state)
{
	auto_free struct core *core = make_core();
	auto_elfcore struct elfcore c = { 0 };

	(void)state;
	assert_int_equal(elfcore_read(read_core, core, sizeof(*core), &c, NULL), 0);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.end, 12288);
	assert_int_equal(elfcore_at(&c, 0)->paddr, 0x1000);
	assert_int_equal(elfcore_at(&c, 8191)->paddr, 0x1000);
	assert_int_equal(elfcore_at(&c, 8192)->paddr, 0x100000);
	assert_null(elfcore_at(&c, 12288));
}

static void one_that_is_cut_off_is_told_apart_from_one_that_is_none(void **state)
{
	static const struct {
		uint64_t size;
		int result;
		const char *words;
	} rows[] = {
		{ 12288, 0, NULL },
		{ 12287, -ENODATA, "memory at 0x100000" },
		{ 8192, -ENODATA, "memory at 0x100000" },
		{ 5000, -ENODATA, "memory at 0x1000 " },
		{ 300, -ENODATA, "it ends at byte 300" },
	};
	auto_free struct core *core = make_core();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_elfcore struct elfcore c = { 0 };
		struct err e = { 0 };

		assert_int_equal(elfcore_read(read_core, core, rows[i].size, &c, &e), rows[i].result);
		if (rows[i].words)
			assert_non_null(strstr(e.text, rows[i].words));
	}
}

static void damaged_headers_are_no_core(void **state)
{
	(void)state;
	for (int i = 0; i < 7; i++) {
		auto_free struct core *core = make_core();
		auto_elfcore struct elfcore c = { 0 };

		switch (i) {
		case 0: core->eh.e_ident[0] = 'K'; break;
		case 1: core->eh.e_type = ET_EXEC; break;
		case 2: core->eh.e_phnum = 0; break;
		case 3: core->ph[0].p_type = PT_NULL; break;
		case 4: core->ph[1].p_offset = UINT64_MAX - 5; break;
		case 5: core->ph[1].p_type = core->ph[2].p_type = PT_NULL; break;
		default: core->eh.e_phoff = UINT64_MAX - 60; break;
		}
		assert_true(elfcore_read(read_core, core, sizeof(*core), &c, NULL) < 0);
		assert_int_equal(c.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_pieces_of_memory_are_told),
		cmocka_unit_test(one_that_is_cut_off_is_told_apart_from_one_that_is_none),
		cmocka_unit_test(damaged_headers_are_no_core),
	};

	return cmocka_run_group_tests_name("elfcore", tests, NULL, NULL);
}
