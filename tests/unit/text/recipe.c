/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recipe.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void add_listener(struct recipe *r)
{
	struct recipe_listener *l = vec_push(&r->listeners, &r->n_listeners);

	l->kind = LISTENER_NETCONSOLE;
	l->host = xstrdup("logs.example.org");
	l->address = xstrdup("2001:db8::8");
	l->port = 6666;
	l->mac = xstrdup("52:54:00:aa:bb:cc");
}

/* ssh: by a VLAN on a bond of one port. */
static void add_network(struct recipe *r)
{
	struct recipe_target *t = vec_push(&r->targets, &r->n_targets);
	struct recipe_link *l = vec_push(&r->links, &r->n_links);
	struct recipe_net *n = vec_push(&r->nets, &r->n_nets);

	t->kind = TARGET_SSH;
	t->url = xstrdup("ssh://kdump@dumps:2222/srv");
	t->dir = xstrdup("/srv");
	t->host = xstrdup("dumps.example.org");
	t->address = xstrdup("2001:db8::7");
	t->port = 2222;
	t->user = xstrdup("kdump");
	t->known = xstrdup("[dumps]:2222");
	l->kind = LINK_BOND;
	l->name = xstrdup("bond0");
	strv_add(&l->options, "bonding/mode=active-backup");
	l = vec_push(&r->links, &r->n_links);
	l->name = xstrdup("eth0");
	l->permanent = xstrdup("52:54:00:12:34:56");
	l->driver = xstrdup("virtio_net");
	l->master = xstrdup("bond0");
	l->mtu = 9000;
	l = vec_push(&r->links, &r->n_links);
	l->kind = LINK_VLAN;
	l->name = xstrdup("bond0.7");
	l->lower = xstrdup("bond0");
	l->vlan = 7;
	l->vlan_protocol = 0x8100;
	n->link = xstrdup("bond0.7");
	n->method = NET_AUTO;
	strv_add(&n->dns, "2001:db8::53");
	n->wait = 60;
}

/* Below a file system: LVM on LUKS on an array. */
static void add_layers(struct recipe_target *t)
{
	struct recipe_layer *l = vec_push(&t->layers, &t->n_layers);

	l->kind = LAYER_MD;
	l->name = xstrdup("md127");
	l->uuid = xstrdup("0e5e3a43-21b1-2b3c-44d5-6e7f8090a1b2");
	l->count = 3;
	l = vec_push(&t->layers, &t->n_layers);
	l->kind = LAYER_LUKS;
	l->name = xstrdup("crypt");
	l->uuid = xstrdup("11111111-2222-3333-4444-555555555555");
	l->memory = 1ULL << 30;
	l = vec_push(&t->layers, &t->n_layers);
	l->kind = LAYER_LVM;
	l->name = xstrdup("vg-a/dumps");
	l->uuid = xstrdup("LVM-AAAABBBB");
	strv_add(&l->members, "aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg");
}

static struct recipe *sample(void)
{
	struct recipe *r = xcalloc(1, sizeof(*r));
	struct recipe_module *m;
	struct recipe_target *t;

	r->host = xstrdup("web1.example.org");
	r->machine_id = xstrdup("0123456789abcdef0123456789abcdef");
	r->kernel = xstrdup("6.1.0-55-amd64");
	r->dump_level = 31;
	r->level_most = 23;
	r->compress = xstrdup("-l");
	r->threads = 1;
	r->deadline = 4000000000U;
	r->stall = 120;
	r->grace = 30;
	r->on_failure = END_SHELL;
	r->shell_timeout = 600;
	r->hash_max = 1ULL << 40;
	r->watchdog = xstrdup("iTCO_wdt");
	r->loop_count = 3;
	r->loop_span = 3600;
	strv_add(&r->pre, "/usr/local/sbin/before the dump");
	r->bringer = xstrdup("/usr/lib/crashcfg/bring-up");
	r->bringer_wait = 120;
	m = vec_push(&r->modules, &r->n_modules);
	m->name = xstrdup("virtio_blk");
	m->path = xstrdup("/lib/modules/6.1.0-55-amd64/kernel/drivers/block/virtio_blk.ko");
	m->options = xstrdup("num_request_queues=1 queue_depth=\"8\"");
	strv_add(&m->needs, "virtio");
	strv_add(&m->needs, "virtio_ring");
	m->wanted = 1;
	m = vec_push(&r->modules, &r->n_modules);
	m->name = xstrdup("ext4");
	m->path = xstrdup("/lib/modules/ext4.ko.xz");
	m->options = xstrdup("");
	strv_add(&m->aliases, "fs-ext4");
	t = vec_push(&r->targets, &r->n_targets);
	t->kind = TARGET_FS;
	t->url = xstrdup("fs:LABEL=caf\xc3\xa9:/dumps");
	t->fstype = xstrdup("btrfs");
	t->uuid = xstrdup("");
	t->label = xstrdup("caf\xc3\xa9");
	t->device = xstrdup("/dev/vda2");
	t->size = 123456789012ULL;
	t->options = xstrdup("subvolid=256");
	t->brought = 1;
	t->dir = xstrdup("/dumps");
	add_layers(t);
	add_network(r);
	add_listener(r);
	return r;
}

