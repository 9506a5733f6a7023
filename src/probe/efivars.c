/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include <errno.h>
#include <string.h>

#define ATTRIBUTES_BYTES 4	/* efivarfs puts them first */

int efivars_log(const struct root *root, struct efilog *ret, struct err *e)
{
	struct buf parts[EFILOG_PARTS] = { { 0 } };
	int r;

	for (unsigned i = 0; i < EFILOG_PARTS; i++) {
		char name[EFILOG_NAME_MAX];
		auto_free char *path = xasprintf(EFILOG_DIR "/%s", efilog_name(i, name));
		auto_buf struct buf data = { 0 };

		if (root_read(root, path, EFILOG_PART_MAX + ATTRIBUTES_BYTES, &data, NULL) == 0 &&
		    data.len > ATTRIBUTES_BYTES)
			buf_add(&parts[i], data.data + ATTRIBUTES_BYTES, data.len - ATTRIBUTES_BYTES);
	}
	r = efilog_decode(parts, ret, e);
	for (unsigned i = 0; i < EFILOG_PARTS; i++)
		buf_done(&parts[i]);
	return r;
}
