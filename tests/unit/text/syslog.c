/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syslog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void a_message_is_as_rfc_5424_has_it(void **state)
{
	static const struct {
		int severity;
		int64_t ms;
		const char *host, *id, *text, *want;
	} rows[] = {
		{ SYSLOG_INFO, 1795159849123, "web1.example.org", "vmcore", "9 % 4.0 MB/s",
		  "<30>1 2026-11-20T07:30:49.123Z web1.example.org crashcfg - vmcore - 9 % 4.0 MB/s" },
		{ SYSLOG_ERROR, 7, "h", "failed", "a\nb\x7f \xc3\xa9",
		  "<27>1 1970-01-01T00:00:00.007Z h crashcfg - failed - a?b? \xc3\xa9" },
		{ SYSLOG_INFO, -1, "", "", "", "<30>1 - - crashcfg - - - " },
		{ SYSLOG_INFO, 0, "a b\xc3\xa9", "x y", "t", "<30>1 1970-01-01T00:00:00.000Z a?b?? crashcfg - x?y - t" },
		{ SYSLOG_INFO, INT64_MAX, "h", "x", "t", "<30>1 - h crashcfg - x - t" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char data[SYSLOG_MAX];
		size_t n = syslog_format(data, rows[i].severity, rows[i].ms, rows[i].host, rows[i].id, rows[i].text);

		assert_int_equal(n, strlen(rows[i].want));
		assert_memory_equal(data, rows[i].want, n);
	}
}

static void what_does_not_fit_is_cut(void **state)
{
	char text[3000], data[SYSLOG_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(syslog_format(data, SYSLOG_INFO, 0, text, text, text), SYSLOG_MAX);
	assert_int_equal(syslog_format(data, SYSLOG_INFO, 0, text, text, ""),
			 strlen("<30>1 1970-01-01T00:00:00.000Z ") + 255 + strlen(" crashcfg - ") + 32 + strlen(" - "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_as_rfc_5424_has_it),
		cmocka_unit_test(what_does_not_fit_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
