/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"

#include <ctype.h>
#include <string.h>

bool progress_parse(const char *line, size_t len, struct progress *ret)
{
	const char *end = line + len, *open = memmem(line, len, ": [", 3), *p;
	struct progress out = { .permille = 0 };
	size_t step;
	unsigned v = 0;

	if (!open)
		return false;
	for (step = (size_t)(open - line); step && line[step - 1] == ' ';)
		step--;
	for (p = open + 3; p < end && *p == ' ';)
		p++;
	if (p == end || !isdigit((unsigned char)*p))
		return false;
	for (; p < end && isdigit((unsigned char)*p) && v <= 100; p++)
		v = v * 10 + (unsigned)(*p - '0');
	v *= 10;
	if (p < end && *p == '.' && p + 1 < end && isdigit((unsigned char)p[1])) {
		v += (unsigned)(p[1] - '0');
		for (p++; p < end && isdigit((unsigned char)*p);)
			p++;
	}
	while (p < end && *p == ' ')
		p++;
	if (p == end || *p != '%' || v > 1000)
		return false;
	memcpy(out.step, line, step < sizeof(out.step) ? step : sizeof(out.step) - 1);
	out.permille = v;
	*ret = out;
	return true;
}

bool progress_is_copy(const struct progress *p)
{
	return strncmp(p->step, "Copying data", 12) == 0;
}

bool report_bytes(const char *line, size_t len, uint64_t *ret)
{
	static const char name[] = "Write bytes";
	const char *p = line, *end = line + len;
	uint64_t v = 0;

	if (len < strlen(name) || memcmp(line, name, strlen(name)) != 0)
		return false;
	p += strlen(name);
	while (p < end && (*p == ' ' || *p == ':'))
		p++;
	if (p == end || !isdigit((unsigned char)*p))
		return false;
	for (; p < end && isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return false;
	if (p < end)
		return false;
	*ret = v;
	return true;
}
