/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump.h"

#include "collect.h"
#include "file.h"
#include "hash.h"
#include "kdump.h"
#include "num.h"
#include "room.h"
#include "run.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CHECK_MS 60000
#define CHECK_LOG "check.txt"
#define HASH_BYTES (128U << 10)
#define LEVEL_ZERO 1	/* it leaves out zeroed pages alone, which it sees by their content */

unsigned dump_level(const struct recipe *r, enum dump_how how)
{
	switch (how) {
	case DUMP_SMALLER:
		return r->level_most;
	case DUMP_SIMPLER:
		return LEVEL_ZERO;
	case DUMP_COPY:
		return 0;
	default:
		return r->dump_level;
	}
}

unsigned dump_threads(const struct recipe *r, enum dump_how how)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (how != DUMP_AS_SET || r->threads < 2 || cpus < 3)
		return 1;
	return (unsigned)cpus > r->threads ? r->threads : (unsigned)cpus - 1;
}

const char *dump_collector(enum dump_how how)
{
	return how == DUMP_COPY ? "copy" : "makedumpfile";
}

int dump_next(const struct recipe *r, enum dump_how how, int code, bool written)
{
	/* All other ways take more room. */
	if (code == -ENOSPC)
		return how <= DUMP_ONE_THREAD && r->dump_level < r->level_most ? DUMP_SMALLER : -1;
	if (how == DUMP_COPY)
		return -1;
	/* Threads are the least tried part of it. */
	if (how == DUMP_AS_SET && code != -ENOENT && dump_threads(r, how) > 1)
		return DUMP_ONE_THREAD;
	/* A program that is not there, or that lies, is not asked again. */
	if (written || code == -ENOENT || how == DUMP_SIMPLER || r->dump_level <= LEVEL_ZERO)
		return DUMP_COPY;
	return DUMP_SIMPLER;
}

/* What an earlier way left; its room is needed. */
static int make_way(const struct place *to, struct err *e)
{
	if (unlinkat(to->dir, DUMP_PART, 0) < 0)
		return errno == ENOENT ? 0
				       : err_set(e, errno, "cannot remove '%s/" DUMP_PART "': %s", to->shown,
						 strerror(errno));
	/* The freed blocks are another file's only once this is on the disk (btrfs). */
	return place_sync(to, e);
}

