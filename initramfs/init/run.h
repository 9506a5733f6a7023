/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_RUN_H
#define CRASHCFG_INIT_RUN_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Run one of the image's programs and follow it while it works.  proc.h collects what a
 * program said when it has ended; here its words are looked at as they come.
 */
#define RUN_TICK_MS 250

struct run {
	/* in */
	const char *const *argv;	/* argv[0]: its path, or its name, looked for in the image's folders */
	int folder;			/* working folder, less than 0: "/" */
	int out_fd;			/* where its stdout goes, less than 0: to heard() */
	const char *preload;		/* library that the loader brings in first; NULL: none */
	int deadline_ms;		/* it and its children are killed then; 0: none, the supervisor watches */
	/* What it wrote, STREAM being 1 for stdout, 2 for stderr; may be NULL. */
	void (*heard)(void *ctx, int stream, const char *data, size_t len);
	void (*tick)(void *ctx);	/* at least every RUN_TICK_MS; may be NULL */
	void *ctx;
	bool stop;			/* set by heard() or tick(): it is killed */
	/* out */
	int status;			/* exit code; 128+N: ended by signal N */
	bool timed_out;
	char last[160];			/* last line that it wrote to stderr and that is no progress */
};

/* 0: it ran and ended, look at status; -ENOENT: the image has no such program; -errno. */
int run_follow(struct run *r, struct err *e);
/*
 * As run_follow(), but any end other than exit code 0 is an error (-EIO, -ETIMEDOUT), its last
 * words in the text.
 */
int run_check(struct run *r, struct err *e);

#endif
