/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decode of encode is the same recipe: the text of what was decoded decodes to what gives that text again. */
#include "recipe.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_recipe struct recipe *first = NULL, *second = NULL;
	auto_buf struct buf text = { 0 };
	auto_buf struct buf again = { 0 };
	struct err e = { 0 };
	int r = recipe_decode((const char *)data, size, &first, &e);

	if (r < 0) {
		if (first || !e.text[0] || r != -e.code)
			abort();
		return 0;
	}
	recipe_encode(first, &text);
	if (recipe_decode(text.data, text.len, &second, NULL) < 0)
		abort();
	recipe_encode(second, &again);
	if (!buf_equal(&text, &again))
		abort();
	return 0;
}
