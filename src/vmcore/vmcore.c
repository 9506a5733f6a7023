/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmcore.h"
#include "elfcore.h"
#include "log.h"
#include "vmcoreinfo.h"

#include <libkdumpfile/kdumpfile.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct vmcore {
	kdump_ctx_t *ctx;
	int fd;
	char *info;
};

/* The library's words for what went wrong, ours for which file. */
static int fail(const struct vmcore *v, kdump_status status, const char *what, struct err *e)
{
	int code = status == KDUMP_ERR_SYSTEM ? EIO : EINVAL;
	const char *why = kdump_get_err(v->ctx);

	return err_set(e, code, "%s: %s", what, why ? why : kdump_strerror(status));
}

void vmcore_free(struct vmcore *v)
{
	if (!v)
		return;
	if (v->ctx)
		kdump_free(v->ctx);
	own_close(&v->fd);
	free(v->info);
	free(v);
}

/* What reads structures here knows 64-bit little-endian ones. */
static int check_machine(const struct vmcore *v, struct err *e)
{
	kdump_num_t ptr = 8, order = KDUMP_LITTLE_ENDIAN;
	const char *arch = "unknown";

	kdump_get_number_attr(v->ctx, KDUMP_ATTR_PTR_SIZE, &ptr);
	kdump_get_number_attr(v->ctx, KDUMP_ATTR_BYTE_ORDER, &order);
	kdump_get_string_attr(v->ctx, KDUMP_ATTR_ARCH_NAME, &arch);
	if (ptr != 8 || order != KDUMP_LITTLE_ENDIAN)
		return err_set(e, ENOTSUP,
			       "a dump of machine '%s': only 64-bit little-endian ones can be read", arch);
	return 0;
}

int vmcore_open(const char *path, struct vmcore **ret, struct err *e)
{
	auto_vmcore struct vmcore *v = xcalloc(1, sizeof(*v));
	kdump_status status;
	int r;

	v->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (v->fd < 0)
		return err_set(e, errno, "cannot open '%s': %s", path, strerror(errno));
	v->ctx = kdump_new();
	if (!v->ctx)
		return err_set(e, ENOMEM, "cannot open '%s': out of memory", path);
	/* A mapped file that is shorter than it says ends the process by SIGBUS. */
	kdump_set_number_attr(v->ctx, KDUMP_ATTR_FILE_MMAP_POLICY, KDUMP_MMAP_NEVER);
	status = kdump_open_fd(v->ctx, v->fd);
	if (status != KDUMP_OK) {
		fail(v, status, "not a dump that can be read", e);
		return err_wrap(e, "'%s'", path);
	}
	r = check_machine(v, e);
	if (r < 0)
		return err_wrap(e, "'%s'", path);
	/* For virtual addresses.  It fails without page tables in the dump; the rest still works. */
	kdump_set_string_attr(v->ctx, KDUMP_ATTR_OSTYPE, "linux");
	if (kdump_vmcoreinfo_raw(v->ctx, &v->info) != KDUMP_OK)
		v->info = xstrdup("");
	*ret = take_ptr(v);
	return 0;
}

const char *vmcore_info(const struct vmcore *v)
{
	return v->info;
}

char *vmcore_info_get(const struct vmcore *v, const char *key)
{
	return vmcoreinfo_get(v->info, strlen(v->info), key);
}

static int read_virtual(void *ctx, uint64_t addr, void *to, size_t len)
{
	struct vmcore *v = ctx;
	size_t n = len;

	if (len == 0)
		return 0;
	return kdump_read(v->ctx, KDUMP_KVADDR, addr, to, &n) == KDUMP_OK && n == len ? 0 : -EIO;
}

int vmcore_log(struct vmcore *v, struct buf *ret, struct err *e)
{
	struct memory mem = { .read = read_virtual, .ctx = v };

	return log_read(v->info, &mem, ret, e);
}

static int page_map(struct vmcore *v, kdump_bmp_t **ret, struct err *e)
{
	kdump_attr_t attr = { .type = KDUMP_BITMAP };
	kdump_status status = kdump_get_typed_attr(v->ctx, KDUMP_ATTR_FILE_PAGEMAP, &attr);

	if (status != KDUMP_OK)
		return fail(v, status, "the dump has no map of its pages", e);
	*ret = attr.val.bitmap;
	return 0;
}

