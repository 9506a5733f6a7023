/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syslog.h"

#include <stdio.h>
#include <time.h>

#define FACILITY_DAEMON 3
#define HOST_MAX 255	/* of RFC 5424 */
#define STAMP_MAX 40

static size_t put(char *to, size_t n, size_t end, const char *text, int from)
{
	for (; *text && n < end; text++) {
		unsigned char c = (unsigned char)*text;

		to[n++] = c < (unsigned)from || c == 0x7f || (c > 0x7f && from > ' ') ? '?' : *text;
	}
	return n;
}

static void stamp(int64_t ms, char to[static STAMP_MAX])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (ms < 0 || !gmtime_r(&seconds, &tm) || strftime(to, STAMP_MAX - 8, "%Y-%m-%dT%H:%M:%S", &tm) != 19)
		snprintf(to, STAMP_MAX, "-");
	else
		snprintf(to + 19, STAMP_MAX - 19, ".%03dZ", (int)(ms % 1000));
}

size_t syslog_format(char to[static SYSLOG_MAX], int severity, int64_t ms, const char *host, const char *id,
		     const char *text)
{
	char when[STAMP_MAX];
	size_t n;

	stamp(ms, when);
	n = (size_t)snprintf(to, SYSLOG_MAX, "<%d>1 %s ", FACILITY_DAEMON * 8 + (severity & 7), when);
	n = put(to, n, n + HOST_MAX, *host ? host : "-", '!');
	n = put(to, n, SYSLOG_MAX, " crashcfg - ", ' ');
	n = put(to, n, n + 32, *id ? id : "-", '!');
	n = put(to, n, SYSLOG_MAX, " - ", ' ');
	return put(to, n, SYSLOG_MAX, text, ' ');
}