static void decode_of_encode_is_the_same_recipe(void **state)
{
	auto_recipe struct recipe *r = sample(), *back = NULL;
	auto_buf struct buf text = { 0 };
	auto_buf struct buf again = { 0 };
	struct err e = { 0 };

	(void)state;
	recipe_encode(r, &text);
	if (recipe_decode(text.data, text.len, &back, &e) < 0)
		fail_msg("%s", e.text);
	recipe_encode(back, &again);
	assert_string_equal(buf_text(&text), buf_text(&again));
	assert_int_equal(back->deadline, 4000000000U);
	assert_int_equal(back->n_modules, 2);
	assert_string_equal(back->modules[0].needs.v[1], "virtio_ring");
	assert_int_equal(back->modules[0].wanted, 1);
	assert_int_equal(back->modules[1].wanted, 0);
	assert_string_equal(back->modules[1].aliases.v[0], "fs-ext4");
	assert_int_equal(back->targets[0].kind, TARGET_FS);
	assert_true(back->targets[0].size == 123456789012ULL);
	assert_int_equal(back->targets[1].port, 2222);
	assert_string_equal(back->targets[1].known, "[dumps]:2222");
	assert_int_equal(back->targets[0].n_layers, 3);
	assert_string_equal(back->bringer, "/usr/lib/crashcfg/bring-up");
	assert_int_equal(back->bringer_wait, 120);
	assert_true(back->targets[0].brought && !back->targets[1].brought);
	assert_int_equal(back->targets[0].layers[1].kind, LAYER_LUKS);
	assert_true(back->targets[0].layers[1].memory == 1ULL << 30);
	assert_string_equal(back->targets[0].layers[2].members.v[0], "aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg");
	assert_int_equal(back->targets[1].n_layers, 0);
	assert_int_equal(back->n_links, 3);
	assert_int_equal(back->links[2].kind, LINK_VLAN);
	assert_int_equal(back->links[1].mtu, 9000);
	assert_string_equal(back->links[0].options.v[0], "bonding/mode=active-backup");
	assert_int_equal(back->nets[0].method, NET_AUTO);
	assert_string_equal(back->nets[0].dns.v[0], "2001:db8::53");
	assert_int_equal(back->n_listeners, 1);
	assert_int_equal(back->listeners[0].kind, LISTENER_NETCONSOLE);
	assert_int_equal(back->listeners[0].port, 6666);
	assert_string_equal(back->listeners[0].mac, "52:54:00:aa:bb:cc");
	assert_int_equal(back->on_success, END_REBOOT);
	assert_int_equal(back->on_failure, END_SHELL);
}

/* Replace the first OLD of the sample's text by NEW. */
static char *spoilt(const char *old, const char *new)
{
	auto_recipe struct recipe *r = sample();
	auto_buf struct buf text = { 0 };
	char *at;

	recipe_encode(r, &text);
	at = strstr(text.data, old);
	assert_non_null(at);
	return xasprintf("%.*s%s%s", (int)(at - text.data), text.data, new, at + strlen(old));
}

