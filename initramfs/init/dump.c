/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump.h"

#include "hash.h"
#include "kdump.h"
#include "num.h"
#include "proc.h"
#include "progress.h"
#include "run.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SAY_MS 1000
#define CHECK_MS 60000
#define CHECK_LOG "check.txt"
#define HASH_BYTES (128U << 10)

/* Follows makedumpfile: its words and the growth of its file are progress, its silence is not. */
struct watch {
	struct capture *c;
	int dir;
	char line[200];
	size_t line_len;
	char words[160];	/* why it failed: the first "Can't ...", else the last line of text */
	struct progress last;
	uint64_t bytes;
	long long copy_began, said;
	unsigned said_permille;
};

static void show(struct watch *w, unsigned permille)
{
	long long now = now_ms(), took = now - w->copy_began;

	w->said = now;
	w->said_permille = permille;
	say(CONSOLE_VMCORE, "%u %% %.1f MB/s", permille / 10,
	    took > 0 ? (double)w->bytes / 1048576 * 1000 / (double)took : 0.0);
}

static void heard_line(struct watch *w)
{
	struct progress p;

	if (!progress_parse(w->line, w->line_len, &p)) {
		if (w->line_len > 2 && !strstr(w->words, "Can't "))
			snprintf(w->words, sizeof(w->words), "%.*s", (int)w->line_len, w->line);
		return;
	}
	if (p.permille != w->last.permille || strcmp(p.step, w->last.step) != 0)
		page_beat(w->c->page);
	if (progress_is_copy(&p) && !progress_is_copy(&w->last))
		w->copy_began = w->said = now_ms();
	w->last = p;
}

static void heard(void *ctx, int stream, const char *data, size_t len)
{
	struct watch *w = ctx;

	(void)stream;
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' || data[i] == '\r') {
			heard_line(w);
			w->line_len = 0;
		} else if (w->line_len < sizeof(w->line)) {
			w->line[w->line_len++] = data[i];
		}
	}
}

static void look(struct watch *w)
{
	struct stat st;

	if (fstatat(w->dir, DUMP_PART, &st, AT_SYMLINK_NOFOLLOW) == 0 && (uint64_t)st.st_size != w->bytes) {
		w->bytes = (uint64_t)st.st_size;
		page_beat(w->c->page);
	}
}

static void tick(void *ctx)
{
	struct watch *w = ctx;

	look(w);
	page_sample_memory(w->c->page);
	if (progress_is_copy(&w->last) && w->last.permille != w->said_permille &&
	    now_ms() - w->said >= SAY_MS)
		show(w, w->last.permille);
}

static int run_makedumpfile(struct capture *c, struct watch *w, int *ret_code, struct err *e)
{
	const struct recipe *r = c->recipe;
	char level[16], threads[16];
	const char *argv[16];
	struct run run = {
		.argv = argv, .folder = w->dir, .out_fd = -1, .heard = heard, .tick = tick, .ctx = w
	};
	struct err why = { 0 };
	size_t n = 0;
	int err;

	snprintf(level, sizeof(level), "%u", r->dump_level);
	snprintf(threads, sizeof(threads), "%u", r->threads);
	argv[n++] = "makedumpfile";
	if (r->compress[0])
		argv[n++] = r->compress;
	argv[n++] = "-d";
	argv[n++] = level;
	argv[n++] = "--message-level";
	argv[n++] = "7";	/* progress, common, error */
	if (r->threads > 1) {
		argv[n++] = "--num-threads";
		argv[n++] = threads;
	}
	argv[n++] = VMCORE;
	argv[n++] = DUMP_PART;
	argv[n] = NULL;
	err = run_check(&run, &why);
	*ret_code = run.status;
	if (err < 0)
		return err_set(e, -err, "%s%s%s", why.text, w->words[0] ? ": " : "", w->words);
	return 0;
}

int dump_write(struct capture *c, const struct place *to, int *ret_code, struct err *e)
{
	struct page_attempt *a = &c->page->attempts[to->target];
	struct watch w = { .c = c, .dir = to->dir, .copy_began = now_ms() };
	auto_close int fd = -1;
	int r;

	*ret_code = 0;
	r = run_makedumpfile(c, &w, ret_code, e);
	look(&w);
	a->bytes = w.bytes;
	if (r < 0)
		return r;
	show(&w, 1000);
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
	char *p = to;

	page_beat(f->page);
	while (len) {
		ssize_t n = pread(f->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
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

/* Can the log be read out of the written dump, and does it tell of the same crash? */
static int check_log(const struct capture *c, const struct place *at, struct err *e)
{
	const char *out = c->page->log_whole ? "/run/" CHECK_LOG : CHECK_LOG;
	const char *const argv[] = {
		"makedumpfile", "--message-level", "4", "--dump-dmesg", DUMP_PART, out, NULL
	};
	struct run run = { .argv = argv, .folder = at->dir, .out_fd = -1, .deadline_ms = CHECK_MS };
	/* '?' stands for what is not printable, and each program escapes other bytes in its own way. */
	auto_free char *text = xstrndup(c->page->panic, strcspn(c->page->panic, "?\\"));
	auto_close int fd = -1;
	int r;

	unlinkat(at->dir, out, 0);
	r = run_check(&run, e);
	if (r < 0)
		return r;
	fd = openat(at->dir, out, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	unlinkat(at->dir, out, 0);
	r = fd < 0 ? -errno : has_text(fd, text);
	if (r < 0)
		return err_set(e, -r, "cannot read the dump's log: %s", strerror(-r));
	return r ? 0 : err_set(e, EBADMSG, "the dump's log lacks the line '%s'", c->page->panic);
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

int dump_check(struct capture *c, const struct place *at, struct err *e)
{
	auto_close int fd = openat(at->dir, DUMP_PART, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct page *p = c->page;
	struct file f = { .page = p, .fd = fd };
	char text[200];
	struct kdump k;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "cannot open '%s/" DUMP_PART "': %s", at->shown, strerror(errno));
	p->attempts[at->target].bytes = (uint64_t)st.st_size;
	r = kdump_check(read_at, &f, (uint64_t)st.st_size, &k, e);
	if (r == 0)
		r = check_log(c, at, e);
	if (r < 0) {
		if (e)
			check_says(p, e->text);
		return err_wrap(e, "'%s/" DUMP_PART "' is not whole", at->shown);
	}
	p->pages = k.pages;
	p->checked = true;
	snprintf(text, sizeof(text), "whole: %llu pages, %sits log is readable", (unsigned long long)k.pages,
		 k.seen < k.pages ? "the first and last of them looked at, " : "");
	check_says(p, text);
	return 0;
}

int dump_hash(struct capture *c, const struct place *at, struct err *e)
{
	auto_close int fd = openat(at->dir, DUMP_PART, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char sha256[HASH_TEXT_MAX];
	int r;

	if (c->page->attempts[at->target].bytes > c->recipe->hash_max)
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
