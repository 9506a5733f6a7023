/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_GRUBENV_H
#define CRASHCFG_GRUBENV_H

#include "buf.h"

/*
 * GRUB's environment block (grub-core/lib/envblk.c): the signature line, then
 * NAME=VALUE lines and comments, then "#" up to the block's fixed size, 1024
 * bytes as a rule.  In a value a backslash hides a newline or a backslash.
 * GRUB writes the file from the boot prompt by its disk blocks, so the size never changes.
 */
#define GRUBENV_SIGNATURE "# GRUB Environment Block\n"

bool grubenv_valid(const struct buf *block);
/* Caller frees; NULL: not there, or not such a block.  *ret_line, if not NULL, is its line, from 1. */
char *grubenv_get(const struct buf *block, const char *name, unsigned *ret_line);
/* Change the value of NAME, which must be there.  -EINVAL: damaged block; -ENOENT: no NAME; -ENOSPC. */
int grubenv_set(struct buf *block, const char *name, const char *value);

#endif
