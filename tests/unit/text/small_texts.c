/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"
#include "uevent.h"
#include "vmcoreinfo.h"

#include "own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void vmcoreinfo_tells_values(void **state)
{
	static const char text[] = "OSRELEASE=6.1.0\nBUILD-ID=ab\nPAGESIZE=4096\nCRASHTIME=1\nX=\nCRASHTIME=1795222416";
	static const struct {
		const char *key, *want;
	} rows[] = {
		{ "OSRELEASE", "6.1.0" }, { "BUILD-ID", "ab" }, { "BUILD", NULL }, { "RELEASE", NULL }, { "X", NULL },
		{ "CRASHTIME", "1795222416" }, { "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = vmcoreinfo_get(text, sizeof(text) - 1, rows[i].key);

		if (rows[i].want)
			assert_string_equal(got, rows[i].want);
		else
			assert_true(!got || !*got);
	}
	assert_int_equal(vmcoreinfo_crash_time(text, sizeof(text) - 1), 1795222416);
	assert_int_equal(vmcoreinfo_crash_time("CRASHTIME=-5\n", 13), 0);
	assert_int_equal(vmcoreinfo_crash_time("", 0), 0);
}

static void progress_is_read(void **state)
{
	static const struct {
		const char *line;
		int permille;	/* -1: no progress line */
		bool copy;
	} rows[] = {
		{ "Copying data                                      : [ 45.3 %] \\  eta: 12s", 453, true },
		{ "Copying data                                      : [100.0 %] /           ", 1000, true },
		{ "Excluding unnecessary pages                       : [  0.0 %] |", 0, false },
		{ "Checking for memory holes                         : [100 %]", 1000, false },
		{ "Copying data : [ 45.3", -1, false },
		{ "Copying data : [ 450.3 %]", -1, false },
		{ "Copying data : [ x %]", -1, false },
		{ "The kernel version is not supported.", -1, false },
		{ "", -1, false },
		{ ": [ 1 %]", 10, false },
		{ "Copying data : [ 99999999999999999999 %]", -1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct progress p = { .permille = 0 };
		bool is = progress_parse(rows[i].line, strlen(rows[i].line), &p);

		assert_int_equal(is, rows[i].permille >= 0);
		if (is) {
			assert_int_equal(p.permille, rows[i].permille);
			assert_int_equal(progress_is_copy(&p), rows[i].copy);
		}
	}
}

#define EVENT(text) text, sizeof(text)

static void uevents_are_read(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		const char *action, *devname;	/* action NULL: no event */
	} rows[] = {
		{ EVENT("add@/devices/vda\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=vda\0SEQNUM=7"), "add", "vda" },
		{ EVENT("change@/d\0ACTION=change\0SUBSYSTEM=block\0DEVNAME=mapper/x\0"), "change", "mapper/x" },
		{ EVENT("add@/d\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=../etc/passwd"), "add", "" },
		{ EVENT("add@/d\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=/etc/passwd"), "add", "" },
		{ EVENT("add@/d\0ACTION=add\0SUBSYSTEM=module"), "add", "" },
		{ EVENT("add@/d\0ACTION=add"), NULL, NULL },
		{ EVENT("libudev\0\xfe\xed\xca\xfe"), NULL, NULL },
		{ EVENT(""), NULL, NULL },
		{ "add@/d", 6, NULL, NULL },
		{ "add@/d\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=vda1", 46, "add", "vda1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct uevent ev;
		bool is = uevent_parse(rows[i].data, rows[i].len, &ev);

		assert_int_equal(is, rows[i].action != NULL);
		if (is) {
			assert_string_equal(ev.action, rows[i].action);
			assert_string_equal(ev.devname, rows[i].devname);
		}
	}
}

static void a_report_tells_the_bytes(void **state)
{
	static const struct {
		const char *line;
		uint64_t bytes;		/* 0: no such line */
	} rows[] = {
		{ "Write bytes     : 57041933", 57041933 },
		{ "Write bytes     : 18446744073709551615", UINT64_MAX },
		{ "Write bytes     : 18446744073709551616", 0 },
		{ "Write bytes     : ", 0 },
		{ "Write bytes     : -1", 0 },
		{ "Write bytes     : 12 and more", 0 },
		{ "Write", 0 },
		{ "", 0 },
		{ "Total pages     : 0x0000000000180000", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t bytes = 0;

		assert_int_equal(report_bytes(rows[i].line, strlen(rows[i].line), &bytes), rows[i].bytes != 0);
		assert_true(bytes == rows[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmcoreinfo_tells_values),
		cmocka_unit_test(progress_is_read),
		cmocka_unit_test(a_report_tells_the_bytes),
		cmocka_unit_test(uevents_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
