/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_clean_line_gives_its_key_and_value(void **state)
{
	static const struct { const char *line, *key, *value, *raw; } rows[] = {
		{ "A=word",			"A", "word",		"word" },
		{ "A=\"any text\"",		"A", "any text",	"\"any text\"" },
		{ "A='any text'",		"A", "any text",	"'any text'" },
		{ "A=",				"A", "",		"" },
		{ "A=\"\"",			"A", "",		"\"\"" },
		{ "A=''",			"A", "",		"''" },
		{ "A= ",			"A", "",		"" },
		{ "A= # nothing",		"A", "",		"" },
		{ "  A=word\t # why",		"A", "word",		"word" },
		{ "A=\"x\" #why",		"A", "x",		"\"x\"" },
		{ "A=\"a # b\" # why",		"A", "a # b",		"\"a # b\"" },
		{ "A=a#b",			"A", "a#b",		"a#b" },
		{ "A=#b",			"A", "#b",		"#b" },
		{ "A=b=c",			"A", "b=c",		"b=c" },
		{ "A=\"a;b|c&d(e)<f>\"",	"A", "a;b|c&d(e)<f>",	"\"a;b|c&d(e)<f>\"" },
		{ "A=file:///var/crash",	"A", "file:///var/crash", "file:///var/crash" },
		{ "A=\"a\\\"b\\\\c\"",		"A", "a\"b\\c",		"\"a\\\"b\\\\c\"" },
		{ "A='$4G `x`'",		"A", "$4G `x`",		"'$4G `x`'" },
		{ "A=\"it's\"",			"A", "it's",		"\"it's\"" },
		{ "A='say \"x\"'",		"A", "say \"x\"",	"'say \"x\"'" },
		{ "A=\"a\tb\"",			"A", "a\tb",		"\"a\tb\"" },
		{ "A=\"caf\xc3\xa9\"",		"A", "caf\xc3\xa9",	"\"caf\xc3\xa9\"" },
		{ "_a9=x",			"_a9", "x",		"x" },
		{ "A=word\r",			"A", "word",		"word" },
		{ "\xef\xbb\xbf" "A=word",	"A", "word",		"word" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_kv struct kv_file f = { 0 };

		kv_split(rows[i].line, strlen(rows[i].line), &f);
		if (f.n_faults)
			fail_msg("'%s': %s", rows[i].line, f.faults[0].text);
		assert_int_equal(f.n_lines, 1);
		assert_int_equal(f.lines[0].line, 1);
		assert_string_equal(f.lines[0].key, rows[i].key);
		assert_string_equal(f.lines[0].value, rows[i].value);
		assert_string_equal(f.lines[0].raw, rows[i].raw);
	}
}

static void blank_lines_and_comments_give_nothing(void **state)
{
	static const char *const rows[] = {
		"", "\n", "\r\n", "  \t ", "#", "# A=1", "\t# A=1 $(x) \" '", "# caf\xe9", "# \x1b[31m", "\xef\xbb\xbf",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_kv struct kv_file f = { 0 };

		kv_split(rows[i], strlen(rows[i]), &f);
		assert_int_equal(f.n_lines, 0);
		assert_int_equal(f.n_faults, 0);
	}
}

#define BYTES(text) text, sizeof(text) - 1

static void an_odd_line_is_a_fault_that_says_what_to_write(void **state)
{
	static const struct { const char *line; size_t len; const char *key, *value, *text; } rows[] = {
		{ BYTES("A = v"),		"A", "v",	"blanks around '=' (write A=\"v\")" },
		{ BYTES("A =v"),		"A", "v",	"blanks around '=' (write A=\"v\")" },
		{ BYTES("A\t=\t'v w'"),		"A", "v w",	"blanks around '=' (write A=\"v w\")" },
		{ BYTES("A = "),		"A", "",	"blanks around '=' (write A=\"value\")" },
		{ BYTES("A= v"),		"A", "v",	"a blank after '=' (write A=\"v\")" },
		{ BYTES("A= \"v\" # c"),	"A", "\"v\" # c", "a blank after '=' (write A=\"value\")" },
		{ BYTES("A+=v"),		"A", "v",	"'+=' cannot add" },
		{ BYTES("A += v"),		"A", "v",	"'+=' cannot add" },
		{ BYTES("A=\"${HOME}\""),	"A", "${HOME}",	"nothing is expanded or executed here, so '$'" },
		{ BYTES("A=$HOME"),		"A", "$HOME",	"nothing is expanded" },
		{ BYTES("A=$(touch x)"),	"A", "$(touch x)", "nothing is expanded" },
		{ BYTES("A=\"`touch x`\""),	"A", "`touch x`", "so '`' is not allowed" },
		{ BYTES("A=1 B=2"),		"A", "1 B=2",	"two assignments on one line (put 'B=2' on a line of its own)" },
		{ BYTES("A=\"1\" B=\"2\""),	"A", "\"1\" B=\"2\"", "two assignments" },
		{ BYTES("A=1;B=2"),		"A", "1;B=2",	"';' outside quotes" },
		{ BYTES("A=\"1\"; rm x"),	"A", "\"1\"; rm x", "';' after the value" },
		{ BYTES("A=\"1\" && x"),	"A", "\"1\" && x", "'&' after the value" },
		{ BYTES("A=\"1"),		"A", "\"1",	"no closing '\"' on this line" },
		{ BYTES("A='1"),		"A", "'1",	"no closing \"'\" on this line" },
		{ BYTES("A=1\""),		"A", "1\"",	"a quote within the value" },
		{ BYTES("A=a\"b\""),		"A", "a\"b\"",	"a quote within the value" },
		{ BYTES("A=\"a\"b"),		"A", "\"a\"b",	"text after the closing quote: 'b'" },
		{ BYTES("A=\"a\"\"b\""),	"A", "\"a\"\"b\"", "text after the closing quote" },
		{ BYTES("A=\"a\"#b"),		"A", "\"a\"#b",	"text after the closing quote" },
		{ BYTES("A=a b"),		"A", "a b",	"more than one word without quotes (write A=\"a b\")" },
		{ BYTES("A=(a b)"),		"A", "(a b)",	"'(' outside quotes" },
		{ BYTES("A=a\\ b"),		"A", "a\\ b",	"a backslash outside quotes" },
		{ BYTES("A=\"a\\nb\""),		"A", "a\\nb",	"a backslash may stand before" },
		{ BYTES("A=\"a\\"),		"A", "\"a\\",	"joins no lines" },
		{ BYTES("A='a\\b'"),		"A", "a\\b",	"a backslash between single quotes" },
		{ BYTES("A=\"\xff\""),		"A", "\\xff",	"byte \\xff is not UTF-8" },
		{ BYTES("A=\xc0\x80"),		"A", "\\xc0\\x80", "byte \\xc0 is not UTF-8" },
		{ BYTES("A=\xed\xa0\x80"),	"A", "\\xed\\xa0\\x80", "not UTF-8" },
		{ BYTES("A=\"\xe2\x82"),	"A", "\"\\xe2\\x82", "no closing" },
		{ BYTES("A=\"a\x1b[31m\""),	"A", "a\\x1b[31m", "control character \\x1b" },
		{ BYTES("A=a\x7f"),		"A", "a\\x7f",	"control character \\x7f" },
		{ BYTES("A=\"\xe2\x80\xae\""),	"A", "\\xe2\\x80\\xae", "an invisible control character" },
		{ BYTES("A=\xe2\x80\x9cyes\xe2\x80\x9d"), "A", "\xe2\x80\x9cyes\xe2\x80\x9d", "a typographic quote" },
		{ BYTES("A=1\rB=2"),		"A", "1\\x0dB=2", "a carriage return within the line" },
		{ BYTES("# x\rA=1"),		"", "",		"a carriage return within a comment" },
		{ BYTES("A=\"a\0b\""),		"", "",		"NUL byte" },
		{ BYTES("# a\0b"),		"", "",		"NUL byte" },
		{ BYTES("\0\0\0\0"),		"", "",		"NUL byte" },
		{ BYTES("\xff\xfe" "A\0=\0v\0"), "", "",	"UTF-16" },
		{ BYTES("export A=v"),		"", "",		"'export' is a shell's word" },
		{ BYTES("set A=v"),		"", "",		"'set' is a shell's word" },
		{ BYTES("[main]"),		"", "",		"looks like a section" },
		{ BYTES("=v"),			"", "",		"no key before '='" },
		{ BYTES("A"),			"", "",		"'A' is not an assignment" },
		{ BYTES("A: v"),		"", "",		"is not an assignment" },
		{ BYTES("A v"),			"", "",		"is not an assignment" },
		{ BYTES("9A=v"),		"", "",		"is not an assignment" },
		{ BYTES("A-B=v"),		"", "",		"is not an assignment" },
		{ BYTES(". /etc/x"),		"", "",		"is not an assignment" },
		{ BYTES("rm -rf /"),		"", "",		"is not an assignment" },
		{ BYTES("\xc2\xa0" "A=v"),	"", "",		"is not an assignment" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_kv struct kv_file f = { 0 };

		kv_split(rows[i].line, rows[i].len, &f);
		if (f.n_lines || f.n_faults != 1)
			fail_msg("'%s': %zu lines, %zu faults", rows[i].line, f.n_lines, f.n_faults);
		assert_int_equal(f.faults[0].line, 1);
		assert_string_equal(f.faults[0].key, rows[i].key);
		assert_string_equal(f.faults[0].value, rows[i].value);
		if (!strstr(f.faults[0].text, rows[i].text))
			fail_msg("'%s': %s", rows[i].line, f.faults[0].text);
	}
}

static void every_fault_is_collected_with_its_line(void **state)
{
	static const char text[] = "A=1\n# c\nB = 2\r\n\nC=\"x\nD=4\nE\n";
	auto_kv struct kv_file f = { 0 };

	(void)state;
	kv_split(text, sizeof(text) - 1, &f);
	assert_int_equal(f.n_lines, 2);
	assert_int_equal(f.lines[0].line, 1);
	assert_int_equal(f.lines[1].line, 6);
	assert_int_equal(f.n_faults, 3);
	assert_int_equal(f.faults[0].line, 3);
	assert_int_equal(f.faults[1].line, 5);
	assert_int_equal(f.faults[2].line, 7);
}

static void a_line_of_a_megabyte_is_a_fault_of_that_line_alone(void **state)
{
	auto_buf struct buf text = { 0 };
	auto_kv struct kv_file f = { 0 };

	(void)state;
	buf_adds(&text, "A=\"");
	memset(buf_room(&text, 1 << 20), 'x', 1 << 20);
	text.len += 1 << 20;
	buf_adds(&text, "\"\n#");
	memset(buf_room(&text, 1 << 20), 'x', 1 << 20);
	text.len += 1 << 20;
	buf_adds(&text, "\nB=2\n");
	kv_split(text.data, text.len, &f);
	assert_int_equal(f.n_faults, 1);
	assert_int_equal(f.faults[0].line, 1);
	assert_string_equal(f.faults[0].key, "A");
	assert_int_equal(strlen(f.faults[0].value), KV_VALUE_SHOWN + 3);
	assert_non_null(strstr(f.faults[0].text, "1048580 bytes"));
	assert_int_equal(f.n_lines, 1);
	assert_int_equal(f.lines[0].line, 3);
}

static void a_line_may_be_as_long_as_the_cap(void **state)
{
	auto_buf struct buf text = { 0 };
	auto_kv struct kv_file f = { 0 };

	(void)state;
	buf_adds(&text, "A=");
	memset(buf_room(&text, KV_LINE_MAX), 'x', KV_LINE_MAX);
	text.len = KV_LINE_MAX;
	kv_split(text.data, text.len, &f);
	assert_int_equal(f.n_lines, 1);
	kv_done(&f);
	kv_split(text.data, text.len + 1, &f);
	assert_int_equal(f.n_lines, 0);
	assert_int_equal(f.n_faults, 1);
}

static void faults_without_end_are_cut_off(void **state)
{
	auto_buf struct buf text = { 0 };
	auto_kv struct kv_file f = { 0 };

	(void)state;
	for (unsigned i = 0; i < KV_FAULTS_MAX + 100; i++)
		buf_adds(&text, "x\n");
	buf_adds(&text, "A=1\n");
	kv_split(text.data, text.len, &f);
	assert_int_equal(f.n_faults, KV_FAULTS_MAX);
	assert_non_null(strstr(f.faults[KV_FAULTS_MAX - 1].text, "too many faults"));
	assert_int_equal(f.n_lines, 1);
}

static void what_quoting_writes_splitting_reads(void **state)
{
	static const char *const good[] = { "", "a", "a b", "it's", "a\"b", "a\\b\\\\", "$x `y`", "$\"x\"", "#", "a\tb", "\xc3\xa9" };
	static const char *const bad[] = {
		"$ '", "` \\", "a\nb", "\x01", "\xff", "\xe2\x80\xae", "\xc2\x85"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_buf struct buf line = { 0 };
		auto_kv struct kv_file f = { 0 };

		buf_adds(&line, "A=");
		assert_true(kv_quote(good[i], &line));
		kv_split(line.data, line.len, &f);
		assert_int_equal(f.n_faults, 0);
		assert_int_equal(f.n_lines, 1);
		assert_string_equal(f.lines[0].value, good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_buf struct buf line = { 0 };

		assert_false(kv_quote(bad[i], &line));
		assert_int_equal(line.len, 0);
	}
}

static void messages_hold_nothing_that_a_terminal_obeys(void **state)
{
	static const struct { const char *text; size_t max; const char *want; } rows[] = {
		{ "plain",			10, "plain" },
		{ "0123456789",			10, "0123456789" },
		{ "0123456789a",		10, "0123456789..." },
		{ "\x1b]0;x\x07",		20, "\\x1b]0;x\\x07" },
		{ "a\tb\r\n",			20, "a\\x09b\\x0d\\x0a" },
		{ "\xc3\xa9\xc3\xa9\xc3\xa9",	2,  "\xc3\xa9\xc3\xa9..." },
		{ "\xc2\x9b" "31m",		20, "\\xc2\\x9b31m" },
		{ "\xf0\x9f\x98\x80",		20, "\xf0\x9f\x98\x80" },
		{ "\xf4\x90\x80\x80",		20, "\\xf4\\x90\\x80\\x80" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf got = { 0 };

		kv_printable(rows[i].text, strlen(rows[i].text), rows[i].max, &got);
		assert_string_equal(buf_text(&got), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_line_gives_its_key_and_value),
		cmocka_unit_test(blank_lines_and_comments_give_nothing),
		cmocka_unit_test(an_odd_line_is_a_fault_that_says_what_to_write),
		cmocka_unit_test(every_fault_is_collected_with_its_line),
		cmocka_unit_test(a_line_of_a_megabyte_is_a_fault_of_that_line_alone),
		cmocka_unit_test(a_line_may_be_as_long_as_the_cap),
		cmocka_unit_test(faults_without_end_are_cut_off),
		cmocka_unit_test(what_quoting_writes_splitting_reads),
		cmocka_unit_test(messages_hold_nothing_that_a_terminal_obeys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
