/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TEST_TAKEN_H
#define CRASHCFG_TEST_TAKEN_H

#include "import.h"

#include <string.h>

/* One file's text taken in, on a host whose capture line has some words and drops others. */

static inline bool line_has(const char *word)
{
	return strcmp(word, "irqpoll") == 0 || strcmp(word, "reset_devices") == 0;
}

static inline bool line_drops(const char *key)
{
	return strcmp(key, "quiet") == 0;
}

static inline struct import *taken(enum import_dialect d, const char *text)
{
	static const struct import_host host = { .line_has = line_has, .line_drops = line_drops };
	struct import *im = import_new();

	import_add(im, d, "/f", text, strlen(text));
	import_finish(im, &host);
	return im;
}

/* The first note about LINE; NULL: there is none. */
static inline const struct import_note *note_of(const struct import *im, unsigned line)
{
	size_t n;
	const struct import_note *notes = import_notes(im, &n);

	for (size_t i = 0; i < n; i++)
		if (notes[i].line == line)
			return &notes[i];
	return NULL;
}

#endif
