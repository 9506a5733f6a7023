/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_FSTYPE_H
#define CRASHCFG_FSTYPE_H

#include "buf.h"

/* File systems that a dump may go to: the only home of what is particular to each. */
#define FSTYPES_KNOWN "ext4, xfs, btrfs, f2fs and vfat"

/* The driver that mounts it; NULL: none that a dump may go to.  ext4's does its elders too. */
const char *fstype_driver(const char *fstype);

/*
 * How the file system is mounted in the capture, HOST being the options under which it is mounted now, "" none.
 * Caller frees.
 */
char *fstype_options(const char *driver, const char *host);

/* Modules that the driver asks the kernel for when it mounts with OPTIONS, by their aliases. */
void fstype_asks(const char *driver, const char *options, struct strv *aliases);

#endif
