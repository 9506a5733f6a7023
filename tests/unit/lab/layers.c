/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab.h"
#include "layers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Each program is there, wherever the test runs; but one is not. */
int __real_tool_find(const char *program, char **ret, struct err *e);
int __wrap_tool_find(const char *program, char **ret, struct err *e);
int __wrap_tool_find(const char *program, char **ret, struct err *e)
{
	if (strstr(program, "no-such"))
		return __real_tool_find(program, ret, e);
	*ret = xasprintf("/usr/sbin/%s", program);
	return 0;
}

/* The recipe that an image for a scratch disk with such layers would bear. */
struct made {
	struct storage storage;
	struct recipe recipe;
};

static void make(const char *kinds, struct made *to)
{
	struct err e = { 0 };

	*to = (struct made){ 0 };
	assert_int_equal(lab_storage("ext4", "/var/crash", 1ULL << 30, &to->storage, &e), 0);
	if (lab_stack(kinds, &to->storage, &e) < 0)
		fail_msg("%s: %s", kinds, e.text);
	to->recipe.modules = xcalloc(to->storage.drivers.n, sizeof(*to->recipe.modules));
	for (size_t i = 0; i < to->storage.drivers.n; i++)
		to->recipe.modules[to->recipe.n_modules++] = (struct recipe_module){
			.name = to->storage.drivers.v[i], .wanted = 1,
		};
}

static void made_done(struct made *m)
{
	free(m->recipe.modules);
	storage_done(&m->storage);
}

/* A program's own folder does not matter here: "do /usr/sbin/lvm" is "do lvm". */
static char *plain(const struct script *s)
{
	struct buf out = { 0 };
	auto_free char *copy = xstrdup(buf_text(&s->plan));
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *slash = strrchr(line, '/');

		if (strncmp(line, "do ", 3) == 0)
			buf_addf(&out, "\n%s", slash ? slash + 1 : line + 3);
		else
			buf_addf(&out, " %s", line + 4);
	}
	buf_addc(&out, '\n');
	return buf_take(&out);
}

