/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks that something has to bring up, as sysfs shows them, and what is told of the session behind one. */
#include "stack.h"
#include "tree.h"

#include <errno.h>

#define DISK "platform/host2/session7/target2:0:0/2:0:0:1/block/sda"

static struct tree t;

static int begin(void **state)
{
	(void)state;
	tree_begin(&t);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tree_end(&t);
	return 0;
}

static void put(const char *dir, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	tree_put(&t, path, text);
}

static void put_disk(const char *path, unsigned minor)
{
	auto_free char *sys = xasprintf("/sys/devices/%s", path), *to = xasprintf("../../devices/%s", path);
	auto_free char *link = xasprintf("/sys/class/block/%s", strrchr(path, '/') + 1);
	auto_free char *number = xasprintf("8:%u\n", minor);

	put(sys, "dev", number);
	put(sys, "size", "2048\n");
	tree_link(&t, link, to);
}

static void put_session(const char *target, const char *initiator, const char *address, const char *port)
{
	put("/sys/class/iscsi_session/session7", "targetname", target);
	put("/sys/class/iscsi_session/session7", "initiatorname", initiator);
	put("/sys/class/iscsi_session/session7", "username", "(null)\n");
	put("/sys/class/iscsi_session/session7", "password", "(null)\n");
	put("/sys/class/iscsi_connection/connection7:0", "persistent_address", address);
	put("/sys/class/iscsi_connection/connection7:0", "persistent_port", port);
}

static void put_usual(void)
{
	put_disk(DISK, 1);
	put_session("iqn.2004-10.com.example:dumps\n", "iqn.1993-08.org.debian:01:ab\n", "192.0.2.1\n",
		    "3260\n");
}

static int find(const char *name, struct stack *ret, struct err *e)
{
	auto_block struct block_dev b = { 0 };

	assert_int_equal(block_by_name(&t.root, name, &b, NULL), 0);
	return stack_find(&t.root, &b, ret, e);
}

static void an_iscsi_disk_is_told_with_its_session(void **state)
{
	auto_stack struct stack s = { 0 };

	(void)state;
	put_usual();
	assert_int_equal(find("sda", &s, NULL), 0);
	assert_int_equal(s.remote, REMOTE_ISCSI);
	assert_string_equal(s.remote_what, "iSCSI disk 'sda'");
	assert_int_equal(s.n_sessions, 1);
	assert_string_equal(s.sessions[0].name, "session7");
	assert_string_equal(s.sessions[0].target, "iqn.2004-10.com.example:dumps");
	assert_string_equal(s.sessions[0].initiator, "iqn.1993-08.org.debian:01:ab");
	assert_string_equal(s.sessions[0].address, "192.0.2.1");
	assert_int_equal(s.sessions[0].port, 3260);
	assert_false(s.sessions[0].chap);
	assert_true(strv_has(&s.drivers, "sd_mod"));
}

static void names_that_are_none_of_iscsi_are_refused(void **state)
{
	static const struct {
		const char *target, *initiator, *address, *port, *words;
	} rows[] = {
		{ "iqn.x y\n", "iqn.i\n", "192.0.2.1\n", "3260\n", "whose target is 'iqn.x y'" },
		{ "iqn.$(id)\n", "iqn.i\n", "192.0.2.1\n", "3260\n", "which is no name of iSCSI" },
		{ "iqn.\x1b[2J\n", "iqn.i\n", "192.0.2.1\n", "3260\n", "whose target is 'iqn.?[2J'" },
		{ "\n", "iqn.i\n", "192.0.2.1\n", "3260\n", "whose target is ''" },
		{ "iqn.t\n", "iqn.i;x\n", "192.0.2.1\n", "3260\n", "whose initiator is 'iqn.i;x'" },
		{ "iqn.t\n", "iqn.i\n", "store.example\n", "3260\n", "whose portal is 'store.example'" },
		{ "iqn.t\n", "iqn.i\n", "192.0.2.1\n", "0\n", "port '0', which is no address" },
		{ "iqn.t\n", "iqn.i\n", "192.0.2.1\n", "99999\n", "which is no address" },
	};

	(void)state;
	put_disk(DISK, 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_stack struct stack s = { 0 };
		struct err e = { 0 };

		put_session(rows[i].target, rows[i].initiator, rows[i].address, rows[i].port);
		assert_int_equal(find("sda", &s, &e), -ENOTSUP);
		if (!strstr(e.text, rows[i].words))
			fail_msg("'%s' lacks '%s'", e.text, rows[i].words);
	}
}

