/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netplan.h"

#include "tree.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static struct tree tree;
static struct net_seen seen;
static struct settings *settings;

static struct rtnl_link *link_add(const char *name, const char *kind, int master, int lower)
{
	struct rtnl_link *l = vec_push(&seen.links, &seen.n_links);

	l->index = (int)seen.n_links;
	strcpy(l->name, name);
	strcpy(l->kind, kind);
	l->master = master;
	l->lower = lower;
	l->mtu = 1500;
	l->address_len = 6;
	l->address[5] = (unsigned char)l->index;
	return l;
}

/* eth0 with a driver, as sysfs shows it. */
static void hardware(const char *name, const char *driver)
{
	auto_free char *dev = xasprintf("/sys/devices/pci0/%s", name), *modalias = xasprintf("%s/modalias",
											     dev);
	auto_free char *net = xasprintf("/sys/class/net/%s/device", name), *drv = xasprintf("%s/driver",
											    dev);
	auto_free char *bus = xasprintf("/sys/bus/x/drivers/%s", driver), *mod = xasprintf("%s/module",
											   bus);
	auto_free char *state = xasprintf("/sys/module/%s/initstate",
					  driver), *m = xasprintf("/sys/module/%s", driver);

	tree_put(&tree, modalias, "pci:v1\n");
	tree_link(&tree, net, dev);
	tree_link(&tree, drv, bus);
	if (!root_exists(&tree.root, state)) {
		tree_dir(&tree, bus);
		tree_link(&tree, mod, m);
		tree_put(&tree, state, "live\n");
	}
}

static void way(const char *to, const char *source, const char *gateway, int index)
{
	seen.route = (struct rtnl_route){ .index = index, .type = RTN_UNICAST };
	ipaddr_parse(to, &seen.route.to);
	ipaddr_parse(source, &seen.route.source);
	ipaddr_parse(gateway, &seen.route.gateway);
}

static void address(const char *text, int index, unsigned flags)
{
	struct rtnl_addr *a = vec_push(&seen.addrs, &seen.n_addrs);

	a->index = index;
	a->flags = flags;
	assert_true(ipaddr_parse(text, &a->address));
}

static int begin(void **state)
{
	(void)state;
	tree_begin(&tree);
	settings = settings_new();
	hardware("eth0", "virtio_net");
	hardware("eth1", "e1000e");
	return 0;
}

static int end(void **state)
{
	(void)state;
	net_seen_done(&seen);
	settings_free(settings);
	tree_end(&tree);
	return 0;
}

struct plan {
	struct network net;
	unsigned at;
	struct strv modaliases, drivers;
	struct err e;
};

static void own_plan(struct plan *p)
{
	network_done(&p->net);
	strv_done(&p->modaliases);
	strv_done(&p->drivers);
}
#define auto_plan AUTO(own_plan)

static int make(struct plan *p)
{
	return netplan_make(&tree.root, settings, &seen, "dumps", &p->net, &p->at, &p->modaliases,
			    &p->drivers, &p->e);
}

static void a_fixed_address_behind_a_gateway(void **state)
{
	auto_plan struct plan p = { 0 };

	(void)state;
	link_add("eth0", "", 0, 0)->mtu = 9000;
	address("192.0.2.8/24", 1, IFA_F_PERMANENT);
	address("192.0.2.7/24", 1, IFA_F_PERMANENT);
	way("198.51.100.9", "192.0.2.7", "192.0.2.1", 1);
	strv_add(&seen.dns, "192.0.2.53");
	assert_int_equal(make(&p), 0);
	assert_int_equal(p.net.n_links, 1);
	assert_string_equal(p.net.links[0].permanent, "00:00:00:00:00:01");
	assert_string_equal(p.net.links[0].driver, "virtio_net");
	assert_string_equal(p.net.links[0].address, "");
	assert_int_equal(p.net.links[0].mtu, 9000);
	assert_int_equal(p.net.nets[0].method, NET_STATIC);
	assert_string_equal(p.net.nets[0].address, "192.0.2.7/24");
	assert_string_equal(p.net.nets[0].gateway, "192.0.2.1");
	assert_string_equal(p.net.nets[0].dns.v[0], "192.0.2.53");
	assert_true(strv_has(&p.drivers, "virtio_net"));
	assert_true(strv_has(&p.modaliases, "pci:v1"));
	/* A second target on the same way shares it. */
	assert_int_equal(make(&p), 0);
	assert_int_equal(p.net.n_nets, 1);
	assert_int_equal(p.net.n_links, 1);
}

static void a_lease_means_dhcp_and_its_gateway_is_told_anew(void **state)
{
	auto_plan struct plan p = { 0 };

	(void)state;
	link_add("eth0", "", 0, 0);
	address("192.0.2.7/24", 1, 0);
	way("198.51.100.9", "192.0.2.7", "192.0.2.1", 1);
	assert_int_equal(make(&p), 0);
	assert_int_equal(p.net.nets[0].method, NET_DHCP);
	assert_string_equal(p.net.nets[0].address, "");
	assert_string_equal(p.net.nets[0].gateway, "");
	assert_true(strv_has(&p.modaliases, "net-pf-17"));
}

static void a_way_of_its_own_is_kept_beside_a_lease(void **state)
{
	auto_plan struct plan p = { 0 };

	(void)state;
	link_add("eth0", "", 0, 0);
	address("192.0.2.7/24", 1, 0);
	way("198.51.100.9", "192.0.2.7", "192.0.2.99", 1);
	seen.chosen = true;
	assert_int_equal(make(&p), 0);
	assert_int_equal(p.net.nets[0].method, NET_DHCP);
	assert_string_equal(p.net.nets[0].gateway, "192.0.2.99");
}

