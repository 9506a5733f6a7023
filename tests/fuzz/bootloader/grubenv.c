/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A value set in GRUB's environment block is read back, and nothing else in the block changes. */
#include "grubenv.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf block = { 0 }, before = { 0 };
	auto_free char *value = xstrndup((const char *)data, size), *was = NULL, *now = NULL;
	size_t skip = strlen(value) + (strlen(value) < size);
	int r;

	buf_adds(&block, GRUBENV_SIGNATURE);
	buf_add(&block, data + skip, size - skip);
	buf_add(&before, block.data, block.len);
	was = grubenv_get(&block, "kernelopts", NULL);
	r = grubenv_set(&block, "kernelopts", value);
	must(block.len == before.len);
	if (r < 0) {
		must(buf_equal(&block, &before));
		return 0;
	}
	must(was != NULL);
	now = grubenv_get(&block, "kernelopts", NULL);
	must(now && strcmp(now, value) == 0);
	return 0;
}
