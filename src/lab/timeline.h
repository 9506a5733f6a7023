/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_TIMELINE_H
#define CRASHCFG_LAB_TIMELINE_H

#include "lab.h"

/*
 * The console of the guest that crashes, made into events, and the deadline of
 * each stage.  Pure: times are handed in.
 */
enum stage { STAGE_START, STAGE_BOOTED, STAGE_ARMED, STAGE_PANIC, STAGE_CAPTURE, STAGE_ENDING };

struct timeline {
	/* in */
	const struct recipe *recipe;
	bool emulated;			/* no KVM: more patience */
	long long boot_ms;		/* patience for the first word of the guest; 0: the usual */
	void (*event)(void *ctx, const struct lab_event *ev);
	void *ctx;
	/* out */
	enum stage stage;
	long long started, panic_at, capture_at, ending_at;	/* ms */
	char image_sha256[65];		/* as the guest told it */
	char *failed;			/* what the guest's init said when it gave up, NULL */
	char *said;			/* last words of the program that arms, NULL */
	char *last;			/* last line of the console, NULL */
	bool halts;			/* the capture ended with a halt: there will be no reset */
	char *capture_panic;		/* its line, NULL */
};
void timeline_done(struct timeline *t);
void timeline_start(struct timeline *t, long long now, long long *deadline);
void timeline_line(struct timeline *t, const char *line, long long now, long long *deadline);
void timeline_event(const struct timeline *t, long long now, const char *name, double percent,
		    const char *text);
/* "waited 60 s for the capture kernel": what the guest did not get to in time; caller frees. */
char *timeline_waited_for(const struct timeline *t);

#endif
