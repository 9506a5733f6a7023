/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void what_steers_a_terminal_is_taken_out_and_letters_stay(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "", "" },
		{ "Permission denied (publickey).", "Permission denied (publickey)." },
		{ "a\x1b[2Jb\a\tc\n", "a?[2Jb??c?" },
		{ "\x7f", "?" },
		{ "\xc2\x9b" "31mred", "??31mred" },		/* CSI, in UTF-8 */
		{ "\x9b" "31mred\x85", "?31mred?" },		/* and as one byte */
		{ "gr\xc3\xbc\xc3\x9f e\xe2\x82\xac", "gr\xc3\xbc\xc3\x9f e\xe2\x82\xac" },
		{ "\xc2\xa0", "\xc2\xa0" },
		{ "\xc2", "\xc2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", rows[i].from);
		assert_ptr_equal(text_plain(text), text);
		assert_string_equal(text, rows[i].to);
		assert_string_equal(text_plain(text), rows[i].to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_steers_a_terminal_is_taken_out_and_letters_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
