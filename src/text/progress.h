/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_PROGRESS_H
#define CRASHCFG_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * makedumpfile's progress (print_info.c), lines ended by a carriage return:
 *	"Copying data                                      : [ 45.3 %] \  eta: 12s"
 */
struct progress {
	char step[48];		/* "Copying data" */
	unsigned permille;	/* 453 */
};
/* False: the LEN bytes at LINE are no such line. */
bool progress_parse(const char *line, size_t len, struct progress *ret);
/* Does this step write the dump's pages? */
bool progress_is_copy(const struct progress *p);

/*
 * Its report of what it wrote, or with --dry-run would have written (print_report(), --show-stats):
 *	"Write bytes     : 57041933"
 * False: the line is another one.
 */
bool report_bytes(const char *line, size_t len, uint64_t *ret);

#endif
