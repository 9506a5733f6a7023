/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decode of encode is the same manifest: the text of what was decoded decodes to what gives that
 * text again.
 */
#include "manifest.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_manifest struct manifest *first = NULL, *second = NULL;
	auto_buf struct buf text = { 0 };
	auto_buf struct buf again = { 0 };
	struct err e = { 0 };
	int r = manifest_decode((const char *)data, size, &first, &e);

	if (r < 0) {
		if (first || !e.text[0] || r != -e.code)
			abort();
		return 0;
	}
	manifest_encode(first, &text);
	if (manifest_decode(text.data, text.len, &second, NULL) < 0)
		abort();
	manifest_encode(second, &again);
	if (!buf_equal(&text, &again))
		abort();
	return 0;
}
