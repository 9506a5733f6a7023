/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumpsize.h"

#include "recipe.h"

#include <stdio.h>
#include <string.h>

#define LOG_BYTES (UINT64_C(8) << 20) /* all but a vmcore */
#define KB_MAX (UINT64_MAX >> 12)

/* "MemFree:   12345 kB" in bytes, 0: not there. */
static uint64_t member(const char *text, const char *key)
{
	size_t len = strlen(key);
	unsigned long long kb = 0;

	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (strncmp(p, key, len) == 0 && p[len] == ':')
			return sscanf(p + len + 1, " %llu", &kb) == 1 && kb < KB_MAX ? kb * 1024 : 0;
	return 0;
}

uint64_t dump_estimate(const char *meminfo, unsigned level, bool packed)
{
	/* The bits of makedumpfile's -d, and what they leave out. */
	const struct {
		unsigned bits;
		uint64_t bytes;
	} out[] = {
		{ 2 | 4, member(meminfo, "Cached") + member(meminfo, "Buffers") },
		{ 8, member(meminfo, "AnonPages") },
		{ 16, member(meminfo, "MemFree") },
	};
	uint64_t total = member(meminfo, "MemTotal"), left = total;

	if (!total || level == DUMP_LEVEL_LOG)
		return total ? LOG_BYTES : 0;
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		if (level & out[i].bits)
			left -= out[i].bytes < left ? out[i].bytes : left;
	return (left + left / 10) / (packed ? 2 : 1) + total / 4096 / 4 + LOG_BYTES;
}