static void a_fault_is_named(void **state)
{
	static const struct {
		const char *old, *new, *want;
	} rows[] = {
		{ "\"schema\": 1", "\"schema\": 2", "'schema' is not 1" },
		{ "\"host\": ", "\"hast\": ", "'host' is missing" },
		{ "\"web1.example.org\"", "17", "'host' is not a text" },
		{ "\"web1.example.org\"", "\"..\"", "cannot name a folder" },
		{ "\"web1.example.org\"", "\"a/b\"", "cannot name a folder" },
		{ "\"dump_level\": 31", "\"dump_level\": 42", "the largest is 32" },
		{ "\"level_most\": 23", "\"level_most\": 32", "the largest is 31" },
		{ "\"dump_level\": 31", "\"dump_level\": -1", "'dump_level' is not a whole number" },
		{ "\"stall\": 120", "\"stall\": 4294967296", "'stall' is not a whole number" },
		{ "\"stall\": 120", "\"stall\": 1.5", "'stall' is not a whole number" },
		{ "\"compress\": \"-l\"", "\"compress\": \"-E\"", "not an option of makedumpfile" },
		{ "\"compress\": \"-l\"", "\"compress\": \"--config=/x\"",
		  "not an option of makedumpfile" },
		{ "\"on_success\": \"reboot\"", "\"on_success\": \"explode\"",
		  "'on_success' is 'explode'" },
		{ "\"kind\": \"fs\"", "\"kind\": \"tape\"", "targets[0]: 'kind' is 'tape'" },
		{ "\"targets\": [", "\"targets\": 5, \"x\": [", "'targets' is not a list" },
		{ "\"wanted\": true", "\"wanted\": 1", "modules[0]: 'wanted' is not true or false" },
		{ "\"virtio_ring\"", "null", "modules[0]: 'needs' is not a list of texts" },
		{ "\"/lib/modules/ext4.ko.xz\"", "\"ext4.ko\"",
		  "modules[1]: 'path' is 'ext4.ko', not an absolute path" },
		{ "\"lower\": \"bond0\"", "\"lower\": \"eth9\"", "links[2]: 'lower' is 'eth9', no link" },
		{ "\"master\": \"bond0\"", "\"master\": \"br0\"", "links[1]: 'master' is 'br0', no link" },
		{ "\"link\": \"bond0.7\"", "\"link\": \"eth7\"", "nets[0]: 'link' is 'eth7'" },
		{ "\"known\": \"[dumps]:2222\",\n      \"net\": 0", "\"known\": \"\", \"net\": 1",
		  "targets[1]: 'net' is 1 of 1" },
		{ "\"port\": 6666", "\"port\": 66666", "listeners[0]: 'port' is 66666" },
		{ "\"2001:db8::8\"", "\"::1 x=y\"", "listeners[0]: 'address' or 'mac'" },
		{ "52:54:00:aa:bb:cc\"", "x,y\"", "listeners[0]: 'address' or 'mac'" },
		{ "\"net\": 0,\n      \"mac\"", "\"net\": 1, \"mac\"", "listeners[0]: 'net' is 1 of 1" },
		{ "\"md127\"", "\"-x\"", "targets[0]: layers[0]: 'name' is '-x'" },
		{ "\"md127\"", "\"sda\"", "which is no array" },
		{ "\"count\": 3", "\"count\": 0", "which is no array" },
		{ "\"crypt\"", "\"a/b\"", "layers[1]: 'name' is 'a/b'" },
		{ "\"vg-a/dumps\"", "\"vg-a\"", "layers[2]: 'name' is 'vg-a'" },
		{ "\"vg-a/dumps\"", "\"vg-a/-ay\"", "layers[2]: 'name' is 'vg-a/-ay'" },
		{ "\"LVM-AAAABBBB\"", "\"\"", "layers[2]: 'uuid' is ''" },
		{ "\"layers\": [", "\"layers\": 1, \"x\": [", "'layers' is not a list" },
		{ "\"modules\"", "\"modules", "not JSON" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = spoilt(rows[i].old, rows[i].new);
		auto_recipe struct recipe *r = NULL;
		struct err e = { 0 };

		assert_int_equal(recipe_decode(text, strlen(text), &r, &e), -EINVAL);
		assert_null(r);
		if (!strstr(e.text, rows[i].want))
			fail_msg("'%s' does not tell '%s'", e.text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_of_encode_is_the_same_recipe),
		cmocka_unit_test(a_fault_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
