/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect.h"

#include "dump.h"
#include "elfcore.h"
#include "file.h"
#include "flat.h"
#include "num.h"
#include "proc.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/*
 * The collector that knows nothing: where makedumpfile does not match the crashed kernel, or fails
 * for reasons of its own, memory is copied as it is.  Its kernel pages first is not possible: which
 * pages are the kernel's is what could not be found out.
 */

#define PIECE (256u << 10)
#define PAGE 4096u
#define SAY_MS 1000
#define SAMPLES 64u

struct copy {
	struct capture *c;
	int from, to;
	uint64_t size, at, written, unread;	/* bytes; UNREAD: pages */
	long long began, said;
	char *data;
	const struct collect_stream *stream;	/* NULL: to the file TO */
	struct err *why;	/* of the stream */
};

/* Read LEN bytes of FROM at OFFSET.  0 or -errno (-ENODATA: it ends before). */
static int read_at(void *ctx, uint64_t offset, void *to, size_t len)
{
	const struct copy *k = ctx;

	return fd_read_at(k->from, offset, to, len);
}

/* A page that the hardware or a hypervisor does not give is no reason to lose the others. */
static void read_by_pages(struct copy *k, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE) {
		size_t n = len - i < PAGE ? len - i : PAGE;

		if (read_at(k, k->at + i, k->data + i, n) < 0) {
			memset(k->data + i, 0, n);
			k->unread++;
		}
	}
}

static bool is_zero(const char *data, size_t len)
{
	return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

/* A record of the flattened format (flat.h), as makedumpfile would write it. */
static int stream_record(const struct copy *k, uint64_t offset, uint64_t len)
{
	char head[FLAT_RECORD];

	flat_record(head, offset, len);
	return k->stream->take(k->stream->ctx, head, sizeof(head), k->why);
}

static int write_at(const struct copy *k, uint64_t offset, const char *data, size_t len)
{
	int r = k->stream ? stream_record(k, offset, len) : 0;

	if (k->stream)
		return r < 0 ? r : k->stream->take(k->stream->ctx, data, len, k->why);
	return fd_write_at(k->to, offset, data, len);
}

/* The pages of this piece that are not zero, each run of them at once. */
static int write_piece(struct copy *k, size_t len)
{
	size_t i = 0;
	int r = 0;

	while (r == 0 && i < len) {
		size_t from = i;

		while (i < len && !is_zero(k->data + i, len - i < PAGE ? len - i : PAGE))
			i = len - i < PAGE ? len : i + PAGE;
		if (i > from) {
			r = write_at(k, k->at + from, k->data + from, i - from);
			k->written += i - from;
		} else {
			i = len - i < PAGE ? len : i + PAGE;
		}
	}
	return r;
}

static void show(struct copy *k, bool last)
{
	long long now = now_ms(), took = now - k->began;

	if (!last && now - k->said < SAY_MS)
		return;
	k->said = now;
	page_sample_memory(k->c->page);
	say(CONSOLE_VMCORE, "%llu %% %.1f MB/s", (unsigned long long)(k->at / (k->size / 100 + 1)),
	    took > 0 ? (double)k->written / 1048576 * 1000 / (double)took : 0.0);
}

static int end_stream(const struct copy *k)
{
	int r = write_at(k, k->size - 1, "", 1);

	return r < 0 ? r : stream_record(k, UINT64_MAX, UINT64_MAX);
}

static int copy_all(struct copy *k)
{
	int r = 0;

	while (r == 0 && k->at < k->size) {
		size_t len = k->size - k->at < PIECE ? (size_t)(k->size - k->at) : PIECE;

		if (read_at(k, k->at, k->data, len) < 0)
			read_by_pages(k, len);
		r = write_piece(k, len);
		if (r < 0)
			break;
		k->at += len;
		page_beat(k->c->page);
		show(k, false);
	}
	/* A hole at the end is part of the file too. */
	if (r == 0 && k->stream)
		return end_stream(k);
	if (r == 0 && ftruncate(k->to, (off_t)k->size) < 0)
		r = -errno;
	return r;
}

/* What is missing, in the words of whoever reads the dump: memory from which address on. */
static int tell_missing(struct copy *k, int code, const struct place *to, struct err *e)
{
	char had[SIZE_TEXT_MAX], all[SIZE_TEXT_MAX];
	auto_elfcore struct elfcore core = { 0 };
	const struct elfcore_load *l = NULL;
	auto_free char *where = NULL;

	size_human(k->at, had);
	size_human(k->size, all);
	if (elfcore_read(read_at, k, k->size, &core, NULL) == 0)
		l = elfcore_at(&core, k->at);
	if (l)
		where = xasprintf(": memory from physical address %#" PRIx64 " on is missing",
				  l->paddr + (k->at > l->offset ? k->at - l->offset : 0));
	return err_set(e, code == -EFBIG || code == -EDQUOT ? ENOSPC : -code,
		       "cannot write '%s/" DUMP_PART "' after %s of %s: %s%s", to->shown, had, all,
		       strerror(-code), where ? where : "");
}

int collect_by_copy(struct capture *c, const struct place *to, struct err *e)
{
	auto_close int from = open(VMCORE, O_RDONLY | O_CLOEXEC), file = -1;
	struct copy k = { .c = c, .from = from, .began = now_ms() };
	auto_free char *data = xmalloc(PIECE);
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return err_set(e, errno, "cannot open '" VMCORE "': %s", strerror(errno));
	file = place_create(to, DUMP_NAME, e);
	if (file < 0)
		return file;
	k.to = file;
	k.data = data;
	k.size = (uint64_t)st.st_size;
	r = copy_all(&k);
	c->page->attempts[to->target].bytes = k.at;
	if (r < 0)
		return tell_missing(&k, r, to, e);
	show(&k, true);
	c->page->unread = k.unread;
	return 0;
}

int collect_copy_stream(struct capture *c, const struct collect_stream *to, struct err *e)
{
	auto_close int from = open(VMCORE, O_RDONLY | O_CLOEXEC);
	struct err why = { 0 };
	struct copy k = { .c = c, .from = from, .began = now_ms(), .stream = to, .why = &why };
	auto_free char *data = xmalloc(PIECE);
	char head[FLAT_HEAD];
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0 || st.st_size == 0)
		return err_set(e, from < 0 ? errno : ENODATA, "cannot open '" VMCORE "'");
	k.data = data;
	k.size = (uint64_t)st.st_size;
	flat_head(head);
	r = to->take(to->ctx, head, sizeof(head), &why);
	if (r == 0)
		r = copy_all(&k);
	if (r < 0)
		return err_set(e, why.code ? why.code : -r, "%s", why.code ? why.text : strerror(-r));
	show(&k, true);
	c->page->unread = k.unread;
	return 0;
}

