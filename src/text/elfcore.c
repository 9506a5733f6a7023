/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elfcore.h"

#include "own.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* The kernel writes one for each range of memory, 65,534 at most (PN_XNUM is not used there). */
#define HEADERS_MAX 65534u

void elfcore_done(struct elfcore *c)
{
	free(c->loads);
	*c = (struct elfcore){ 0 };
}

static int read_header(dump_reader read_at, void *ctx, Elf64_Ehdr *ret, struct err *e)
{
	int r = read_at(ctx, 0, ret, sizeof(*ret));

	if (r < 0)
		return err_set(e, -r, "cannot read the ELF header: %s", strerror(-r));
	if (memcmp(ret->e_ident, ELFMAG, SELFMAG) != 0)
		return err_set(e, EINVAL, "not an ELF file");
	if (ret->e_ident[EI_CLASS] != ELFCLASS64 || ret->e_ident[EI_DATA] != ELFDATA2LSB ||
	    ret->e_type != ET_CORE || ret->e_phentsize != sizeof(Elf64_Phdr) || ret->e_phnum == 0 ||
	    ret->e_phnum > HEADERS_MAX)
		return err_set(e, EINVAL, "not a 64-bit little-endian ELF core with program headers");
	return 0;
}

static int add_load(const Elf64_Phdr *ph, uint64_t file_size, struct elfcore *c, struct err *e)
{
	struct elfcore_load *l;

	if (ph->p_filesz > UINT64_MAX - ph->p_offset)
		return err_set(e, EINVAL, "a program header names bytes beyond any file");
	if (ph->p_offset + ph->p_filesz > file_size)
		return err_set(e, ENODATA, "it ends at byte %llu, and memory at %#llx is told to lie at %llu",
			       (unsigned long long)file_size, (unsigned long long)ph->p_paddr,
			       (unsigned long long)ph->p_offset);
	if (ph->p_offset + ph->p_filesz > c->end)
		c->end = ph->p_offset + ph->p_filesz;
	if (ph->p_type != PT_LOAD || ph->p_filesz == 0)
		return 0;
	l = vec_push(&c->loads, &c->n);
	*l = (struct elfcore_load){ .offset = ph->p_offset, .size = ph->p_filesz, .paddr = ph->p_paddr,
				    .vaddr = ph->p_vaddr };
	return 0;
}

int elfcore_read(dump_reader read_at, void *ctx, uint64_t file_size, struct elfcore *ret, struct err *e)
{
	auto_elfcore struct elfcore c = { 0 };
	bool notes = false;
	Elf64_Ehdr eh;
	int r = read_header(read_at, ctx, &eh, e);

	for (unsigned i = 0; r == 0 && i < eh.e_phnum; i++) {
		Elf64_Phdr ph;

		if (eh.e_phoff > UINT64_MAX - i * sizeof(ph))
			return err_set(e, EINVAL, "its program headers lie beyond any file");
		r = read_at(ctx, eh.e_phoff + i * sizeof(ph), &ph, sizeof(ph));
		if (r < 0)
			return err_set(e, -r, "cannot read program header %u: %s", i, strerror(-r));
		notes |= ph.p_type == PT_NOTE && ph.p_filesz > 0;
		if (ph.p_type == PT_LOAD || ph.p_type == PT_NOTE)
			r = add_load(&ph, file_size, &c, e);
	}
	if (r < 0)
		return r;
	if (!c.n || !notes)
		return err_set(e, EINVAL, "an ELF core without %s", c.n ? "notes" : "memory");
	*ret = c;
	c = (struct elfcore){ 0 };
	return 0;
}

const struct elfcore_load *elfcore_at(const struct elfcore *c, uint64_t offset)
{
	const struct elfcore_load *next = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct elfcore_load *l = &c->loads[i];

		if (l->offset <= offset && offset - l->offset < l->size)
			return l;
		if (l->offset > offset && (!next || l->offset < next->offset))
			next = l;
	}
	return next;
}
