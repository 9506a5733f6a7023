/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the image, followed while they work: none keeps the capture longer than it may. */
#include "run.h"

#include "own.h"
#include "proc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define DEADLINE_MS 400

static void count(void *ctx, int stream, const char *data, size_t len)
{
	(void)stream, (void)data;
	*(uint64_t *)ctx += len;
}

static void a_program_has_its_time_and_no_more(void **state)
{
	static const struct {
		const char *name, *argv[4];
		int want;
		const char *says;
	} rows[] = {
		{ "good", { "true" }, 0, "" },
		{ "bad", { "false" }, -EIO, "'false' ended with code 1" },
		{ "killed", { "sh", "-c", "kill -SEGV $$" }, -EIO, "was killed by signal 11" },
		{ "silent", { "sleep", "60" }, -ETIMEDOUT, "'sleep' did not end within" },
		{ "never silent", { "yes" }, -ETIMEDOUT, "'yes' did not end within" },
		{ "its children go with it", { "sh", "-c", "yes & sleep 60" }, -ETIMEDOUT, "did not end within" },
		{ "who has ended is not waited for", { "sh", "-c", "sleep 60 & exit 0" }, 0, "" },
		{ "not there", { "no-such-program" }, -ENOENT, "the image holds no program 'no-such-program'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t bytes = 0;
		struct run run = { .argv = rows[i].argv, .folder = -1, .out_fd = -1, .deadline_ms = DEADLINE_MS,
				   .heard = count, .ctx = &bytes };
		long long began = now_ms();
		struct err e = { 0 };

		assert_int_equal(run_check(&run, &e), rows[i].want);
		assert_non_null(strstr(e.text, rows[i].says));
		assert_true(now_ms() - began < 20000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_has_its_time_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
