/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_PROGRESS_H
#define CRASHCFG_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
