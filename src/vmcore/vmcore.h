/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_VMCORE_H
#define CRASHCFG_VMCORE_H

#include "buf.h"
#include "err.h"

#include <stdint.h>

/* A dump, read by libkdumpfile behind this door (ELF or kdump-compressed). */
struct vmcore;

/* -EINVAL: not a dump, or a damaged one; -ENOTSUP: of a machine that is not known here. */
int vmcore_open(const char *path, struct vmcore **ret, struct err *e);
void vmcore_free(struct vmcore *v);	/* accepts NULL */
static inline void own_vmcore(struct vmcore **v)
{
	vmcore_free(*v);
}
#define auto_vmcore AUTO(own_vmcore)

/* VMCOREINFO as it lies in the dump, "" none; a line's value, NULL when absent (caller frees). */
const char *vmcore_info(const struct vmcore *v);
char *vmcore_info_get(const struct vmcore *v, const char *key);
/* The kernel log as dmesg prints it, "[    1.234567] text".  -ENOTSUP: a log layout that is not known. */
int vmcore_log(struct vmcore *v, struct buf *ret, struct err *e);
/* Bytes of a page of that machine. */
uint64_t vmcore_page_size(const struct vmcore *v);
/* Read every page of the dump, so unpack it too: how many there are and how many of them cannot be read. */
int vmcore_check(struct vmcore *v, uint64_t *ret_pages, uint64_t *ret_bad, struct err *e);

/*
 * What a dump says of itself, found out in a child process with limits of
 * memory and time: a damaged or hostile file ends the child at worst.
 */
struct vmcore_look {
	char *info;		/* VMCOREINFO, "" none */
	char *release;		/* its OSRELEASE, "" none */
	char *log;		/* the kernel log, "" when it cannot be read: */
	char *log_why;		/* why not, "" */
	uint64_t page_size;
	uint64_t pages, bad;	/* as vmcore_check() */
};
void vmcore_look_done(struct vmcore_look *l);
#define auto_vmcore_look AUTO(vmcore_look_done)
/* -ETIMEDOUT, -EIO: the child was ended by a limit or a signal. */
int vmcore_look(const char *path, int deadline_ms, struct vmcore_look *ret, struct err *e);

#endif
