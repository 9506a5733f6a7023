/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iomem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* "00100000-bfffffff : System RAM" for NAME; what lies within a range is indented.  0: another line. */
static uint64_t iomem_range(const char *line, const char *name)
{
	size_t len = strlen(name);
	uint64_t start, end;
	char *at;

	if (!isxdigit((unsigned char)*line))
		return 0;
	start = strtoull(line, &at, 16);
	if (*at != '-' || !isxdigit((unsigned char)at[1]))
		return 0;
	end = strtoull(at + 1, &at, 16);
	if (strncmp(at, " : ", 3) != 0 || strncmp(at + 3, name, len) != 0 ||
	    (at[3 + len] && at[3 + len] != '\n'))
		return 0;
	return !end || end < start || end - start == UINT64_MAX ? 0 : end - start + 1;
}

static uint64_t iomem_sum(const char *text, const char *name, bool within)
{
	uint64_t sum = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		uint64_t bytes = iomem_range(within ? line + strspn(line, " ") : line, name);

		if (bytes <= UINT64_MAX - sum)
			sum += bytes;
	}
	return sum;
}

uint64_t iomem_ram(const char *text)
{
	return iomem_sum(text, "System RAM", false);
}

uint64_t iomem_crash(const char *text)
{
	return iomem_sum(text, "Crash kernel", true);
}
