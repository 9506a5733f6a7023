/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line that is taken gives the same line again; the same holds for an order. */
#include "liveorder.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_order(const char *data, size_t size)
{
	AUTO(live_order_done) struct live_order first = { 0 }, second = { 0 };
	auto_buf struct buf text = { 0 };

	if (live_order_decode(data, size, &first, NULL) < 0)
		return;
	live_order_encode(&first, &text);
	if (live_order_decode(text.data, text.len, &second, NULL) < 0 || first.target != second.target ||
	    first.need != second.need || strcmp(first.folder, second.folder) != 0 || strchr(first.folder, '/'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_live_line struct live_line first = { 0 }, second = { 0 };
	auto_buf struct buf text = { 0 };

	try_order((const char *)data, size);
	if (live_line_decode((const char *)data, size, &first, NULL) < 0)
		return 0;
	live_line_encode(&first, &text);
	if (text.len > LIVE_LINE_MAX)
		return 0;
	if (live_line_decode(text.data, text.len, &second, NULL) < 0 || strcmp(first.step, second.step) != 0 ||
	    first.ended != second.ended || first.ms != second.ms || strcmp(first.error, second.error) != 0)
		abort();
	return 0;
}
