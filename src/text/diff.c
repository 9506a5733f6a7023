/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines are compared as a whole; the script is the shortest one, by the greedy
 * algorithm of Eugene W. Myers, "An O(ND) Difference Algorithm and Its
 * Variations" (Algorithmica 1, 1986).  Its memory grows with the square of the
 * number of changes, so from D_MAX changes on, what lies between the common
 * start and the common end is shown as replaced as a whole.
 */
#include "diff.h"

#include <stdint.h>
#include <string.h>

#define CONTEXT 3
#define D_MAX 1500

struct line {
	const char *text;
	size_t len;		/* with its newline, if it has one */
};

struct side {
	struct line *lines;
	size_t n;
};

/* One step of the script: a line that both have, or that one has alone. */
struct op {
	char sign;		/* ' ', '-', '+' */
	size_t a, b;		/* lines consumed on each side before this one */
};

struct script {
	struct op *v;
	size_t n;
};

static void split_lines(const struct buf *text, struct side *ret)
{
	const char *at = buf_text(text), *end = at + text->len;

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		struct line *line = vec_push(&ret->lines, &ret->n);

		line->text = at;
		line->len = (size_t)((nl ? nl + 1 : end) - at);
		at += line->len;
	}
}

static bool same(const struct side *a, size_t i, const struct side *b, size_t j)
{
	return a->lines[i].len == b->lines[j].len &&
	       memcmp(a->lines[i].text, b->lines[j].text, a->lines[i].len) == 0;
}

static void add_op(struct script *s, char sign, size_t a, size_t b)
{
	*vec_push(&s->v, &s->n) = (struct op){ .sign = sign, .a = a, .b = b };
}

/* The part of both sides that differs: lines [lo, a_hi) and [lo, b_hi). */
struct range {
	size_t lo, a_hi, b_hi;
};

/* Did the furthest path of round D on diagonal K come from above (by a line of B), or from the left? */
static bool came_down(const int32_t *old, int32_t d, int32_t k)
{
	return k == -d || (k != d && old[k - 1] < old[k + 1]);
}

/*
 * Walk back from the end through the furthest points of each round.  TRACE[d]
 * holds, for the diagonals -d..d, how far a path with d changes came in A.
 */
static void walk_back(int32_t **trace, int32_t d, const struct range *in, struct script *ret)
{
	int32_t x = (int32_t)(in->a_hi - in->lo), y = (int32_t)(in->b_hi - in->lo);
	auto_free struct op *back = NULL;
	size_t n = 0;

	for (; d >= 0; d--) {
		const int32_t *old = d ? trace[d - 1] + (d - 1) : NULL;
		int32_t k = x - y, from = 0;	/* FROM: where the run of equal lines began */
		bool down = false;

		if (d) {
			down = came_down(old, d, k);
			from = down ? old[k + 1] : old[k - 1] + 1;
		}
		while (x > from) {
			x--, y--;
			*vec_push(&back, &n) = (struct op){ ' ', in->lo + (size_t)x, in->lo + (size_t)y };
		}
		if (!d)
			break;
		x -= !down;
		y -= down;
		*vec_push(&back, &n) =
			(struct op){ down ? '+' : '-', in->lo + (size_t)x, in->lo + (size_t)y };
	}
	while (n)
		*vec_push(&ret->v, &ret->n) = back[--n];
}

/* Returns false when more than D_MAX changes would be needed. */
static bool myers(const struct side *a, const struct side *b, const struct range *in, struct script *ret)
{
	const int32_t n = (int32_t)(in->a_hi - in->lo), m = (int32_t)(in->b_hi - in->lo);
	int32_t *trace[D_MAX + 1] = { NULL };
	bool found = false;
	int32_t d;

	for (d = 0; d <= D_MAX && d <= n + m && !found; d++) {
		int32_t *now = xcalloc((size_t)d * 2 + 1, sizeof(*now)), *v = now + d;
		const int32_t *old = d ? trace[d - 1] + (d - 1) : NULL;

		trace[d] = now;
		for (int32_t k = -d; k <= d && !found; k += 2) {
			int32_t x = 0, y;

			if (d)
				x = came_down(old, d, k) ? old[k + 1] : old[k - 1] + 1;
			y = x - k;
			while (x < n && y < m && same(a, in->lo + (size_t)x, b, in->lo + (size_t)y))
				x++, y++;
			v[k] = x;
			found = k == n - m && x >= n;
		}
	}
	if (found)
		walk_back(trace, d - 1, in, ret);
	for (d = 0; d <= D_MAX; d++)
		free(trace[d]);
	return found;
}

