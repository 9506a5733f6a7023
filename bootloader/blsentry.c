/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "blsentry.h"

#include <ctype.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool bls_next(const struct buf *text, struct bls_line *ret)
{
	const char *s = buf_text(text);

	while (ret->next < text->len) {
		const char *nl = memchr(s + ret->next, '\n', text->len - ret->next);
		size_t at = ret->next, end = nl ? (size_t)(nl - s) : text->len;

		ret->next = end + 1;
		ret->line++;
		while (at < end && is_blank(s[at]))
			at++;
		ret->key = at;
		while (at < end && !is_blank(s[at]))
			at++;
		ret->key_len = at - ret->key;
		while (at < end && is_blank(s[at]))
			at++;
		ret->value = at;
		ret->value_len = end - at;
		if (ret->key_len && s[ret->key] != '#' && ret->value_len)
			return true;
	}
	return false;
}

bool bls_key_is(const struct buf *text, const struct bls_line *line, const char *key)
{
	return line->key_len == strlen(key) && memcmp(text->data + line->key, key, line->key_len) == 0;
}

char *bls_get(const struct buf *text, const char *key)
{
	struct bls_line line = { 0 };

	while (bls_next(text, &line)) {
		size_t len = line.value_len;

		if (!bls_key_is(text, &line, key))
			continue;
		while (len && isspace((unsigned char)text->data[line.value + len - 1]))
			len--;
		return xstrndup(text->data + line.value, len);
	}
	return NULL;
}

/* --- order ------------------------------------------------------------------------------------- */

struct part {
	const char *s;
	size_t len;
};

static char at(const struct part *p)
{
	return p->len ? *p->s : '\0';
}

static void skip(struct part *p, size_t n)
{
	p->s += n;
	p->len -= n;
}

static void skip_separators(struct part *p)
{
	while (p->len && !isalnum((unsigned char)*p->s) && *p->s != '~' && *p->s != '+')
		skip(p, 1);
}

/* Digits, or letters, at the start of P. */
static struct part run(const struct part *p, bool digits)
{
	struct part r = { p->s, 0 };

	while (r.len < p->len &&
	       (digits ? isdigit((unsigned char)r.s[r.len]) : isalpha((unsigned char)r.s[r.len])))
		r.len++;
	return r;
}

static int compare_bytes(const struct part *a, const struct part *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int r = n ? memcmp(a->s, b->s, n) : 0;

	return r ? r : (a->len > b->len) - (a->len < b->len);
}

static int compare_numbers(struct part a, struct part b)
{
	while (at(&a) == '0')
		skip(&a, 1);
	while (at(&b) == '0')
		skip(&b, 1);
	if (a.len != b.len)
		return a.len > b.len ? 1 : -1;
	return compare_bytes(&a, &b);
}

static bool is_mark(char c)
{
	return c == '~' || c == '+';
}

/* "~" sorts before everything, the end too; "+" behind the end, before everything else. */
static int compare_marks(struct part *a, struct part *b)
{
	for (const char *mark = "~+"; *mark; mark++) {
		if (at(a) != *mark && at(b) != *mark)
			continue;
		if (*mark == '+' && (!a->len || !b->len))
			return a->len ? 1 : -1;
		if (at(a) != *mark)
			return 1;
		if (at(b) != *mark)
			return -1;
		skip(a, 1);
		skip(b, 1);
		return 0;
	}
	return 0;
}

static int compare_versions(struct part a, struct part b)
{
	while (a.len || b.len) {
		bool digits;
		struct part x, y;
		int r;

		skip_separators(&a);
		skip_separators(&b);
		if (is_mark(at(&a)) || is_mark(at(&b))) {
			r = compare_marks(&a, &b);
			if (r)
				return r;
			continue;
		}
		if (!a.len || !b.len)
			break;
		digits = isdigit((unsigned char)*a.s);
		x = run(&a, digits);
		y = run(&b, digits);
		if (!y.len)
			return digits ? 1 : -1;
		r = digits ? compare_numbers(x, y) : compare_bytes(&x, &y);
		if (r)
			return r;
		skip(&a, x.len);
		skip(&b, y.len);
	}
	return (a.len > 0) - (b.len > 0);
}

struct nvr {
	struct part name, version, release;
};

/* Cut the part behind the last "-" off P. */
static struct part cut_last(struct part *p)
{
	const char *dash = memrchr(p->s, '-', p->len);
	struct part last = { "", 0 };

	if (dash) {
		last = (struct part){ dash + 1, (size_t)(p->s + p->len - dash) - 1 };
		p->len = (size_t)(dash - p->s);
	}
	return last;
}

/* "name-version-release"; with one "-" only, "name-version". */
static struct nvr split(const char *id)
{
	struct nvr r = { .name = { id, strlen(id) } };

	r.release = cut_last(&r.name);
	if (memrchr(r.name.s, '-', r.name.len)) {
		r.version = cut_last(&r.name);
	} else {
		r.version = r.release;
		r.release = (struct part){ "", 0 };
	}
	return r;
}

int bls_compare(const char *id_a, const char *id_b)
{
	const struct nvr a = split(id_a), b = split(id_b);
	int r = compare_versions(a.name, b.name);

	if (!r)
		r = compare_versions(a.version, b.version);
	return r ? r : compare_versions(a.release, b.release);
}
