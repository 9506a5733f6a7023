/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bisect.h"
#include "own.h"

void bisect_init(struct bisect *b, uint64_t start, uint64_t gap, uint64_t step, uint64_t least,
		 uint64_t most)
{
	*b = (struct bisect){
		.step = step,
		.gap = (gap + step - 1) / step * step,
		.least = (least + step - 1) / step * step,
		.most = most / step * step,
	};
	b->start = (start + step - 1) / step * step;
	if (b->start < b->least)
		b->start = b->least;
	if (b->start > b->most)
		b->start = b->most;
}

void bisect_done(struct bisect *b)
{
	free(b->sizes);
	b->sizes = NULL;
	b->n_sizes = 0;
}

static struct bisect_size *find(const struct bisect *b, uint64_t size)
{
	for (size_t i = 0; i < b->n_sizes; i++)
		if (b->sizes[i].size == size)
			return &b->sizes[i];
	return NULL;
}

uint64_t bisect_fails(const struct bisect *b)
{
	uint64_t most = 0;

	for (size_t i = 0; i < b->n_sizes; i++)
		if (b->sizes[i].failed && b->sizes[i].size > most)
			most = b->sizes[i].size;
	return most;
}

uint64_t bisect_works(const struct bisect *b)
{
	uint64_t fails = bisect_fails(b), least = 0;

	for (size_t i = 0; i < b->n_sizes; i++)
		if (b->sizes[i].worked && b->sizes[i].size > fails &&
		    (!least || b->sizes[i].size < least))
			least = b->sizes[i].size;
	return least;
}

/* The first stride upwards is a third of the gap, each next one twice that. */
static uint64_t above(const struct bisect *b, uint64_t fails)
{
	uint64_t stride = (b->gap / 3 + b->step - 1) / b->step * b->step, next;

	for (next = b->start; next <= fails; stride *= 2)
		next += stride ? stride : b->step;
	if (next > b->most)
		next = b->most;
	return next > fails ? next : 0;
}

static uint64_t below(const struct bisect *b, uint64_t works)
{
	uint64_t gap = b->gap ? b->gap : b->step;

	return works > b->least + gap ? works - gap : works > b->least ? b->least : 0;
}

uint64_t bisect_next(const struct bisect *b)
{
	uint64_t works = bisect_works(b), fails = bisect_fails(b), next;
	const struct bisect_size *best = find(b, works);

	if (!best)
		return fails ? above(b, fails) : b->start;
	if (!fails) {
		next = below(b, works);
		if (next)
			return next;
	} else if (works - fails > b->step) {
		return fails + (works - fails) / b->step / 2 * b->step;
	}
	return best->worked < BISECT_SURE ? works : 0;
}

void bisect_answer(struct bisect *b, uint64_t size, bool worked)
{
	struct bisect_size *s = find(b, size);

	if (!s) {
		s = vec_push(&b->sizes, &b->n_sizes);
		s->size = size;
	}
	if (worked)
		s->worked++;
	else
		s->failed++;
}
