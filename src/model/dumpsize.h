/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_DUMPSIZE_H
#define CRASHCFG_DUMPSIZE_H

#include <stdint.h>

/*
 * About how many bytes a dump taken now would have, from the text of /proc/meminfo and the
 * dump level: the memory that the level does not leave out, not packed, with two bits for each page
 * and a tenth more.  Packed it is a third to a half of that; a host that dies of memory that
 * leaked has more.  0: not known.
 */
uint64_t dump_estimate(const char *meminfo, unsigned level);

#endif
