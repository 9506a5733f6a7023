/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_CRASHKERNEL_H
#define CRASHCFG_CRASHKERNEL_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The value of crashkernel= (Documentation/admin-guide/kdump/kdump.rst):
 *	size[@offset] | start-[end]:size[,...][@offset] | size,high | size,low | size,cma
 * and what several such parameters are together: one of the first three forms, with ",high" one ",low", and one ",cma".
 * As text the others follow the first as on a command line: "512M,high crashkernel=128M,low".
 * Numbers are those of the kernel's memparse(): decimal, 0x hex or 0 octal, then K M G T P E or nothing.
 * The kernel takes the first range that holds the memory size, after rounding that up to 128 MB.
 */
#define CRASHKERNEL_RANGES_MAX 64	/* the kernel knows no limit but that of its command line */
struct crashkernel_range { uint64_t start, end /* exclusive, UINT64_MAX: open */, size; };
struct crashkernel {
	struct crashkernel_range *ranges;	/* one from 0 to the end for the plain form */
	size_t n_ranges;
	uint64_t offset;			/* with has_offset */
	bool has_offset, high, low, cma;	/* low, cma: of a value that stands alone */
	uint64_t low_size, cma_size;		/* of those beside another; 0: none */
};

void crashkernel_done(struct crashkernel *c);
#define auto_crashkernel AUTO(crashkernel_done)
/* Several values are parted by blanks; "crashkernel=" may stand before each.  -EINVAL: text says which part is wrong and
 * what is allowed there. */
int crashkernel_parse(const char *text, struct crashkernel *ret, struct err *e);
/* The same with one blank and "crashkernel=" before each but the first, ",low" and ",cma" last.  Caller frees. */
char *crashkernel_join(const char *text);
/*
 * Bytes that a kernel which sees MEM_TOTAL bytes of memory would reserve; 0: none,
 * also where the size found is all of the memory or more, which no kernel grants.  What comes by ",low" and ",cma" beside it
 * is not counted, as the kernel does not in kexec_crash_size.
 */
uint64_t crashkernel_size(const struct crashkernel *c, uint64_t mem_total);

/*
 * BYTES as the kernel of MACHINE (uname -m; NULL or unknown: plain) wants them spelled: rounded up as it does, and with
 * ",high" where that much is not to be had below 4 GiB of MEM_TOTAL.  Caller frees.
 */
char *crashkernel_spell(const char *machine, uint64_t bytes, uint64_t mem_total);
/* -EINVAL: kernels of MACHINE do not know this form; the text says what to write. */
int crashkernel_check(const struct crashkernel *c, const char *machine, struct err *e);

/*
 * What a kernel with this command line obeys, as parse_crashkernel() of kernel/crash_core.c looks for it:
 * the last plain value ("256M"); without one the last ",high", and the last ",low" with it
 * ("512M,high crashkernel=128M,low"); and the last ",cma" beside either.  NULL: neither is there.  Caller frees.
 */
char *crashkernel_in_force(const char *line);

#endif
