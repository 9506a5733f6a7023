/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"
#include "guest/guest.h"
#include "proc.h"
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

/* Each program is there, wherever the test runs. */
int __wrap_tool_find(const char *program, char **ret, struct err *e);
int __wrap_tool_find(const char *program, char **ret, struct err *e)
{
	(void)e;
	*ret = xasprintf("/usr/sbin/%s", program);
	return 0;
}

/* --- the way to it --------------------------------------------------------------------------------- */

#define CARD(card_name, mac, its_master) \
	{ .kind = LINK_HARDWARE, .name = (char[]){ card_name }, .permanent = (char[]){ mac }, \
	  .driver = (char[]){ "virtio_net" }, .address = (char[]){ "" }, .lower = (char[]){ "" }, \
	  .master = (char[]){ its_master } }
#define VLAN(vlan_name, below, id, its_master) \
	{ .kind = LINK_VLAN, .name = (char[]){ vlan_name }, .permanent = (char[]){ "" }, .driver = (char[]){ "" }, \
	  .address = (char[]){ "" }, .lower = (char[]){ below }, .vlan = id, .vlan_protocol = 0x8100, \
	  .master = (char[]){ its_master } }
#define OVER(link_kind, link_name) \
	{ .kind = link_kind, .name = (char[]){ link_name }, .permanent = (char[]){ "" }, .driver = (char[]){ "" }, \
	  .address = (char[]){ "" }, .lower = (char[]){ "" }, .master = (char[]){ "" } }

/* The n-th word of each order is joined: "ip link set eth0 up\n". */
static char *orders(const struct script *s)
{
	struct buf out = { 0 };
	auto_free char *copy = xstrdup(buf_text(&s->plan));
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "arg ", 4) != 0)
			buf_addf(&out, "%s%s", out.len ? "\n" : "", strrchr(line, '/') + 1);
		else
			buf_addf(&out, " %s", line + 4);
	}
	buf_addc(&out, '\n');
	return buf_take(&out);
}

