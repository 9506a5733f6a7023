/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "efilog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void free_parts(struct buf *parts)
{
	for (unsigned i = 0; i < EFILOG_PARTS; i++)
		buf_done(&parts[i]);
}

static void the_end_of_a_log_of_any_length_comes_back(void **state)
{
	static const size_t lengths[] = { 1, 100, 1920, 1921, 5000, 7680, 7681, 100000 };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(lengths); k++) {
		struct buf parts[EFILOG_PARTS] = { { 0 } };
		auto_efilog struct efilog l = { 0 };
		auto_buf struct buf text = { 0 };
		unsigned n;

		for (size_t i = 0; i < lengths[k]; i++)
			buf_addc(&text, (char)('a' + i % 23));
		n = efilog_encode(1795222416, "1b4e28ba-2fa1-11d2-883f-0016d3cca427", text.data, text.len,
				  parts);
		assert_in_range(n, 1, EFILOG_PARTS);
		for (unsigned i = 0; i < n; i++)
			assert_in_range(parts[i].len, 1, EFILOG_PART_MAX);
		assert_int_equal(efilog_decode(parts, &l, NULL), 0);
		assert_true(l.whole);
		assert_int_equal(l.crash_time, 1795222416);
		assert_string_equal(l.boot_id, "1b4e28ba-2fa1-11d2-883f-0016d3cca427");
		assert_true(l.text.len == (text.len < 7680 ? text.len : 7680));
		assert_memory_equal(l.text.data, text.data + text.len - l.text.len, l.text.len);
		free_parts(parts);
	}
}

static void a_part_that_is_missing_or_of_another_crash_is_told(void **state)
{
	struct buf parts[EFILOG_PARTS] = { { 0 } }, older[EFILOG_PARTS] = { { 0 } };
	auto_efilog struct efilog l = { 0 };
	auto_buf struct buf text = { 0 };

	(void)state;
	for (int i = 0; i < 6000; i++)
		buf_addc(&text, 'x');
	assert_int_equal(efilog_encode(2, "", text.data, text.len, parts), 4);
	assert_int_equal(efilog_encode(1, "", text.data, text.len, older), 4);
	buf_clear(&parts[1]);
	buf_add(&parts[1], older[1].data, older[1].len);
	assert_int_equal(efilog_decode(parts, &l, NULL), 0);
	assert_false(l.whole);
	assert_int_equal(l.crash_time, 2);
	assert_string_equal(l.boot_id, "");
	assert_int_equal(l.text.len, 6000 - 1920);
	free_parts(parts);
	free_parts(older);
}

static void what_others_wrote_is_no_log(void **state)
{
	static const char *const rows[] = {
		"", "crashcfg-log 1 0 1 5 -", "crashcfg-log 2 0 1 5 -\nx", "crashcfg-log 1 1 1 5 -\nx",
		"crashcfg-log 1 0 9 5 -\nx", "crashcfg-log 1 0 1 5 ../..\nx", "crashcfg-log 1 0 1 5 - x\nx",
		"crashcfg-log 1 0 1\nx", "\n", "crashcfg-log 1 -1 1 5 -\nx",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf parts[EFILOG_PARTS] = { { 0 } };
		auto_efilog struct efilog l = { 0 };

		buf_adds(&parts[0], rows[i]);
		if (efilog_decode(parts, &l, NULL) != -ENOENT)
			fail_msg("'%s' was taken", rows[i]);
		free_parts(parts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_a_log_of_any_length_comes_back),
		cmocka_unit_test(a_part_that_is_missing_or_of_another_crash_is_told),
		cmocka_unit_test(what_others_wrote_is_no_log),
	};

	return cmocka_run_group_tests_name("efilog", tests, NULL, NULL);
}
