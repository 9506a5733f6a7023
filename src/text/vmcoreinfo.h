/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_VMCOREINFO_H
#define CRASHCFG_VMCOREINFO_H

#include <stddef.h>
#include <stdint.h>

/*
 * VMCOREINFO: lines "KEY=VALUE" that a kernel writes about itself
 * (Documentation/admin-guide/kdump/vmcoreinfo.rst).
 */

/* Value of the last line KEY=, as the kernel appends (CRASHTIME); NULL: no such line.  Caller frees. */
char *vmcoreinfo_get(const char *text, size_t len, const char *key);
/* CRASHTIME, seconds since 1970; 0: unknown. */
int64_t vmcoreinfo_crash_time(const char *text, size_t len);

#endif
