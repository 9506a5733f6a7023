/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words are cut as lib/cmdline.c:next_arg() and kernel/params.c:parse_args()
 * cut them, so that what is found here is what the kernel will find:
 *
 *   - blanks are the kernel's isspace(): space, \t \n \v \f \r, and byte 0xA0;
 *   - a double quote anywhere in a word switches hiding of blanks on or off;
 *     there is no escape, and an apostrophe is a letter like any other;
 *   - key and value part at the first "=" that is not the word's first byte;
 *   - a quote that opens the word or the value is not part of it, nor is one
 *     that ends the word then;
 *   - "-" and "_" in a key are the same letter;
 *   - the word "--" ends the kernel's part.
 *
 * Only crashkernel= is searched by the kernel with strstr() over the whole line,
 * behind "--" too.  What stands there belongs to init, and is left to it.
 */
#include "cmdline.h"

#include <errno.h>
#include <string.h>

struct word {
	size_t start, end;	/* of the whole word, quotes included */
	size_t key, key_end;
	size_t value, value_end;	/* value == 0: the word has none */
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\xa0';
}

static size_t skip_blanks(const char *line, size_t at)
{
	while (is_blank(line[at]))
		at++;
	return at;
}

/* The word at or behind AT.  1: *ret is filled; 0: there is none; -EINVAL: a quote is left open. */
static int word_next(const char *line, size_t at, struct word *ret)
{
	struct word w = { .start = skip_blanks(line, at) };
	bool in_quote = false, quoted = line[w.start] == '"';
	size_t i, equals = 0;

	if (!line[w.start])
		return 0;
	if (quoted)
		in_quote = true;
	w.key = w.start + quoted;
	for (i = w.key; line[i] && (in_quote || !is_blank(line[i])); i++) {
		if (!equals && line[i] == '=' && i > w.key)
			equals = i;
		if (line[i] == '"')
			in_quote = !in_quote;
	}
	if (in_quote)
		return -EINVAL;
	w.end = w.key_end = w.value_end = i;
	if (quoted && w.end > w.key && line[w.end - 1] == '"')
		w.key_end = w.value_end = w.end - 1;
	if (equals) {
		w.key_end = equals;
		w.value = equals + 1;
		if (line[w.value] == '"') {
			w.value++;
			if (line[w.end - 1] == '"' && w.value_end == w.end)
				w.value_end--;
		}
		if (w.value_end < w.value)
			w.value_end = w.value;
	}
	*ret = w;
	return 1;
}

static bool word_ends_kernel_part(const char *line, const struct word *w)
{
	return !w->value && w->key_end - w->key == 2 && memcmp(line + w->key, "--", 2) == 0;
}

static bool key_equal(const char *line, const struct word *w, const char *key)
{
	size_t len = strlen(key);

	if (w->key_end - w->key != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char a = line[w->key + i], b = key[i];

		if ((a == '-' ? '_' : a) != (b == '-' ? '_' : b))
			return false;
	}
	return true;
}

int cmdline_each_word(const char *line,
		      int (*fn)(void *ctx, const char *word, const char *key, const char *value),
		      void *ctx)
{
	struct word w = { 0 };
	int r;

	while ((r = word_next(line, w.end, &w)) > 0) {
		auto_free char *word = NULL, *key = NULL, *value = NULL;

		if (word_ends_kernel_part(line, &w))
			return 0;
		word = xstrndup(line + w.start, w.end - w.start);
		key = xstrndup(line + w.key, w.key_end - w.key);
		if (w.value)
			value = xstrndup(line + w.value, w.value_end - w.value);
		r = fn(ctx, word, key, value);
		if (r)
			return r;
	}
	return r;
}

struct each {
	int (*fn)(void *ctx, const char *key, const char *value);
	void *ctx;
};

static int without_word(void *ctx, const char *word, const char *key, const char *value)
{
	const struct each *each = ctx;

	(void)word;
	return each->fn(each->ctx, key, value);
}

int cmdline_each(const char *line, int (*fn)(void *ctx, const char *key, const char *value), void *ctx)
{
	struct each each = { .fn = fn, .ctx = ctx };

	return cmdline_each_word(line, without_word, &each);
}

