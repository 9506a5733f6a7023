/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_EDIT_H
#define CRASHCFG_EDIT_H

#include "buf.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * A wanted change of one file: the bytes that were there when it was planned
 * and the bytes that shall be there.  apply refuses when OLD is no longer true.
 */
struct edit {
	char *path;		/* below the root */
	bool had;		/* the file existed, with the content old */
	bool keep;		/* the file shall exist, with the content text */
	bool link;		/* a symbolic link: old and text are what it points to */
	struct buf old, text;
	mode_t mode;		/* for a file that did not exist */
	char *why;		/* one phrase for people: "crashkernel=256M for the default entries" */
};

struct edit_list {
	struct edit *v;
	size_t n;
};

void edit_list_done(struct edit_list *l);
#define auto_edits AUTO(edit_list_done)
/* Add an edit; copies all.  OLD NULL: no such file yet.  TEXT NULL: remove it.  Equal: no edit. */
void edit_add(struct edit_list *l, const char *path, const struct buf *old, const struct buf *text,
	      mode_t mode, const char *why);

/* The same for a symbolic link that points to OLD and shall point to TEXT; NULL: none. */
void edit_add_link(struct edit_list *l, const char *path, const char *old, const char *text, const char *why);

void edit_done(struct edit *edit);
/* A deep copy into *TO, which held nothing. */
void edit_copy(struct edit *to, const struct edit *from);

#endif