static void make_script(const struct side *a, const struct side *b, struct script *ret)
{
	struct range in = { .a_hi = a->n, .b_hi = b->n };

	while (in.lo < in.a_hi && in.lo < in.b_hi && same(a, in.lo, b, in.lo)) {
		add_op(ret, ' ', in.lo, in.lo);
		in.lo++;
	}
	while (in.a_hi > in.lo && in.b_hi > in.lo && same(a, in.a_hi - 1, b, in.b_hi - 1)) {
		in.a_hi--;
		in.b_hi--;
	}
	if (in.a_hi - in.lo > INT32_MAX / 4 || in.b_hi - in.lo > INT32_MAX / 4 ||
	    !myers(a, b, &in, ret)) {
		for (size_t i = in.lo; i < in.a_hi; i++)
			add_op(ret, '-', i, in.lo);
		for (size_t i = in.lo; i < in.b_hi; i++)
			add_op(ret, '+', in.a_hi, i);
	}
	for (size_t i = 0; in.a_hi + i < a->n; i++)
		add_op(ret, ' ', in.a_hi + i, in.b_hi + i);
}

/* "5,3", "5" for one line; for none the line before it, as POSIX diff has it: "4,0". */
static void put_range(struct buf *to, char sign, size_t first, size_t n)
{
	buf_addf(to, " %c%zu", sign, n ? first + 1 : first);
	if (n != 1)
		buf_addf(to, ",%zu", n);
}

static void put_line(struct buf *to, char sign, const struct line *line)
{
	buf_addc(to, sign);
	/* Each operation names a line that its side has. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	buf_add(to, line->text, line->len);
	if (line->text[line->len - 1] != '\n')
		buf_adds(to, "\n\\ No newline at end of file\n");
}

static void put_hunk(struct buf *to, const struct side *a, const struct side *b, const struct op *v,
		     size_t n)
{
	size_t in_a = 0, in_b = 0;

	for (size_t i = 0; i < n; i++) {
		in_a += v[i].sign != '+';
		in_b += v[i].sign != '-';
	}
	buf_adds(to, "@@");
	put_range(to, '-', v[0].a, in_a);
	put_range(to, '+', v[0].b, in_b);
	buf_adds(to, " @@\n");
	for (size_t i = 0; i < n; i++)
		put_line(to, v[i].sign, v[i].sign == '+' ? &b->lines[v[i].b] : &a->lines[v[i].a]);
}

/* Changes that lie no more than two contexts apart share a hunk. */
static void put_hunks(struct buf *to, const struct side *a, const struct side *b, const struct script *s)
{
	size_t at = 0;

	while (at < s->n) {
		size_t start, last, end;

		while (at < s->n && s->v[at].sign == ' ')
			at++;
		if (at == s->n)
			return;
		start = at > CONTEXT ? at - CONTEXT : 0;
		for (last = at; at < s->n && at - last <= 2 * CONTEXT + 1; at++)
			if (s->v[at].sign != ' ')
				last = at;
		end = last + 1 + CONTEXT < s->n ? last + 1 + CONTEXT : s->n;
		put_hunk(to, a, b, s->v + start, end - start);
		at = end;
	}
}

/* A name with blanks gets a tab behind it, one with odd bytes is quoted, as patch(1) wants it. */
static void put_name(struct buf *to, const char *mark, const char *name)
{
	bool quote = false;

	buf_adds(to, mark);
	for (const char *p = name; *p; p++)
		quote = quote || (unsigned char)*p < ' ' || *p == '"' || *p == '\\' || *p == '\x7f';
	if (!quote) {
		buf_adds(to, name);
		buf_adds(to, strchr(name, ' ') ? "\t\n" : "\n");
		return;
	}
	buf_addc(to, '"');
	for (const char *p = name; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == '\x7f')
			buf_addf(to, "\\%03o", (unsigned)(unsigned char)*p);
		else if (*p == '"' || *p == '\\')
			buf_addf(to, "\\%c", *p);
		else
			buf_addc(to, *p);
	}
	buf_adds(to, "\"\n");
}

static bool is_binary(const struct buf *text)
{
	return text->len && memchr(text->data, '\0', text->len);
}

void diff_unified(const char *old_name, const struct buf *old, const char *new_name,
		  const struct buf *new_text, struct buf *to)
{
	struct side a = { 0 }, b = { 0 };
	struct script script = { 0 };

	if (buf_equal(old, new_text))
		return;
	if (is_binary(old) || is_binary(new_text)) {
		buf_addf(to, "Binary files %s and %s differ\n", old_name, new_name);
		return;
	}
	split_lines(old, &a);
	split_lines(new_text, &b);
	make_script(&a, &b, &script);
	put_name(to, "--- ", old_name);
	put_name(to, "+++ ", new_name);
	put_hunks(to, &a, &b, &script);
	free(script.v);
	free(a.lines);
	free(b.lines);
}
