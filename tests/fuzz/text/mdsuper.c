/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An array never has more members than places, wherever its superblock was read. */
#include "mdsuper.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t places[MDSUPER_PLACES];
	size_t n = mdsuper_places((uint64_t)size << 12 | 0xe00, places);

	for (size_t i = 0; i < n; i++) {
		struct mdsuper s = { 0 };
		struct err e = { 0 };
		int r = mdsuper_read((const char *)data, size, places[i], &s, &e);

		if (r < 0 ? r != -ENODATA || !e.text[0] : s.active > s.disks || !s.disks || s.updated < 0)
			abort();
		if (places[i] + MDSUPER_BYTES > (((uint64_t)size << 12) | 0xe00))
			abort();
	}
	return 0;
}
