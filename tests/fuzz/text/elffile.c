/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are read or refused; a trimmed file needs what the whole one needed, and trims to itself. */
#include "elffile.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_trim(const char *data, size_t size, const struct elf *whole)
{
	auto_buf struct buf once = { 0 }, twice = { 0 };
	auto_elf struct elf elf = { 0 };

	if (elf_trim(data, size, &once, NULL) < 0)
		return;
	if (once.len > size || elf_trim(once.data, once.len, &twice, NULL) < 0 || !buf_equal(&once, &twice))
		abort();
	if (!whole)
		return;
	/* A text that lies over the section fields of the file header changes with them. */
	if (elf_read(once.data, once.len, &elf, NULL) < 0)
		return;
	if (memcmp(once.data, data, once.len) == 0 &&
	    (!same(elf.interp, whole->interp) || elf.needed.n != whole->needed.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_strv struct strv info = { 0 };
	auto_elf struct elf elf = { 0 };
	struct err e = { 0 };
	int r = elf_read((const char *)data, size, &elf, &e);

	if (r < 0 && (!e.code || !e.text[0] || elf.interp || elf.needed.n))
		abort();
	for (size_t i = 0; i < elf.needed.n; i++)
		if (!elf.needed.v[i][0])
			abort();
	check_trim((const char *)data, size, r == 0 ? &elf : NULL);
	if (elf_modinfo((const char *)data, size, &info, &e) < 0 && info.n)
		abort();
	return 0;
}
