/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server at the far end may answer that none in good faith does. */
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* A server that has given all its answers before it is asked. */
struct far {
	struct remote r;
	int pipe[2];
};

static void begin(struct far *f, const void *said, size_t len)
{
	*f = (struct far){ .r = { .from = -1, .to = -1, .words = -1 } };
	assert_int_equal(pipe2(f->pipe, O_CLOEXEC), 0);
	f->r.to = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(f->pipe[1], said, len), (ssize_t)len);
	close(f->pipe[1]);
}

static void add_handle(struct buf *to, uint32_t id)
{
	size_t at = sftp_begin(to, SFTP_HANDLE, id);

	sftp_put_text(to, "h", 1);
	sftp_end(to, at);
}

static void add_names(struct buf *to, uint32_t id, const char *name)
{
	static const struct sftp_attrs none;
	size_t at = sftp_begin(to, SFTP_NAME, id);

	sftp_put_u32(to, name ? 1 : 0);
	if (name) {
		sftp_put_text(to, name, strlen(name));
		sftp_put_text(to, "", 0);
		sftp_put_attrs(to, &none);
	}
	sftp_end(to, at);
}

static void add_status(struct buf *to, uint32_t id, uint32_t status)
{
	size_t at = sftp_begin(to, SFTP_STATUS, id);

	sftp_put_u32(to, status);
	sftp_put_text(to, "", 0);
	sftp_put_text(to, "", 0);
	sftp_end(to, at);
}

static void a_folder_that_never_ends_is_left(void **state)
{
	static const char *const last[] = { NULL, "../x", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(last); i++) {
		auto_buf struct buf said = { 0 };
		auto_strv struct strv names = { 0 };
		struct far f;

		add_handle(&said, 1);
		add_names(&said, 2, "a");
		add_names(&said, 3, last[i]);
		add_status(&said, 4, SFTP_OK);
		begin(&f, said.data, said.len);
		f.r.from = f.pipe[0];
		assert_int_equal(remote_list(&f.r, "/x", &names), 0);
		assert_int_equal(names.n, 1);
		assert_string_equal(names.v[0], "a");
		remote_close(&f.r);
	}
}

static void an_answer_to_a_write_that_nobody_made_ends_it(void **state)
{
	auto_buf struct buf said = { 0 };
	struct sftp_attrs a;
	struct far f;

	(void)state;
	add_status(&said, 0x80000001, SFTP_OK);
	add_status(&said, 1, SFTP_NO_SUCH_FILE);
	begin(&f, said.data, said.len);
	f.r.from = f.pipe[0];
	assert_int_equal(remote_stat(&f.r, "/x", false, &a), -ECONNRESET);
	assert_true(f.r.dead);
	remote_close(&f.r);
}

static void its_words_do_not_steer_a_terminal(void **state)
{
	static const char said[] = "first\r\nGo \x1b[2J\xc2\x9b" "1maway\n.\n";
	char words[REMOTE_WORDS_MAX];
	struct far f;

	(void)state;
	begin(&f, said, sizeof(said) - 1);
	f.r.words = f.pipe[0];
	remote_last_words(&f.r, words);
	assert_string_equal(words, "Go ?[2J??1maway");
	remote_close(&f.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_that_never_ends_is_left),
		cmocka_unit_test(an_answer_to_a_write_that_nobody_made_ends_it),
		cmocka_unit_test(its_words_do_not_steer_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