/* Some pages, evenly spread, byte for byte. */
static int compare(struct copy *vmcore, struct copy *file, uint64_t size, struct err *e)
{
	char a[PAGE], b[PAGE];

	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t at = size / SAMPLES * i / PAGE * PAGE;
		size_t len = size - at < PAGE ? (size_t)(size - at) : PAGE;
		int r;

		page_beat(file->c->page);
		if (read_at(vmcore, at, a, len) < 0)
			continue;
		r = read_at(file, at, b, len);
		if (r < 0)
			return err_set(e, -r, "cannot read it back at byte %llu: %s", (unsigned long long)at,
				       strerror(-r));
		if (memcmp(a, b, len) != 0)
			return err_set(e, EBADMSG, "at byte %llu it is not what '" VMCORE "' holds",
				       (unsigned long long)at);
	}
	return 0;
}

int collect_check_copy(struct capture *c, int fd, uint64_t size, char says[static 200], struct err *e)
{
	auto_close int from = open(VMCORE, O_RDONLY | O_CLOEXEC);
	struct copy vmcore = { .c = c, .from = from }, file = { .c = c, .from = fd };
	auto_elfcore struct elfcore core = { 0 };
	char unread[64] = "";
	int r = from < 0 ? err_set(e, errno, "cannot open '" VMCORE "': %s", strerror(errno)) :
			   elfcore_read(read_at, &file, size, &core, e);

	if (r == 0)
		r = compare(&vmcore, &file, core.end, e);
	if (r < 0)
		return r;
	if (c->page->unread)
		snprintf(unread, sizeof(unread), ", but %llu pages that could not be read",
			 (unsigned long long)c->page->unread);
	snprintf(says, 200, "whole: a plain copy of all memory in %zu pieces%s, its log is readable", core.n,
		 unread);
	return 0;
}