static void the_server_has_the_addresses_that_the_host_knows(void **state)
{
	struct recipe_link plain[] = { CARD("ens3", "52:54:00:00:00:01", ""), CARD("other", "52:54:00:00:00:02", "") };
	struct recipe_link vlan[] = { CARD("ens3", "52:54:00:00:00:01", ""), VLAN("ens3.7", "ens3", 7, "") };
	struct recipe_link bond[] = { OVER(LINK_BOND, "bond0"), CARD("a", "52:54:00:00:00:01", "bond0"),
				      CARD("b", "52:54:00:00:00:02", "bond0"), VLAN("bond0.9", "bond0", 9, "") };
	struct recipe_link bridge[] = { OVER(LINK_BRIDGE, "br0"), CARD("a", "52:54:00:00:00:01", ""),
					VLAN("a.5", "a", 5, "br0") };
	const struct {
		struct recipe_link *links;
		size_t n;
		const char *link, *own, *gateway, *target;
		size_t cards;
		const char *want;
	} rows[] = {
		{ plain, 2, "ens3", "192.0.2.7/24", "", "192.0.2.1", 1,
		  "ip link set lo up\nip link set eth0 up\nip addr replace 192.0.2.1/24 dev eth0\n" },
		{ plain, 2, "ens3", "192.0.2.7/25", "192.0.2.2", "198.51.100.9", 1,
		  "ip link set lo up\nip link set eth0 up\nip addr replace 192.0.2.2/25 dev eth0\n"
		  "ip addr replace 198.51.100.9/32 dev eth0\n" },
		{ plain, 2, "ens3", "2001:db8::7/64", "", "2001:db8::1", 1,
		  "ip link set lo up\nip link set eth0 up\nip addr replace 2001:db8::1/64 dev eth0 nodad\n" },
		{ vlan, 2, "ens3.7", "192.0.2.7/24", "", "192.0.2.1", 1,
		  "ip link set lo up\nip link set eth0 up\n"
		  "ip link add link eth0 name eth0.7 type vlan proto 802.1Q id 7\nip link set eth0.7 up\n"
		  "ip addr replace 192.0.2.1/24 dev eth0.7\n" },
		{ bond, 4, "bond0.9", "192.0.2.7/24", "", "192.0.2.1", 2,
		  "ip link set lo up\nip link set eth0 up\n"
		  "ip link add link eth0 name eth0.9 type vlan proto 802.1Q id 9\nip link set eth0.9 up\n"
		  "ip addr replace 192.0.2.1/24 dev eth0.9\n" },
		{ bond, 4, "bond0", "192.0.2.7/24", "", "192.0.2.1", 2,
		  "ip link set lo up\nip link set eth0 up\nip addr replace 192.0.2.1/24 dev eth0\n" },
		{ bridge, 3, "br0", "192.0.2.7/24", "", "192.0.2.1", 1,
		  "ip link set lo up\nip link set eth0 up\n"
		  "ip link add link eth0 name eth0.5 type vlan proto 802.1Q id 5\nip link set eth0.5 up\n"
		  "ip addr replace 192.0.2.1/24 dev eth0.5\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *link = xstrdup(rows[i].link), *own = xstrdup(rows[i].own);
		auto_free char *gateway = xstrdup(rows[i].gateway), *address = xstrdup(rows[i].target), *text = NULL;
		struct recipe_net net = { .link = link, .method = NET_STATIC, .address = own, .gateway = gateway };
		struct recipe_target t = { .kind = TARGET_NFS, .address = address, .url = link };
		struct recipe recipe = { .links = rows[i].links, .n_links = rows[i].n, .nets = &net, .n_nets = 1 };
		auto_wire struct wire w = { 0 };
		auto_script struct script s = { 0 };
		auto_strv struct strv argv = { 0 };
		size_t cards = 0;
		struct err e = { 0 };

		assert_int_equal(wire_find(&recipe, &t, &w, &e), 0);
		if (wire_server(&recipe, &t, &w, &s, &e) < 0)
			fail_msg("%s: %s", rows[i].link, e.text);
		text = orders(&s);
		assert_string_equal(text, rows[i].want);
		assert_int_equal(wire_cards(&w, 5, &argv, &e), 0);
		assert_string_equal(argv.v[1], "socket,id=wire,fd=5");
		for (size_t k = 0; k < argv.n; k++)
			cards += strncmp(argv.v[k], "virtio-net-pci,mac=52:54:00:00:00:0", 35) == 0;
		assert_int_equal(cards, rows[i].cards);
	}
}

static void a_host_that_asks_for_its_address_is_given_one(void **state)
{
	static const struct {
		const char *target;
		enum net_method method;
		const char *want;	/* the last words */
	} rows[] = {
		{ "192.0.2.1", NET_DHCP,
		  "ip addr replace 192.0.2.1/24 dev eth0\ndnsmasq --interface=eth0 "
		  "--dhcp-range=192.0.2.100,192.0.2.150,255.255.255.0 --dhcp-option=option:router,192.0.2.1 "
		  "--dhcp-option=option:dns-server,192.0.2.1\n" },
		{ "192.0.2.120", NET_DHCP,
		  "ip addr replace 192.0.2.120/24 dev eth0\ndnsmasq --interface=eth0 "
		  "--dhcp-range=192.0.2.10,192.0.2.60,255.255.255.0 --dhcp-option=option:router,192.0.2.120 "
		  "--dhcp-option=option:dns-server,192.0.2.120\n" },
		{ "2001:db8:1:2:3::1", NET_AUTO,
		  "ip addr replace 2001:db8:1:2:3::1/64 dev eth0 nodad\ndnsmasq --interface=eth0 --enable-ra "
		  "--dhcp-option=option6:dns-server,[2001:db8:1:2:3::1] --dhcp-range=2001:db8:1:2::,ra-only\n" },
		{ "2001:db8::1", NET_DHCP,
		  "ip addr replace 2001:db8::1/64 dev eth0 nodad\ndnsmasq --interface=eth0 --enable-ra "
		  "--dhcp-option=option6:dns-server,[2001:db8::1] --dhcp-range=2001:db8::64,2001:db8::96,64\n" },
	};
	static const char fixed[] = "--keep-in-foreground --conf-file=/dev/null --user=root --port=0 --no-ping "
				    "--dhcp-authoritative --log-facility=- --pid-file --leasefile-ro ";
	struct recipe_link links[] = { CARD("ens3", "52:54:00:00:00:01", "") };
	char name[] = "ens3", none[] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *address = xstrdup(rows[i].target), *text = NULL;
		struct recipe_net net = { .link = name, .method = rows[i].method, .address = none, .gateway = none };
		struct recipe_target t = { .kind = TARGET_NFS, .address = address, .url = name };
		struct recipe recipe = { .links = links, .n_links = 1, .nets = &net, .n_nets = 1 };
		auto_wire struct wire w = { 0 };
		auto_script struct script s = { 0 };
		struct err e = { 0 };
		char *at;

		assert_int_equal(wire_find(&recipe, &t, &w, &e), 0);
		assert_int_equal(wire_server(&recipe, &t, &w, &s, &e), 0);
		text = orders(&s);
		at = strstr(text, fixed);
		assert_non_null(at);
		memmove(at, at + strlen(fixed), strlen(at + strlen(fixed)) + 1);
		assert_string_equal(strstr(text, "ip addr"), rows[i].want);
	}
}

