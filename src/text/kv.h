/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_KV_H
#define CRASHCFG_KV_H

#include "buf.h"

/*
 * KEY="value" files (sysconfig style), split into lines without executing or
 * expanding anything.  Every fault of the file is collected, none ends the split.
 *
 * Allowed:  KEY=word   KEY="any text"   KEY='any text'   # comment   blank lines
 * A comment may follow a value after a blank.  "#" inside quotes is text.
 * CRLF line ends and a UTF-8 mark at the start are taken off.
 */
struct kv_line {
	unsigned line;		/* from 1 */
	char *key;
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
	struct kv_fault *faults;
	size_t n_faults;
};

void kv_done(struct kv_file *f);
#define auto_kv AUTO(kv_done)
void kv_split(const char *data, size_t len, struct kv_file *ret);

#endif
