/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_CMDLINE_H
#define CRASHCFG_CMDLINE_H

#include "buf.h"

#include <stdbool.h>

/*
 * Kernel command lines, cut into words as the kernel's next_arg() does
 * (lib/cmdline.c): blanks separate, a double quote anywhere in a word hides
 * blanks until the next one.  "--" hands the rest to init.
 */

/* Call FN for each word before "--" (key without value: VALUE is NULL).  -EINVAL: a quote is left open. */
int cmdline_each(const char *line, int (*fn)(void *ctx, const char *key, const char *value), void *ctx);
/* The same, and WORD is the whole word as it stands, quotes included. */
int cmdline_each_word(const char *line,
		      int (*fn)(void *ctx, const char *word, const char *key, const char *value),
		      void *ctx);

/* Value of the last KEY= (the kernel takes the last crashkernel=); NULL: no such word.  Caller frees. */
char *cmdline_get(const char *line, const char *key);
unsigned cmdline_count(const char *line, const char *key);

/*
 * Put TEXT ("crashkernel=256M") where KEY= first stands and drop later KEY=
 * words; without one, add it last, but before "--".  Every other byte stays.
 * TEXT may be several words of KEY ("crashkernel=512M,high crashkernel=64M,low").
 * -EINVAL: a quote is left open, so where a word ends is anyone's guess; or TEXT
 * is not words of KEY, parted by blanks and nothing else.
 */
int cmdline_set(const char *line, const char *key, const char *text, char **ret);
/* Drop every word KEY or KEY=..., and the blanks before it (those behind the line's first).  Same errors. */
int cmdline_remove(const char *line, const char *key, char **ret);
/* The words KEY=... as they stand, joined by blanks; NULL: there is none.  Caller frees. */
char *cmdline_words(const char *line, const char *key);

#endif
