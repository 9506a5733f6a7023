/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timetable.h"

#include <string.h>
#include <unistd.h>

#define STEP 25		/* percent, between two lines where nothing can be written over */

void timetable_start(struct timetable *t, FILE *to)
{
	*t = (struct timetable){
		.to = to, .live = to && isatty(fileno(to)), .percent = -STEP, .events = js_array()
	};
}

static void print(struct timetable *t, const struct lab_event *ev)
{
	bool progress = ev->percent >= 0;

	if (progress && !t->live && ev->percent < 100 && ev->percent < t->percent + STEP)
		return;
	if (progress && !t->live && t->percent >= 100)
		return;
	t->percent = ev->percent;
	if (t->open)
		fputs("\r\033[K", t->to);
	fprintf(t->to, "%7.2f s  %-8s %s", ev->seconds, ev->name, ev->text);
	t->open = progress && t->live;
	if (!t->open)
		fputc('\n', t->to);
	fflush(t->to);
}

void timetable_event(void *timetable, const struct lab_event *ev)
{
	struct timetable *t = timetable;
	struct json *one;

	if (t->to)
		print(t, ev);
	if (ev->percent >= 0 && ev->percent < 100)
		return;
	one = js_add(t->events, js_object());
	js_set_text(one, "name", ev->name);
	js_set_real(one, "seconds", ev->seconds);
	js_set_text(one, "text", ev->text);
}

void timetable_end(struct timetable *t)
{
	if (t->to && t->open)
		fputc('\n', t->to);
	t->open = false;
}

struct json *timetable_take_json(struct timetable *t)
{
	return t->events ? take_ptr(t->events) : js_array();
}

void timetable_done(struct timetable *t)
{
	js_free(t->events);
	t->events = NULL;
}
