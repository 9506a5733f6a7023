/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"

#include "own.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int answer(const void *ctx)
{
	return *(const int *)ctx;
}

static int hang(const void *ctx)
{
	while (pause() < 0)
		;
	return ctx != NULL;
}

/* 1 for each of the two descriptors that is open there. */
static int count_open(const void *ctx)
{
	const int *fds = ctx;

	return (fcntl(fds[0], F_GETFD) >= 0) + (fcntl(fds[1], F_GETFD) >= 0);
}

static void what_the_look_says_is_returned(void **state)
{
	(void)state;
	assert_int_equal(guard_look(answer, &(int){ 0 }, -1, 5000), 0);
	assert_int_equal(guard_look(answer, &(int){ -ENOENT }, -1, 5000), -ENOENT);
}

static void one_that_hangs_is_left_behind(void **state)
{
	long long start = now_ms();

	(void)state;
	assert_int_equal(guard_look(hang, NULL, -1, 50), -ETIMEDOUT);
	assert_true(now_ms() - start < 3000);
}

static void it_holds_no_descriptor_but_the_one_named(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(guard_look(count_open, fds, -1, 5000), 0);
	assert_int_equal(guard_look(count_open, fds, fds[0], 5000), 1);
	assert_int_equal(guard_look(count_open, fds, fds[1], 5000), 1);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_look_says_is_returned),
		cmocka_unit_test(one_that_hangs_is_left_behind),
		cmocka_unit_test(it_holds_no_descriptor_but_the_one_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
