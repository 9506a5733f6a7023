/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 65536

/* A file that is written in two streams, as a dump is, and its head once more at the end. */
static void write_dump(struct runs *r, char *file)
{
	for (size_t i = 0; i < SIZE; i++)
		file[i] = (char)(i * 31);
	runs_written(r, 0, file, 4096);
	for (size_t i = 0; i < 5; i++) {
		runs_written(r, 4096 + i * 1001, file + 4096 + i * 1001, 1001);
		runs_written(r, 10000 + i * 9000, file + 10000 + i * 9000, 9000);
	}
	file[3] = 'x';
	runs_written(r, 0, file, 4096);
}

static bool read_all(struct runs *r, const char *file, size_t step)
{
	bool good = true;

	for (size_t at = 0; at < SIZE; at += step)
		good = runs_read(r, at, file + at, at + step < SIZE ? step : SIZE - at) && good;
	return good;
}

static void what_was_written_is_what_is_read(void **state)
{
	struct runs r = { 0 };
	char file[SIZE];

	(void)state;
	write_dump(&r, file);
	for (size_t step = 1; step < SIZE; step = step * 3 + 1)
		assert_true(read_all(&r, file, step));
	/* Here and there, as those look who check a dump. */
	assert_true(runs_read(&r, 10, file + 10, 20));
	assert_true(runs_read(&r, 9000, file + 9000, 2000));
	assert_true(read_all(&r, file, 512));
	runs_done(&r);
}

static void every_changed_byte_is_noticed(void **state)
{
	struct runs r = { 0 };
	char file[SIZE];

	(void)state;
	write_dump(&r, file);
	for (size_t i = 0; i < SIZE; i += 37) {
		bool known = i < 9101 || (i >= 10000 && i < 55000);

		file[i] ^= 1;
		if (read_all(&r, file, 3333) == known)
			fail_msg("byte %zu: %s", i, known ? "not noticed" : "was never written");
		file[i] ^= 1;
	}
	runs_done(&r);
}

static void what_was_cut_off_is_not_known(void **state)
{
	struct runs r = { 0 };
	char file[SIZE];

	(void)state;
	write_dump(&r, file);
	runs_cut(&r, 10000);
	memset(file + 10000, 0, SIZE - 10000);
	assert_true(read_all(&r, file, 512));
	file[0] ^= 1;
	assert_false(read_all(&r, file, 512));
	runs_cut(&r, 0);
	assert_true(read_all(&r, file, 512));
	runs_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_what_is_read),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(what_was_cut_off_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
