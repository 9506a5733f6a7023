/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_OOPS_H
#define CRASHCFG_OOPS_H

#include <stddef.h>

/*
 * The line of a kernel log that says why the kernel crashed, without time stamp,
 * level and caller: "Kernel panic - not syncing: sysrq triggered crash",
 * "BUG: kernel NULL pointer dereference, address: 0000000000000000".
 *
 * An oops of a machine that is armed for a dump prints no "Kernel panic", and a
 * log may hold older reports that were survived.  So: a panic that says more than
 * "Fatal exception" is the answer; else the first report after the last one that
 * was survived ("---[ end trace").  NULL: none is there.  Caller frees; printable
 * ASCII and UTF-8 as it stands, at most 400 bytes.
 */
char *oops_panic_line(const char *log, size_t len);

#endif
