/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "labparts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool says(const struct strv *all, const char *what)
{
	for (size_t i = 0; i < all->n; i++)
		if (strstr(all->v[i], what))
			return true;
	return false;
}

static void what_a_scratch_server_leaves_unproven_is_told(void **state)
{
	char url[] = "ssh://dump@files/d", other[] = "file:///var/crash", host[] = "files.example.org";
	char address[] = "198.51.100.9", gateway[] = "192.0.2.1", link[] = "ens3", server[] = "192.0.2.53", none[] = "";
	char *servers[] = { server, NULL };
	struct recipe_target targets[] = {
		{ .kind = TARGET_SSH, .url = url, .host = host, .address = address },
		{ .kind = TARGET_FILE, .url = other },
	};
	struct recipe_net net = { .link = link, .gateway = gateway, .dns = { servers, 1 } };
	struct recipe recipe = { .targets = targets, .n_targets = 2, .nets = &net, .n_nets = 1 };
	struct lab_request q = { .recipe = &recipe };
	char known[] = "files ssh-ed25519 AAAA\n";
	struct lab l = { .q = &q, .target = &targets[0], .remote = true, .known = known };
	auto_strv struct strv own = { 0 }, scratch = { 0 };

	(void)state;
	differs_tell(&l, &own);
	assert_true(says(&own, "host key is the scratch server's") && says(&own, "not SSH_KEY"));
	assert_true(says(&own, "'192.0.2.1' and '198.51.100.9' are one machine"));
	assert_true(says(&own, "knows 'files.example.org' alone"));
	assert_true(says(&own, "the target 'file:///var/crash' is not there"));
	assert_false(says(&own, "the image was built for"));

	/* What was made for the test is its own: there is nothing of the host in it. */
	q.target_url = url;
	l.known = NULL;
	net.gateway = none;
	net.dns.n = 0;
	recipe.n_targets = 1;
	differs_tell(&l, &scratch);
	assert_int_equal(scratch.n, 1);
	assert_true(says(&scratch, "the image was built for 'ssh://dump@files/d'"));
}

static void a_key_of_its_own_is_told_where_the_host_has_one(void **state)
{
	char url[] = "file:///var/crash", raid[] = "raid456";
	struct recipe_layer layers[] = { { .kind = LAYER_MD }, { .kind = LAYER_LUKS } };
	struct recipe_target t = { .kind = TARGET_FILE, .url = url, .layers = layers, .n_layers = 2 };
	struct recipe_module module = { .name = raid, .wanted = 1 };
	struct recipe recipe = { .targets = &t, .n_targets = 1, .modules = &module, .n_modules = 1 };
	struct lab_request q = { .recipe = &recipe };
	struct lab l = { .q = &q, .target = &t, .layers = { .disks = 3 } };
	auto_strv struct strv own = { 0 }, plain = { 0 };

	(void)state;
	differs_tell(&l, &own);
	assert_true(says(&own, "not LUKS_KEY_FILE's") && says(&own, "RAID 5") && says(&own, "no partitions"));
	t.n_layers = 0;
	l.layers.disks = 0;
	differs_tell(&l, &plain);
	assert_int_equal(plain.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_scratch_server_leaves_unproven_is_told),
		cmocka_unit_test(a_key_of_its_own_is_told_where_the_host_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
