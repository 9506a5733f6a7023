/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elffile.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* No file of use has more; they bound the time and memory that a hostile one can cost. */
#define NEEDED_MAX 1024
#define SEGMENTS_MAX 512
#define DYNAMIC_MAX 8192
#define TEXT_MAX 4096

/* A file's bytes and how to read numbers in them. */
struct view {
	const unsigned char *data;
	size_t len;
	bool wide, big;			/* 64 bit, most significant byte first */
	uint64_t phoff, shoff;
	unsigned phnum, phentsize, shnum, shentsize, shstrndx;
};

struct segment {
	uint32_t type;
	uint64_t offset, vaddr, filesz;
};

struct section {
	uint32_t name;
	uint64_t offset, size;
	uint32_t type;
};

static bool inside(const struct view *v, uint64_t offset, uint64_t size)
{
	return offset <= v->len && size <= v->len - offset;
}

/* The caller has looked that OFFSET to OFFSET + SIZE lies inside. */
static uint64_t number(const struct view *v, uint64_t offset, unsigned size)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < size; i++)
		n = n << 8 | v->data[offset + (v->big ? i : size - 1 - i)];
	return n;
}

/* A field whose place and width depend on the class. */
#define FIELD(v, base, type, member) \
	number((v), (base) + ((v)->wide ? offsetof(Elf64_##type, member) : offsetof(Elf32_##type, member)), \
	       (v)->wide ? sizeof(((Elf64_##type *)0)->member) : sizeof(((Elf32_##type *)0)->member))
#define SIZE(v, type) ((v)->wide ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

static int view_open(const char *data, size_t len, struct view *v, struct err *e)
{
	*v = (struct view){ .data = (const unsigned char *)data, .len = len };
	if (len < EI_NIDENT || memcmp(data, ELFMAG, SELFMAG) != 0)
		return err_set(e, ENOEXEC, "not an ELF file");
	if ((data[EI_CLASS] != ELFCLASS32 && data[EI_CLASS] != ELFCLASS64) ||
	    (data[EI_DATA] != ELFDATA2LSB && data[EI_DATA] != ELFDATA2MSB))
		return err_set(e, EINVAL, "damaged ELF file: neither 32 nor 64 bit, or no byte order");
	v->wide = data[EI_CLASS] == ELFCLASS64;
	v->big = data[EI_DATA] == ELFDATA2MSB;
	if (!inside(v, 0, SIZE(v, Ehdr)))
		return err_set(e, EINVAL, "damaged ELF file: its header is cut off");
	v->phoff = FIELD(v, 0, Ehdr, e_phoff);
	v->phnum = (unsigned)FIELD(v, 0, Ehdr, e_phnum);
	v->phentsize = (unsigned)FIELD(v, 0, Ehdr, e_phentsize);
	v->shoff = FIELD(v, 0, Ehdr, e_shoff);
	v->shnum = (unsigned)FIELD(v, 0, Ehdr, e_shnum);
	v->shentsize = (unsigned)FIELD(v, 0, Ehdr, e_shentsize);
	v->shstrndx = (unsigned)FIELD(v, 0, Ehdr, e_shstrndx);
	if (v->phnum && (v->phentsize < SIZE(v, Phdr) || v->phoff < SIZE(v, Ehdr) ||
			 !inside(v, v->phoff, (uint64_t)v->phnum * v->phentsize)))
		return err_set(e, EINVAL,
			       "damaged ELF file: its program headers lie outside or over its header");
	if (v->phnum > SEGMENTS_MAX)
		return err_set(e, EINVAL, "damaged ELF file: %u program headers", v->phnum);
	return 0;
}

static struct segment segment_at(const struct view *v, unsigned i)
{
	uint64_t base = v->phoff + (uint64_t)i * v->phentsize;

	return (struct segment){
		.type = (uint32_t)FIELD(v, base, Phdr, p_type),
		.offset = FIELD(v, base, Phdr, p_offset),
		.vaddr = FIELD(v, base, Phdr, p_vaddr),
		.filesz = FIELD(v, base, Phdr, p_filesz),
	};
}

static struct section section_at(const struct view *v, unsigned i)
{
	uint64_t base = v->shoff + (uint64_t)i * v->shentsize;

	return (struct section){
		.name = (uint32_t)FIELD(v, base, Shdr, sh_name),
		.type = (uint32_t)FIELD(v, base, Shdr, sh_type),
		.offset = FIELD(v, base, Shdr, sh_offset),
		.size = FIELD(v, base, Shdr, sh_size),
	};
}

/* Where in the file the loader would find ADDR; *ret_left bytes of the segment lie behind. */
static bool file_offset(const struct view *v, uint64_t addr, uint64_t *ret, uint64_t *ret_left)
{
	for (unsigned i = 0; i < v->phnum; i++) {
		struct segment s = segment_at(v, i);

		if (s.type != PT_LOAD || addr < s.vaddr || addr - s.vaddr >= s.filesz ||
		    !inside(v, s.offset, s.filesz))
			continue;
		*ret = s.offset + (addr - s.vaddr);
		*ret_left = s.filesz - (addr - s.vaddr);
		return true;
	}
	return false;
}

/* The NUL-terminated text at OFFSET, of at most LEFT bytes and TEXT_MAX; NULL: there is none. */
static const char *text_at(const struct view *v, uint64_t offset, uint64_t left)
{
	if (left > TEXT_MAX)
		left = TEXT_MAX;
	if (!inside(v, offset, left) || !left || !memchr(v->data + offset, '\0', left))
		return NULL;
	return (const char *)v->data + offset;
}

static int read_interp(const struct view *v, const struct segment *s, struct elf *elf, struct err *e)
{
	const char *text = text_at(v, s->offset, s->filesz);

	if (!text || text[0] != '/')
		return err_set(e, EINVAL, "damaged ELF file: the name of its loader is no path");
	free(elf->interp);
	elf->interp = xstrdup(text);
	return 0;
}

static int read_dynamic(const struct view *v, const struct segment *s, struct elf *elf, struct err *e)
{
	uint64_t count = s->filesz / SIZE(v, Dyn), strtab = 0, left = 0;

	if (!inside(v, s->offset, s->filesz))
		return err_set(e, EINVAL, "damaged ELF file: its dynamic section lies outside");
	if (count > DYNAMIC_MAX)
		return err_set(e, EINVAL, "damaged ELF file: its dynamic section has %llu members",
			       (unsigned long long)count);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t at = s->offset + i * SIZE(v, Dyn), tag = FIELD(v, at, Dyn, d_tag);

		if (tag == DT_NULL)
			count = i;
		if (tag == DT_STRTAB && !file_offset(v, FIELD(v, at, Dyn, d_un.d_val), &strtab, &left))
			return err_set(e, EINVAL, "damaged ELF file: its string table lies outside");
	}
	for (uint64_t i = 0; i < count; i++) {
		uint64_t at = s->offset + i * SIZE(v, Dyn), tag = FIELD(v, at, Dyn, d_tag);
		uint64_t value = FIELD(v, at, Dyn, d_un.d_val);
		char **slot = tag == DT_RPATH ? &elf->rpath : tag == DT_RUNPATH ? &elf->runpath : NULL;
		const char *text;

		if (tag != DT_NEEDED && !slot)
			continue;
		text = value < left ? text_at(v, strtab + value, left - value) : NULL;
		if (!text || !*text)
			return err_set(e, EINVAL, "damaged ELF file: the name of a library lies outside");
		if (slot) {
			free(*slot);
			*slot = xstrdup(text);
		} else if (elf->needed.n >= NEEDED_MAX) {
			return err_set(e, EINVAL, "damaged ELF file: it needs more than %d libraries",
				       NEEDED_MAX);
		} else {
			strv_add(&elf->needed, text);
		}
	}
	return 0;
}

void elf_done(struct elf *elf)
{
	free(elf->interp);
	free(elf->rpath);
	free(elf->runpath);
	strv_done(&elf->needed);
	*elf = (struct elf){ 0 };
}

int elf_read(const char *data, size_t len, struct elf *ret, struct err *e)
{
	auto_elf struct elf elf = { 0 };
	bool dynamic = false;
	struct view v;
	int r = view_open(data, len, &v, e);

	if (r < 0)
		return r;
	elf.class = (unsigned char)data[EI_CLASS];
	elf.order = (unsigned char)data[EI_DATA];
	elf.machine = (unsigned)FIELD(&v, 0, Ehdr, e_machine);
	for (unsigned i = 0; i < v.phnum; i++) {
		struct segment s = segment_at(&v, i);

		if (s.type == PT_INTERP)
			r = read_interp(&v, &s, &elf, e);
		else if (s.type == PT_DYNAMIC && !dynamic)
			r = read_dynamic(&v, &s, &elf, e);
		if (r < 0)
			return r;
		dynamic |= s.type == PT_DYNAMIC;
	}
	*ret = elf;
	elf = (struct elf){ 0 };
	return 0;
}

int elf_modinfo(const char *data, size_t len, struct strv *ret, struct err *e)
{
	struct section names;
	struct view v;
	int r = view_open(data, len, &v, e);

	if (r < 0)
		return r;
	if (v.shentsize < SIZE(&v, Shdr) || !inside(&v, v.shoff, (uint64_t)v.shnum * v.shentsize) ||
	    v.shstrndx >= v.shnum)
		return err_set(e, EINVAL, "damaged ELF file: its section table lies outside");
	names = section_at(&v, v.shstrndx);
	for (unsigned i = 0; i < v.shnum; i++) {
		struct section s = section_at(&v, i);
		const char *name = NULL, *text, *end;

		if (s.name < names.size)
			name = text_at(&v, names.offset + s.name, names.size - s.name);
		if (!name || strcmp(name, ".modinfo") != 0 || s.type == SHT_NOBITS)
			continue;
		if (!inside(&v, s.offset, s.size))
			return err_set(e, EINVAL, "damaged ELF file: section .modinfo lies outside");
		text = data + s.offset;
		for (end = text + s.size; text < end; text += strnlen(text, (size_t)(end - text)) + 1)
			if (*text)
				strv_take(ret, xstrndup(text, (size_t)(end - text)));
		return 0;
	}
	return err_set(e, ENOENT, "no section .modinfo: not a kernel module");
}

int elf_trim(const char *data, size_t len, struct buf *ret, struct err *e)
{
	static const unsigned char zero[sizeof(uint64_t)];
	struct buf out = { 0 };
	struct view v;
	uint64_t end;
	int r = view_open(data, len, &v, e);

	if (r < 0)
		return r;
	end = SIZE(&v, Ehdr);
	if (v.phnum && v.phoff + (uint64_t)v.phnum * v.phentsize > end)
		end = v.phoff + (uint64_t)v.phnum * v.phentsize;
	for (unsigned i = 0; i < v.phnum; i++) {
		struct segment s = segment_at(&v, i);

		if (!s.filesz)
			continue;
		if (!inside(&v, s.offset, s.filesz))
			return err_set(e, EINVAL, "damaged ELF file: a segment lies outside");
		if (s.offset + s.filesz > end)
			end = s.offset + s.filesz;
	}
	buf_add(&out, data, end);
#define CLEAR(member) \
	memcpy(out.data + (v.wide ? offsetof(Elf64_Ehdr, member) : offsetof(Elf32_Ehdr, member)), zero, \
	       v.wide ? sizeof(((Elf64_Ehdr *)0)->member) : sizeof(((Elf32_Ehdr *)0)->member))
	CLEAR(e_shoff);
	CLEAR(e_shnum);
	CLEAR(e_shstrndx);
#undef CLEAR
	buf_done(ret);
	*ret = out;
	return 0;
}
