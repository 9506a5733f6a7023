/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_HASH_H
#define CRASHCFG_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 in lower-case hex, by nettle behind this door. */
#define HASH_TEXT_MAX 65

struct hash;
struct hash *hash_new(void);
void hash_add(struct hash *h, const void *data, size_t len);
const char *hash_end(struct hash *h, char text[static HASH_TEXT_MAX]);	/* frees h */
const char *hash_bytes(const void *data, size_t len, char text[static HASH_TEXT_MAX]);
/* From FD's current position to its end; *ret_len, if not NULL, is the bytes read.  0 or -errno. */
int hash_fd(int fd, char text[static HASH_TEXT_MAX], uint64_t *ret_len);

/* What OpenSSH hides host names by.  HMAC-SHA1 of DATA under KEY. */
void hash_hmac_sha1(const void *key, size_t key_len, const void *data, size_t len, unsigned char ret[static 20]);
/* The bytes that TEXT stands for in base64, at most MAX: how many; 0: it is none, or they are more. */
size_t base64_bytes(const char *text, unsigned char *ret, size_t max);

#endif
