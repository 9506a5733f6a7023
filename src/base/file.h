/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_FILE_H
#define CRASHCFG_FILE_H

#include "buf.h"
#include "err.h"

#include <stdint.h>
#include <sys/types.h>

/* Read what is left of FD, at most CAP bytes (-EFBIG).  0 or -errno. */
int fd_read_all(int fd, size_t cap, struct buf *ret);
/* Write all of it; short writes and EINTR are gone on with.  0 or -errno. */
int fd_write_all(int fd, const void *data, size_t len);
/*
 * All LEN bytes of FD at offset AT; short transfers and EINTR are gone on with.
 * 0 or -errno; -ENODATA: FD ends before.
 */
int fd_read_at(int fd, uint64_t at, void *to, size_t len);
int fd_write_at(int fd, uint64_t at, const void *from, size_t len);
/*
 * Replace DIRFD/NAME by DATA: a temporary file beside it, every byte written,
 * fsync, rename, fsync of the folder.  On any failure the old file stands as it
 * was and no temporary file is left.  0 or -errno.
 */
int file_replace_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode);

#endif
