/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_MODINDEX_H
#define CRASHCFG_MODINDEX_H

#include "err.h"

#include <stddef.h>

/*
 * Is this a whole index as depmod writes it (modules.dep.bin and its like)?
 * libkmod maps such a file and follows its offsets without looking where they
 * lead, so an index of unknown hands is walked here first.
 *
 * The format (kmod, libkmod/libkmod-index.c): magic, version and root offset,
 * big-endian; then a tree of nodes.  An offset's top bits tell what a node holds.
 * -EINVAL: damaged, or of another version.
 */
int modindex_check(const char *data, size_t len, struct err *e);

#endif
