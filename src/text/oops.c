/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oops.h"

#include "own.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define LINE_MAX_BYTES 400

/*
 * How a report begins (arch/x86 fault.c, dumpstack.c, traps.c; arm64 traps.c, fault.c;
 * kernel/panic.c, lib/bug.c).
 */
static const char *const reports[] = {
	"BUG: ", "kernel BUG at ", "general protection fault", "Unable to handle kernel ",
	"Internal error: ", "Oops: ", "Oops - ", "double fault: ", "divide error: ", "invalid opcode: ",
	"stack segment: ", "segment not present: ", "int3: ", "alignment check: ", "bounds: ",
	"traps: PANIC: ", "watchdog: BUG: ", "NMI watchdog: BUG: ", "NMI watchdog: Watchdog detected ",
	"watchdog: Watchdog detected ", "list_add corruption", "list_del corruption",
	"kernel tried to execute ", "Bad mode in ",
};

/* Panics that only say that something was reported just before. */
static const char *const followers[] = {
	"Fatal exception", "Oops - ", "BUG!", "Oops: ", "panic_on_warn set", "kernel: panic_on_warn set",
};

static const char panic_text[] = "Kernel panic - not syncing: ";

struct span {
	const char *p;
	size_t len;
};

static bool starts(struct span s, const char *text)
{
	size_t n = strlen(text);

	return s.len >= n && memcmp(s.p, text, n) == 0;
}

static struct span skip(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.len - n };
}

/* Take off "<4>", "[   12.345678]", "[    T123]" and "[ C0]" and the blanks between. */
static struct span strip_prefix(struct span s)
{
	for (;;) {
		size_t n = 0;

		if (s.len && (*s.p == '<' || *s.p == '[')) {
			char close = *s.p == '<' ? '>' : ']';

			for (n = 1; n < s.len && n < 24 &&
				    (isalnum((unsigned char)s.p[n]) || s.p[n] == ' ' || s.p[n] == '.');)
				n++;
			if (n == s.len || s.p[n] != close || n == 1)
				return s;
			n++;
		} else if (s.len && (*s.p == ' ' || *s.p == '\t')) {
			n = 1;
		} else {
			return s;
		}
		s = skip(s, n);
	}
}

static bool is_report(struct span s)
{
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++)
		if (starts(s, reports[i]))
			return true;
	return false;
}

static bool says_more(struct span panic)
{
	for (size_t i = 0; i < ARRAY_SIZE(followers); i++)
		if (starts(skip(panic, sizeof(panic_text) - 1), followers[i]))
			return false;
	return true;
}

static struct span trim(struct span s)
{
	while (s.len && (isspace((unsigned char)s.p[s.len - 1]) || s.p[s.len - 1] == '\0'))
		s.len--;
	return s;
}

static char *copy_line(struct span s)
{
	char *text;

	if (s.len > LINE_MAX_BYTES)
		s.len = LINE_MAX_BYTES;
	s = trim(s);
	text = xcalloc(s.len + 1, 1);
	for (size_t i = 0; i < s.len; i++)
		text[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i];
	return text;
}

char *oops_panic_line(const char *log, size_t len)
{
	struct span panic = { NULL, 0 }, report = { NULL, 0 }, any = { NULL, 0 };

	for (size_t at = 0; at < len;) {
		const char *eol = memchr(log + at, '\n', len - at);
		size_t n = eol ? (size_t)(eol - (log + at)) : len - at;
		struct span line = strip_prefix(trim((struct span){ log + at, n }));

		if (starts(line, panic_text)) {
			panic = line;
		} else if (starts(line, "---[ end trace")) {
			/* What was reported so far was survived. */
			report.p = NULL;
		} else if (is_report(line)) {
			any = line;
			if (!report.p)
				report = line;
		}
		at += n + 1;
	}
	if (panic.p && says_more(panic))
		return copy_line(panic);
	if (report.p)
		return copy_line(report);
	if (any.p && panic.p)
		return copy_line(any);
	return panic.p ? copy_line(panic) : any.p ? copy_line(any) : NULL;
}
