/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elfnote.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void add_note(struct buf *to, const char *name, uint32_t type, const void *desc, size_t len)
{
	Elf64_Nhdr h = { .n_namesz = (Elf64_Word)strlen(name) + 1,
			 .n_descsz = (Elf64_Word)len,
			 .n_type = type };

	buf_add(to, &h, sizeof(h));
	buf_add(to, name, h.n_namesz);
	buf_zero(to, (4 - to->len % 4) % 4);
	buf_add(to, desc, len);
	buf_zero(to, (4 - to->len % 4) % 4);
}

static void make_core(struct buf *to, const struct buf *notes, uint16_t machine)
{
	Elf64_Ehdr eh = { .e_type = ET_CORE, .e_machine = machine, .e_phoff = sizeof(eh), .e_phnum = 2,
			  .e_phentsize = sizeof(Elf64_Phdr) };
	Elf64_Phdr load = { .p_type = PT_LOAD, .p_filesz = 1 << 20 };
	Elf64_Phdr note = { .p_type = PT_NOTE,
			    .p_offset = sizeof(eh) + 2 * sizeof(note),
			    .p_filesz = notes->len };

	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	buf_add(to, &eh, sizeof(eh));
	buf_add(to, &load, sizeof(load));
	buf_add(to, &note, sizeof(note));
	buf_add(to, notes->data, notes->len);
}

static void make_notes(struct buf *to, size_t prstatus_len)
{
	static const char info[] = "OSRELEASE=6.1\nCRASHTIME=7\n\0\0";
	unsigned char prstatus[512] = { 0 };
	int32_t pid = 4711;
	uint64_t rip = 0xffffffff81066b20;

	memcpy(prstatus + 32, &pid, sizeof(pid));
	memcpy(prstatus + 112 + 16 * 8, &rip, sizeof(rip));
	add_note(to, "CORE", NT_PRSTATUS, prstatus, prstatus_len);
	add_note(to, "CORE", NT_PRSTATUS, prstatus, prstatus_len);
	add_note(to, "VMCOREINFO", 0, info, sizeof(info));
}

static void notes_of_a_core_are_found(void **state)
{
	auto_buf struct buf notes = { 0 };
	auto_buf struct buf core = { 0 };
	auto_buf struct buf text = { 0 };
	uint64_t offset, size;
	uint16_t machine;
	const char *info;
	size_t len;

	(void)state;
	make_notes(&notes, 336);
	make_core(&core, &notes, EM_X86_64);
	assert_int_equal(elfnote_find(core.data, core.len, &offset, &size, &machine, NULL), 0);
	assert_int_equal(size, notes.len);
	assert_memory_equal(core.data + offset, notes.data, notes.len);
	info = elfnote_vmcoreinfo(notes.data, notes.len, &len);
	assert_int_equal(len, strlen("OSRELEASE=6.1\nCRASHTIME=7\n"));
	assert_memory_equal(info, "OSRELEASE=6.1\n", 14);
	elfnote_registers(notes.data, notes.len, machine, &text);
	assert_non_null(strstr(text.data, "cpu 0 pid 4711\nr15      0000000000000000\n"));
	assert_non_null(strstr(text.data, "\ncpu 1 pid 4711\n"));
	assert_non_null(strstr(text.data, "\nrip      ffffffff81066b20\ncs "));
}

static void another_machine_gets_numbered_words(void **state)
{
	auto_buf struct buf notes = { 0 };
	auto_buf struct buf text = { 0 };

	(void)state;
	make_notes(&notes, 392);
	elfnote_registers(notes.data, notes.len, EM_AARCH64, &text);
	assert_non_null(strstr(text.data, "word16   ffffffff81066b20\n"));
	assert_non_null(strstr(text.data, "word33   "));
	assert_null(strstr(text.data, "word34   "));
}

static void what_is_cut_off_ends_the_walk(void **state)
{
	auto_buf struct buf notes = { 0 };

	(void)state;
	make_notes(&notes, 336);
	for (size_t len = 0; len < notes.len; len++) {
		auto_buf struct buf text = { 0 };
		auto_free char *exact = xmemdup(notes.data, len);
		size_t info_len;

		elfnote_registers(exact, len, EM_X86_64, &text);
		assert_true(len + 4 > notes.len || !elfnote_vmcoreinfo(exact, len, &info_len));
	}
}

static void what_is_no_core_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} rows[] = {
		{ 0, 0 }, { EI_CLASS, ELFCLASS32 }, { EI_DATA, ELFDATA2MSB }, { 16, ET_EXEC }, { 54, 57 },
		{ 56, 1 } /* one program header, which is none of notes */, { 39, 0xff } /* e_phoff */,
		{ 64 + 56 + 32 + 3, 0xff } /* p_filesz */,
	};
	auto_buf struct buf notes = { 0 };
	auto_buf struct buf core = { 0 };
	uint64_t offset, size;
	uint16_t machine;

	(void)state;
	make_notes(&notes, 336);
	make_core(&core, &notes, EM_X86_64);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *copy = xmemdup(core.data, core.len);
		struct err e = { 0 };

		copy[rows[i].at] = (char)rows[i].value;
		assert_int_equal(elfnote_find(copy, core.len, &offset, &size, &machine, &e), -EINVAL);
		assert_true(e.text[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_of_a_core_are_found),
		cmocka_unit_test(another_machine_gets_numbered_words),
		cmocka_unit_test(what_is_cut_off_ends_the_walk),
		cmocka_unit_test(what_is_no_core_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
