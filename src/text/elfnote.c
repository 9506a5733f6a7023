/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elfnote.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* struct elf_prstatus of 64-bit machines (include/linux/elfcore.h). */
#define PRSTATUS_PID 32
#define PRSTATUS_REGS 112
#define PRSTATUS_TAIL 8		/* pr_fpvalid and padding */

/* struct user_regs_struct (arch/x86/include/asm/user_64.h). */
static const char *const x86_64_names[] = {
	"r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
	"orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
};

int elfnote_find(const char *head, size_t len, uint64_t *ret_offset, uint64_t *ret_size,
		 uint16_t *ret_machine, struct err *e)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	if (len < sizeof(eh) || memcmp(head, ELFMAG, SELFMAG) != 0)
		return err_set(e, EINVAL, "not an ELF file");
	memcpy(&eh, head, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_type != ET_CORE || eh.e_phentsize != sizeof(ph))
		return err_set(e, EINVAL, "not a 64-bit little-endian ELF core");
	for (size_t i = 0; i < eh.e_phnum && eh.e_phoff < len; i++) {
		size_t at = (size_t)eh.e_phoff + i * sizeof(ph);

		if (len < sizeof(ph) || at > len - sizeof(ph))
			break;
		memcpy(&ph, head + at, sizeof(ph));
		if (ph.p_type != PT_NOTE)
			continue;
		if (ph.p_filesz > ELFNOTE_MAX)
			return err_set(e, EINVAL, "its notes of %llu bytes are larger than %u",
				       (unsigned long long)ph.p_filesz, ELFNOTE_MAX);
		*ret_offset = ph.p_offset;
		*ret_size = ph.p_filesz;
		*ret_machine = eh.e_machine;
		return 0;
	}
	return err_set(e, EINVAL, "an ELF core without notes");
}

int elfnote_each(const char *notes, size_t len, int (*fn)(void *ctx, const struct elfnote *n), void *ctx)
{
	size_t at = 0;

	while (len - at >= sizeof(Elf64_Nhdr)) {
		struct elfnote n;
		Elf64_Nhdr h;
		uint64_t desc, next;
		int r;

		memcpy(&h, notes + at, sizeof(h));
		desc = at + sizeof(h) + (((uint64_t)h.n_namesz + 3) & ~3ULL);
		next = desc + (((uint64_t)h.n_descsz + 3) & ~3ULL);
		/* The last note's padding may be missing. */
		if (desc + h.n_descsz > len)
			break;
		n.name = notes + at + sizeof(h);
		n.name_len = strnlen(n.name, h.n_namesz);
		n.type = h.n_type;
		n.desc = notes + desc;
		n.desc_len = h.n_descsz;
		r = fn(ctx, &n);
		if (r != 0)
			return r;
		if (next > len)
			break;
		at = (size_t)next;
	}
	return 0;
}

static bool is_named(const struct elfnote *n, const char *name)
{
	return n->name_len == strlen(name) && memcmp(n->name, name, n->name_len) == 0;
}

static int pick_vmcoreinfo(void *ctx, const struct elfnote *n)
{
	if (!is_named(n, "VMCOREINFO"))
		return 0;
	*(struct elfnote *)ctx = *n;
	return 1;
}

const char *elfnote_vmcoreinfo(const char *notes, size_t len, size_t *ret_len)
{
	struct elfnote found;

	if (elfnote_each(notes, len, pick_vmcoreinfo, &found) != 1)
		return NULL;
	*ret_len = strnlen(found.desc, found.desc_len);
	return found.desc;
}

struct registers {
	struct buf *to;
	uint16_t machine;
	unsigned cpus;
};

static int add_registers(void *ctx, const struct elfnote *n)
{
	struct registers *r = ctx;
	int32_t pid;
	size_t count;

	if (n->type != NT_PRSTATUS || !is_named(n, "CORE") || n->desc_len < PRSTATUS_REGS + PRSTATUS_TAIL)
		return 0;
	memcpy(&pid, n->desc + PRSTATUS_PID, sizeof(pid));
	count = (n->desc_len - PRSTATUS_REGS - PRSTATUS_TAIL) / 8;
	if (r->machine == EM_X86_64 && count > ARRAY_SIZE(x86_64_names))
		count = ARRAY_SIZE(x86_64_names);
	buf_addf(r->to, "%scpu %u pid %d\n", r->cpus ? "\n" : "", r->cpus, pid);
	for (size_t i = 0; i < count; i++) {
		uint64_t v;

		memcpy(&v, n->desc + PRSTATUS_REGS + 8 * i, sizeof(v));
		if (r->machine == EM_X86_64)
			buf_addf(r->to, "%-8s %016llx\n", x86_64_names[i], (unsigned long long)v);
		else
			buf_addf(r->to, "word%-4zu %016llx\n", i, (unsigned long long)v);
	}
	r->cpus++;
	return 0;
}

void elfnote_registers(const char *notes, size_t len, uint16_t machine, struct buf *to)
{
	struct registers r = { .to = to, .machine = machine };

	elfnote_each(notes, len, add_registers, &r);
}