static void a_session_with_a_secret_is_proved_as_the_kernel_knows_it(void **state)
{
	auto_stack struct stack s = { 0 };
	auto_buf struct buf proof = { 0 };
	struct err e = { 0 };

	(void)state;
	put_usual();
	put("/sys/class/iscsi_session/session7", "username", "kdump\n");
	assert_int_equal(find("sda", &s, NULL), 0);
	assert_true(s.sessions[0].chap);
	assert_int_equal(iscsi_session_proof(&t.root, &s.sessions[0], &proof, &e), -EACCES);
	assert_non_null(strstr(e.text, "run this as root"));
	put("/sys/class/iscsi_session/session7", "password", "a b#c$d\"\n");
	assert_int_equal(iscsi_session_proof(&t.root, &s.sessions[0], &proof, NULL), 0);
	assert_string_equal(buf_text(&proof), "node.session.auth.authmethod = CHAP\n"
					      "node.session.auth.username = kdump\n"
					      "node.session.auth.password = a b#c$d\"\n");
}

static void a_session_without_a_secret_has_nothing_to_prove(void **state)
{
	auto_stack struct stack s = { 0 };
	auto_buf struct buf proof = { 0 };

	(void)state;
	put_usual();
	assert_int_equal(find("sda", &s, NULL), 0);
	assert_int_equal(iscsi_session_proof(&t.root, &s.sessions[0], &proof, NULL), 0);
	assert_int_equal(proof.len, 0);
}

static void other_disks_that_have_to_be_brought_up_are_told(void **state)
{
	static const struct {
		const char *path, *what;
		enum remote_disk kind;
	} rows[] = {
		{ "pci0/net/eth1/ctlr_0/host7/rport-7:0-1/target7:0:0/7:0:0:0/block/sdb", "FCoE disk 'sdb'",
		  REMOTE_FCOE },
		{ "css0/0.0.0001/0.0.0200/block/dasda", "DASD 'dasda'", REMOTE_DASD },
		{ "css0/0.0.0002/0.0.1940/host0/rport-0:0-0/target0:0:0/0:0:0:1/block/sdc",
		  "disk on a channel path 'sdc'", REMOTE_ZFCP },
		{ "pci0/0000:00:02.0/virtio1/block/vda", NULL, REMOTE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_stack struct stack s = { 0 };

		put_disk(rows[i].path, (unsigned)i);
		assert_int_equal(find(strrchr(rows[i].path, '/') + 1, &s, NULL), 0);
		assert_int_equal(s.remote, rows[i].kind);
		if (rows[i].what)
			assert_string_equal(s.remote_what, rows[i].what);
	}
}

static void two_kinds_below_one_target_are_refused(void **state)
{
	auto_stack struct stack s = { 0 };
	struct err e = { 0 };

	(void)state;
	put_usual();
	put_disk("css0/0.0.0001/0.0.0200/block/dasda", 2);
	put_disk("virtual/block/dm-0", 3);
	put("/sys/devices/virtual/block/dm-0", "dm/uuid", "mpath-1\n");
	put("/sys/devices/virtual/block/dm-0", "dm/name", "m1\n");
	tree_link(&t, "/sys/devices/virtual/block/dm-0/slaves/sda", "/sys/class/block/sda");
	tree_link(&t, "/sys/devices/virtual/block/dm-0/slaves/dasda", "/sys/class/block/dasda");
	assert_int_equal(find("dm-0", &s, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "iSCSI disk 'sda'"));
	assert_non_null(strstr(e.text, "DASD 'dasda'"));
}

#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(an_iscsi_disk_is_told_with_its_session),
		IN_TREE(names_that_are_none_of_iscsi_are_refused),
		IN_TREE(a_session_with_a_secret_is_proved_as_the_kernel_knows_it),
		IN_TREE(a_session_without_a_secret_has_nothing_to_prove),
		IN_TREE(other_disks_that_have_to_be_brought_up_are_told),
		IN_TREE(two_kinds_below_one_target_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
