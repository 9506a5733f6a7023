/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "buf.h"
#include "err.h"
#include "hash.h"
#include "json.h"
#include "num.h"
#include "proc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void an_error_keeps_its_code_while_callers_add_where(void **state)
{
	struct err e = { 0 };
	char longest[600];

	(void)state;
	assert_int_equal(err_set(&e, ENOENT, "no '%s'", "x"), -ENOENT);
	assert_int_equal(err_wrap(&e, "reading %d", 7), -ENOENT);
	assert_string_equal(e.text, "reading 7: no 'x'");
	assert_int_equal(err_set(NULL, EIO, "x"), -EIO);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	err_set(&e, EIO, "%s", longest);
	assert_string_equal(e.text + sizeof(e.text) - 4, "...");
}

static void sizes_and_spans_are_whole_words_or_refused(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t bytes;
	} sizes[] = {
		{ "0", 0, 0 }, { "4096", 0, 4096 }, { "512K", 0, 512 << 10 }, { "64m", 0, 64 << 20 }, { "1G", 0, 1 << 30 },
		{ "", -EINVAL, 0 }, { "G", -EINVAL, 0 }, { "1GB", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 }, { "1X", -EINVAL, 0 }, { "18446744073709551616", -ERANGE, 0 },
		{ "18014398509481984K", -ERANGE, 0 }, { "99999999999999999999999T", -ERANGE, 0 },
	};
	static const struct {
		const char *text;
		int r;
		uint64_t seconds;
	} spans[] = {
		{ "90", 0, 90 }, { "90s", 0, 90 }, { "10m", 0, 600 }, { "1h", 0, 3600 }, { "2d", 0, 172800 },
		{ "1w", -EINVAL, 0 }, { "m", -EINVAL, 0 }, { "1h30", -EINVAL, 0 }, { "18446744073709551615h", -ERANGE, 0 },
	};
	char text[SIZE_TEXT_MAX];
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		v = 77;
		assert_int_equal(size_parse(sizes[i].text, &v), sizes[i].r);
		assert_int_equal(v, sizes[i].r ? 77 : sizes[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
		v = 77;
		assert_int_equal(span_parse(spans[i].text, &v), spans[i].r);
		assert_int_equal(v, spans[i].r ? 77 : spans[i].seconds);
	}
	assert_int_equal(num_parse("0x1f", UINT64_MAX, &v), 0);
	assert_int_equal(v, 31);
	assert_int_equal(num_parse("32", 31, &v), -ERANGE);
	assert_int_equal(num_parse("0x", 31, &v), -EINVAL);
	assert_string_equal(size_format(96u << 20, text), "96M");
	assert_string_equal(size_format(1536 << 10, text), "1536K");
	assert_string_equal(size_format(0, text), "0");
	assert_string_equal(size_human(48563200, text), "46.3 MB");
}

static void a_buffer_stays_terminated_and_holds_nul_bytes(void **state)
{
	auto_buf struct buf b = { 0 };
	auto_strv struct strv list = { 0 };

	(void)state;
	assert_string_equal(buf_text(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%d,", i);
	assert_int_equal(b.len, strlen(b.data));
	buf_zero(&b, 3);
	assert_int_equal(b.len, strlen(b.data) + 3);
	strv_add(&list, "b");
	strv_addf(&list, "%c", 'a');
	strv_add_once(&list, "a");
	strv_sort(&list);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0], "a");
	assert_null(list.v[2]);
}

static void json_takes_any_bytes_and_gives_the_same_bytes_again(void **state)
{
	auto_json struct json *j = js_object();
	auto_json struct json *again = NULL;
	auto_buf struct buf text = { 0 }, twice = { 0 };
	struct err e = { 0 };

	(void)state;
	js_set_text(j, "bad", "x\xff\xc0\x80y\xed\xa0\x80");
	js_set_text(j, "esc", "\x1b[31m\"\\\n");
	js_set_text(j, "null", NULL);
	js_set_int(j, "big", INT64_MAX);
	js_set_real(j, "real", 0.1);
	js_write(j, &text);
	assert_null(strchr(text.data, '\x1b'));
	assert_int_equal(js_parse(text.data, text.len, &again, &e), 0);
	assert_int_equal(js_get_int(again, "big", 0), INT64_MAX);
	assert_string_equal(js_get_text(again, "esc"), "\x1b[31m\"\\\n");
	js_write(again, &twice);
	assert_true(buf_equal(&text, &twice));
	assert_int_equal(js_parse("{\"a\":1,\"a\":2}", 13, &again, &e), -EINVAL);
	assert_int_equal(js_parse("{} x", 4, &again, &e), -EINVAL);
}