char *cmdline_get(const char *line, const char *key)
{
	auto_free char *found = NULL;
	struct word w = { 0 };

	while (word_next(line, w.end, &w) > 0 && !word_ends_kernel_part(line, &w)) {
		if (!w.value || !key_equal(line, &w, key))
			continue;
		free(found);
		found = xstrndup(line + w.value, w.value_end - w.value);
	}
	return take_ptr(found);
}

unsigned cmdline_count(const char *line, const char *key)
{
	struct word w = { 0 };
	unsigned n = 0;

	while (word_next(line, w.end, &w) > 0 && !word_ends_kernel_part(line, &w))
		n += w.value && key_equal(line, &w, key);
	return n;
}

char *cmdline_words(const char *line, const char *key)
{
	auto_buf struct buf out = { 0 };
	struct word w = { 0 };

	while (word_next(line, w.end, &w) > 0 && !word_ends_kernel_part(line, &w)) {
		if (!w.value || !key_equal(line, &w, key))
			continue;
		if (out.len)
			buf_addc(&out, ' ');
		buf_add(&out, line + w.start, w.end - w.start);
	}
	return out.len ? buf_take(&out) : NULL;
}

/* Is TEXT made of words that cmdline_get(KEY) would find, with nothing around them? */
static bool text_is_words(const char *text, const char *key)
{
	struct word w = { 0 };
	int r;

	while ((r = word_next(text, w.end, &w)) > 0)
		if (!w.value || !key_equal(text, &w, key))
			return false;
	return r == 0 && *text && !is_blank(text[0]) && !is_blank(text[strlen(text) - 1]);
}

/*
 * Where a new word goes: behind the last word before "--"; without one, in
 * front of "--" or, in a line without words, at its start.  The blank that parts
 * it from its neighbour is the one that cmdline_remove() takes away with it.
 */
static void add_word(const char *line, size_t last_end, bool has_rest, size_t rest, const char *text,
		     struct buf *to)
{
	if (last_end) {
		buf_add(to, line, last_end);
		buf_addc(to, ' ');
		buf_adds(to, text);
		buf_adds(to, line + last_end);
		return;
	}
	if (!has_rest)
		rest = 0;
	buf_add(to, line, rest);
	buf_adds(to, text);
	if (has_rest)
		buf_addc(to, ' ');
	buf_adds(to, line + rest);
}

int cmdline_set(const char *line, const char *key, const char *text, char **ret)
{
	size_t copied = 0, last_end = 0;	/* of LINE: copied to OUT; end of the last word seen */
	auto_buf struct buf out = { 0 };
	bool done = false, has_rest = false;
	struct word w = { 0 };
	int r;

	if (!text_is_words(text, key))
		return -EINVAL;
	while ((r = word_next(line, w.end, &w)) > 0) {
		has_rest = has_rest || word_ends_kernel_part(line, &w);
		if (has_rest)
			break;
		if (w.value && key_equal(line, &w, key)) {
			/* The first is replaced, a later one goes with the blanks before it. */
			buf_add(&out, line + copied, (done ? last_end : w.start) - copied);
			if (!done)
				buf_adds(&out, text);
			copied = w.end;
			done = true;
		}
		last_end = w.end;
	}
	if (r < 0)
		return r;
	if (done)
		buf_adds(&out, line + copied);
	else
		add_word(line, last_end, has_rest, w.start, text, &out);
	*ret = buf_take(&out);
	return 0;
}

int cmdline_remove(const char *line, const char *key, char **ret)
{
	size_t copied = 0, kept_end = 0; /* of LINE: copied to OUT; end of the last word that stays */
	auto_buf struct buf out = { 0 };
	struct word w = { 0 };
	bool rest = false;
	int r;

	while (!rest && (r = word_next(line, w.end, &w)) > 0) {
		rest = word_ends_kernel_part(line, &w);
		if (rest)
			break;
		if (!key_equal(line, &w, key)) {
			kept_end = w.end;
			continue;
		}
		/* The first word of a line takes the blanks behind it instead, if a word follows there. */
		buf_add(&out, line + copied, (kept_end ? kept_end : w.start) - copied);
		copied = w.end;
		if (!kept_end && line[skip_blanks(line, w.end)])
			copied = skip_blanks(line, w.end);
		else if (kept_end)
			kept_end = copied;
	}
	if (!rest && r < 0)
		return r;
	buf_adds(&out, line + copied);
	*ret = buf_take(&out);
	return 0;
}
