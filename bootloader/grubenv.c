/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grubenv.h"

#include <errno.h>
#include <string.h>

struct var {
	size_t start, end;	/* the value, escaped, without its newline */
	unsigned line;
};

bool grubenv_valid(const struct buf *block)
{
	const size_t len = strlen(GRUBENV_SIGNATURE);

	return block->len > len && memcmp(block->data, GRUBENV_SIGNATURE, len) == 0;
}

/* End of the line at AT: a newline that no backslash hides; the block's end when there is none. */
static size_t line_end(const struct buf *block, size_t at)
{
	while (at < block->len && block->data[at] != '\n')
		at += block->data[at] == '\\' && at + 1 < block->len ? 2 : 1;
	return at;
}

static bool find(const struct buf *block, const char *name, struct var *ret)
{
	const size_t name_len = strlen(name);
	size_t at = strlen(GRUBENV_SIGNATURE);

	if (!grubenv_valid(block))
		return false;
	for (unsigned line = 2; at < block->len; line++) {
		/* In a comment a backslash hides nothing. */
		const char *nl = memchr(block->data + at, '\n', block->len - at);
		size_t end = block->data[at] != '#' ? line_end(block, at) :
			     nl ? (size_t)(nl - block->data) : block->len;

		/* A value with a NUL is damage that no C string can carry. */
		if (end < block->len && end - at > name_len &&
		    memcmp(block->data + at, name, name_len) == 0 && block->data[at + name_len] == '=' &&
		    !memchr(block->data + at, '\0', end - at)) {
			*ret = (struct var){ .start = at + name_len + 1, .end = end, .line = line };
			return true;
		}
		at = end + 1;
	}
	return false;
}

char *grubenv_get(const struct buf *block, const char *name, unsigned *ret_line)
{
	auto_buf struct buf value = { 0 };
	struct var var;

	if (!find(block, name, &var))
		return NULL;
	for (size_t i = var.start; i < var.end; i++) {
		if (block->data[i] == '\\' && i + 1 < var.end)
			i++;
		buf_addc(&value, block->data[i]);
	}
	if (ret_line)
		*ret_line = var.line;
	return buf_take(&value);
}

int grubenv_set(struct buf *block, const char *name, const char *value)
{
	auto_buf struct buf next = { 0 };
	size_t used = block->len;
	struct var var;

	if (!grubenv_valid(block))
		return -EINVAL;
	if (!find(block, name, &var))
		return -ENOENT;
	while (used && block->data[used - 1] == '#')
		used--;
	if (block->data[used - 1] != '\n' || used <= var.end)
		return -EINVAL;
	buf_add(&next, block->data, var.start);
	for (const char *p = value; *p; p++) {
		if (*p == '\\' || *p == '\n')
			buf_addc(&next, '\\');
		buf_addc(&next, *p);
	}
	buf_add(&next, block->data + var.end, used - var.end);
	if (next.len > block->len)
		return -ENOSPC;
	while (next.len < block->len)
		buf_addc(&next, '#');
	buf_clear(block);
	buf_add(block, next.data, next.len);
	return 0;
}
