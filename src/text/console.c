/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const names[CONSOLE_PHASES] = {
	[CONSOLE_UP] = "up",
	[CONSOLE_MODULES] = "modules",
	[CONSOLE_DEVICE] = "device",
	[CONSOLE_HOOK] = "hook",
	[CONSOLE_DMESG] = "dmesg",
	[CONSOLE_VMCORE] = "vmcore",
	[CONSOLE_CHECK] = "check",
	[CONSOLE_SAVED] = "saved",
	[CONSOLE_FAILED] = "failed",
	[CONSOLE_LOG] = "log",
	[CONSOLE_END] = "end",
};

const char *console_phase_name(enum console_phase p)
{
	return names[p];
}

size_t console_format(char line[static CONSOLE_LINE_MAX], long long ms, enum console_phase p,
		      const char *text)
{
	size_t n = (size_t)snprintf(line, CONSOLE_LINE_MAX, CONSOLE_MARK "%4lld.%03lld] %s: ", ms / 1000,
				    ms % 1000, names[p]);

	for (; *text && n < CONSOLE_LINE_MAX - 1; text++)
		line[n++] = (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text;
	line[n++] = '\n';
	return n;
}

/* "   1.234] " at P: the seconds and where they end. */
static const char *parse_seconds(const char *p, double *ret)
{
	double v = 0, unit = 1;

	while (*p == ' ')
		p++;
	if (!isdigit((unsigned char)*p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++)
		v = v * 10 + (*p - '0');
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p); p++)
			v += (*p - '0') * (unit /= 10);
	if (strncmp(p, "] ", 2) != 0)
		return NULL;
	*ret = v;
	return p + 2;
}

bool console_parse(const char *line, struct console_line *ret)
{
	const char *p = strstr(line, CONSOLE_MARK);
	struct console_line l = { 0 };

	p = p ? parse_seconds(p + strlen(CONSOLE_MARK), &l.seconds) : NULL;
	for (int i = 0; p && i < CONSOLE_PHASES; i++) {
		size_t n = strlen(names[i]);

		if (strncmp(p, names[i], n) == 0 && strncmp(p + n, ": ", 2) == 0) {
			l.phase = (enum console_phase)i;
			l.text = p + n + 2;
			l.len = strcspn(l.text, "\r\n");
			*ret = l;
			return true;
		}
	}
	return false;
}
