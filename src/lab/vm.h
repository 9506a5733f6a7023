/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_VM_H
#define CRASHCFG_LAB_VM_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

/* One virtual machine, from its start to its end. */
struct vm {
	/* in */
	const char *accel;		/* "kvm", "tcg" */
	uint64_t memory;		/* bytes */
	const char *kernel, *initrd, *append;
	const struct strv *devices;	/* arguments for disks and what hangs on them */
	const struct strv *more;	/* the user's arguments, last; NULL: none */
	const char *console;		/* log of the serial port: written from the start */
	const char *errors;		/* QEMU's own words */
	int stop_fd;			/* readable: stop; -1: none */
	int input_fd;			/* what the guest's console reads; 0: nothing */
	int wire_fd;			/* stays open in QEMU, for a device that names it; 0: none */
	/*
	 * A line of the console, without line end; carriage returns end lines too.
	 * Sets *deadline (now_ms() terms) when another one holds from now on.
	 */
	void (*line)(void *ctx, const char *line, long long *deadline);
	void *ctx;
	long long deadline;		/* the first one */
	/* out */
	long long started, ended;	/* now_ms() terms */
	int status;			/* QEMU's exit code, 128+N for a signal */
};

/* QEMU's program on this machine.  -ENOENT: text names the package; -ENOTSUP: another machine than x86_64. */
int vm_find(char **ret, struct err *e);
/* The whole command line; pure. */
void vm_argv(const char *qemu, const struct vm *vm, struct strv *ret);
/* Run until the guest ends; QEMU is dead afterwards.  -ETIMEDOUT: the deadline passed; -EINTR: told to stop. */
int vm_run(const char *qemu, struct vm *vm, struct err *e);

#endif
