/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_SYSLOG_H
#define CRASHCFG_SYSLOG_H

#include <stddef.h>
#include <stdint.h>

/* A message of syslog over UDP (RFC 5424 and 5426).  The severities are that RFC's numbers. */
#define SYSLOG_PORT 514
#define SYSLOG_MAX 1024		/* bytes; what does not fit is cut */
#define SYSLOG_ERROR 3
#define SYSLOG_NOTICE 5
#define SYSLOG_INFO 6

/*
 * One message of facility daemon: MS since 1970, HOST (what is not printable ASCII becomes '?', "" is "-"), ID
 * of the kind of message, a short word, and its TEXT, whose control characters become '?'.  The length is
 * returned, it is not NUL-terminated.  Allocates nothing.
 */
size_t syslog_format(char to[static SYSLOG_MAX], int severity, int64_t ms, const char *host, const char *id,
		     const char *text);

#endif
