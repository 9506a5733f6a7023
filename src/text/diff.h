/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_DIFF_H
#define CRASHCFG_DIFF_H

#include "buf.h"

/*
 * Unified diff of two texts, three lines of context, in the form that diff -u
 * writes and patch(1) reads; appended to TO.  Nothing when they are equal.
 * Texts that hold a NUL give the one line "Binary files OLD and NEW differ".
 * A file that is not there is named "/dev/null" by the caller.
 */
void diff_unified(const char *old_name, const struct buf *old, const char *new_name,
		  const struct buf *new_text, struct buf *to);

#endif
