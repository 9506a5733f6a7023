/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laws of import, for all dialects: no line goes without a note, every value is one that the schema takes,
 * the text is a settings file of ours that says the same values, and twice is the same.
 * The first byte chooses the dialect.
 */
#include "import.h"

#include "kv.h"
#include "schema.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool has_word(const char *word)
{
	return strlen(word) % 3 == 0;
}

static struct import *run(enum import_dialect d, const char *text, size_t len)
{
	static const struct import_host host = { .line_has = has_word, .line_drops = has_word };
	struct import *im = import_new();

	import_add(im, d, "/f", text, len);
	import_finish(im, &host);
	return im;
}

static void values_are_good(const struct import *im, const struct kv_file *kv)
{
	auto_settings struct settings *s = settings_new();
	auto_faults struct fault_list faults = { 0 };
	size_t n = 0;

	must(!kv->n_faults);
	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		const char *value = import_value(im, (enum setting_key)k);

		if (!value)
			continue;
		must(n < kv->n_lines && strcmp(kv->lines[n].key, setting_name((enum setting_key)k)) == 0 &&
		     strcmp(kv->lines[n].value, value) == 0);
		settings_set(s, (enum setting_key)k, value, "/f", 1, &faults);
		n++;
	}
	must(n == kv->n_lines && !faults.errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum import_dialect d = size ? (enum import_dialect)(data[0] % IMPORT_DIALECTS) : IMPORT_LKCD;
	auto_free char *text = xmemdup(size > 1 ? (const void *)(data + 1) : "", size > 1 ? size - 1 : 1);
	size_t len = size > 1 ? size - 1 : 0, n;
	auto_import struct import *im = run(d, text, len), *again = run(d, text, len);
	auto_buf struct buf one = { 0 }, two = { 0 };
	auto_kv struct kv_file kv = { 0 };
	const struct import_note *notes = import_notes(im, &n);

	for (size_t i = 0; i < n; i++) {
		auto_buf struct buf line = { 0 };

		must(notes[i].fate < IMPORT_FATES);
		import_note_format(im, &notes[i], &line);
		must(!strchr(buf_text(&line), '\n') && !strchr(buf_text(&line), '\r'));
	}
	import_text(im, &one);
	import_text(again, &two);
	must(buf_equal(&one, &two));
	kv_split(one.data, one.len, &kv);
	values_are_good(im, &kv);
	must(import_detect("/f", text, len) <= IMPORT_DIALECTS);
	return 0;
}
