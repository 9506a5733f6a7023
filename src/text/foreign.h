/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_FOREIGN_H
#define CRASHCFG_FOREIGN_H

#include "buf.h"

#include <stdbool.h>

/*
 * Settings files of other tools, split into what each line says.  Nothing is executed or expanded, and
 * no line is lost: what cannot be read is told, what is plainly damaged is repaired and told.
 *
 * FOREIGN_SHELL is what sh(1) would source: KEY=value, quoting of all kinds, several assignments on a
 * line, values over several lines, "KEY+=value".  FOREIGN_WORDS is "key value" to the end of the line,
 * as kdump.conf(5) has it.
 */
enum foreign_syntax { FOREIGN_SHELL, FOREIGN_WORDS };

enum foreign_kind {
	FOREIGN_SET,		/* key and value */
	FOREIGN_MORE,		/* likewise, to be put behind the value that key has */
	FOREIGN_OFF,		/* key and value of an assignment within a comment */
	FOREIGN_BAD,		/* value is the line as it stands, in one; trouble tells why */
};

struct foreign_line {
	enum foreign_kind kind;
	unsigned line;		/* from 1 */
	char *key;		/* "" where the line has none */
	char *value;		/* without quotes */
	char *trouble;		/* FOREIGN_BAD: why; else what was repaired, or "" */
};

#define FOREIGN_LINES_MAX 10000u	/* the last one is FOREIGN_BAD and says that there are more */

struct foreign_file {
	struct foreign_line *lines;	/* in order */
	size_t n;
};

void foreign_done(struct foreign_file *f);
#define auto_foreign AUTO(foreign_done)
void foreign_split(enum foreign_syntax syntax, const char *data, size_t len, struct foreign_file *ret);

#endif