/* Links come before what lies on them, and after what they are ports of. */
static void kinds_of_networks_are_made_from_the_card_upwards(void **state)
{
	static const struct {
		const char *url, *kinds, *want;
	} rows[] = {
		{ "nfs", "", "eth0: 192.0.2.77/24 by eth0" },
		{ "nfs", "vlan", "eth0 vlan7/eth0: 192.0.2.77/24 by vlan7" },
		{ "nfs", "bond,vlan,bridge", "br0 bond0 eth0>bond0 eth1>bond0 vlan7/bond0>br0: 192.0.2.77/24 by br0" },
		{ "nfs", "bridge,vlan", "br0 eth0>br0 vlan7/br0: 192.0.2.77/24 by vlan7" },
		{ "nfs", "bond,dhcp", "bond0 eth0>bond0 eth1>bond0:  by bond0" },
		{ "nfs://[2001:db8::1]/a", "ra", "eth0:  by eth0" },
		{ "nfs", "router", "eth0: 192.0.3.77/24 by eth0 to 192.0.3.1" },
		{ "nfs://[2001:db8::1]/a", "router", "eth0: 2001:db8:0:1::4d/64 by eth0 to 2001:db8:0:1::1" },
	};
	static const char *const bad[][2] = {
		{ "nfs", "vlan,bond" }, { "nfs", "bridge,bridge" }, { "nfs", "vlan,vlan" }, { "nfs", "token-ring" },
		{ "nfs", "ra" }, { "nfs", "dhcp,router" },
	};
	struct storage st;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf text = { 0 };
		struct network net = { 0 };

		if (lab_remote(rows[i].url, rows[i].kinds, "", "/nowhere", &st, &net, &e) < 0)
			fail_msg("%s: %s", rows[i].kinds, e.text);
		for (size_t k = 0; k < net.n_links; k++) {
			const struct recipe_link *l = &net.links[k];

			buf_addf(&text, "%s%s%s%s%s%s", k ? " " : "", l->name, *l->lower ? "/" : "", l->lower,
				 *l->master ? ">" : "", l->master);
		}
		buf_addf(&text, ": %s by %s%s%s", net.nets[0].address, net.nets[0].link, *net.nets[0].gateway ? " to " : "",
			 net.nets[0].gateway);
		assert_string_equal(buf_text(&text), rows[i].want);
		storage_done(&st);
		network_done(&net);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct network net = { 0 };

		assert_int_equal(lab_remote(bad[i][0], bad[i][1], "", "/nowhere", &st, &net, &e), -EINVAL);
	}
}

static void a_card_that_qemu_lacks_is_named_with_its_driver(void **state)
{
	struct recipe_link links[] = { CARD("ens3", "52:54:00:00:00:01", "") };
	char name[] = "ens3", driver[] = "mlx5_core", none[] = "";
	struct recipe_net net = { .link = name, .method = NET_DHCP, .address = none, .gateway = none };
	struct recipe recipe = { .links = links, .n_links = 1, .nets = &net, .n_nets = 1 };
	struct recipe_target t = { .kind = TARGET_NFS, .url = name, .address = none };
	auto_wire struct wire w = { 0 };
	auto_strv struct strv argv = { 0 };
	struct err e = { 0 };

	(void)state;
	links[0].driver = driver;
	assert_int_equal(wire_find(&recipe, &t, &w, &e), 0);
	assert_int_equal(wire_cards(&w, 5, &argv, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "'mlx5_core'"));
	assert_non_null(strstr(e.text, "--target nfs"));
	t.net = 1;
	assert_int_equal(wire_find(&recipe, &t, &w, &e), -EINVAL);
}

/* --- scratch targets -------------------------------------------------------------------------------- */

