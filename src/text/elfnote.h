/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_ELFNOTE_H
#define CRASHCFG_ELFNOTE_H

#include "buf.h"
#include "err.h"

#include <stdint.h>

/*
 * The notes of an ELF64 core, as /proc/vmcore has them (fs/proc/vmcore.c merges
 * all notes into one PT_NOTE, which is the first program header): an NT_PRSTATUS
 * "CORE" per CPU and the text "VMCOREINFO".  Little-endian only.
 */
#define ELFNOTE_MAX (8U << 20)	/* more notes than 4,000 CPUs write */

/*
 * Where the notes lie in the file whose first LEN bytes are at HEAD (64 and up; 4096 will do).
 * -EINVAL: no such core.
 */
int elfnote_find(const char *head, size_t len, uint64_t *ret_offset, uint64_t *ret_size,
		 uint16_t *ret_machine, struct err *e);

struct elfnote {
	const char *name;	/* within the notes, NAME_LEN bytes without the NUL */
	size_t name_len;
	uint32_t type;
	const char *desc;
	size_t desc_len;
};
/*
 * Call FN for each note until it returns non-zero; that is returned. A note that is cut off ends
 * the walk with 0.
 */
int elfnote_each(const char *notes, size_t len, int (*fn)(void *ctx, const struct elfnote *n), void *ctx);

/* The text of note VMCOREINFO, without trailing NULs; NULL: none. */
const char *elfnote_vmcoreinfo(const char *notes, size_t len, size_t *ret_len);
/*
 * Every CPU's registers for people: "cpu 0 pid 1" and a "name value" line for
 * each (struct elf_prstatus, pr_reg; MACHINE is e_machine: names for x86-64, other
 * machines as numbered words).  CPUs are numbered in the order of the notes: those
 * that were offline have none.
 */
void elfnote_registers(const char *notes, size_t len, uint16_t machine, struct buf *to);

#endif
