/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_ELFFILE_H
#define CRASHCFG_ELFFILE_H

#include "buf.h"
#include "err.h"

/*
 * The little of an ELF file that building an image wants to know (elf(5); the
 * generic ABI's chapters on program headers and dynamic linking).  Both classes
 * and both byte orders.  Every offset of the file is checked before it is followed.
 */
struct elf {
	unsigned class;		/* ELFCLASS32, ELFCLASS64 */
	unsigned order;		/* ELFDATA2LSB, ELFDATA2MSB */
	unsigned machine;	/* EM_X86_64, ... */
	char *interp;		/* PT_INTERP, NULL: none */
	struct strv needed;	/* DT_NEEDED in order */
	char *rpath, *runpath;	/* "$ORIGIN/../lib:/opt/lib", NULL: none */
};

void elf_done(struct elf *elf);
#define auto_elf AUTO(elf_done)

/* -ENOEXEC: not an ELF file at all; -EINVAL: a damaged one, the text says where. */
int elf_read(const char *data, size_t len, struct elf *ret, struct err *e);

/* The "key=value" texts of a kernel module's section .modinfo, in order.  Same errors; -ENOENT: no such
 * section. */
int elf_modinfo(const char *data, size_t len, struct strv *ret, struct err *e);

/*
 * The file without what only debuggers and linkers read: all up to the last byte
 * that a program header names, and no section table.  Same errors.
 */
int elf_trim(const char *data, size_t len, struct buf *ret, struct err *e);

#endif
