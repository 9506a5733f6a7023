/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_SHVAR_H
#define CRASHCFG_SHVAR_H

#include "buf.h"

/*
 * Assignments in a shell file such as /etc/default/grub, found without running
 * anything (POSIX XCU 2.2 quoting, 2.3 tokens, 2.9 commands).  Whatever is more
 * than text, quotes and $NAME, or is not sure to be run, is shown but not "plain".
 */
struct shvar {
	char *name;		/* "": a word of a command, not an assignment */
	size_t start, end;	/* the value (or word) as it stands, quotes included */
	unsigned line;		/* from 1 */
	bool append;		/* NAME+=VALUE */
	bool plain;
};

struct shvar_list {
	struct shvar *v;
	size_t n;
};

void shvar_list_done(struct shvar_list *l);
#define auto_shvars AUTO(shvar_list_done)
/* Up to the first NUL, which no shell file holds. */
void shvar_scan(const struct buf *text, struct shvar_list *ret);

/* The text of a plain RAW value, quotes taken off; $NAME and ${NAME} stay.  -EINVAL: it is not plain. */
int shvar_decode(const char *raw, char **ret);
/*
 * RAW changed so that it decodes to TEXT; what both have in common keeps its
 * bytes and its quotes.  shvar_encode(raw, text of raw) is raw.
 * -ENOTSUP: an expansion stands in the way.
 */
int shvar_encode(const char *raw, const char *text, char **ret);
/* Does RAW expand the variable NAME? */
bool shvar_uses(const char *raw, const char *name);

#endif
