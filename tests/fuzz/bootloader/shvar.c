/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shell value changed to another text decodes to that text, and unchanged keeps its bytes. */
#include "shvar.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(const char *raw, const char *to)
{
	auto_free char *text = NULL, *same = NULL, *changed = NULL, *read = NULL;

	if (shvar_decode(raw, &text) < 0) {
		must(shvar_encode(raw, to, &changed) < 0);
		return;
	}
	must(shvar_encode(raw, text, &same) == 0 && strcmp(same, raw) == 0);
	if (shvar_encode(raw, to, &changed) < 0)
		return;
	must(shvar_decode(changed, &read) == 0 && strcmp(read, to) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_shvars struct shvar_list vars = { 0 };
	auto_buf struct buf text = { 0 };
	auto_free char *first = xstrndup((const char *)data, size);
	size_t at = strlen(first) + (strlen(first) < size);
	auto_free char *second = xstrndup((const char *)data + at, size - at);

	check(first, second);
	buf_add(&text, data, size);
	shvar_scan(&text, &vars);
	for (size_t i = 0; i < vars.n; i++) {
		auto_free char *raw = NULL, *value = NULL;

		must(vars.v[i].start <= vars.v[i].end && vars.v[i].end <= text.len);
		raw = xstrndup(text.data + vars.v[i].start, vars.v[i].end - vars.v[i].start);
		/* What the scan calls plain, the decoder understands. */
		must(!vars.v[i].plain || shvar_decode(raw, &value) == 0);
	}
	return 0;
}
