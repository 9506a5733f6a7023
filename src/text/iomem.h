/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_IOMEM_H
#define CRASHCFG_IOMEM_H

#include <stdint.h>

/*
 * The text of /proc/iomem, of any content; 0 where the kernel hides the addresses (all zero
 * without CAP_SYS_ADMIN) or none is there.
 *
 * Sum of the outermost "System RAM" ranges: all of the memory that this kernel was given.
 */
uint64_t iomem_ram(const char *text);
/* Sum of the "Crash kernel" ranges, which lie within others: all that is reserved, low memory too. */
uint64_t iomem_crash(const char *text);

#endif
