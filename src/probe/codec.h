/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_CODEC_H
#define CRASHCFG_CODEC_H

#include "buf.h"
#include "err.h"

/*
 * Packed bytes, by libzstd, liblzma and zlib behind this door.
 * A codec is named as people name it: "zstd", "xz", "gzip".
 */

/* The codec that a file's name tells ("ext4.ko.xz": "xz"), NULL: none. */
const char *codec_of(const char *path);
/* The name's ending of a codec: ".xz".  NULL: no such codec. */
const char *codec_suffix(const char *codec);

/* One whole packed file.  -EINVAL: damaged; -EFBIG: more than CAP bytes come out; -ENOTSUP: no such codec. */
int codec_unpack(const char *codec, const char *data, size_t len, size_t cap, struct buf *ret, struct err *e);

/*
 * Pack for the kernel's initramfs unpacker; the same bytes give the same bytes,
 * however many CPUs there are.  Appended to TO.  -ENOTSUP: no such codec.
 */
int codec_pack(const char *codec, const char *data, size_t len, struct buf *to, struct err *e);

#endif
