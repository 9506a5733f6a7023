/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console.h"

#include "own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void what_is_said_is_understood(void **state)
{
	(void)state;
	for (int i = 0; i < CONSOLE_PHASES; i++) {
		char line[CONSOLE_LINE_MAX + 1];
		struct console_line got;

		line[console_format(line, 1234567, (enum console_phase)i, "saved /a/b (43.1 KB)")] = '\0';
		assert_true(console_parse(line, &got));
		assert_int_equal(got.phase, i);
		assert_true(got.seconds > 1234.566 && got.seconds < 1234.568);
		assert_int_equal(got.len, strlen("saved /a/b (43.1 KB)"));
		assert_memory_equal(got.text, "saved /a/b (43.1 KB)", got.len);
	}
}

static void the_form_is_this(void **state)
{
	char line[CONSOLE_LINE_MAX + 1];

	(void)state;
	line[console_format(line, 1234, CONSOLE_DMESG, "a\nb\x1b")] = '\0';
	assert_string_equal(line, "crashcfg: [   1.234] dmesg: a?b?\n");
}

static void a_long_text_is_cut(void **state)
{
	char line[CONSOLE_LINE_MAX], text[2000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(console_format(line, 1, CONSOLE_END, text), CONSOLE_LINE_MAX);
	assert_int_equal(line[CONSOLE_LINE_MAX - 1], '\n');
}

static void other_lines_are_not_ours(void **state)
{
	static const struct {
		const char *line;
		bool ours;
	} rows[] = {
		{ "[    3.1] EXT4-fs: crashcfg: [   4.161] device: x\r", true },
		{ "crashcfg: [4] end: reboot", true },
		{ "crashcfg: [x] end: reboot", false },
		{ "crashcfg: [ 1.2] end", false },
		{ "crashcfg: [ 1.2] ended: reboot", false },
		{ "crashcfg: [ 1.2", false },
		{ "crashcfg: [", false },
		{ "", false },
		{ "crashcfg: something else", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct console_line got;

		assert_int_equal(console_parse(rows[i].line, &got), rows[i].ours);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_understood),
		cmocka_unit_test(the_form_is_this),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(other_lines_are_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
