/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manifest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char full[] =
	"{\"schema\":1,\"state\":\"incomplete\",\"host\":\"web1\",\"machine_id\":\"ab\",\"boot_id\":\"cd\","
	"\"kernel\":\"6.1\",\"build_id\":\"ef\",\"crash_time\":1795222416,\"panic\":\"BUG: \\u001b[31m\\ud83d\\ude00\","
	"\"target\":\"file:///var/crash\",\"bytes\":12345678901,\"sha256\":\"00\",\"pages\":7,\"checked\":true,"
	"\"check\":\"whole\",\"mem_total\":5,\"mem_low\":4,\"mem_reserved\":6,\"dump_level\":31,\"compress\":\"-l\",\"collector\":\"m\","
	"\"phases\":[{\"name\":\"log\",\"target\":\"\",\"seconds\":1.5,\"exit_code\":137,\"error\":\"killed\"}],"
	"\"attempts\":[{\"target\":\"a\",\"result\":\"failed\",\"error\":\"no\"},{\"target\":\"b\",\"result\":\"saved\"}]}";

static void decode_of_encode_is_the_same_manifest(void **state)
{
	auto_manifest struct manifest *m = NULL, *back = NULL;
	auto_buf struct buf text = { 0 };
	auto_buf struct buf again = { 0 };

	(void)state;
	assert_int_equal(manifest_decode(full, strlen(full), &m, NULL), 0);
	manifest_encode(m, &text);
	assert_int_equal(manifest_decode(text.data, text.len, &back, NULL), 0);
	manifest_encode(back, &again);
	assert_string_equal(buf_text(&text), buf_text(&again));
	assert_int_equal(back->state, MANIFEST_INCOMPLETE);
	assert_true(back->bytes == 12345678901ULL && back->crash_time == 1795222416);
	assert_string_equal(back->panic, "BUG: \x1b[31m\xf0\x9f\x98\x80");
	assert_int_equal(back->n_phases, 1);
	assert_int_equal(back->phases[0].exit_code, 137);
	assert_true(back->phases[0].seconds > 1.49 && back->phases[0].seconds < 1.51);
	assert_int_equal(back->n_attempts, 2);
	assert_string_equal(back->attempts[1].error, "");
}

static void what_is_absent_is_empty_and_what_is_unknown_is_ignored(void **state)
{
	static const char text[] = "{\"schema\":1,\"state\":\"saving\",\"colour\":\"red\",\"phases\":[{}]}";
	auto_manifest struct manifest *m = NULL;

	(void)state;
	assert_int_equal(manifest_decode(text, strlen(text), &m, NULL), 0);
	assert_int_equal(m->state, MANIFEST_SAVING);
	assert_string_equal(m->host, "");
	assert_string_equal(m->phases[0].name, "");
	assert_int_equal(m->n_attempts, 0);
}

static void what_is_no_manifest_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "{}", "[]", "7", "{\"schema\":1}", "{\"schema\":2,\"state\":\"saving\"}",
		"{\"schema\":1,\"state\":\"done\"}", "{\"schema\":1,\"state\":3}",
		"{\"schema\":1,\"state\":\"saving\",\"bytes\":-1}", "{\"schema\":1,\"state\":\"saving\",\"host\":null}",
		"{\"schema\":1,\"state\":\"saving\",\"phases\":{}}", "{\"schema\":1,\"state\":\"saving\",\"phases\":[7,{\"name\":7}]}",
		"{\"schema\":1,\"state\":\"saving\"", "{\"schema\":1,\"state\":\"saving\"}}",
		"{\"schema\":1,\"state\":\"saving\",\"phases\":[{\"seconds\":\"1\"}]}",
		"{\"schema\":1,\"state\":\"saving\",\"phases\":[{\"seconds\":1e300}]}",
		"{\"schema\":1,\"schema\":1,\"state\":\"saving\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_manifest struct manifest *m = NULL;
		struct err e = { 0 };

		if (manifest_decode(rows[i], strlen(rows[i]), &m, &e) != -EINVAL || m || !e.text[0])
			fail_msg("%s was taken", rows[i]);
	}
}

static void folders_are_named_by_crash_time_and_boot_id(void **state)
{
	static const struct {
		int64_t when;
		const char *boot_id, *want;
	} rows[] = {
		{ 1795222416, "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "2026-11-21T00-53-36Z-1b4e28ba" },
		{ 1795222416, "1B4E28BA-2FA1", "2026-11-21T00-53-36Z-1b4e28ba" },
		{ 0, "", "1970-01-01T00-00-00Z-00000000" },
		{ 1, "../../..", "1970-01-01T00-00-01Z-00000000" },
		{ 1, "1b4e28b/", "1970-01-01T00-00-01Z-00000000" },
		{ INT64_MAX, "1b4e28ba", "1970-01-01T00-00-00Z-1b4e28ba" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = manifest_folder(rows[i].when, rows[i].boot_id);

		assert_string_equal(got, rows[i].want);
	}
}

static void a_folder_tells_the_time_of_its_crash(void **state)
{
	static const struct {
		const char *name;
		int64_t want;
	} rows[] = {
		{ "2026-11-21T00-53-36Z-1b4e28ba", 1795222416 },
		{ "2026-11-21T00-53-36Z-1b4e28ba.2", 1795222416 },
		{ "1970-01-01T00-00-01Z-00000000.99", 1 },
		{ "2026-11-21T00-53-36Z-1b4e28b", -1 },
		{ "2026-11-21T00-53-36Z-1b4e28bx", -1 },
		{ "2026-11-21T00-53-36Z-1b4e28ba.", -1 },
		{ "2026-11-21T00-53-36Z-1b4e28ba.2~", -1 },
		{ "2026-11-21T00-53-36Z-1b4e28ba2", -1 },
		{ "2026-13-21T00-53-36Z-1b4e28ba", -1 },
		{ "2026-11-21T00-53-36 -1b4e28ba", -1 },
		{ "202-011-21T00-53-36Z-1b4e28ba", -1 },
		{ "..", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (manifest_folder_time(rows[i].name) != rows[i].want)
			fail_msg("'%s': %lld", rows[i].name, (long long)manifest_folder_time(rows[i].name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_of_encode_is_the_same_manifest),
		cmocka_unit_test(what_is_absent_is_empty_and_what_is_unknown_is_ignored),
		cmocka_unit_test(what_is_no_manifest_is_refused),
		cmocka_unit_test(folders_are_named_by_crash_time_and_boot_id),
		cmocka_unit_test(a_folder_tells_the_time_of_its_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
