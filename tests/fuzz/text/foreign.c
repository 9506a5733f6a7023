/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laws of other tools' files: lines in order, a key is a name, what is bad says why, nothing is made up. */
#include "foreign.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(enum foreign_syntax syntax, const char *data, size_t size)
{
	auto_foreign struct foreign_file f = { 0 };
	unsigned last = 0;

	foreign_split(syntax, data, size, &f);
	must(f.n <= FOREIGN_LINES_MAX);
	for (size_t i = 0; i < f.n; i++) {
		const struct foreign_line *l = &f.lines[i];

		must(l->line >= last);
		last = l->line;
		must(l->kind == FOREIGN_BAD ? *l->trouble != '\0' : *l->key != '\0');
		must(!strpbrk(l->key, "= \t\n"));
		must(!strchr(l->value, '\n') && strlen(l->value) <= size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(FOREIGN_SHELL, (const char *)data, size);
	check(FOREIGN_WORDS, (const char *)data, size);
	return 0;
}
