/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modindex.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAGIC 0xB007F457u
#define VERSION 0x00020001u
#define HAS_PREFIX 0x80000000u
#define HAS_VALUES 0x40000000u
#define HAS_CHILDS 0x20000000u
#define OFFSET_MASK 0x0FFFFFFFu
#define DEPTH_MAX 512		/* a level is at least one character of a name or alias */

struct walk {
	const unsigned char *data;
	size_t len;
	size_t nodes_left;	/* a tree has fewer nodes than bytes: more, and offsets run in circles */
};

static bool u32(const struct walk *w, size_t *at, uint32_t *ret)
{
	const unsigned char *p = w->data + *at;

	if (w->len - *at < 4)
		return false;
	*ret = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	*at += 4;
	return true;
}

static bool text(const struct walk *w, size_t *at)
{
	const unsigned char *end = memchr(w->data + *at, '\0', w->len - *at);

	if (!end)
		return false;
	*at = (size_t)(end - w->data) + 1;
	return true;
}

static bool node(struct walk *w, uint32_t where, unsigned depth)
{
	size_t at = where & OFFSET_MASK;
	uint32_t n = 0, priority;

	if (at == 0)
		return true;		/* no such node */
	if (at > w->len || depth > DEPTH_MAX || w->nodes_left-- == 0)
		return false;
	if ((where & HAS_PREFIX) && !text(w, &at))
		return false;
	if (where & HAS_CHILDS) {
		if (w->len - at < 2)
			return false;
		if (w->data[at] > w->data[at + 1] || w->data[at + 1] > 127)
			return false;	/* first and last character that has a child */
		n = (uint32_t)w->data[at + 1] - w->data[at] + 1;
		at += 2;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t child;

			if (!u32(w, &at, &child) || !node(w, child, depth + 1))
				return false;
		}
	}
	if (where & HAS_VALUES) {
		if (!u32(w, &at, &n))
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (!u32(w, &at, &priority) || !text(w, &at))
				return false;
	}
	return true;
}

int modindex_check(const char *data, size_t len, struct err *e)
{
	struct walk w = { .data = (const unsigned char *)data, .len = len, .nodes_left = len };
	uint32_t magic, version, root;
	size_t at = 0;

	if (!u32(&w, &at, &magic) || !u32(&w, &at, &version) || !u32(&w, &at, &root) || magic != MAGIC)
		return err_set(e, EINVAL, "not a module index");
	if (version >> 16 != VERSION >> 16)
		return err_set(e, EINVAL, "a module index of unknown version %u.%u", version >> 16,
			       version & 0xffff);
	if (!node(&w, root, 0))
		return err_set(e, EINVAL, "a damaged module index");
	return 0;
}