static void each_stack_is_made_of_so_many_disks_and_ends_in_one_node(void **state)
{
	static const struct {
		const char *kinds;
		unsigned disks;
		const char *node, *make, *open;
	} rows[] = {
		{ "raid1", 2, "/dev/md127", "--level=1 --uuid=c0ffee00-1ab0-4d15-8000-000000000000 --raid-devices=2 @0 @1\n",
		  "\nmdadm --assemble /dev/md127 --config=none --run --uuid=c0ffee00-1ab0-4d15-8000-000000000000 @0 @1\n" },
		{ "raid5", 3, "/dev/md127", "--assume-clean --level=5", "@0 @1 @2\n" },
		{ "raid0", 2, "/dev/md127", "--level=0", "@0 @1\n" },
		{ "lvm", 1, "/dev/crashlab0/dump",
		  "\nlvm pvcreate -q -y -ff --norestorefile --uuid Crashc-fgTe-st00-0000-0000-0000-000000 @0\n"
		  "lvm vgcreate -q -y crashlab0 @0\n",
		  "\nlvm vgchange -q -ay crashlab0\n" },
		{ "lvm", 1, "/dev/crashlab0/dump",
		  "\nlvm-ids /run/lvm-metadata CrashcfgTestGroup000000000000000 dump CrashcfgTestVolume00000000000000\n"
		  "lvm vgcfgrestore -q --force -f /run/lvm-metadata crashlab0\n", "" },
		{ "thin", 1, "/dev/crashlab0/dump", "--type thin -Wn -l 90%FREE", "" },
		{ "luks", 1, "/dev/mapper/crashlab-crypt0", "--pbkdf=pbkdf2 --pbkdf-force-iterations=1000 @0\n",
		  "--key-file /lab/luks.key @0 crashlab-crypt0\n" },
		{ "raid1,lvm", 2, "/dev/crashlab1/dump", "\nlvm vgcreate -q -y crashlab1 /dev/md127\n", "vgchange" },
		{ "luks,lvm", 1, "/dev/crashlab1/dump", "crashlab1 /dev/mapper/crashlab-crypt0\n", "crashlab-crypt0\nlvm" },
		{ "raid5,lvm,luks", 3, "/dev/mapper/crashlab-crypt2", "luksFormat", "/dev/crashlab1/dump crashlab-crypt2\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_layers struct layers l = { 0 };
		auto_free char *text = NULL, *open = NULL, *mkfs = NULL;
		struct err e = { 0 };
		struct made m;

		make(rows[i].kinds, &m);
		if (layers_plan(&m.recipe, &m.storage.target, 1ULL << 30, &l, &e) < 0)
			fail_msg("%s: %s", rows[i].kinds, e.text);
		text = plain(&l.make);
		open = plain(&l.open);
		mkfs = xasprintf("-L crashlab %s\n", rows[i].node);
		assert_int_equal(l.disks, rows[i].disks);
		assert_true(l.disk_size > 1ULL << 30);
		assert_string_equal(l.node, rows[i].node);
		if (!strstr(text, rows[i].make) || !strstr(text, mkfs) || !strstr(open, rows[i].open))
			fail_msg("%s: make:%sopen:%s", rows[i].kinds, text, open);
		assert_null(strstr(open, "mkfs"));
		made_done(&m);
	}
}

static void a_key_slot_wants_the_memory_that_the_hosts_own_wants(void **state)
{
	auto_layers struct layers l = { 0 };
	auto_free char *text = NULL;
	struct err e = { 0 };
	struct made m;

	(void)state;
	make("luks", &m);
	m.storage.target.layers[0].memory = 64 << 20;
	assert_int_equal(layers_plan(&m.recipe, &m.storage.target, 1ULL << 30, &l, &e), 0);
	text = plain(&l.make);
	assert_non_null(strstr(text, "--pbkdf=argon2id --pbkdf-parallel=1 --pbkdf-force-iterations=4 --pbkdf-memory=65536 @0\n"));
	made_done(&m);
}

static void two_arrays_below_one_volume_are_two_pairs_of_disks(void **state)
{
	auto_layers struct layers l = { 0 };
	auto_free char *text = NULL;
	struct err e = { 0 };
	struct made m;

	(void)state;
	make("raid1,raid1,lvm", &m);
	strv_add(&m.storage.target.layers[2].members, "Crashc-fgTe-st00-0000-0000-0000-000009");
	assert_int_equal(layers_plan(&m.recipe, &m.storage.target, 1ULL << 30, &l, &e), 0);
	text = plain(&l.make);
	assert_int_equal(l.disks, 4);
	assert_non_null(strstr(text, "crashlab2 /dev/md127 /dev/md126\n"));
	made_done(&m);
}

static void what_cannot_be_made_is_refused_with_a_way_out(void **state)
{
	auto_layers struct layers l = { 0 };
	auto_storage struct storage st = { .target.kind = TARGET_FS };
	struct err e = { 0 };
	struct made m;

	(void)state;
	assert_int_equal(lab_stack("raid1,zfs", &st, &e), -EINVAL);
	assert_non_null(strstr(e.text, "'zfs'"));
	assert_non_null(strstr(e.text, "luks"));
	assert_int_equal(lab_stack("", &st, &e), -EINVAL);
	make("raid1,lvm", &m);
	m.storage.target.layers[0].count = 1;
	assert_int_equal(layers_plan(&m.recipe, &m.storage.target, 1, &l, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "'md127'"));
	m.storage.target.layers[0].count = 2;
	m.storage.target.layers[1].uuid[10] = '\0';
	assert_int_equal(layers_plan(&m.recipe, &m.storage.target, 1, &l, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "'crashlab1/dump'"));
	made_done(&m);
}

static void a_word_of_an_order_is_never_taken_for_a_disk_or_a_line(void **state)
{
	auto_script struct script s = { 0 };
	struct err e = { 0 };

	(void)state;
	script_own(&s, "folder", "@0");
	script_disk(&s, 7);
	assert_string_equal(buf_text(&s.plan), "do folder\narg @@0\narg @7\n");
	assert_int_equal(script_check(&s, &e), 0);
	script_arg(&s, "a\nmode serve");
	assert_int_equal(script_check(&s, &e), -EINVAL);
}

static void a_missing_program_names_its_package(void **state)
{
	auto_script struct script s = { 0 };
	auto_free char *path = NULL;
	struct err e = { 0 };

	(void)state;
	script_do(&s, "no-such-program-of-a-test", "x");
	assert_int_equal(script_check(&s, &e), -ENOENT);
	assert_non_null(strstr(e.text, "install no-such-program-of-a-test"));
	assert_int_equal(__real_tool_find("sh", &path, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stack_is_made_of_so_many_disks_and_ends_in_one_node),
		cmocka_unit_test(a_key_slot_wants_the_memory_that_the_hosts_own_wants),
		cmocka_unit_test(two_arrays_below_one_volume_are_two_pairs_of_disks),
		cmocka_unit_test(what_cannot_be_made_is_refused_with_a_way_out),
		cmocka_unit_test(a_word_of_an_order_is_never_taken_for_a_disk_or_a_line),
		cmocka_unit_test(a_missing_program_names_its_package),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
