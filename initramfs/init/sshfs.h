/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_SSHFS_H
#define CRASHCFG_INIT_SSHFS_H

#include "remote.h"

/*
 * Serve the kernel's requests (FUSE, linux/fuse.h) on FD by R: the server's folder TOP is the root.
 * So all that a dump goes through on a disk goes through here in the same way, makedumpfile's seeks
 * too, and the dump arrives as crash(8) opens it.  Returns when the file system is unmounted.
 *
 * What is written is hashed on its way, and what is read back is held against it: another byte is an I/O
 * error.
 */
void sshfs_serve(int fd, struct remote *r, const char *top);

#endif
