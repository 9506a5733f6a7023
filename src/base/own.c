/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "own.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

void own_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static void *or_abort(void *p)
{
	static const char text[] = "out of memory\n";

	if (p)
		return p;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		abort();
	abort();
}

void *xmalloc(size_t size)
{
	return or_abort(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return or_abort(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n, size_t size)
{
	return or_abort(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return or_abort(strdup(s));
}

char *xstrndup(const char *s, size_t max)
{
	return or_abort(strndup(s, max));
}

void *xmemdup(const void *p, size_t size)
{
	void *copy = xmalloc(size);

	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return or_abort(n < 0 ? NULL : text);
}

void *vec_push_bytes(void *array_ptr, size_t *n, size_t size)
{
	void **array = array_ptr;
	char *slot;

	/* Grown when n is 0 or a power of two: capacity is then the next one. */
	if ((*n & (*n - 1)) == 0)
		*array = xrealloc(*array, *n ? *n * 2 : 1, size);
	slot = (char *)*array + *n * size;
	memset(slot, 0, size);
	++*n;
	return slot;
}
