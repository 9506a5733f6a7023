/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timeline.h"
#include "console.h"
#include "guest/guest.h"
#include "num.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/*
 * How long a stage may take under KVM.  Without it a guest is some ten times slower, and on a busy
 * machine so much more that a minute from panic to capture was seen.
 */
static const struct {
	int seconds;
	const char *next;	/* what was waited for */
} stages[] = {
	[STAGE_START] = { 60, "the guest's kernel to boot" },
	[STAGE_BOOTED] = { 60, "'crashcfg load' in the guest" },
	[STAGE_ARMED] = { 30, "the panic" },
	[STAGE_PANIC] = { 60, "the capture kernel" },
	[STAGE_CAPTURE] = { 0, "the capture to get on" },
	[STAGE_ENDING] = { 30, "the reset" },
};

#define EMULATED_FACTOR 4
#define HALT_SECONDS 15		/* a machine that stands still so long stays so: init would have tried sysrq */
#define CAPTURE_SLACK 30	/* seconds beyond what the recipe promises */

void timeline_done(struct timeline *t)
{
	free(t->failed);
	free(t->said);
	free(t->last);
	free(t->capture_panic);
	t->failed = t->said = t->last = t->capture_panic = NULL;
}

static long long stage_ms(const struct timeline *t)
{
	if (t->stage == STAGE_START && t->boot_ms)
		return t->boot_ms;
	if (t->stage != STAGE_CAPTURE)
		return stages[t->stage].seconds * 1000LL * (t->emulated ? EMULATED_FACTOR : 1);
	return (t->recipe->stall + t->recipe->grace + CAPTURE_SLACK) * 1000LL;	/* since its last word */
}

/* The end of a capture that talks and talks. */
static long long capture_end(const struct timeline *t)
{
	const struct recipe *r = t->recipe;

	return r->deadline ? t->capture_at + (r->deadline + r->grace + CAPTURE_SLACK) * 1000LL : LLONG_MAX;
}

void timeline_event(const struct timeline *t, long long now, const char *name, double percent,
		    const char *text)
{
	struct lab_event ev = {
		.name = name, .seconds = (double)(now - t->started) / 1000, .percent = percent, .text = text,
	};

	if (t->event)
		t->event(t->ctx, &ev);
}

static void enter(struct timeline *t, enum stage stage, long long now, long long *deadline)
{
	t->stage = stage;
	if (stage == STAGE_CAPTURE)
		t->capture_at = now;
	*deadline = now + stage_ms(t);
}

void timeline_start(struct timeline *t, long long now, long long *deadline)
{
	t->started = now;
	enter(t, STAGE_START, now, deadline);
}

static void remember(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
}

/* The rest of LINE after WORD and a blank; NULL: LINE does not start so. */
static const char *after(const char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) != 0 || (line[len] != ' ' && line[len] != '\0'))
		return NULL;
	return line + len + (line[len] == ' ');
}

/* "sha256=... reserved=BYTES" */
static void armed(struct timeline *t, const char *words, long long now, long long *deadline)
{
	auto_free char *text = NULL;
	const char *sum = strstr(words, "sha256="), *reserved = strstr(words, "reserved=");
	char size[SIZE_TEXT_MAX];

	if (sum && strspn(sum + 7, "0123456789abcdef") == 64)
		memcpy(t->image_sha256, sum + 7, 64);
	text = xasprintf("image %.12s is loaded, %s are reserved", t->image_sha256,
			 size_human(reserved ? strtoull(reserved + 9, NULL, 10) : 0, size));
	enter(t, STAGE_ARMED, now, deadline);
	timeline_event(t, now, "armed", -1, text);
}

static void guest_said(struct timeline *t, const char *words, long long now, long long *deadline)
{
	const char *rest;

	rest = after(words, GUEST_BOOT);
	if (rest && t->stage == STAGE_START) {
		enter(t, STAGE_BOOTED, now, deadline);
		timeline_event(t, now, "boot", -1, rest);
	}
	rest = after(words, GUEST_ARMED);
	if (rest && t->stage == STAGE_BOOTED)
		armed(t, rest, now, deadline);
	rest = after(words, GUEST_FAILED);
	if (rest && t->stage < STAGE_PANIC && !t->failed)
		t->failed = xstrdup(rest);
}

static void panic_said(struct timeline *t, const char *text, long long now, long long *deadline)
{
	if (t->stage == STAGE_ARMED) {
		t->panic_at = now;
		enter(t, STAGE_PANIC, now, deadline);
		timeline_event(t, now, "panic", -1, text);
	} else if (t->stage >= STAGE_PANIC && now > t->panic_at && !t->capture_panic) {
		t->capture_panic = xstrdup(text);
		timeline_event(t, now, "failed", -1, text);
	}
}

/* Progress lines: "45 % 23.4 MB/s". */
static double percent_of(const char *text)
{
	char *end;
	double v = strtod(text, &end);

	while (*end == ' ')
		end++;
	return *end == '%' && v >= 0 && v <= 100 ? v : -1;
}

static void capture_said(struct timeline *t, const struct console_line *c, long long now, long long *deadline)
{
	static const char *const names[CONSOLE_PHASES] = {
		[CONSOLE_UP] = "capture", [CONSOLE_MODULES] = "modules", [CONSOLE_DEVICE] = "device",
		[CONSOLE_DMESG] = "dmesg", [CONSOLE_VMCORE] = "vmcore", [CONSOLE_CHECK] = "check",
		[CONSOLE_SAVED] = "renamed", [CONSOLE_FAILED] = "failed", [CONSOLE_END] = "end",
	};
	auto_free char *text = xstrndup(c->text, c->len);

	if (t->stage < STAGE_ARMED)
		return;
	if (t->stage < STAGE_PANIC)	/* the panic's line was lost between two kernels */
		t->panic_at = now;
	if (t->stage < STAGE_CAPTURE)
		enter(t, STAGE_CAPTURE, now, deadline);
	else if (t->stage == STAGE_CAPTURE)
		*deadline = now + stage_ms(t) < capture_end(t) ? now + stage_ms(t) : capture_end(t);
	if (c->phase == CONSOLE_END) {
		enter(t, STAGE_ENDING, now, deadline);
		t->ending_at = now;
		t->halts = strcmp(text, "halt") == 0;
		if (t->halts)
			*deadline = now + HALT_SECONDS * 1000LL;
	}
	if (names[c->phase])
		timeline_event(t, now, names[c->phase], c->phase == CONSOLE_VMCORE ? percent_of(text) : -1,
			       text);
}

void timeline_line(struct timeline *t, const char *line, long long now, long long *deadline)
{
	const char *mark = strstr(line, GUEST_MARK), *panic = strstr(line, "Kernel panic - not syncing");
	struct console_line c;

	if (console_parse(line, &c))
		capture_said(t, &c, now, deadline);
	else if (mark)
		guest_said(t, mark + strlen(GUEST_MARK), now, deadline);
	else if (panic)
		panic_said(t, panic, now, deadline);
	else if (t->stage == STAGE_BOOTED && *line != '[')
		remember(&t->said, line);
	remember(&t->last, line);
}

char *timeline_waited_for(const struct timeline *t)
{
	return xasprintf("waited %lld s for %s", stage_ms(t) / 1000, stages[t->stage].next);
}
