/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect.h"

#include "dump.h"
#include "proc.h"
#include "progress.h"
#include "room.h"
#include "run.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SAY_MS 1000
#define ROOM_MIN (4u << 20)	/* less is no base for a guess */

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
	bool may_stop;		/* there is another way or place: do not go on to a certain end */
	bool no_room;		/* was stopped, since the disk would not hold it */
	const struct collect_stream *stream;	/* NULL: makedumpfile writes the file itself */
	struct err taken;	/* why the stream's taker would have no more */
	struct run run;
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

	if (w->stream && stream == STDOUT_FILENO) {
		if (!w->run.stop && w->stream->take(w->stream->ctx, data, len, &w->taken) < 0)
			w->run.stop = true;
		w->bytes += len;
		page_beat(w->c->page);
		return;
	}
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

	if (w->stream)
		return;
	if (fstatat(w->dir, DUMP_PART, &st, AT_SYMLINK_NOFOLLOW) == 0 && (uint64_t)st.st_size != w->bytes) {
		w->bytes = (uint64_t)st.st_size;
		page_beat(w->c->page);
	}
}

/*
 * Will it fit?  The pages that are written tell what the rest will take; a tenth of the way is enough
 * to know, and a quarter too much is no error of that guess.
 */
static bool will_not_fit(const struct watch *w)
{
	uint64_t free_bytes = 0;

	if (!progress_is_copy(&w->last) || w->last.permille < 100 || w->bytes < ROOM_MIN ||
	    (!w->stream && room_free(w->dir, &free_bytes) < 0))
		return false;
	if (w->stream)
		return w->bytes / w->last.permille * 1000 > w->stream->room / 4 * 5;
	return w->bytes / w->last.permille * 1000 > (w->bytes + free_bytes) / 4 * 5;
}

static void tick(void *ctx)
{
	struct watch *w = ctx;

	look(w);
	page_sample_memory(w->c->page);
	if (w->may_stop && !w->no_room && will_not_fit(w))
		w->no_room = w->run.stop = true;
	if (progress_is_copy(&w->last) && w->last.permille != w->said_permille &&
	    now_ms() - w->said >= SAY_MS)
		show(w, w->last.permille);
}

/* A full disk, a file that may not grow, a quota: makedumpfile ends with 1 whatever it was. */
static bool tells_no_room(const struct watch *w)
{
	static const int codes[] = { ENOSPC, EFBIG, EDQUOT };
	bool told = false;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		told |= strstr(w->words, strerror(codes[i])) || strstr(w->run.last, strerror(codes[i]));
	return told;
}

static int run_makedumpfile(struct watch *w, unsigned dump_level, unsigned n_threads, struct err *e)
{
	const struct recipe *r = w->c->recipe;
	char level[16], threads[16];
	const char *argv[16];
	struct err why = { 0 };
	size_t n = 0;
	int err;

	snprintf(level, sizeof(level), "%u", dump_level);
	snprintf(threads, sizeof(threads), "%u", n_threads);
	argv[n++] = "makedumpfile";
	if (r->compress[0])
		argv[n++] = r->compress;
	argv[n++] = "-d";
	argv[n++] = level;
	argv[n++] = "--message-level";
	argv[n++] = "7";	/* progress, common, error */
	if (n_threads > 1) {
		argv[n++] = "--num-threads";
		argv[n++] = threads;
		say(CONSOLE_VMCORE, "makedumpfile works with %u threads", n_threads);
	}
	if (w->stream)
		argv[n++] = "-F";
	argv[n++] = VMCORE;
	if (!w->stream)
		argv[n++] = DUMP_PART;
	argv[n] = NULL;
	w->run = (struct run){ .argv = argv, .folder = w->dir, .out_fd = -1, .heard = heard, .tick = tick,
			       .ctx = w };
	/* The C library opens it when the first thread ends, and where that fails then, all is lost. */
	if (n_threads > 1)
		w->run.preload = "libgcc_s.so.1";
	err = run_check(&w->run, &why);
	w->run.argv = NULL;
	if (w->taken.code)
		return err_set(e, w->taken.code, "%s", w->taken.text);
	if (w->no_room)
		return err_set(e, ENOSPC,
			       "stopped at %u %%: a dump of level %u would take more than there is room for",
			       w->last.permille / 10, dump_level);
	if (err < 0)
		return err_set(e, tells_no_room(w) ? ENOSPC : -err, "%s%s%s", why.text,
			       w->words[0] ? ": " : "", w->words);
	return 0;
}

int collect_by_makedumpfile(struct capture *c, const struct place *to, unsigned level, unsigned threads,
			    bool may_stop, int *ret_code, struct err *e)
{
	struct watch w = { .c = c, .dir = to->dir, .copy_began = now_ms(), .may_stop = may_stop };
	int r = run_makedumpfile(&w, level, threads, e);

	*ret_code = w.run.status;
	look(&w);
	c->page->attempts[to->target].bytes = w.bytes;
	if (r == 0)
		show(&w, 1000);
	return r;
}

int collect_stream(struct capture *c, const struct collect_stream *to, unsigned level, unsigned threads,
		   bool may_stop, int *ret_code, struct err *e)
{
	struct watch w = { .c = c, .dir = -1, .stream = to, .copy_began = now_ms(), .may_stop = may_stop };
	int r = run_makedumpfile(&w, level, threads, e);

	*ret_code = w.run.status;
	if (r == 0)
		show(&w, 1000);
	return r;
}
