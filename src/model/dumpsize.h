/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_DUMPSIZE_H
#define CRASHCFG_DUMPSIZE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * About how many bytes a dump taken now would have, from the text of /proc/meminfo and the
 * dump level: the memory that the level does not leave out and a tenth more, PACKED the half of that (by
 * measurement it is 0.27 to 0.39), with two bits for each page.  A host that dies of memory that leaked has
 * more.  0: not known.
 */
uint64_t dump_estimate(const char *meminfo, unsigned level, bool packed);

#endif
