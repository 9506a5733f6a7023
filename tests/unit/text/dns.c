/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A question for d.example, and answers: an alias, then two addresses of what it stands for. */
#define QUESTION "\x12\x34\x81\x80\0\1\0\3\0\0\0\0\1d\7example\0\0\1\0\1"
#define ALIAS "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1s\xc0\x0e"
#define HIGH "\1s\7example\0\0\1\0\1\0\0\0\x3c\0\4\300\0\2\11"
#define LOW "\1S\xc0\x0e\0\1\0\1\0\0\0\x3c\0\4\300\0\2\7"

static const char answer[] = QUESTION ALIAS HIGH LOW;

static void the_lowest_address_behind_an_alias_is_taken(void **state)
{
	char text[IPADDR_TEXT_MAX];
	struct ipaddr a;

	(void)state;
	assert_int_equal(dns_answer(answer, sizeof(answer) - 1, 0x1234, "D.example", AF_INET, &a), 0);
	assert_string_equal(ipaddr_text(&a, text), "192.0.2.7");
}

static void an_answer_to_something_else_is_none(void **state)
{
	struct ipaddr a;

	(void)state;
	assert_int_equal(dns_answer(answer, sizeof(answer) - 1, 0x1235, "d.example", AF_INET, &a), -EINVAL);
	assert_int_equal(dns_answer(answer, sizeof(answer) - 1, 0x1234, "e.example", AF_INET, &a), -EINVAL);
	assert_int_equal(dns_answer(answer, sizeof(answer) - 1, 0x1234, "d.example", AF_INET6, &a),
			 -EINVAL);
	for (size_t cut = 0; cut < sizeof(answer) - 1; cut++) {
		auto_free char *part = xmemdup(answer, cut + 1);

		assert_int_equal(dns_answer(part, cut, 0x1234, "d.example", AF_INET, &a), -EINVAL);
	}
}

static void names_that_point_at_themselves_end(void **state)
{
	static const char loop[] = "\x12\x34\x81\x80\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1";
	struct ipaddr a;

	(void)state;
	assert_int_equal(dns_answer(loop, sizeof(loop) - 1, 0x1234, "d.example", AF_INET, &a), -EINVAL);
}

static void a_question_is_written(void **state)
{
	static const char want[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\1d\7example\0\0\x1c\0\1";
	auto_buf struct buf b = { 0 };

	(void)state;
	assert_int_equal(dns_ask(&b, 0x1234, "d.example.", AF_INET6), 0);
	assert_int_equal(b.len, sizeof(want) - 1);
	assert_memory_equal(b.data, want, b.len);
	assert_int_equal(dns_ask(&b, 1, "a..b", AF_INET), -EINVAL);
	assert_int_equal(dns_ask(&b, 1, "", AF_INET), -EINVAL);
}

static void servers_of_this_host_alone_are_no_servers(void **state)
{
	auto_strv struct strv s = { 0 };

	(void)state;
	resolv_servers("# x\nnameserver 127.0.0.53\nnameserver 192.0.2.53 # y\nnameserver\t2001:db8::53\n"
		       "nameserver fe80::1%eth0\nsearch example\nnameserver 192.0.2.53\n", &s);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.v[0], "192.0.2.53");
	assert_string_equal(s.v[1], "2001:db8::53");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lowest_address_behind_an_alias_is_taken),
		cmocka_unit_test(an_answer_to_something_else_is_none),
		cmocka_unit_test(names_that_point_at_themselves_end),
		cmocka_unit_test(a_question_is_written),
		cmocka_unit_test(servers_of_this_host_alone_are_no_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
