/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_VMCORE_LOG_H
#define CRASHCFG_VMCORE_LOG_H

#include "buf.h"
#include "err.h"

#include <stdint.h>

/*
 * The kernel's log rings, read from memory by the layout that VMCOREINFO tells:
 * the lockless ring (5.10 and later; kernel/printk/printk_ringbuffer.h and
 * Documentation/admin-guide/kdump/gdbmacros.txt) and the record ring before it
 * (3.5 to 5.9; struct printk_log in kernel/printk/printk.c).
 */
struct memory {
	/* LEN bytes at kernel virtual address ADDR, all of them, or negative. */
	int (*read)(void *ctx, uint64_t addr, void *to, size_t len);
	void *ctx;
};

/*
 * The log as dmesg prints it.  Records that cannot be read are left out, so a
 * dump that was cut off gives what it has.  64-bit little-endian layouts.
 * -ENOTSUP: no layout known; -EINVAL: VMCOREINFO tells nonsense; -EIO: nothing can be read.
 */
int log_read(const char *info, const struct memory *mem, struct buf *ret, struct err *e);

#endif
