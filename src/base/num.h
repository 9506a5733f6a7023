/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_NUM_H
#define CRASHCFG_NUM_H

#include <stdint.h>
#include <stddef.h>

/*
 * Text to numbers.  The whole text must be the number: no sign, no blanks, no
 * rest.  Return 0, -EINVAL (not such a number) or -ERANGE (does not fit).
 */
int num_parse(const char *text, uint64_t max, uint64_t *ret);	/* decimal, or hex with 0x */
int size_parse(const char *text, uint64_t *ret_bytes);		/* 4096, 512K, 64M, 1G, 2T: powers of 1024 */
int span_parse(const char *text, uint64_t *ret_seconds);	/* 90, 90s, 10m, 1h, 2d */

/* "96M", "1G", "1536K", "4097": the largest unit that divides. */
#define SIZE_TEXT_MAX 24
const char *size_format(uint64_t bytes, char text[static SIZE_TEXT_MAX]);
/* "46.3 MB", "3.2 KB", "12 bytes": for people, units of 1024. */
const char *size_human(uint64_t bytes, char text[static SIZE_TEXT_MAX]);

#endif
