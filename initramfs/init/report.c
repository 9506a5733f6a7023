/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include "dump.h"
#include "file.h"
#include "manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define GIVE_WAY (256 << 10)	/* bytes of a partial dump, more than any manifest */
#define HELD ".held"
#define HELD_BYTES (64 << 10)

static const char *url(const struct recipe *r, int i)
{
	return i < 0 ? "" : r->targets[i].url;
}

static void add_phases(struct manifest *m, const struct page *p, const struct recipe *r)
{
	for (unsigned i = 0; i < p->n_phases; i++) {
		const struct page_phase *ph = &p->phases[i];
		struct manifest_phase *to;

		if (ph->open)
			continue;
		to = vec_push(&m->phases, &m->n_phases);
		to->name = xstrdup(ph->name);
		to->target = xstrdup(url(r, ph->target));
		to->seconds = (double)ph->ms / 1000;
		to->exit_code = ph->exit_code;
		to->error = xstrdup(ph->error);
	}
}

static void add_attempts(struct manifest *m, const struct page *p, const struct recipe *r)
{
	for (int i = 0; i < ATTEMPTS_MAX; i++) {
		const struct page_attempt *a = &p->attempts[i];
		struct manifest_attempt *to;

		/* One that is at work has no result yet. */
		if (!a->begun || (!a->saved && !a->error[0]))
			continue;
		to = vec_push(&m->attempts, &m->n_attempts);
		to->target = xstrdup(url(r, i));
		to->result = xstrdup(a->saved ? "saved" : "failed");
		to->error = xstrdup(a->error);
	}
}

static enum manifest_state state(const struct page *p, const struct page_attempt *a, bool final)
{
	if (a->saved)
		return p->log_only ? MANIFEST_LOG_ONLY : MANIFEST_COMPLETE;
	if (!final)
		return MANIFEST_SAVING;
	return a->partial ? MANIFEST_INCOMPLETE : a->log ? MANIFEST_LOG_ONLY : MANIFEST_FAILED;
}

static struct manifest *tell(const struct capture *c, int i, bool final)
{
	const struct page_attempt *a = &c->page->attempts[i];
	const struct recipe *r = c->recipe;
	const struct page *p = c->page;
	struct manifest *m = xcalloc(1, sizeof(*m));
	enum dump_how how = (enum dump_how)a->how;

	m->state = state(p, a, final);
	m->host = xstrdup(r->host);
	m->machine_id = xstrdup(r->machine_id);
	m->boot_id = xstrdup(c->boot_id);
	m->kernel = xstrdup(c->notes.release);
	m->build_id = xstrdup(c->notes.build_id);
	m->crash_time = c->notes.crash_time;
	m->panic = xstrdup(p->panic);
	m->target = xstrdup(url(r, p->winner));
	m->bytes = a->bytes;
	m->sha256 = xstrdup(a->saved ? p->sha256 : "");
	m->pages = a->saved ? p->pages : 0;
	m->checked = a->saved && p->checked;
	m->check = xstrdup(a->saved || p->winner < 0 ? p->check : "");
	m->mem_total = p->mem_total;
	m->mem_low = p->mem_low;
	m->mem_reserved = p->mem_reserved;
	m->dump_level = p->log_only ? r->dump_level : dump_level(r, how);
	m->compress = xstrdup(how == DUMP_COPY ? "" : r->compress);
	m->collector = xstrdup(dump_collector(how));
	add_phases(m, p, r);
	add_attempts(m, p, r);
	return m;
}

/*
 * Room for the last record, held from the first one on: a disk that others fill, or that was nearly full
 * before, would keep one that says "saving" for ever.  Without fallocate there is none.
 */
static void hold_room(const struct place *at)
{
	auto_close int fd = openat(at->dir, HELD, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0 && fallocate(fd, 0, 0, HELD_BYTES) < 0)
		unlinkat(at->dir, HELD, 0);
}

/* Freed blocks are another file's only once this is on the disk, as a whole on btrfs. */
static void give_room(const struct place *at)
{
	if (unlinkat(at->dir, HELD, 0) == 0)
		syncfs(at->dir);
}

static void shorten_dump(const struct place *at)
{
	auto_close int fd = openat(at->dir, DUMP_PART, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	/* The freed blocks are another file's only once this is on the disk (btrfs). */
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > GIVE_WAY &&
	    ftruncate(fd, st.st_size - GIVE_WAY) == 0)
		fsync(fd);
}

/* What is there of the dump is told by the disk alone. */
static void look_at_dump(const struct place *at, struct page_attempt *a)
{
	struct stat st;

	if (a->saved || at->how->report)
		return;
	/* Under its final name it was left by a worker that ended before it could say so. */
	a->partial = fstatat(at->dir, DUMP_PART, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
		     fstatat(at->dir, DUMP_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0;
	a->bytes = a->partial ? (uint64_t)st.st_size : 0;
}

int report_write(const struct capture *c, const struct place *at, bool final, struct err *e)
{
	struct page_attempt *a = &c->page->attempts[at->target];
	int r = 0;

	for (int i = 0; i < 4; i++) {
		auto_manifest struct manifest *m = NULL;
		auto_buf struct buf text = { 0 };

		look_at_dump(at, a);
		m = tell(c, at->target, final);
		manifest_encode(m, &text);
		if (at->how->report)
			return at->how->report(c, at, &text, final, e);
		r = file_replace_at(at->dir, MANIFEST_NAME, text.data, text.len, 0600);
		if (r != -ENOSPC || (i > 0 && !a->partial))
			break;
		if (i == 0)
			give_room(at);
		else if (i == 1)
			shorten_dump(at);
		else if (unlinkat(at->dir, DUMP_PART, 0) == 0)
			fsync(at->dir);
	}
	if (r == 0 && final)
		unlinkat(at->dir, HELD, 0);
	else if (r == 0)
		hold_room(at);
	return r < 0 ? err_set(e, -r, "cannot write '%s/" MANIFEST_NAME "': %s", at->shown, strerror(-r)) : 0;
}
