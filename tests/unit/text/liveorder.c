/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "liveorder.h"

#include "plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void an_order_is_read_as_it_was_written(void **state)
{
	struct live_order from = { .target = 3, .need = 12345678901, .device = xstrdup("/dev/mapper/vg-x"),
				   .folder = xstrdup(LIVE_FOLDER "00af") };
	struct live_order to = { 0 };
	auto_buf struct buf text = { 0 };

	(void)state;
	strv_add(&from.locked, "/dev/md0");
	strv_add(&from.locked, "/dev/dm-2");
	live_order_encode(&from, &text);
	assert_int_equal(live_order_decode(text.data, text.len, &to, NULL), 0);
	assert_int_equal(to.target, 3);
	assert_true(to.need == 12345678901);
	assert_string_equal(to.device, "/dev/mapper/vg-x");
	assert_string_equal(to.folder, LIVE_FOLDER "00af");
	assert_int_equal(to.locked.n, 2);
	assert_string_equal(to.locked.v[0], "/dev/md0");
	assert_string_equal(to.locked.v[1], "/dev/dm-2");
	live_order_done(&from);
	live_order_done(&to);
}

static void an_order_that_would_lead_elsewhere_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "{}", "[]",
		"{\"target\":-1,\"device\":\"\",\"folder\":\".crashcfg-live-0\",\"need\":0}",
		"{\"target\":0,\"device\":\"/etc/shadow\",\"folder\":\".crashcfg-live-0\",\"need\":0}",
		"{\"target\":0,\"device\":\"\",\"locked\":[\"/dev/vda\",\"/etc/shadow\"],\"folder\":\".crashcfg-live-0\",\"need\":0}",
		"{\"target\":0,\"device\":\"\",\"folder\":\".crashcfg-live-\",\"need\":0}",
		"{\"target\":0,\"device\":\"\",\"folder\":\".crashcfg-live-0/../x\",\"need\":0}",
		"{\"target\":0,\"device\":\"\",\"folder\":\"x\",\"need\":0}",
		"{\"target\":0,\"device\":\"\",\"folder\":\".crashcfg-live-0\",\"need\":-1}",
		"{\"target\":0,\"device\":\"\",\"folder\":\".crashcfg-live-0\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct live_order to = { 0 };
		struct err e = { 0 };

		if (live_order_decode(rows[i], strlen(rows[i]), &to, &e) >= 0 || !e.text[0])
			fail_msg("row %zu", i);
		assert_null(to.folder);
	}
}

static void a_line_tells_a_step_that_begins_or_has_ended(void **state)
{
	static const struct {
		struct live_line line;
		const char *text;
	} rows[] = {
		{ { .step = (char *)(size_t)"write" }, "{\"step\":\"write\"}\n" },
		{ { .step = (char *)(size_t)"write", .ended = true, .ms = 12 },
		  "{\"step\":\"write\",\"ms\":12,\"error\":\"\",\"note\":\"\"}\n" },
		{ { .step = (char *)(size_t)"space", .ended = true, .error = (char *)(size_t)"a \"b\"\n",
		    .note = (char *)(size_t)"c" },
		  "{\"step\":\"space\",\"ms\":0,\"error\":\"a \\\"b\\\"\\n\",\"note\":\"c\"}\n" },
		{ { .step = (char *)(size_t)"folder", .ended = true, .error = (char *)(size_t)"\x1b]0;x\a" },
		  "{\"step\":\"folder\",\"ms\":0,\"error\":\"\\u001B]0;x\\u0007\",\"note\":\"\"}\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_live_line struct live_line back = { 0 };
		auto_free char *error = text_plain(xstrdup(rows[i].line.error ? rows[i].line.error : ""));
		auto_buf struct buf text = { 0 };

		live_line_encode(&rows[i].line, &text);
		assert_string_equal(text.data, rows[i].text);
		assert_int_equal(live_line_decode(text.data, text.len, &back, NULL), 0);
		assert_string_equal(back.step, rows[i].line.step);
		assert_int_equal(back.ended, rows[i].line.ended);
		assert_int_equal(back.ms, rows[i].line.ms);
		assert_string_equal(back.error, error);
	}
}

static void a_line_of_another_kind_is_none(void **state)
{
	static const char *const rows[] = {
		"", "x", "{}", "{\"step\":\"\"}", "{\"step\":7}", "{\"step\":\"Write\"}", "{\"step\":\"a b\"}",
		"{\"step\":\"write\",\"ms\":-5}", "{\"step\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct live_line l = { 0 };

		if (live_line_decode(rows[i], strlen(rows[i]), &l, NULL) >= 0)
			fail_msg("'%s' is taken", rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_is_read_as_it_was_written),
		cmocka_unit_test(an_order_that_would_lead_elsewhere_is_refused),
		cmocka_unit_test(a_line_tells_a_step_that_begins_or_has_ended),
		cmocka_unit_test(a_line_of_another_kind_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
