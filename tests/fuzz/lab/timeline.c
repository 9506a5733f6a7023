/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hostile guest's console: stages only go forward, and every deadline lies ahead. */
#include "timeline.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void event(void *ctx, const struct lab_event *ev)
{
	(void)ctx;
	if (!ev->name || !ev->text || ev->seconds < 0 || ev->percent < -1 || ev->percent > 100)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recipe recipe = { .stall = 60, .grace = 10 };
	struct timeline t = { .recipe = &recipe, .event = event };
	auto_free char *text = xstrndup((const char *)data, size), *waited = NULL;
	long long now = 1000, deadline;
	char *save = NULL;

	timeline_start(&t, now, &deadline);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		enum stage before = t.stage;

		now += 10;
		timeline_line(&t, line, now, &deadline);
		if (t.stage < before || deadline < 1000 || deadline > now + 3600 * 1000LL)
			abort();
	}
	waited = timeline_waited_for(&t);
	timeline_done(&t);
	return 0;
}
