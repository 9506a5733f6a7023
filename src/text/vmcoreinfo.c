/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmcoreinfo.h"

#include "num.h"
#include "own.h"

#include <string.h>

char *vmcoreinfo_get(const char *text, size_t len, const char *key)
{
	const char *end = text + len, *found = NULL;
	size_t n = strlen(key), found_len = 0;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((eol ? eol : end) - text);

		if (line > n && text[n] == '=' && memcmp(text, key, n) == 0) {
			found = text + n + 1;
			found_len = line - n - 1;
		}
		text += line + 1;
	}
	return found ? xstrndup(found, found_len) : NULL;
}

int64_t vmcoreinfo_crash_time(const char *text, size_t len)
{
	auto_free char *value = vmcoreinfo_get(text, len, "CRASHTIME");
	uint64_t seconds = 0;

	return value && num_parse(value, INT64_MAX, &seconds) == 0 ? (int64_t)seconds : 0;
}
