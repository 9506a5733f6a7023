/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sftp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_request_is_as_the_draft_has_it(void **state)
{
	static const char want[] = "\0\0\0\x1a\3\0\0\0\7\0\0\0\5/a b\0\0\0\0\2\0\0\0\4\0\0\1\x80";
	auto_buf struct buf b = { 0 };
	size_t at;

	(void)state;
	at = sftp_begin(&b, SFTP_OPEN, 7);
	sftp_put_text(&b, "/a b\0", 5);
	sftp_put_u32(&b, SFTP_O_WRITE);
	sftp_put_attrs(&b, &(struct sftp_attrs){ .has_mode = true, .mode = 0600 });
	sftp_end(&b, at);
	assert_int_equal(b.len, sizeof(want) - 1);
	assert_memory_equal(b.data, want, b.len);
}

static void replies_are_read(void **state)
{
	static const char version[] = "\2\0\0\0\3\0\0\0\5x@y.z\0\0\0\0011";
	static const char failed[] = "\x65\0\0\0\7\0\0\0\4\0\0\0\7Failure\0\0\0\0";
	static const char short_status[] = "\x65\0\0\0\7\0\0\0\2";
	static const char attrs[] = "\x69\0\0\0\7\0\0\0\5\0\0\0\1\0\0\0\2\0\0\x81\x80";
	struct sftp_packet p;

	(void)state;
	assert_int_equal(sftp_parse(version, sizeof(version) - 1, &p), 0);
	assert_int_equal(p.id, 3);
	assert_true(sftp_has_extension(&p, "x@y.z"));
	assert_false(sftp_has_extension(&p, "x@y"));
	assert_int_equal(sftp_parse(failed, sizeof(failed) - 1, &p), 0);
	assert_int_equal(p.status, SFTP_FAILURE);
	assert_memory_equal(p.data, "Failure", p.len);
	assert_int_equal(sftp_parse(short_status, sizeof(short_status) - 1, &p), 0);
	assert_int_equal(sftp_errno(p.status), ENOENT);
	assert_int_equal(sftp_parse(attrs, sizeof(attrs) - 1, &p), 0);
	assert_true(p.attrs.size == 0x100000002);
	assert_int_equal(p.attrs.mode, 0100600);
	for (size_t cut = 0; cut < sizeof(attrs) - 1; cut++)
		assert_int_equal(sftp_parse(attrs, cut, &p), -EINVAL);
}

static void names_are_read_one_by_one(void **state)
{
	static const char names[] = "\x68\0\0\0\7\0\0\0\2\0\0\0\1a\0\0\0\0\0\0\0\0\0\0\0\2bc\0\0\0\0\0\0\0\0";
	struct sftp_packet p;
	struct sftp_name n;

	(void)state;
	assert_int_equal(sftp_parse(names, sizeof(names) - 1, &p), 0);
	assert_true(sftp_next_name(&p, &n));
	assert_memory_equal(n.name, "a", n.len);
	assert_true(sftp_next_name(&p, &n));
	assert_memory_equal(n.name, "bc", n.len);
	assert_false(sftp_next_name(&p, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_as_the_draft_has_it),
		cmocka_unit_test(replies_are_read),
		cmocka_unit_test(names_are_read_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
