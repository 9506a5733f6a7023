/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_ESTIMATE_H
#define CRASHCFG_ESTIMATE_H

#include "cli.h"

/* The options of `estimate`; those from kernel on are handed to `test` by --measure. */
struct estimate_options {
	bool measure, yes;
	const char *shrink;
	const char *kernel, *kernels, *memory, *fs, *target, *network, *stack, *accel, *timeout, *qemu, *output;
};

/* estimate --measure: the smallest crashkernel= with which `test` passes.  Returns as a command's run does. */
int estimate_measure(const struct cli *cli, const struct estimate_options *o, struct err *e);
/* estimate --shrink SIZE: give reserved memory back to the running system. */
int estimate_shrink(const struct cli *cli, const struct estimate_options *o, struct err *e);

#endif
