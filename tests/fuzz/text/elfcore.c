/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers of an ELF core: all that is told to be there lies within the bytes. */
#include "elfcore.h"

#include "own.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *data;
	size_t size;
};

static int read_at(void *ctx, uint64_t offset, void *to, size_t len)
{
	const struct bytes *b = ctx;

	if (offset > b->size || len > b->size - offset)
		return -ENODATA;
	memcpy(to, b->data + offset, len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	auto_elfcore struct elfcore c = { 0 };

	if (elfcore_read(read_at, &b, size, &c, NULL) < 0)
		return 0;
	if (c.end > size || !c.n)
		abort();
	for (size_t i = 0; i < c.n; i++) {
		const struct elfcore_load *l = elfcore_at(&c, c.loads[i].offset);

		if (c.loads[i].offset + c.loads[i].size > size || !l || l->offset > c.loads[i].offset)
			abort();
	}
	return 0;
}