typedef void (*run_fn)(struct vmcore *v, uint64_t from, uint64_t to, void *ctx);

static int read_file(void *ctx, uint64_t offset, void *to, size_t len)
{
	const struct vmcore *v = ctx;
	ssize_t n = pread(v->fd, to, len, (off_t)offset);

	return n == (ssize_t)len ? 0 : n < 0 ? -errno : -ENODATA;
}

static int by_address(const void *a, const void *b)
{
	const struct elfcore_load *x = a, *y = b;

	return x->paddr < y->paddr ? -1 : x->paddr > y->paddr;
}

/*
 * An ELF core's whole pages.  Not by the library's map: the kernel's text is told twice there, once
 * by itself and once within its memory, and that map does not like it (libkdumpfile 0.5.1).
 */
static int each_elf_run(struct vmcore *v, run_fn fn, void *ctx, struct err *e)
{
	uint64_t size = vmcore_page_size(v), done = 0;
	auto_elfcore struct elfcore core = { 0 };
	struct stat st;
	int r;

	if (fstat(v->fd, &st) < 0)
		return err_set(e, errno, "the dump's size: %s", strerror(errno));
	r = elfcore_read(read_file, v, (uint64_t)st.st_size, &core, e);
	if (r < 0)
		return r;
	qsort(core.loads, core.n, sizeof(*core.loads), by_address);
	for (size_t i = 0; i < core.n; i++) {
		const struct elfcore_load *l = &core.loads[i];
		uint64_t from = l->paddr / size + (l->paddr % size > 0), to;

		if (l->size > UINT64_MAX - l->paddr)
			return err_set(e, EINVAL, "the dump tells of memory beyond any address");
		to = (l->paddr + l->size) / size;
		from = from > done ? from : done;
		if (from < to)
			fn(v, from, done = to, ctx);
	}
	return 0;
}

static bool is_elf(struct vmcore *v)
{
	char magic[4];

	return read_file(v, 0, magic, sizeof(magic)) == 0 && memcmp(magic, "\177ELF", 4) == 0;
}

/* Call FN for each run of pages that the dump holds. */
static int each_run(struct vmcore *v, run_fn fn, void *ctx, struct err *e)
{
	kdump_bmp_t *map = NULL;
	kdump_addr_t from = 0;
	int r;

	if (is_elf(v))
		return each_elf_run(v, fn, ctx, e);
	r = page_map(v, &map, e);
	if (r < 0)
		return r;
	while (kdump_bmp_find_set(map, &from) == KDUMP_OK) {
		kdump_addr_t to = from;

		if (kdump_bmp_find_clear(map, &to) != KDUMP_OK || to <= from)
			return err_set(e, EINVAL, "the dump's map of pages is damaged");
		fn(v, from, to, ctx);
		from = to;
	}
	return 0;
}

struct check {
	char *page;
	size_t page_size;
	uint64_t pages, bad;
};

static void check_run(struct vmcore *v, uint64_t from, uint64_t to, void *ctx)
{
	struct check *c = ctx;

	for (uint64_t pfn = from; pfn < to; pfn++) {
		size_t n = c->page_size;

		c->pages++;
		if (kdump_read(v->ctx, KDUMP_MACHPHYSADDR, pfn * c->page_size, c->page, &n) != KDUMP_OK ||
		    n != c->page_size)
			c->bad++;
	}
}

uint64_t vmcore_page_size(const struct vmcore *v)
{
	kdump_num_t n = 4096;

	kdump_get_number_attr(v->ctx, KDUMP_ATTR_PAGE_SIZE, &n);
	return n;
}

int vmcore_check(struct vmcore *v, uint64_t *ret_pages, uint64_t *ret_bad, struct err *e)
{
	struct check c = { .page_size = vmcore_page_size(v) };
	auto_free char *page = NULL;
	int r;

	if (c.page_size < 1024 || c.page_size > 1 << 20)
		return err_set(e, EINVAL, "the dump's page size of %zu bytes is not one", c.page_size);
	c.page = page = xmalloc(c.page_size);
	r = each_run(v, check_run, &c, e);
	if (r < 0)
		return r;
	*ret_pages = c.pages;
	*ret_bad = c.bad;
	return 0;
}