static void who_gave_an_ipv6_address_is_told_by_its_prefix(void **state)
{
	static const struct {
		const char *address;
		enum net_method method;
	} rows[] = {
		{ "2001:db8::7/64", NET_AUTO },
		{ "2001:db8::100/128", NET_DHCP },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_plan struct plan p = { 0 };

		link_add("eth0", "", 0, 0);
		address(rows[i].address, 1, 0);
		way("2001:db8:1::9", "", "fe80::1", 1);
		assert_int_equal(make(&p), 0);
		assert_int_equal(p.net.nets[0].method, rows[i].method);
		net_seen_done(&seen);
	}
}

static void a_vlan_on_a_bond_below_a_bridge_is_made_from_below(void **state)
{
	static const char *const order[] = { "br0", "bond0", "eth0", "eth1", "bond0.7" };
	auto_plan struct plan p = { 0 };

	(void)state;
	link_add("eth0", "", 3, 0)->permanent_len = 6;
	link_add("eth1", "", 3, 0);
	link_add("bond0", "bond", 0, 0);
	link_add("bond0.7", "vlan", 5, 3)->vlan = 7;
	link_add("br0", "bridge", 0, 0);
	link_add("vnet0", "tun", 5, 0);
	tree_put(&tree, "/sys/class/net/bond0/bonding/mode", "802.3ad 4\n");
	tree_put(&tree, "/sys/class/net/bond0/bonding/miimon", "100\n");
	tree_put(&tree, "/sys/class/net/bond0/bonding/lacp_rate", "fast 1\n");
	address("2001:db8::7/64", 5, IFA_F_PERMANENT);
	way("2001:db8:1::9", "2001:db8::7", "fe80::1", 5);
	assert_int_equal(make(&p), 0);
	assert_int_equal(p.net.n_links, ARRAY_SIZE(order));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_string_equal(p.net.links[i].name, order[i]);
	assert_string_equal(p.net.links[0].options.v[0], "bridge/stp_state=0");
	assert_string_equal(p.net.links[1].options.v[0], "bonding/mode=4");
	assert_true(strv_has(&p.net.links[1].options, "bonding/lacp_rate=1"));
	assert_string_equal(p.net.links[2].master, "bond0");
	assert_string_equal(p.net.links[2].permanent, "00:00:00:00:00:00");
	assert_string_equal(p.net.links[2].address, "");
	assert_string_equal(p.net.links[4].lower, "bond0");
	assert_string_equal(p.net.links[4].master, "br0");
	assert_string_equal(p.net.nets[0].gateway, "fe80::1");
	assert_true(strv_has(&p.drivers, "bonding") && strv_has(&p.drivers, "8021q") &&
		    strv_has(&p.drivers, "bridge") && strv_has(&p.drivers, "e1000e"));
}

static void what_the_settings_say_wins(void **state)
{
	auto_plan struct plan p = { 0 };

	(void)state;
	link_add("eth0", "", 0, 0);
	link_add("eth1", "", 0, 0);
	way("198.51.100.9", "", "", 0);
	seen.route.type = 0;
	settings->net_device = xstrdup("eth1");
	settings->net_address = xstrdup("192.0.2.99/24");
	settings->net_gateway = xstrdup("192.0.2.254");
	assert_int_equal(make(&p), 0);
	assert_string_equal(p.net.nets[0].link, "eth1");
	assert_string_equal(p.net.nets[0].address, "192.0.2.99/24");
	assert_string_equal(p.net.nets[0].gateway, "192.0.2.254");
	assert_string_equal(p.net.links[0].driver, "e1000e");
}

static void ways_that_cannot_be_rebuilt_are_refused(void **state)
{
	static const struct {
		const char *kind;
		unsigned type;
		int index, code;
		const char *want;
	} rows[] = {
		{ "wireguard", RTN_UNICAST, 1, -ENOTSUP, "'wg0' (wireguard): not known" },
		{ "", RTN_UNICAST, 1, -ENOTSUP, "no hardware stands behind it" },
		{ "vlan", RTN_UNICAST, 1, -ENOTSUP, "lies in another namespace" },
		{ "bond", RTN_UNICAST, 1, -ENOTSUP, "has no port on hardware" },
		{ "", RTN_LOCAL, 1, -ENOTSUP, "'dumps' is this host itself" },
		{ "", RTN_UNREACHABLE, 1, -ENETUNREACH, "there is no route to 'dumps'" },
		{ "", RTN_UNICAST, 0, -ENETUNREACH, "there is no route to 'dumps'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_plan struct plan p = { 0 };

		net_seen_done(&seen);
		link_add("wg0", rows[i].kind, 0, 0);
		way("198.51.100.9", "192.0.2.7", "", rows[i].index);
		seen.route.type = rows[i].type;
		assert_int_equal(make(&p), rows[i].code);
		if (!strstr(p.e.text, rows[i].want))
			fail_msg("'%s' does not tell '%s'", p.e.text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_fixed_address_behind_a_gateway, begin, end),
		cmocka_unit_test_setup_teardown(a_lease_means_dhcp_and_its_gateway_is_told_anew, begin, end),
		cmocka_unit_test_setup_teardown(a_way_of_its_own_is_kept_beside_a_lease, begin, end),
		cmocka_unit_test_setup_teardown(who_gave_an_ipv6_address_is_told_by_its_prefix, begin, end),
		cmocka_unit_test_setup_teardown(a_vlan_on_a_bond_below_a_bridge_is_made_from_below, begin, end),
		cmocka_unit_test_setup_teardown(what_the_settings_say_wins, begin, end),
		cmocka_unit_test_setup_teardown(ways_that_cannot_be_rebuilt_are_refused, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
