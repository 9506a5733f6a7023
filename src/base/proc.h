/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_PROC_H
#define CRASHCFG_PROC_H

#include "buf.h"
#include "err.h"

#include <sys/types.h>

/*
 * Run a program: argv[0] is its path, no shell is involved, stdin is /dev/null,
 * the environment is PATH and LC_ALL=C alone.  It leads a process group of its
 * own; at the deadline the whole group is killed.
 */
struct proc {
	/* in */
	const char *const *argv;
	int deadline_ms;	/* 0: none */
	size_t out_max;		/* keep at most so many bytes of each stream (0: 64 KiB), the rest is read and dropped */
	int stdin_fd;		/* 0 or less: /dev/null */
	int keep_fd;		/* stays open in the program, so that a lock outlives this process; 0 or less: none */
	/*
	 * Readable: the program is told to end by SIGTERM, and killed when it does not within half a minute;
	 * the deadline works so too.  It also hears of this process's death.  0 or less: none of that.
	 */
	int stop_fd;
	/* out */
	struct buf out, err;
	int status;		/* exit code; 128+N: ended by signal N */
	bool timed_out, stopped;
};

void proc_done(struct proc *p);
#define auto_proc AUTO(proc_done)

/*
 * 0: it ran and ended (look at status and timed_out); -errno: it could not be
 * started.  proc_check() also makes a non-zero status and a timeout an error,
 * with the last line that the program wrote to stderr in the text.
 */
int proc_run(struct proc *p, struct err *e);
int proc_check(struct proc *p, struct err *e);

/* Milliseconds of CLOCK_BOOTTIME, for deadlines. */
long long now_ms(void);

#endif
