/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void the_nearest_name_is_found_whatever_its_case(void **state)
{
	static const char *const names[] = { "apply", "analyze", "check", "save", "show", "load", "unload" };
	static const struct {
		const char *word, *want;
	} rows[] = {
		{ "apply", "apply" }, { "aply", "apply" }, { "APPYL", "apply" }, { "cehck", "check" },
		{ "sow", "show" }, { "unlaod", "unload" }, { "analyse", "analyze" }, { "x", NULL }, { "", NULL },
		{ "somethingelse", NULL }, { "a-word-that-is-longer-than-any-name-could-ever-be-here", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct near near = near_begin(rows[i].word);

		for (size_t k = 0; k < COUNT(names); k++)
			near_try(&near, names[k]);
		if (rows[i].want)
			assert_string_equal(near.name, rows[i].want);
		else
			assert_null(near.name);
	}
}

static void text_is_cut_at_blanks_and_keeps_its_paragraphs(void **state)
{
	static const struct {
		const char *text, *first, *indent, *want;
		unsigned width;
	} rows[] = {
		{ "", "# ", "# ", "", 20 },
		{ "one two three", "# ", "# ", "# one two\n# three\n", 9 },
		{ "one two three", "a: ", "   ", "a: one\n   two\n   three\n", 8 },
		{ "one\n\ntwo", "", "", "one\n\ntwo\n", 20 },
		{ "a/word/that/is/longer b", "", "", "a/word/that/is/longer\nb\n", 5 },
		{ "  two   blanks ", "", "", "two blanks\n", 20 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf struct buf got = { 0 };

		words_wrap(rows[i].text, rows[i].first, rows[i].indent, rows[i].width, &got);
		assert_string_equal(buf_text(&got), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_name_is_found_whatever_its_case),
		cmocka_unit_test(text_is_cut_at_blanks_and_keeps_its_paragraphs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
