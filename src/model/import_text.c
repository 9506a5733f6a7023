/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "importparts.h"

#include "kv.h"

#include <string.h>

/* How an import is told: lines for people, and the settings file. */

const char *import_fate_name(enum import_fate f)
{
	static const char *const names[IMPORT_FATES] = {
		[IMPORT_BECAME] = "became",	    [IMPORT_NEAR] = "near",
		[IMPORT_UNNEEDED] = "not-needed",   [IMPORT_NONE] = "no-counterpart",
		[IMPORT_UNREAD] = "not-taken-over", [IMPORT_OVERRIDDEN] = "overridden",
		[IMPORT_OFF] = "commented-out",	    [IMPORT_UNSET] = "not-set",
	};

	return names[f];
}

static void add_setting(const struct import *im, enum setting_key k, struct buf *to)
{
	buf_addf(to, "%s=", setting_name(k));
	kv_quote(im->values[k], to);	/* import_put() has tried it */
}

static void add_fate(const struct import *im, const struct import_note *n, struct buf *to)
{
	static const char *const words[IMPORT_FATES] = {
		[IMPORT_BECAME] = "became",	    [IMPORT_NEAR] = "became",
		[IMPORT_UNNEEDED] = "not needed",   [IMPORT_NONE] = "no counterpart",
		[IMPORT_UNREAD] = "not taken over", [IMPORT_OVERRIDDEN] = "overridden",
		[IMPORT_OFF] = "commented out",	    [IMPORT_UNSET] = "not set there",
	};
	const char *before = " ";

	buf_adds(to, words[n->fate]);
	for (unsigned k = 0; k < SETTING_COUNT; k++)
		if (n->made[k] && im->values[k]) {
			buf_adds(to, before);
			add_setting(im, k, to);
			before = ", ";
		}
	if (*n->text) {
		buf_adds(to, ": ");
		kv_printable(n->text, strlen(n->text), SIZE_MAX, to);
	}
}

void import_note_format(const struct import *im, const struct import_note *n, struct buf *to)
{
	kv_printable(n->file, strlen(n->file), 4096, to);
	if (n->line)
		buf_addf(to, ":%u", n->line);
	buf_adds(to, ": ");
	if (*n->key) {
		kv_printable(n->key, strlen(n->key), KV_VALUE_SHOWN, to);
		buf_adds(to, " = ");
	}
	if (*n->key || *n->value) {
		buf_addc(to, '\'');
		kv_printable(n->value, strlen(n->value), KV_VALUE_SHOWN, to);
		buf_adds(to, "': ");
	}
	add_fate(im, n, to);
}

void import_text(const struct import *im, struct buf *to)
{
	buf_adds(to, IMPORT_MARK " from");
	for (size_t i = 0; i < im->files.n; i += 2) {
		buf_adds(to, i ? ", " : " ");
		kv_printable(im->files.v[i], strlen(im->files.v[i]), 4096, to);
	}
	buf_adds(to, ".\n# What became of each line there:\n#\n");
	for (size_t i = 0; i < im->n_notes; i++) {
		buf_adds(to, "# ");
		import_note_format(im, &im->notes[i], to);
		buf_addc(to, '\n');
	}
	buf_addc(to, '\n');
	for (unsigned k = 0; k < SETTING_COUNT; k++)
		if (im->values[k]) {
			add_setting(im, k, to);
			buf_addc(to, '\n');
		}
}
