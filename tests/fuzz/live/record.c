/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record that is taken is written as one that is taken. */
#include "live.h"

#include "json.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_live struct live_result first = { 0 }, second = { 0 };
	auto_json struct json *j = NULL;
	auto_buf struct buf text = { 0 };

	if (live_parse((const char *)data, size, &first, NULL) < 0)
		return 0;
	j = live_json(&first);
	js_set_int(j, "schema", 1);
	js_write(j, &text);
	if (live_parse(text.data, text.len, &second, NULL) < 0 || first.n_targets != second.n_targets ||
	    first.time != second.time)
		abort();
	for (size_t i = 0; i < first.n_targets; i++)
		if (first.targets[i].n_steps != second.targets[i].n_steps)
			abort();
	return 0;
}
