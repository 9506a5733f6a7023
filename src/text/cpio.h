/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_CPIO_H
#define CRASHCFG_CPIO_H

#include "buf.h"
#include "err.h"

#include <stdint.h>

/*
 * Archives for the kernel's initramfs: "newc" (Documentation/driver-api/early-userspace/buffer-format.rst).
 * Reproducible: owner 0:0, mtime 0, inode numbers counted from 1, members in the order given.
 * A member's data is below 4 GiB; TO holds one archive from its first byte, since members are aligned by it.
 */
void cpio_add(struct buf *to, unsigned *inode, const char *name /* without leading "/" */, uint32_t mode,
	      const void *data, size_t len, uint32_t rmajor, uint32_t rminor);
void cpio_end(struct buf *to);		/* the trailer, padded to 512 bytes */

struct cpio_member {
	char *name;
	uint32_t mode;
	const char *data;	/* within the archive's bytes */
	size_t len;
};

/*
 * Call FN for each member up to the trailer; *ret_end is where the next archive
 * may begin: behind the trailer and the zeros that follow it.  A negative value
 * of FN ends the walk and is returned.  -EINVAL: damaged, text says where.
 */
int cpio_each(const char *data, size_t len, int (*fn)(void *ctx, const struct cpio_member *m), void *ctx,
	      size_t *ret_end, struct err *e);

#endif