static void a_kind_or_an_address_makes_a_target(void **state)
{
	static const struct {
		const char *url;
		enum target_kind kind;
		const char *address, *own, *dir;
		unsigned port;
	} rows[] = {
		{ "nfs", TARGET_NFS, "192.0.2.1", "192.0.2.77/24", "/srv/crash", 0 },
		{ "nfs://198.51.100.77:4049/a/b", TARGET_NFS, "198.51.100.77", "198.51.100.78/24", "/a/b", 4049 },
		{ "nfs://[2001:db8::5]/a", TARGET_NFS, "2001:db8::5", "2001:db8::4d/64", "/a", 0 },
		{ "nfs://files.example.org/a", TARGET_NFS, "192.0.2.1", "192.0.2.77/24", "/a", 0 },
	};
	struct storage st;
	struct network net = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (lab_remote(rows[i].url, "", "vers=4.1", "/nowhere", &st, &net, &e) < 0)
			fail_msg("%s: %s", rows[i].url, e.text);
		assert_int_equal(st.target.kind, rows[i].kind);
		assert_string_equal(st.target.address, rows[i].address);
		assert_string_equal(st.target.options, "vers=4.1");
		assert_string_equal(st.target.dir, rows[i].dir);
		assert_int_equal(st.target.port, rows[i].port);
		assert_string_equal(net.nets[0].address, rows[i].own);
		/* A name is asked for; who answers is the server itself. */
		assert_int_equal(net.nets[0].dns.n, strstr(rows[i].url, "example") != NULL);
		storage_done(&st);
		network_done(&net);
	}
	assert_int_equal(lab_remote("raw:/dev/sda", "", "", "/nowhere", &st, &net, &e), -EINVAL);
	assert_int_equal(lab_remote("carrier-pigeon", "", "", "/nowhere", &st, &net, &e), -EINVAL);
}

/* --- the process that follows it -------------------------------------------------------------------- */

static char dir[] = "/tmp/crashcfg-server-test-XXXXXX";

/* A script in the place of QEMU. */
static int start(const char *script, struct server *s, struct err *e)
{
	auto_free char *path = xasprintf("%s/qemu", dir), *console = xasprintf("%s/console", dir);
	auto_free char *errors = xasprintf("%s/errors", dir);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	auto_strv struct strv none = { 0 };
	struct vm vm = {
		.accel = "tcg", .kernel = "k", .initrd = "i", .append = "a", .devices = &none, .console = console,
		.errors = errors, .deadline = now_ms() + 5000,
	};

	assert_int_equal(fd_write_all(fd, script, strlen(script)), 0);
	own_close(&fd);
	fd = -1;
	return server_start(s, path, &vm, now_ms() + 20000, e);
}

static void the_server_is_heard_and_told_to_end(void **state)
{
	struct server s = { .input = -1 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(start("#!/bin/sh\necho noise\necho 'x crashcfg-lab: boot 6.1'\necho 'crashcfg-lab: ready SSH'\n"
			       "read word; echo \"crashcfg-lab: collected 3 files\"; [ \"$word\" = end ] || echo "
			       "'crashcfg-lab: failed another word'\n", &s, &e), 0);
	assert_int_equal(server_wait(&s, GUEST_BOOT, now_ms() + 5000, -1, &e), 0);
	assert_int_equal(server_wait(&s, GUEST_READY, now_ms() + 5000, -1, &e), 0);
	assert_int_equal(server_end(&s, &e), 0);
	assert_int_equal(server_wait(&s, GUEST_COLLECTED, now_ms() + 5000, -1, &e), 0);
	assert_int_equal(server_wait(&s, GUEST_READY, now_ms() + 5000, -1, &e), -EIO);
	assert_non_null(strstr(e.text, "has ended"));
	server_stop(&s);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_server_that_fails_or_hangs_is_told_of(void **state)
{
	struct server s = { .input = -1 };
	struct err e = { 0 };
	int stop[2];

	(void)state;
	assert_int_equal(start("#!/bin/sh\necho 'crashcfg-lab: failed no disk came'\nexec sleep 60\n", &s, &e), 0);
	assert_int_equal(server_wait(&s, GUEST_READY, now_ms() + 5000, -1, &e), -EIO);
	assert_non_null(strstr(e.text, "no disk came"));
	server_stop(&s);

	assert_int_equal(start("#!/bin/sh\nexec sleep 60\n", &s, &e), 0);
	assert_int_equal(server_wait(&s, GUEST_READY, now_ms() + 300, -1, &e), -ETIMEDOUT);
	assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
	assert_int_equal(write(stop[1], "", 1), 1);
	assert_int_equal(server_wait(&s, GUEST_READY, now_ms() + 5000, stop[0], &e), -EINTR);
	server_stop(&s);
	close(stop[0]);
	close(stop[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_has_the_addresses_that_the_host_knows),
		cmocka_unit_test(a_host_that_asks_for_its_address_is_given_one),
		cmocka_unit_test(kinds_of_networks_are_made_from_the_card_upwards),
		cmocka_unit_test(a_card_that_qemu_lacks_is_named_with_its_driver),
		cmocka_unit_test(a_kind_or_an_address_makes_a_target),
		cmocka_unit_test(the_server_is_heard_and_told_to_end),
		cmocka_unit_test(a_server_that_fails_or_hangs_is_told_of),
	};
	int r;

	if (!mkdtemp(dir))
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "qemu", "console", "errors" };
		auto_free char *path = xasprintf("%s/%s", dir, names[i]);

		unlink(path);
	}
	rmdir(dir);
	return r;
}
