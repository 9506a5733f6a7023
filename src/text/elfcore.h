/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_ELFCORE_H
#define CRASHCFG_ELFCORE_H

#include "kdump.h"

/*
 * What an ELF64 core says that it holds, as /proc/vmcore does and a plain copy of it (elf(5);
 * fs/proc/vmcore.c): the notes and the pieces of memory, in the order of the file.
 */
struct elfcore_load {
	uint64_t offset, size;	/* in the file, bytes */
	uint64_t paddr, vaddr;	/* of the crashed kernel */
};

struct elfcore {
	struct elfcore_load *loads;
	size_t n;
	uint64_t end;		/* behind the last byte that a program header names */
};

void elfcore_done(struct elfcore *c);
#define auto_elfcore AUTO(elfcore_done)

/*
 * Read its headers and see whether all that they name lies within FILE_SIZE bytes.  -EINVAL: no
 * such core, or one without memory or notes; -ENODATA: the file ends before what they name.
 */
int elfcore_read(dump_reader read_at, void *ctx, uint64_t file_size, struct elfcore *ret, struct err *e);
/* The piece that holds the byte at OFFSET, or else the next one behind it; NULL: none. */
const struct elfcore_load *elfcore_at(const struct elfcore *c, uint64_t offset);

#endif