int dump_write(struct capture *c, const struct place *to, bool may_stop, int *ret_code, struct err *e)
{
	enum dump_how how = (enum dump_how)c->page->attempts[to->target].how;
	auto_close int fd = -1;
	int r = make_way(to, e);

	c->page->attempts[to->target].readable = false;
	*ret_code = 0;
	if (r == 0 && how == DUMP_COPY)
		r = collect_by_copy(c, to, e);
	else if (r == 0)
		r = collect_by_makedumpfile(c, to, dump_level(c->recipe, how),
					    dump_threads(c->recipe, how), may_stop, ret_code, e);
	if (r < 0)
		return r;
	fd = openat(to->dir, DUMP_PART, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_set(e, errno, "cannot bring '%s/" DUMP_PART "' to the disk: %s", to->shown,
			       strerror(errno));
	/* So that the check reads what the disk has, and memory is free for it. */
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

struct file {
	struct page *page;
	int fd;
};

static int read_at(void *ctx, uint64_t offset, void *to, size_t len)
{
	const struct file *f = ctx;

	page_beat(f->page);
	return fd_read_at(f->fd, offset, to, len);
}

/* Is TEXT in the file?  Looked for piece by piece: logs may be larger than the memory that is free. */
static int has_text(int fd, const char *text)
{
	auto_free char *data = xmalloc(HASH_BYTES);
	size_t want = strlen(text), keep = 0;
	ssize_t n;

	while ((n = read(fd, data + keep, HASH_BYTES - keep)) > 0) {
		size_t len = keep + (size_t)n;

		if (memmem(data, len, text, want))
			return 1;
		keep = len < want ? len : want - (want > 0);
		memmove(data, data + len - keep, keep);
	}
	return n < 0 ? -errno : 0;
}

/*
 * Can the log be read out of the written dump, and does it tell of the same crash?  A plain copy is
 * read by the program that needs no makedumpfile, which may be why there is a copy.
 */
static int read_log(const struct capture *c, const struct place *at, const char *out, struct err *e)
{
	const char *const from_dump[] = {
		"makedumpfile", "--message-level", "4", "--dump-dmesg", DUMP_PART, out, NULL
	};
	const char *const from_copy[] = { "vmcore-dmesg", DUMP_PART, NULL };
	bool copy = c->page->attempts[at->target].how == DUMP_COPY;
	struct run run = { .argv = copy ? from_copy : from_dump, .folder = at->dir, .out_fd = -1,
			   .deadline_ms = CHECK_MS };
	auto_close int fd = -1;

	unlinkat(at->dir, out, 0);
	if (!copy)
		return run_check(&run, e);
	fd = openat(at->dir, out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "cannot make '%s': %s", out, strerror(errno));
	run.out_fd = fd;
	return run_check(&run, e);
}

static int check_log(const struct capture *c, const struct place *at, struct err *e)
{
	const char *out = c->page->log_whole ? "/run/" CHECK_LOG : CHECK_LOG;
	/* '?' stands for what is not printable, and each program escapes other bytes in its own way. */
	auto_free char *text = xstrndup(c->page->panic, strcspn(c->page->panic, "?\\"));
	int r = read_log(c, at, out, e);
	auto_close int fd = r < 0 ? -1 : openat(at->dir, out, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (r == 0) {
		r = fd < 0 ? -errno : has_text(fd, text);
		if (r < 0)
			err_set(e, -r, "cannot read the dump's log: %s", strerror(-r));
		else
			r = r ? 0 : err_set(e, EBADMSG, "the dump's log lacks the line '%s'", c->page->panic);
	}
	unlinkat(at->dir, out, 0);
	return r;
}

static int hash_file(struct page *p, int fd, char text[static HASH_TEXT_MAX])
{
	auto_free char *data = xmalloc(HASH_BYTES);
	struct hash *h = hash_new();
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, data, HASH_BYTES, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		hash_add(h, data, (size_t)n);
		at += n;
		page_beat(p);
	}
	hash_end(h, text);
	return n < 0 ? -errno : 0;
}

static void check_says(struct page *p, const char *text)
{
	page_text(p->check, text);
	say(CONSOLE_CHECK, "%s", text);
}

static int check_dump(struct capture *c, int fd, uint64_t size, char says[static 200], struct err *e)
{
	struct file f = { .page = c->page, .fd = fd };
	struct kdump k;
	int r = kdump_check(read_at, &f, size, &k, e);

	if (r < 0)
		return r;
	c->page->pages = k.pages;
	snprintf(says, 200, "whole: %llu pages, %sits log is readable", (unsigned long long)k.pages,
		 k.seen < k.pages ? "the first and last of them looked at, " : "");
	return 0;
}

int dump_check(struct capture *c, const struct place *at, struct err *e)
{
	auto_close int fd = openat(at->dir, DUMP_PART, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct page_attempt *a = &c->page->attempts[at->target];
	struct page *p = c->page;
	char says[200] = "";
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "cannot open '%s/" DUMP_PART "': %s", at->shown, strerror(errno));
	a->bytes = (uint64_t)st.st_size;
	p->pages = 0;
	r = a->how == DUMP_COPY ? collect_check_copy(c, fd, a->bytes, says, e)
				: check_dump(c, fd, a->bytes, says, e);
	a->readable = r == 0;
	if (r == 0)
		r = check_log(c, at, e);
	if (r < 0) {
		if (e)
			check_says(p, e->text);
		return err_wrap(e, "'%s/" DUMP_PART "' is not whole", at->shown);
	}
	p->checked = true;
	check_says(p, says);
	return 0;
}

bool dump_outdoes_copy(const struct capture *c, const struct place *at)
{
	const struct page_attempt *a = &c->page->attempts[at->target];
	uint64_t bytes = 0;

	return a->readable && room_free(at->dir, &bytes) == 0 &&
	       bytes + a->bytes < atomic_load(&c->page->vmcore_size);
}

/* The next boot hashes what lies on its own disks.  What came through a connection by SSH is read back now or never. */
bool dump_wants_hash(const struct recipe *r, int target, uint64_t bytes)
{
	return bytes <= r->hash_max || r->targets[target].kind == TARGET_SSH;
}

int dump_hash(struct capture *c, const struct place *at, struct err *e)
{
	auto_close int fd = openat(at->dir, DUMP_PART, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char sha256[HASH_TEXT_MAX];
	int r;

	if (!dump_wants_hash(c->recipe, at->target, c->page->attempts[at->target].bytes))
		return 0;
	r = fd < 0 ? -errno : hash_file(c->page, fd, sha256);
	if (r < 0)
		return err_set(e, -r, "cannot read '%s/" DUMP_PART "' back: %s", at->shown, strerror(-r));
	page_text(c->page->sha256, sha256);
	return 0;
}

int dump_commit(struct capture *c, const struct place *at, struct err *e)
{
	struct page_attempt *a = &c->page->attempts[at->target];
	auto_close int fd = openat(at->dir, DUMP_PART, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char size[SIZE_TEXT_MAX];
	int r;

	if (fd < 0)
		return err_set(e, errno, "cannot open '%s/" DUMP_PART "': %s", at->shown, strerror(errno));
	r = place_commit(at, fd, DUMP_NAME, e);
	if (r == 0)
		r = place_sync(at, e);
	if (r < 0)
		return r;
	say(CONSOLE_SAVED, "%s/" DUMP_NAME " (%s%s%.12s)", at->shown, size_human(a->bytes, size),
	    c->page->sha256[0] ? ", sha256 " : "", c->page->sha256);
	return 0;
}
