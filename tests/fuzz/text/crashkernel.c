/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laws of crashkernel=: parsed, written and parsed again is the same; no reservation is all memory. */
#include "crashkernel.h"

#include "buf.h"

#include <inttypes.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void emit(const struct crashkernel *c, struct buf *to)
{
	for (size_t i = 0; i < c->n_ranges; i++) {
		const struct crashkernel_range *r = &c->ranges[i];

		if (c->high || c->low || c->cma) {
			buf_addf(to, "%" PRIu64 "%s", r->size, c->high ? ",high" : c->low ? ",low" : ",cma");
			continue;
		}
		buf_addf(to, "%s%" PRIu64 "-", i ? "," : "", r->start);
		if (r->end != UINT64_MAX)
			buf_addf(to, "%" PRIu64, r->end);
		buf_addf(to, ":%" PRIu64, r->size);
	}
	if (c->has_offset)
		buf_addf(to, "@%" PRIu64, c->offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	auto_crashkernel struct crashkernel c = { 0 }, again = { 0 };
	auto_buf struct buf out = { 0 };
	struct err e = { 0 };

	if (crashkernel_parse(text, &c, &e) < 0) {
		must(e.code && *e.text && !c.ranges);
		return 0;
	}
	must(c.n_ranges >= 1 && c.n_ranges <= CRASHKERNEL_RANGES_MAX && c.high + c.low + c.cma <= 1);
	for (size_t i = 0; i < c.n_ranges; i++)
		must(c.ranges[i].start < c.ranges[i].end &&
		     (c.ranges[i].size < c.ranges[i].end || c.ranges[i].end == UINT64_MAX));
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t mem = UINT64_C(3) << bit;

		must(!crashkernel_size(&c, mem) || crashkernel_size(&c, mem) < mem);
	}
	/* UINT64_MAX as a written end is an open one, and as the size of the plain form fits in no range. */
	emit(&c, &out);
	if (c.ranges[0].size == UINT64_MAX)
		return 0;
	must(crashkernel_parse(buf_text(&out), &again, &e) == 0);
	must(again.n_ranges == c.n_ranges &&
	     memcmp(again.ranges, c.ranges, c.n_ranges * sizeof(*c.ranges)) == 0);
	must(again.has_offset == c.has_offset && again.offset == c.offset && again.high == c.high &&
	     again.low == c.low && again.cma == c.cma);
	return 0;
}