static void sha256_is_the_standards(void **state)
{
	char text[HASH_TEXT_MAX];

	(void)state;
	/* FIPS 180-2, appendix B.1 */
	assert_string_equal(hash_bytes("abc", 3, text), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static int run(const char *const argv[], int deadline_ms, struct proc *p, struct err *e)
{
	*p = (struct proc){ .argv = argv, .deadline_ms = deadline_ms };
	return proc_check(p, e);
}

static void a_program_is_run_without_shell_and_ends_by_its_deadline(void **state)
{
	const char *const echo[] = { "/bin/echo", "$(id)", "`id`", NULL };
	const char *const fails[] = { "/bin/ls", "/no such place", NULL };
	const char *const hangs[] = { "/bin/sleep", "60", NULL };
	const char *const absent[] = { "/no/such/program", NULL };
	const char *const daemon[] = { "/bin/sh", "-c", "sleep 60 & echo on", NULL };
	struct err e = { 0 };
	struct proc p;
	long long start;

	(void)state;
	assert_int_equal(run(echo, 5000, &p, &e), 0);
	assert_string_equal(buf_text(&p.out), "$(id) `id`\n");
	proc_done(&p);
	assert_int_equal(run(fails, 5000, &p, &e), -EIO);
	assert_non_null(strstr(e.text, "No such file"));
	proc_done(&p);
	start = now_ms();
	assert_int_equal(run(hangs, 200, &p, &e), -ETIMEDOUT);
	assert_true(p.timed_out && now_ms() - start < 5000);
	proc_done(&p);
	assert_int_equal(run(absent, 0, &p, &e), -ENOENT);
	proc_done(&p);
	start = now_ms();
	assert_int_equal(run(daemon, 30000, &p, &e), 0);
	assert_true(now_ms() - start < 20000);
	proc_done(&p);
}

static void a_program_that_is_told_to_stop_may_clean_up_first(void **state)
{
	const char *const cleans[] = { "/bin/sh", "-c", "trap 'echo clean; exit 7' TERM; echo on; sleep 60 & wait", NULL };
	int ends[2];
	struct proc p = { .argv = cleans };
	long long start = now_ms();

	(void)state;
	assert_int_equal(pipe(ends), 0);
	/* One end that nobody has written to does not stop it; its deadline does. */
	p.stop_fd = ends[0];
	p.deadline_ms = 500;
	assert_int_equal(proc_run(&p, NULL), 0);
	assert_true(p.timed_out && !p.stopped);
	assert_string_equal(buf_text(&p.out), "on\nclean\n");
	assert_int_equal(p.status, 7);
	proc_done(&p);
	p = (struct proc){ .argv = cleans, .stop_fd = ends[0], .deadline_ms = 60000 };
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(proc_run(&p, NULL), 0);
	assert_true(p.stopped && !p.timed_out && now_ms() - start < 20000);
	proc_done(&p);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_keeps_its_code_while_callers_add_where),
		cmocka_unit_test(sizes_and_spans_are_whole_words_or_refused),
		cmocka_unit_test(a_buffer_stays_terminated_and_holds_nul_bytes),
		cmocka_unit_test(json_takes_any_bytes_and_gives_the_same_bytes_again),
		cmocka_unit_test(sha256_is_the_standards),
		cmocka_unit_test(a_program_is_run_without_shell_and_ends_by_its_deadline),
		cmocka_unit_test(a_program_that_is_told_to_stop_may_clean_up_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
