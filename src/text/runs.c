/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runs.h"

#include "own.h"

#include <string.h>

static void part_done(struct run_part *p)
{
	char text[HASH_TEXT_MAX];

	if (p->hash)
		hash_end(p->hash, text);
	p->hash = NULL;
}

static void stop_reading(struct runs *r)
{
	char text[HASH_TEXT_MAX];

	if (r->back)
		hash_end(r->back, text);
	r->back = NULL;
}

void runs_done(struct runs *r)
{
	for (size_t i = 0; i < r->n; i++)
		part_done(&r->v[i]);
	stop_reading(r);
	free(r->v);
	*r = (struct runs){ 0 };
}

/* What is no longer as it was is no longer known. */
static void forget(struct runs *r, uint64_t from, uint64_t to)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].start < to && from < r->v[i].end)
			part_done(&r->v[i]);
		else
			r->v[kept++] = r->v[i];
	}
	r->n = kept;
}

static uint64_t limit(uint64_t start)
{
	return start < RUNS_HEAD ? start / RUNS_SHORT * RUNS_SHORT + RUNS_SHORT : start + RUNS_LONG;
}

/* The run that goes on at OFFSET, or a new one; NULL: there are too many. */
static struct run_part *run_at(struct runs *r, uint64_t offset)
{
	struct run_part *p;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].end == offset && r->v[i].hash)
			return &r->v[i];
	if (r->n == RUNS_MAX)
		return NULL;
	p = vec_push(&r->v, &r->n);
	*p = (struct run_part){ .start = offset, .end = offset, .hash = hash_new() };
	return p;
}

void runs_written(struct runs *r, uint64_t offset, const void *data, size_t len)
{
	const char *bytes = data;

	stop_reading(r);
	forget(r, offset, offset + len);
	while (len) {
		struct run_part *p = run_at(r, offset);
		size_t part = len;

		if (!p)
			return;
		if (part > limit(p->start) - offset)
			part = (size_t)(limit(p->start) - offset);
		hash_add(p->hash, bytes, part);
		bytes += part;
		len -= part;
		offset = p->end = offset + part;
		if (offset == limit(p->start))
			hash_end(take_ptr(p->hash), p->text);
	}
}

void runs_cut(struct runs *r, uint64_t size)
{
	stop_reading(r);
	forget(r, size, UINT64_MAX);
}

static size_t starting_at(const struct runs *r, uint64_t offset)
{
	size_t i = 0;

	while (i < r->n && r->v[i].start != offset)
		i++;
	return i;
}

/* The first start of a run within [FROM, TO). */
static uint64_t next_start(const struct runs *r, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].start >= from && r->v[i].start < to)
			to = r->v[i].start;
	return to;
}

/* The whole run was read.  It can be read again: what it is stays. */
static bool compare(struct runs *r)
{
	struct run_part *p = &r->v[r->at];
	char text[HASH_TEXT_MAX];

	hash_end(take_ptr(r->back), text);
	if (p->hash)
		hash_end(take_ptr(p->hash), p->text);
	return strcmp(text, p->text) == 0;
}

bool runs_read(struct runs *r, uint64_t offset, const void *data, size_t len)
{
	const char *bytes = data;
	bool good = true;

	if (r->back && r->next != offset)
		stop_reading(r);
	while (len) {
		uint64_t to = offset + len;

		if (!r->back) {
			uint64_t start = next_start(r, offset, to);

			bytes += start - offset;
			len -= (size_t)(start - offset);
			offset = start;
			if (!len)
				break;
			r->at = starting_at(r, offset);
			r->back = hash_new();
		}
		if (to > r->v[r->at].end)
			to = r->v[r->at].end;
		hash_add(r->back, bytes, (size_t)(to - offset));
		bytes += to - offset;
		len -= (size_t)(to - offset);
		offset = r->next = to;
		if (to == r->v[r->at].end)
			good = compare(r) && good;
	}
	return good;
}
