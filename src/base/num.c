/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "num.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Parse leading digits; *ret_rest is what follows them. */
static int digits(const char *text, unsigned base, uint64_t *ret, const char **ret_rest)
{
	uint64_t v = 0;
	const char *p = text;

	for (;; p++) {
		unsigned d;

		if (*p >= '0' && *p <= '9')
			d = (unsigned)(*p - '0');
		else if (base == 16 && ((*p | 32) >= 'a' && (*p | 32) <= 'f'))
			d = (unsigned)((*p | 32) - 'a') + 10;
		else
			break;
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
			return -ERANGE;
	}
	if (p == text)
		return -EINVAL;
	*ret = v;
	*ret_rest = p;
	return 0;
}

int num_parse(const char *text, uint64_t max, uint64_t *ret)
{
	const char *rest;
	unsigned base = 10;
	uint64_t v;
	int r;

	if (text[0] == '0' && (text[1] | 32) == 'x') {
		base = 16;
		text += 2;
	}
	r = digits(text, base, &v, &rest);
	if (r < 0)
		return r;
	if (*rest)
		return -EINVAL;
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "kmgt";
	const char *rest, *unit;
	uint64_t v;
	int r;

	r = digits(text, 10, &v, &rest);
	if (r < 0)
		return r;
	if (*rest) {
		unit = strchr(units, *rest | 32);
		if (!unit || rest[1])
			return -EINVAL;
		if (__builtin_mul_overflow(v, UINT64_C(1) << (10 * (unit - units + 1)), &v))
			return -ERANGE;
	}
	*ret_bytes = v;
	return 0;
}

int span_parse(const char *text, uint64_t *ret_seconds)
{
	const char *rest;
	uint64_t v, unit;
	int r;

	r = digits(text, 10, &v, &rest);
	if (r < 0)
		return r;
	switch (*rest) {
	case '\0':
	case 's': unit = 1; break;
	case 'm': unit = 60; break;
	case 'h': unit = 3600; break;
	case 'd': unit = 86400; break;
	default: return -EINVAL;
	}
	if (*rest && rest[1])
		return -EINVAL;
	if (__builtin_mul_overflow(v, unit, &v))
		return -ERANGE;
	*ret_seconds = v;
	return 0;
}

const char *size_format(uint64_t bytes, char text[static SIZE_TEXT_MAX])
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	unsigned u = 0;

	while (bytes && bytes % 1024 == 0 && u + 1 < 5) {
		bytes /= 1024;
		u++;
	}
	snprintf(text, SIZE_TEXT_MAX, "%" PRIu64 "%s", bytes, units[u]);
	return text;
}

const char *size_human(uint64_t bytes, char text[static SIZE_TEXT_MAX])
{
	static const char *const units[] = { "KB", "MB", "GB", "TB" };
	double v = (double)bytes / 1024;
	unsigned u = 0;

	if (bytes < 1024) {
		snprintf(text, SIZE_TEXT_MAX, "%u bytes", (unsigned)bytes);
		return text;
	}
	while (v >= 1000 && u + 1 < 4) {
		v /= 1024;
		u++;
	}
	snprintf(text, SIZE_TEXT_MAX, "%.1f %s", v, units[u]);
	return text;
}
