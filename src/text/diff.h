/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_DIFF_H
#define CRASHCFG_DIFF_H

#include "buf.h"

/* Unified diff of two texts, three lines of context, as patch(1) reads it; nothing when they are equal. */
void diff_unified(const char *old_name, const struct buf *old, const char *new_name, const struct buf *new_text,
		  struct buf *to);

#endif
