/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_KV_H
#define CRASHCFG_KV_H

#include "buf.h"

#include <stdbool.h>

/*
 * KEY="value" files (sysconfig style), split into lines without executing or
 * expanding anything.  Every fault of the file is collected, none ends the split.
 *
 * Allowed:  KEY=word   KEY="any text"   KEY='any text'   # comment   blank lines
 *
 * What is allowed means here what it means to sh(1), so that a file which other
 * programs source gives them the same values:
 *  - A comment may follow a value after a blank.  "#" inside quotes or a word is text.
 *  - Between "" a backslash stands before '"' or another backslash only; '$' and
 *    '`' are faults.  Between '' both are plain text and a backslash is a fault.
 *    A word without quotes holds none of  " ' $ ` \ ; & | < > ( )
 *  - KEY= with nothing is an empty value.
 * CRLF line ends and a UTF-8 mark at the start are taken off.  Values are UTF-8
 * without control characters but the tab; comments may hold any byte but NUL and
 * a carriage return (a file with such line ends would be one long comment).
 */
#define KV_LINE_MAX (64u << 10)		/* bytes of a line with a value; beyond: a fault of that line */
#define KV_FAULTS_MAX 10000u		/* the last one says that there are more */

struct kv_line {
	unsigned line;		/* from 1 */
	char *key;		/* the three are kv_done()'s to free */
	char *raw;		/* as it stands, quotes included, for the parser library */
	char *value;		/* without quotes */
};

struct kv_fault {
	unsigned line;
	char *key;		/* "" where the line has none */
	char *value;		/* "" likewise; cut to a printable 60 characters */
	char *text;		/* what is wrong, and what to write */
};

struct kv_file {
	struct kv_line *lines;
	size_t n_lines;
	struct kv_fault *faults;	/* by line, as the lines are */
	size_t n_faults;
};

void kv_done(struct kv_file *f);
#define auto_kv AUTO(kv_done)
void kv_split(const char *data, size_t len, struct kv_file *ret);

/* VALUE in quotes such that kv_split() gives it back.  False: no quoting can (control characters, "'" beside
 * "$"). */
bool kv_quote(const char *value, struct buf *to);

/*
 * LEN bytes for a message: printable ASCII and UTF-8 as they are, the rest
 * (also marks that turn the writing direction) as \xNN.  Cut after MAX
 * characters with "...".
 */
void kv_printable(const char *data, size_t len, size_t max, struct buf *to);
#define KV_VALUE_SHOWN 60

#endif
