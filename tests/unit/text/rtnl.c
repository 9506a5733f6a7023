/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* As a kernel 6.1 sent them; the addresses are those of documentation. */
static const unsigned char route_answer[] = {
	0x44, 0, 0, 0, 0x18, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0,
	2, 32, 0, 0, 0xfe, 0, 0, 1, 0, 2, 0, 0,		/* rtmsg: AF_INET, /32, main, unicast */
	8, 0, 15, 0, 0xfe, 0, 0, 0,			/* RTA_TABLE */
	8, 0, 1, 0, 198, 51, 100, 9,			/* RTA_DST */
	8, 0, 4, 0, 3, 0, 0, 0,				/* RTA_OIF */
	8, 0, 7, 0, 192, 0, 2, 7,			/* RTA_PREFSRC */
	8, 0, 5, 0, 192, 0, 2, 1,			/* RTA_GATEWAY */
};
static const unsigned char addr_answer[] = {
	0x48, 0, 0, 0, 0x14, 0, 2, 0, 9, 0, 0, 0, 0, 0, 0, 0,
	2, 24, 0, 0, 3, 0, 0, 0,			/* ifaddrmsg: /24, no flag, link 3 */
	8, 0, 1, 0, 192, 0, 2, 7, 8, 0, 2, 0, 192, 0, 2, 7,
	8, 0, 8, 0, 0, 2, 0, 0,				/* IFA_FLAGS: noprefixroute */
	20, 0, 6, 0, 0x10, 0x0e, 0, 0, 0x10, 0x0e, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,	/* valid for 3600 s */
	0, 0, 0, 0,
};

static void a_route_is_read(void **state)
{
	struct rtnl_message m;
	char text[IPADDR_TEXT_MAX];
	size_t at = 0;

	(void)state;
	assert_int_equal(rtnl_next((const char *)route_answer, sizeof(route_answer), &at, &m), 1);
	assert_int_equal(m.type, RTM_NEWROUTE);
	assert_int_equal(m.route.index, 3);
	assert_int_equal(m.route.type, RTN_UNICAST);
	assert_string_equal(ipaddr_text(&m.route.gateway, text), "192.0.2.1");
	assert_string_equal(ipaddr_text(&m.route.source, text), "192.0.2.7");
	assert_string_equal(ipaddr_text_prefix(&m.route.to, text), "198.51.100.9/32");
	assert_int_equal(rtnl_next((const char *)route_answer, sizeof(route_answer), &at, &m), 0);
}

static void a_leased_address_is_not_permanent(void **state)
{
	struct rtnl_message m;
	char text[IPADDR_TEXT_MAX];
	size_t at = 0;

	(void)state;
	assert_int_equal(rtnl_next((const char *)addr_answer, sizeof(addr_answer), &at, &m), 1);
	assert_string_equal(ipaddr_text_prefix(&m.addr.address, text), "192.0.2.7/24");
	assert_int_equal(m.addr.index, 3);
	assert_false(m.addr.flags & IFA_F_PERMANENT);
	assert_int_equal(m.addr.valid, 3600);
}

static void what_is_written_is_read_again(void **state)
{
	auto_buf struct buf b = { 0 };
	unsigned char mac[HWADDR_MAX];
	struct rtnl_message m;
	struct ipaddr a, gw;
	char text[HWADDR_TEXT_MAX];
	size_t at = 0;

	(void)state;
	assert_int_equal(hwaddr_parse("52:54:00:12:34:56", mac), 6);
	rtnl_change_link(&b, 7, &(struct rtnl_change){
		.name = "bond0.7", .kind = "vlan", .lower = 4, .vlan = 7, .vlan_protocol = 0x8100,
		.mtu = 1496, .master = 5, .up = true, .address = mac, .address_len = 6 });
	assert_true(ipaddr_parse("2001:db8::7/64", &a));
	rtnl_add_addr(&b, 8, 4, &a);
	assert_true(ipaddr_parse("fe80::1", &gw));
	a.prefix = 0;
	rtnl_add_route(&b, 9, 4, &a, &gw, NULL);

	assert_int_equal(rtnl_next(b.data, b.len, &at, &m), 1);
	assert_int_equal(m.type, RTM_NEWLINK);
	assert_int_equal(m.seq, 7);
	assert_string_equal(m.link.name, "bond0.7");
	assert_string_equal(m.link.kind, "vlan");
	assert_int_equal(m.link.vlan, 7);
	assert_int_equal(m.link.vlan_protocol, 0x8100);
	assert_int_equal(m.link.lower, 4);
	assert_int_equal(m.link.master, 5);
	assert_int_equal(m.link.mtu, 1496);
	assert_true(m.link.flags & IFF_UP);
	assert_string_equal(hwaddr_text(m.link.address, m.link.address_len, text), "52:54:00:12:34:56");
	assert_int_equal(rtnl_next(b.data, b.len, &at, &m), 1);
	assert_true(ipaddr_equal(&m.addr.address, &a));
	assert_int_equal(m.addr.address.prefix, 64);
	assert_int_equal(rtnl_next(b.data, b.len, &at, &m), 1);
	assert_true(ipaddr_equal(&m.route.gateway, &gw));
	assert_int_equal(m.route.to.family, 0);
	assert_int_equal(rtnl_next(b.data, b.len, &at, &m), 0);
}

static void lengths_that_lie_are_refused(void **state)
{
	struct rtnl_message m;

	(void)state;
	for (size_t cut = 1; cut < sizeof(route_answer); cut++) {
		auto_free char *part = xmemdup(route_answer, cut);
		size_t at = 0;

		assert_int_equal(rtnl_next(part, cut, &at, &m), -EINVAL);
	}
}

static void addresses_are_told_from_other_words(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "192.0.2.7", true }, { "192.0.2.7/24", true }, { "192.0.2.7/33", false }, { "192.0.2.7/",
			false },
		{ "192.0.2.7/0x8", true }, { "::1", true }, { "2001:db8::/129", false }, { "", false },
		{ "/24", false }, { "192.0.2", false }, { "fe80::1%eth0", false }, { "192.0.2.7/+8",
			false },
	};
	unsigned char mac[HWADDR_MAX];
	struct ipaddr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (ipaddr_parse(rows[i].text, &a) != rows[i].good)
			fail_msg("'%s' is %staken", rows[i].text, rows[i].good ? "not " : "");
	assert_int_equal(hwaddr_parse("52:54:0:12", mac), 0);
	assert_int_equal(hwaddr_parse("52:54:", mac), 2);
	assert_int_equal(hwaddr_parse("5254", mac), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_is_read),
		cmocka_unit_test(a_leased_address_is_not_permanent),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(addresses_are_told_from_other_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
