/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hash.h"

#include "own.h"

#include <errno.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <string.h>

struct hash {
	struct sha256_ctx ctx;
};

struct hash *hash_new(void)
{
	struct hash *h = xmalloc(sizeof(*h));

	sha256_init(&h->ctx);
	return h;
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	sha256_update(&h->ctx, len, data);
}

const char *hash_end(struct hash *h, char text[static HASH_TEXT_MAX])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(&h->ctx, sizeof(digest), digest);
	free(h);
	for (size_t i = 0; i < sizeof(digest); i++) {
		text[2 * i] = hex[digest[i] >> 4];
		text[2 * i + 1] = hex[digest[i] & 15];
	}
	text[2 * sizeof(digest)] = '\0';
	return text;
}

const char *hash_bytes(const void *data, size_t len, char text[static HASH_TEXT_MAX])
{
	struct hash *h = hash_new();

	hash_add(h, data, len);
	return hash_end(h, text);
}

int hash_fd(int fd, char text[static HASH_TEXT_MAX], uint64_t *ret_len)
{
	auto_free char *chunk = xmalloc(131072);
	struct hash *h = hash_new();
	uint64_t len = 0;
	ssize_t n;

	while ((n = read(fd, chunk, 131072)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(h);
			return -errno;
		}
		hash_add(h, chunk, (size_t)n);
		len += (uint64_t)n;
	}
	hash_end(h, text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

void hash_hmac_sha1(const void *key, size_t key_len, const void *data, size_t len, unsigned char ret[static 20])
{
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, key_len, key);
	hmac_sha1_update(&ctx, len, data);
	hmac_sha1_digest(&ctx, 20, ret);
}

size_t base64_bytes(const char *text, unsigned char *ret, size_t max)
{
	size_t text_len = strlen(text), len = BASE64_DECODE_LENGTH(text_len);
	auto_free unsigned char *bytes = xmalloc(len + 1);
	struct base64_decode_ctx ctx;

	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &len, bytes, text_len, text) || !base64_decode_final(&ctx) || len > max)
		return 0;
	memcpy(ret, bytes, len);
	return len;
}
