/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_WORDS_H
#define CRASHCFG_WORDS_H

#include "buf.h"

/*
 * Which of several known names somebody most likely meant by WORD: start with near_begin(), give each
 * name to near_try(), and .name is the nearest, or NULL where none is near enough.  Case does not count.
 */
struct near {
	const char *word, *name;
	size_t len;
	unsigned letters, limit;
};

struct near near_begin(const char *word);
void near_try(struct near *n, const char *name);

/*
 * TEXT in lines of at most WIDTH columns (bytes), cut at blanks, each line behind INDENT; a newline in TEXT stays one,
 * and a word longer than a line stands alone.  FIRST stands before the first line in place of INDENT.
 */
void words_wrap(const char *text, const char *first, const char *indent, unsigned width, struct buf *to);

#endif
