/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EFI variables that anybody may have written: the first two parts, cut at a NUL.  What is taken is text of theirs. */
#include "efilog.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t first = nul ? (size_t)(nul - data) : size;
	struct buf parts[EFILOG_PARTS] = { { 0 } };
	auto_efilog struct efilog l = { 0 };

	buf_add(&parts[0], data, first);
	if (nul)
		buf_add(&parts[1], nul + 1, size - first - 1);
	if (efilog_decode(parts, &l, NULL) == 0 && (l.text.len > size || strlen(l.boot_id) >= sizeof(l.boot_id)))
		abort();
	for (unsigned i = 0; i < EFILOG_PARTS; i++)
		buf_done(&parts[i]);
	return 0;
}
