/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packed bytes of any content unpack, within the cap, or are refused; what is packed unpacks to itself. */
#include "codec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CAP (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const codecs[] = { "zstd", "xz", "gzip" };
	auto_buf struct buf out = { 0 }, packed = { 0 }, again = { 0 };
	const char *codec;
	struct err e = { 0 };

	if (size < 1)
		return 0;
	codec = codecs[data[0] % 3];
	if (codec_unpack(codec, (const char *)data + 1, size - 1, CAP, &out, &e) == 0) {
		if (out.len > CAP || e.code)
			abort();
	} else if (!e.code || !e.text[0] || out.len) {
		abort();
	}
	/* The third codec in turn: xz takes long to start. */
	if (data[0] & 4)
		return 0;
	codec = codecs[data[0] % 2 * 2];
	if (codec_pack(codec, (const char *)data, size, &packed, &e) < 0 ||
	    codec_unpack(codec, packed.data, packed.len, size, &again, &e) < 0 || again.len != size ||
	    memcmp(again.data, data, size) != 0)
		abort();
	return 0;
}
