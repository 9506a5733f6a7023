/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crashkernel.h"

#include "cmdline.h"
#include "own.h"

#include <errno.h>
#include <string.h>

#define ROUND_TO (UINT64_C(128) << 20)	/* parse_crashkernel_mem() in kernel/crash_reserve.c */

/* What is parsed, and how far it went. */
struct scan {
	const char *p;
	struct err *e;
};

void crashkernel_done(struct crashkernel *c)
{
	free(c->ranges);
	*c = (struct crashkernel){ 0 };
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (unsigned)((c | 32) - 'a') + 10;
	return 99;
}

/* memparse() of lib/cmdline.c, but an overflow is an error.  WHAT names the number in messages. */
static int scan_size(struct scan *s, const char *what, uint64_t *ret)
{
	static const char units[] = "kmgtpe";
	const char *start = s->p, *unit;
	unsigned base = 10;
	uint64_t v = 0;

	if (s->p[0] == '0' && (s->p[1] | 32) == 'x' && digit(s->p[2]) < 16) {
		base = 16;
		s->p += 2;
	} else if (s->p[0] == '0' && digit(s->p[1]) < 10) {
		base = 8;
	}
	for (start = s->p; digit(*s->p) < base; s->p++)
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit(*s->p), &v))
			return err_set(s->e, EINVAL, "the %s is larger than any memory", what);
	if (s->p == start)
		return err_set(s->e, EINVAL,
			       "'%.24s' is where the %s should be (write a number and K, M or G, such as "
			       "256M)",
			       s->p, what);
	if (digit(*s->p) < 10)
		return err_set(s->e, EINVAL,
			       "the kernel takes a number that begins with 0 as octal (write the %s without "
			       "it)",
			       what);
	unit = *s->p ? strchr(units, *s->p | 32) : NULL;
	if (unit) {
		if (__builtin_mul_overflow(v, UINT64_C(1) << (10 * (unit - units + 1)), &v))
			return err_set(s->e, EINVAL, "the %s is larger than any memory", what);
		s->p++;
	}
	*ret = v;
	return 0;
}

static int scan_offset(struct scan *s, struct crashkernel *c)
{
	int r;

	if (*s->p != '@')
		return 0;
	s->p++;
	r = scan_size(s, "offset behind '@'", &c->offset);
	c->has_offset = r == 0;
	return r;
}

static int scan_range(struct scan *s, struct crashkernel_range *ret)
{
	int r = scan_size(s, "start of the range", &ret->start);

	if (r < 0)
		return r;
	if (*s->p != '-')
		return err_set(s->e, EINVAL,
			       "'%.24s' is where the '-' of a range should be (write START-END:SIZE, such as "
			       "1G-4G:256M)",
			       s->p);
	s->p++;
	ret->end = UINT64_MAX;
	if (*s->p != ':') {
		r = scan_size(s, "end of the range", &ret->end);
		if (r < 0)
			return r;
		if (ret->end <= ret->start)
			return err_set(s->e, EINVAL,
				       "a range ends at or before its start (write START-END:SIZE with END "
				       "above START)");
	}
	if (*s->p != ':')
		return err_set(s->e, EINVAL,
			       "'%.24s' is where the ':' before the size should be (write START-END:SIZE, "
			       "such as 1G-4G:256M)",
			       s->p);
	s->p++;
	r = scan_size(s, "size of the range", &ret->size);
	if (r < 0)
		return r;
	if (ret->size >= ret->end)
		return err_set(s->e, EINVAL,
			       "a range reserves more than the memory that it is for (write a size below the "
			       "range's end)");
	return 0;
}

static int scan_ranges(struct scan *s, struct crashkernel *c)
{
	struct crashkernel_range *range;
	bool any = false;
	int r;

	do {
		if (c->n_ranges == CRASHKERNEL_RANGES_MAX)
			return err_set(s->e, EINVAL, "more than %u ranges", CRASHKERNEL_RANGES_MAX);
		s->p += c->n_ranges > 0;	/* the comma */
		range = vec_push(&c->ranges, &c->n_ranges);
		r = scan_range(s, range);
		if (r < 0)
			return r;
		any |= range->size > 0;
	} while (*s->p == ',');
	if (!any)
		return err_set(s->e, EINVAL,
			       "no range reserves anything (write a size above 0, or DUMP_ACTIVE=no)");
	return scan_offset(s, c);
}

static int scan_plain(struct scan *s, struct crashkernel *c)
{
	struct crashkernel_range *range = vec_push(&c->ranges, &c->n_ranges);
	int r = scan_size(s, "size", &range->size);

	if (r < 0)
		return r;
	range->end = UINT64_MAX;
	if (!range->size)
		return err_set(s->e, EINVAL,
			       "0 reserves nothing (write a size such as 256M, or DUMP_ACTIVE=no)");
	if (*s->p != ',')
		return scan_offset(s, c);
	c->high = strcmp(s->p, ",high") == 0;
	c->low = strcmp(s->p, ",low") == 0;
	c->cma = strcmp(s->p, ",cma") == 0;
	if (!c->high && !c->low && !c->cma)
		return err_set(s->e, EINVAL,
			       "'%.24s' behind the size is unknown (the kernel knows ,high ,low and ,cma)",
			       s->p);
	s->p += strlen(s->p);
	return 0;
}

