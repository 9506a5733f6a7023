/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "foreign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* "LINE KIND key|value|trouble" of each line, so that a row shows all that was read. */
static char *told(enum foreign_syntax syntax, const char *data)
{
	static const char *const kinds[] = { "set", "more", "off", "bad" };
	auto_foreign struct foreign_file f = { 0 };
	auto_buf struct buf text = { 0 };

	foreign_split(syntax, data, strlen(data), &f);
	for (size_t i = 0; i < f.n; i++) {
		const struct foreign_line *l = &f.lines[i];

		buf_addf(&text, "%s%u %s %s|%s", i ? "\n" : "", l->line, kinds[l->kind], l->key, l->value);
		if (*l->trouble)
			buf_addf(&text, "|%.20s", l->trouble);
	}
	buf_addc(&text, '\0');
	return buf_take(&text);
}

struct row {
	const char *data, *want;
};

static void check(enum foreign_syntax syntax, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *got = told(syntax, rows[i].data);

		assert_string_equal(got, rows[i].want);
	}
}

static void a_shell_file_is_read_and_never_run(void **state)
{
	static const struct row rows[] = {
		{ "A=1\nB=\"two words\"\nC='$x'\nD=", "1 set A|1\n2 set B|two words\n3 set C|$x\n4 set D|" },
		{ "\xef\xbb\xbf" "A=1\r\nB=2\r\n", "1 set A|1\n2 set B|2" },
		{ "A=a\"b c\"'d'\\ e # text", "1 set A|ab cd e" },
		{ "A=\"\\\"\\$x\\\\\\n\"", "1 set A|\"$x\\\\n" },
		{ "export A=1; B=2 C=3", "1 set A|1\n1 set B|2\n1 set C|3" },
		{ "A=x#y", "1 set A|x#y" },
		{ "A+=\" more\"", "1 more A| more" },
		/* what sh would expand or run is named */
		{ "A=\"$(touch /x)\"\nB=1", "1 bad A|\"$(touch /x)\"|the value holds '$' \n2 set B|1" },
		{ "A=$(a b) B=1", "1 bad A|$(a b) B=1|the value holds '$' \n1 set B|1" },
		{ "A=`a b`\nB=${C:-d e}", "1 bad A|`a b`|the value holds '$' \n"
					  "2 bad B|${C:-d e}|the value holds '$' " },
		{ "A=(1 2)", "1 bad A|(1 2)|the value is an arra" },
		{ "A=1 rm -rf /", "1 bad A|1 rm -rf /|the words behind the" },
		{ ". /etc/x\nif true; then", "1 bad |. /etc/x|this is not an assig\n"
					     "2 bad |if true; then|this is not an assig" },
		{ ": ${A:=1}", "1 bad |: ${A:=1}|this is not an assig" },
		/* damage */
		{ "A=\"/var/log/dump\nB=\"8\"\n", "1 set A|/var/log/dump|the quote was never \n2 set B|8" },
		{ "A=\"x   # why\nB=1", "1 set A|x|the quote was never \n2 set B|1" },
		{ "A=8\"\nB=1", "1 set A|8|the quote was never \n2 set B|1" },
		{ "A='x", "1 set A|x|the quote was never " },
		{ "A=\"x\n# y\"\nB=1", "1 set A|x|the quote was never \n3 set B|1" },
		{ "A=\"one\n  two\" # c\nB=1", "1 set A|one two|the value goes on ov\n3 set B|1" },
		{ "A=\"one \\\n  two\"\nB=1", "1 set A|one  two|the value goes on ov\n3 set B|1" },
		{ "A=one\\\nB=1", "1 set A|one B=1|the value goes on ov" },
		{ "A = 1", "1 set A|1|blanks around '=' ar" },
		{ "A=\xe2\x80\x9cx\xe2\x80\x9d", "1 set A|x|typographic quotes a" },
		{ "A=\"\x01\"", "1 bad A|\"\x01\"|the value holds a co" },
		/* comments */
		{ "# prose\n#A=1\n## B=\"2\"", "2 off A|1\n3 off B|\"2\"" },
		{ "", "" },
	};

	(void)state;
	check(FOREIGN_SHELL, rows, ARRAY_SIZE(rows));
}

static void a_file_of_words_is_read(void **state)
{
	static const struct row rows[] = {
		{ "path /var/crash\n  ext4\tUUID=1  # here\n", "1 set path|/var/crash\n2 set ext4|UUID=1" },
		{ "c \"cp --x\"\nd \"a\" b \"c\"", "1 set c|cp --x\n2 set d|a\" b \"c" },
		{ "c \"cp --x", "1 set c|cp --x|the quote was never " },
		{ "path=/x", "1 bad path|path=/x|this file has lines " },
		{ "path", "1 set path|" },
		{ "#ssh a@b\n# path is prose\n#word", "1 off ssh|a@b" },
		{ "path /a\r\npath $(x)", "1 set path|/a\n2 set path|$(x)" },
		{ "path a\x02", "1 bad path|a\x02|the value holds a co" },
	};

	(void)state;
	check(FOREIGN_WORDS, rows, ARRAY_SIZE(rows));
}

static void a_nul_spoils_its_line_alone(void **state)
{
	static const char data[] = "A=1\0\nB=2\n";
	auto_foreign struct foreign_file f = { 0 };

	(void)state;
	foreign_split(FOREIGN_SHELL, data, sizeof(data) - 1, &f);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.lines[0].kind, FOREIGN_BAD);
	assert_string_equal(f.lines[1].value, "2");
}

static void a_file_that_is_none_has_an_end(void **state)
{
	auto_foreign struct foreign_file f = { 0 };
	auto_buf struct buf data = { 0 };

	(void)state;
	for (unsigned i = 0; i < FOREIGN_LINES_MAX + 5; i++)
		buf_adds(&data, "A=1\n");
	foreign_split(FOREIGN_SHELL, data.data, data.len, &f);
	assert_int_equal(f.n, FOREIGN_LINES_MAX);
	assert_int_equal(f.lines[f.n - 1].kind, FOREIGN_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shell_file_is_read_and_never_run),
		cmocka_unit_test(a_file_of_words_is_read),
		cmocka_unit_test(a_nul_spoils_its_line_alone),
		cmocka_unit_test(a_file_that_is_none_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
