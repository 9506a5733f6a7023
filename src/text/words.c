/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <string.h>

#define NEAR_MAX 40	/* longer names are near to none */

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Letters to insert, delete, replace or swap with their neighbour to make A into B (optimal string
 * alignment, R. Lowrance and R. A. Wagner 1975), case aside; LIMIT + 1 where it is more than LIMIT.
 */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len, unsigned limit)
{
	unsigned rows[3][NEAR_MAX + 1];

	for (unsigned j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		const unsigned *above = rows[(i - 1) % 3], *swap = rows[(i + 1) % 3];
		unsigned *row = rows[i % 3], best = i;

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			char x = upper(a[i - 1]), y = upper(b[j - 1]);

			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == upper(b[j - 2]) && upper(a[i - 2]) == y)
				row[j] = least(row[j], swap[j - 2] + 1);
			best = least(best, row[j]);
		}
		if (best > limit)
			return limit + 1;
	}
	return rows[a_len % 3][b_len];
}

/* Which letters a name holds, case aside. */
static unsigned letters(const char *name)
{
	unsigned set = 0;

	for (; *name; name++)
		set |= 1u << (*name & 31);
	return set;
}

struct near near_begin(const char *word)
{
	size_t len = strlen(word);

	return (struct near){ .word = word, .len = len, .letters = letters(word),
			      .limit = len < 6 ? 1 : len < 10 ? 2 : 3 };
}

void near_try(struct near *n, const char *name)
{
	size_t len = strlen(name);
	unsigned d;

	if (n->len > NEAR_MAX || len > NEAR_MAX || (n->name && n->limit == 0))
		return;
	if (len > n->len + n->limit || n->len > len + n->limit)
		return;
	/* A letter changed takes one out of the set and puts one in at most. */
	if ((unsigned)__builtin_popcount(letters(name) ^ n->letters) > 2 * n->limit)
		return;
	d = distance(n->word, n->len, name, len, n->limit);
	if (d > n->limit || (n->name && d == n->limit))
		return;
	n->name = name;
	n->limit = d;
}

void words_wrap(const char *text, const char *first, const char *indent, unsigned width, struct buf *to)
{
	size_t column = 0;
	const char *before = first;

	while (*text) {
		size_t len = strcspn(text, " \n");

		if (column && column + 1 + len > width) {
			buf_addc(to, '\n');
			column = 0;
		}
		if (len) {
			buf_adds(to, column ? " " : before);
			column += column ? 1 : strlen(before);
			before = indent;
			buf_add(to, text, len);
			column += len;
		}
		text += len;
		if (*text == '\n') {
			buf_addc(to, '\n');
			column = 0;
		}
		text += *text != '\0';
	}
	if (column)
		buf_addc(to, '\n');
}
