/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_VMCORE_H
#define CRASHCFG_VMCORE_H

#include "buf.h"
#include "err.h"

#include <stdint.h>

/* A dump, read by libkdumpfile behind this door (ELF or kdump-compressed). */
struct vmcore;

int vmcore_open(const char *path, struct vmcore **ret, struct err *e);
void vmcore_free(struct vmcore *v);	/* accepts NULL */
static inline void own_vmcore(struct vmcore **v)
{
	vmcore_free(*v);
}
#define auto_vmcore AUTO(own_vmcore)

/* VMCOREINFO as it lies in the dump; a line's value, NULL when absent (caller frees). */
const char *vmcore_info(const struct vmcore *v);
char *vmcore_info_get(const struct vmcore *v, const char *key);
/* The kernel log as dmesg prints it, "[    1.234567] text".  -ENOTSUP: a log layout that is not known. */
int vmcore_log(struct vmcore *v, struct buf *ret, struct err *e);
/* Pages of memory that the dump holds. */
int vmcore_pages(struct vmcore *v, uint64_t *ret, struct err *e);

#endif
