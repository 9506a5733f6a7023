/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TEST_FAKE_ELF_H
#define CRASHCFG_TEST_FAKE_ELF_H

/* ELF files of a few hundred bytes: programs and libraries by what they need, modules by what they tell. */

#include "buf.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

struct fake_elf {
	const char *interp;		/* NULL: a library, or a static program */
	const char *needed[8];
	const char *rpath, *runpath;
	Elf64_Half machine;		/* 0: EM_X86_64 */
	const char *debug;		/* put behind the loaded part */
};

static inline Elf64_Xword fake_text(struct buf *strings, const char *text)
{
	Elf64_Xword at = strings->len;

	buf_add(strings, text, strlen(text) + 1);
	return at;
}

static inline void fake_dyn(struct buf *to, Elf64_Sxword tag, Elf64_Xword value)
{
	const Elf64_Dyn dyn = { .d_tag = tag, .d_un.d_val = value };

	buf_add(to, &dyn, sizeof(dyn));
}

/* Little-endian, 64 bit; one segment holds the file, addresses are 0x1000 + offset. */
static inline void fake_program(const struct fake_elf *f, struct buf *to)
{
	auto_buf struct buf strings = { 0 }, dyns = { 0 };
	Elf64_Ehdr head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN, .e_machine = f->machine ? f->machine : EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3,
		.e_shoff = 0x7fffffff, .e_shnum = 9, .e_shentsize = sizeof(Elf64_Shdr),
	};
	const Elf64_Off body = sizeof(head) + 3 * sizeof(Elf64_Phdr);
	Elf64_Phdr load, dynamic, interp;
	Elf64_Xword at;

	buf_addc(&strings, '\0');
	for (size_t i = 0; i < 8 && f->needed[i]; i++)
		fake_dyn(&dyns, DT_NEEDED, fake_text(&strings, f->needed[i]));
	if (f->rpath)
		fake_dyn(&dyns, DT_RPATH, fake_text(&strings, f->rpath));
	if (f->runpath)
		fake_dyn(&dyns, DT_RUNPATH, fake_text(&strings, f->runpath));
	at = fake_text(&strings, f->interp ? f->interp : "");
	fake_dyn(&dyns, DT_STRTAB, 0x1000 + body);
	fake_dyn(&dyns, DT_NULL, 0);
	interp = (Elf64_Phdr){
		.p_type = f->interp ? PT_INTERP : PT_NULL, .p_offset = body + at,
		.p_filesz = strings.len - at,
	};
	load = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_vaddr = 0x1000, .p_filesz = body + strings.len + dyns.len,
	};
	dynamic = (Elf64_Phdr){ .p_type = PT_DYNAMIC, .p_offset = body + strings.len, .p_filesz = dyns.len };
	buf_add(to, &head, sizeof(head));
	buf_add(to, &interp, sizeof(interp));
	buf_add(to, &load, sizeof(load));
	buf_add(to, &dynamic, sizeof(dynamic));
	buf_add(to, strings.data, strings.len);
	buf_add(to, dyns.data, dyns.len);
	if (f->debug)
		buf_adds(to, f->debug);
}

struct fake_module {
	const char *info[8];		/* "alias=fs-toy" */
	const char *exports[4], *imports[4];
};

/* As much of a relocatable object as depmod(8) and the kernel's own tools look at. */
static inline void fake_ko(const struct fake_module *m, struct buf *to)
{
	static const char names[] = "\0.modinfo\0__ksymtab_strings\0.symtab\0.strtab\0.shstrtab";
	auto_buf struct buf info = { 0 }, exports = { 0 }, symbols = { 0 }, strings = { 0 };
	Elf64_Sym symbol = { 0 };
	Elf64_Ehdr head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_ehsize = sizeof(Elf64_Ehdr), .e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 6, .e_shstrndx = 5,
	};
	Elf64_Shdr sections[6] = {
		[1] = { .sh_name = 1, .sh_type = SHT_PROGBITS },
		[2] = { .sh_name = 10, .sh_type = SHT_PROGBITS },
		[3] = { .sh_name = 28, .sh_type = SHT_SYMTAB, .sh_link = 4, .sh_entsize = sizeof(Elf64_Sym) },
		[4] = { .sh_name = 36, .sh_type = SHT_STRTAB },
		[5] = { .sh_name = 44, .sh_type = SHT_STRTAB },
	};
	const struct buf name_bytes = { .data = (char *)(uintptr_t)names, .len = sizeof(names) };
	const struct buf *const parts[6] = { NULL, &info, &exports, &symbols, &strings, &name_bytes };
	Elf64_Off at = sizeof(head);

	for (size_t i = 0; i < 8 && m->info[i]; i++)
		buf_add(&info, m->info[i], strlen(m->info[i]) + 1);
	buf_addc(&strings, '\0');
	buf_add(&symbols, &symbol, sizeof(symbol));
	for (size_t i = 0; i < 4 && m->exports[i]; i++)
		buf_add(&exports, m->exports[i], strlen(m->exports[i]) + 1);
	for (size_t i = 0; i < 4 && m->imports[i]; i++) {
		symbol.st_name = (Elf64_Word)strings.len;
		symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
		buf_add(&strings, m->imports[i], strlen(m->imports[i]) + 1);
		buf_add(&symbols, &symbol, sizeof(symbol));
	}
	/* Symbols first, where they are aligned. */
	for (size_t k = 0; k < 5; k++) {
		const size_t i = (const size_t[]){ 3, 1, 2, 4, 5 }[k];

		sections[i].sh_offset = at;
		sections[i].sh_size = parts[i]->len;
		at += parts[i]->len;
	}
	at = (at + 7) & ~(Elf64_Off)7;
	head.e_shoff = at;
	buf_add(to, &head, sizeof(head));
	for (size_t k = 0; k < 5; k++) {
		const struct buf *part = parts[(const size_t[]){ 3, 1, 2, 4, 5 }[k]];

		buf_add(to, part->data, part->len);
	}
	buf_zero(to, at - to->len);
	buf_add(to, sections, sizeof(sections));
}

#endif
