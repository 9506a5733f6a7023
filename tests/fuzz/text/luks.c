/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No bytes of a device are read beyond their end; what is read names at most as many slots as there are. */
#include "luks.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_luks struct luks l = { 0 };
	struct err e = { 0 };
	size_t want = luks_header_size((const char *)data, size);
	int r = luks_read((const char *)data, size, &l, &e);

	if (r < 0) {
		if (!e.text[0] || r != -e.code)
			abort();
		return 0;
	}
	if (!want || want > size || l.n_slots > LUKS_SLOTS || strlen(l.uuid) > 40 ||
	    (luks_costliest(&l) == NULL) != (l.n_slots == 0))
		abort();
	return 0;
}
