/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first line is a path, the rest a table of mounts (mountinfo or fstab) or of
 * udev, of any content: there is an answer, and a mount that is found is one that
 * the path lies on.
 */
#include "mounts.h"
#include "superblock.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, '\n', len);
	auto_mount struct mount_seen m = { 0 };
	auto_superblock struct superblock s = { 0 };
	auto_free char *path = NULL, *inside = NULL, *text = NULL, *swap = NULL;
	const char *table;
	size_t rest;

	if (!end || data[0] != '/')
		return 0;
	path = xstrndup((const char *)data, (size_t)(end - data));
	table = (const char *)end + 1;
	rest = len - (size_t)(end + 1 - data);
	text = xstrndup(table, rest);
	if (superblock_from_udev(text, &s) == 0)
		expect(*s.type && s.uuid && s.label);
	if (mounts_first_swap(table, rest, &swap) == 0)
		expect(*swap);
	if (mounts_holding(table, rest, path, &m, NULL) < 0)
		return 0;
	expect(m.target && m.root && m.source && m.fstype && m.options);
	expect(strcmp(m.target, "/") == 0 || strncmp(path, m.target, strlen(m.target)) == 0);
	inside = mount_inside(&m, path);
	expect(*inside);
	return 0;
}
