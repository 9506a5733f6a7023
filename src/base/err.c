/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void mark_cut(char *text, size_t size, int wanted)
{
	if (wanted >= 0 && (size_t)wanted >= size)
		memcpy(text + size - 4, "...", 4);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!e)
		return -code;
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	mark_cut(e->text, sizeof(e->text), n);
	e->code = code;
	return -code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char what[sizeof(e->text)], where[sizeof(e->text)];
	va_list ap;
	int n;

	if (!e)
		return -EIO;
	memcpy(what, e->text, sizeof(what));
	va_start(ap, fmt);
	vsnprintf(where, sizeof(where), fmt, ap);
	va_end(ap);
	n = snprintf(e->text, sizeof(e->text), "%s: %s", where, what);
	mark_cut(e->text, sizeof(e->text), n);
	return e->code ? -e->code : -EIO;
}
