/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TESTWISH_H
#define CRASHCFG_TESTWISH_H

#include "lab.h"

/* What the command line of `crashcfg test` asks for. */

#define DEFAULT_MEMORY "1G"
#define DEFAULT_TIMEOUT "10m"

struct test_options {
	const char *kernel, *kernels, *memory, *crashkernel, *fs, *stack, *target, *network, *disk, *accel, *timeout,
		*qemu, *output;
	bool keep;
};

/* The options' values, checked. */
struct test_wish {
	uint64_t memory, disk, timeout;
	const char *accel;
	struct strv qemu_args;
	bool own;			/* a scratch target that is not this host's */
	const char *fs, *stack;		/* a disk's; fs NULL: it is a server */
	const char *target, *network;	/* a server's, and the way to it, "" the simplest */
};
int test_wish_read(const struct test_options *o, struct test_wish *ret, struct err *e);
void test_wish_done(struct test_wish *w);
/*
 * The scratch target of an own wish, as the image builder takes it.  S gets the keys for it, which are made
 * in WORK.
 */
int test_wish_target(const struct test_wish *w, struct settings *s, const char *work, struct storage *ret,
		     struct network *ret_net, struct err *e);

#endif