static int parse_one(const char *text, struct crashkernel *ret, struct err *e)
{
	auto_crashkernel struct crashkernel c = { 0 };
	struct scan s = { .p = text, .e = e };
	int r;

	/* As the kernel tells the forms apart. */
	r = strchr(text, ':') ? scan_ranges(&s, &c) : scan_plain(&s, &c);
	if (r < 0)
		return r;
	if (*s.p)
		return err_set(e, EINVAL,
			       "'%.24s' does not belong there (write a size such as 256M, or ranges such as "
			       "1G-4G:192M,4G-:256M)",
			       s.p);
	*ret = c;
	c = (struct crashkernel){ 0 };
	return 0;
}

/* --- several of them ----------------------------------------------------------------------------- */

#define WORD "crashkernel="

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len >= tail && strcmp(text + len - tail, end) == 0;
}

/* The values one by one; of "crashkernel=128M,low" what stands behind the word. */
static void split(const char *text, struct strv *to)
{
	auto_free char *copy = xstrdup(text);
	char *save = NULL;

	for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
		strv_add(to, strncmp(word, WORD, strlen(WORD)) == 0 ? word + strlen(WORD) : word);
}

/* Put ONE, which stands at TEXT, beside what there is in C. */
static int take_beside(struct crashkernel *c, struct crashkernel *one, const char *text, struct err *e)
{
	uint64_t *to = one->low ? &c->low_size : one->cma ? &c->cma_size : NULL;

	if (!to && c->n_ranges)
		return err_set(e, EINVAL, "'%.24s' stands beside another of its kind, of which the kernel takes the last "
			       "(write one of them; ranges are parted by ',')", text);
	if (to && *to)
		return err_set(e, EINVAL, "'%.24s' stands there twice (write one of them)", text);
	if (to) {
		*to = one->ranges[0].size;
		return 0;
	}
	one->low_size = c->low_size;
	one->cma_size = c->cma_size;
	*c = *one;
	*one = (struct crashkernel){ 0 };
	return 0;
}

int crashkernel_parse(const char *text, struct crashkernel *ret, struct err *e)
{
	auto_crashkernel struct crashkernel c = { 0 };
	auto_strv struct strv words = { 0 };

	split(text, &words);
	if (words.n < 2)
		return parse_one(words.n ? words.v[0] : text, ret, e);
	for (size_t i = 0; i < words.n; i++) {
		auto_crashkernel struct crashkernel one = { 0 };
		int r = parse_one(words.v[i], &one, e);

		r = r < 0 ? r : take_beside(&c, &one, words.v[i], e);
		if (r < 0)
			return r;
	}
	if (!c.n_ranges)
		return err_set(e, EINVAL, "',low' and ',cma' are reserved beside another (write SIZE, or SIZE,high, too)");
	if (c.low_size && !c.high)
		return err_set(e, EINVAL, "',low' is reserved beside ',high' alone (leave it out, or write SIZE,high)");
	*ret = c;
	c = (struct crashkernel){ 0 };
	return 0;
}

char *crashkernel_join(const char *text)
{
	static const char *const last[] = { "", ",low", ",cma" };	/* in this order */
	auto_strv struct strv words = { 0 };
	auto_buf struct buf out = { 0 };

	split(text, &words);
	for (size_t k = 0; k < ARRAY_SIZE(last); k++)
		for (size_t i = 0; i < words.n; i++) {
			bool low = ends_with(words.v[i], last[1]), cma = ends_with(words.v[i], last[2]);

			if (k == (low ? 1 : cma ? 2 : 0))
				buf_addf(&out, "%s%s", out.len ? " " WORD : "", words.v[i]);
		}
	return xstrdup(buf_text(&out));
}

uint64_t crashkernel_size(const struct crashkernel *c, uint64_t mem_total)
{
	bool plain = c->n_ranges == 1 && c->ranges[0].start == 0 && c->ranges[0].end == UINT64_MAX;
	uint64_t mem = mem_total;

	if (!plain && mem <= UINT64_MAX - ROUND_TO)
		mem = (mem + ROUND_TO - 1) / ROUND_TO * ROUND_TO;
	for (size_t i = 0; i < c->n_ranges; i++)
		if (mem >= c->ranges[i].start && mem < c->ranges[i].end)
			return c->ranges[i].size < mem_total ? c->ranges[i].size : 0;
	return 0;
}

/* --- on a command line ----------------------------------------------------------------------- */

static int note_word(void *ctx, const char *key, const char *value)
{
	char **last = ctx;
	int kind;

	if (!value || strcmp(key, "crashkernel") != 0)
		return 0;
	kind = ends_with(value, ",high") ? 1 : ends_with(value, ",low") ? 2 : ends_with(value, ",cma") ? 3 : 0;
	free(last[kind]);
	last[kind] = xstrdup(value);
	return 0;
}

char *crashkernel_in_force(const char *line)
{
	char *last[4] = { NULL };	/* plain, high, low, cma */
	const char *first, *low;
	struct buf out = { 0 };

	cmdline_each(line, note_word, last);
	first = last[0] ? last[0] : last[1];
	low = last[0] ? NULL : last[2];
	if (first)
		buf_addf(&out, "%s%s%s%s%s", first, low ? " " WORD : "", low ? low : "", last[3] ? " " WORD : "",
			 last[3] ? last[3] : "");
	for (size_t i = 0; i < ARRAY_SIZE(last); i++)
		free(last[i]);
	return first ? buf_take(&out) : NULL;
}
