/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_CRYPT_H
#define CRASHCFG_CRYPT_H

#include "block.h"
#include "recipe.h"

/*
 * The layer of an encrypted device: UUID is its mapping's ("CRYPT-LUKS2-...") and NAME the mapping's name, BELOW the
 * device that it lies on.  Its header tells ciphers and what opening takes; it is read on the host alone, elsewhere
 * what is usual stands in.  DRIVERS and ALIASES get the modules, NOTES a sentence where a key slot wants
 * much memory.
 * -ENOTSUP: it cannot be opened by its header (text begins with what it is); -EACCES: only root may look.
 */
int crypt_layer(const struct root *root, const struct block_dev *below, const char *uuid, const char *name,
		struct recipe_layer *ret, struct strv *drivers, struct strv *aliases, struct strv *notes,
		struct err *e);

/*
 * The device below the open mapping of the encrypted device UUID (as its header has it).  -ENODEV: it is not open on
 * this system.
 */
int crypt_below(const struct root *root, const char *uuid, struct block_dev *ret, struct err *e);

#endif
