/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_SERVER_H
#define CRASHCFG_LAB_SERVER_H

#include "initrd.h"
#include "vm.h"
#include "wire.h"

/* The scratch server: a second guest, with the same kernel, that takes the dump by network. */

/* Its root file system, for target T that is reached by W. */
int server_initrd(const struct lab_request *q, const struct recipe_target *t, const struct wire *w,
		  struct buf *ret, struct err *e);

/* It runs beside the other guest, followed by a process of its own that dies with this one. */
struct server {
	pid_t pid;		/* 0: none runs */
	int input;		/* what its console reads */
	int words;		/* what it tells, a line each */
	struct buf rest;	/* of WORDS: a line that is not whole yet */
};
/* VM is as for vm_run(), without line, ctx and input_fd; its first deadline is for the first word. */
int server_start(struct server *s, const char *qemu, const struct vm *vm, long long end, struct err *e);
/*
 * Wait until it says WORD ("boot", "ready", "collected").  -EIO: it cannot, text tells; -ETIMEDOUT: it
 * did not within the time; -EINTR: STOP_FD is readable.
 */
int server_wait(struct server *s, const char *word, long long deadline, int stop_fd, struct err *e);
/* No more dumps come. */
int server_end(struct server *s, struct err *e);
/* It is gone afterwards, whatever it did. */
void server_stop(struct server *s);

#endif
