/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laws of editing a command line: set twice is set once, get after set gives
 * the value, remove after set on a line without the key gives the line back,
 * and whatever is not a word of that key stays byte for byte.
 */
#include "cmdline.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "crashkernel"
#define TEXT "crashkernel=256M,high"

static void must(bool ok)
{
	if (!ok)
		abort();
}

struct seen {
	struct buf words;	/* every word but those of KEY */
};

static int note(void *ctx, const char *key, const char *value)
{
	struct seen *seen = ctx;

	if (strcmp(key, KEY) == 0 && value)
		return 0;
	buf_addf(&seen->words, "%s%s%s|", key, value ? "=" : "", value ? value : "");
	return 0;
}

static void same_other_words(const char *a, const char *b)
{
	struct seen one = { { 0 } }, two = { { 0 } };

	must(cmdline_each(a, note, &one) == 0 && cmdline_each(b, note, &two) == 0);
	must(strcmp(buf_text(&one.words), buf_text(&two.words)) == 0);
	buf_done(&one.words);
	buf_done(&two.words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *line = xstrndup((const char *)data, size);
	auto_free char *once = NULL, *twice = NULL, *value = NULL, *bare = NULL, *gone = NULL, *back = NULL;
	struct seen all = { { 0 } };
	int r;

	r = cmdline_set(line, KEY, TEXT, &once);
	must(r == 0 || r == -EINVAL);
	must((cmdline_remove(line, KEY, &bare) == 0) == (r == 0));
	if (r < 0) {
		must(cmdline_each(line, note, &all) == -EINVAL);
		buf_done(&all.words);
		return 0;
	}
	must(cmdline_set(once, KEY, TEXT, &twice) == 0 && strcmp(once, twice) == 0);
	value = cmdline_get(once, KEY);
	must(value && strcmp(value, "256M,high") == 0 && cmdline_count(once, KEY) == 1);
	same_other_words(line, once);

	must(cmdline_count(bare, KEY) == 0);
	must(cmdline_remove(bare, KEY, &gone) == 0 && strcmp(bare, gone) == 0);
	free(once);
	must(cmdline_set(bare, KEY, TEXT, &once) == 0 && strlen(once) <= strlen(bare) + strlen(TEXT) + 1);
	must(cmdline_remove(once, KEY, &back) == 0 && strcmp(back, bare) == 0);
	return 0;
}
