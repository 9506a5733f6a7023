/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TIMETABLE_H
#define CRASHCFG_TIMETABLE_H

#include "json.h"
#include "lab.h"

#include <stdio.h>

/* The live timeline of a test: on a terminal progress is updated in place, elsewhere every line stands. */
struct timetable {
	FILE *to;		/* NULL: nothing is printed */
	bool live;
	bool open;		/* the last line may be written over */
	double percent;		/* last one that was printed */
	struct json *events;
};
void timetable_start(struct timetable *t, FILE *to);
/* For lab_request's event. */
void timetable_event(void *timetable, const struct lab_event *ev);
void timetable_end(struct timetable *t);
struct json *timetable_take_json(struct timetable *t);	/* [{"name", "seconds", "text"}] */
void timetable_done(struct timetable *t);

#endif
