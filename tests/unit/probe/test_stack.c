/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crypt.h"
#include "stack.h"
#include "tree.h"

#include <errno.h>

#define VG "LVM-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define LV(c) VG c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c

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

/* A device of sysfs; the last part of PATH is its name.  TYPE and UUID: what udev says that it holds. */
static void put_device(const char *path, unsigned minor, const char *type, const char *uuid)
{
	auto_free char *sys = xasprintf("/sys/devices/%s", path), *to = xasprintf("../../devices/%s", path);
	auto_free char *link = xasprintf("/sys/class/block/%s", strrchr(path, '/') + 1);
	auto_free char *number = xasprintf("253:%u\n", minor), *udev = xasprintf("/run/udev/data/b253:%u", minor);
	auto_free char *text = xasprintf("E:ID_FS_USAGE=raid\nE:ID_FS_TYPE=%s\nE:ID_FS_UUID_ENC=%s\n",
					 type ? type : "", uuid ? uuid : "");

	put(sys, "dev", number);
	put(sys, "size", "2048\n");
	tree_link(&t, link, to);
	if (type)
		tree_put(&t, udev, text);
}

static void put_disk(const char *name, unsigned minor, const char *type, const char *uuid)
{
	auto_free char *path = xasprintf("pci0/%s-hba/block/%s", name, name);
	auto_free char *hba = xasprintf("/sys/devices/pci0/%s-hba", name), *alias = xasprintf("pci:%s\n", name);

	put_device(path, minor, type, uuid);
	put(hba, "modalias", alias);
}

static void put_slaves(const char *dir, const char *slaves)
{
	auto_free char *copy = xstrdup(slaves);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		auto_free char *link = xasprintf("%s/slaves/%s", dir, word), *to = xasprintf("/sys/class/block/%s", word);

		tree_link(&t, link, to);
	}
}

static void put_mapping(const char *name, unsigned minor, const char *uuid, const char *mapping, const char *slaves)
{
	auto_free char *path = xasprintf("virtual/block/%s", name), *dir = xasprintf("/sys/devices/%s", path);

	put_device(path, minor, NULL, NULL);
	put(dir, "dm/uuid", uuid);
	put(dir, "dm/name", mapping);
	put_slaves(dir, slaves);
}

static void put_array(const char *name, unsigned minor, const char *level, const char *disks, const char *slaves)
{
	auto_free char *path = xasprintf("virtual/block/%s", name), *dir = xasprintf("/sys/devices/%s", path);

	put_device(path, minor, NULL, NULL);
	put(dir, "md/level", level);
	put(dir, "md/raid_disks", disks);
	put(dir, "md/metadata_version", "1.2\n");
	put_slaves(dir, slaves);
}

static int find(const char *name, struct stack *ret, struct err *e)
{
	auto_block struct block_dev b = { 0 };

	assert_int_equal(block_by_name(&t.root, name, &b, NULL), 0);
	return stack_find(&t.root, &b, ret, e);
}

static void expect_refusal(const char *name, int code, const char *words)
{
	auto_stack struct stack s = { 0 };
	struct err e = { 0 };

	assert_int_equal(find(name, &s, &e), -code);
	if (!strstr(e.text, words))
		fail_msg("'%s' does not say '%s'", e.text, words);
}

static void a_volume_lies_on_its_physical_volumes(void **state)
{
	auto_stack struct stack s = { 0 };

	(void)state;
	put_disk("sda", 1, "LVM2_member", "pv-a");
	put_disk("sdb", 2, "LVM2_member", "pv-b");
	put_mapping("dm-0", 3, LV("B") "\n", "vg--x-the--dumps-a\n", "sda sdb");
	assert_int_equal(find("dm-0", &s, NULL), 0);
	assert_int_equal(s.n_layers, 1);
	assert_int_equal(s.layers[0].kind, LAYER_LVM);
	assert_string_equal(s.layers[0].name, "vg-x/the-dumps-a");
	assert_string_equal(s.layers[0].uuid, LV("B"));
	assert_int_equal(s.layers[0].members.n, 2);
	assert_string_equal(s.layers[0].members.v[1], "pv-b");
	assert_true(strv_has(&s.modaliases, "pci:sda") && strv_has(&s.modaliases, "pci:sdb"));
	assert_true(strv_has(&s.drivers, "dm_mod") && strv_has(&s.drivers, "sd_mod"));
	assert_false(strv_has(&s.drivers, "dm_thin_pool"));
}

/* What device-mapper does not need itself, but MD below it: the kernel asks for it by "md-level-1". */
static void a_mirrored_volume_wants_the_driver_of_its_level(void **state)
{
	auto_stack struct stack all = { 0 }, loaded = { 0 };

	(void)state;
	put_disk("vda", 1, "LVM2_member", "pv-a");
	put_disk("vdb", 2, "LVM2_member", "pv-b");
	put_mapping("dm-0", 3, LV("C") "\n", "vg-l_rimage_0\n", "vda");
	put_mapping("dm-1", 4, LV("D") "\n", "vg-l_rimage_1\n", "vdb");
	put_mapping("dm-2", 5, LV("E") "\n", "vg-l\n", "dm-0 dm-1");
	assert_int_equal(find("dm-2", &all, NULL), 0);
	assert_true(strv_has(&all.drivers, "dm_raid") && strv_has(&all.drivers, "raid1"));
	assert_true(strv_has(&all.drivers, "raid10") && strv_has(&all.drivers, "raid456"));
	tree_put(&t, "/sys/module/raid1/refcnt", "1\n");
	assert_int_equal(find("dm-2", &loaded, NULL), 0);
	assert_true(strv_has(&loaded.drivers, "dm_raid") && strv_has(&loaded.drivers, "raid1"));
	assert_false(strv_has(&loaded.drivers, "raid10") || strv_has(&loaded.drivers, "raid456"));
}

static void a_thin_volume_lies_on_its_pools_physical_volumes(void **state)
{
	auto_stack struct stack s = { 0 };

	(void)state;
	put_disk("vda", 1, "LVM2_member", "pv-a");
	put_disk("vdb", 2, "LVM2_member", "pv-b");
	put_mapping("dm-0", 3, LV("C") "-tmeta\n", "vg-pool_tmeta\n", "vdb");
	put_mapping("dm-1", 4, LV("D") "-tdata\n", "vg-pool_tdata\n", "vda");
	put_mapping("dm-2", 5, LV("E") "-tpool\n", "vg-pool-tpool\n", "dm-0 dm-1");
	put_mapping("dm-3", 6, LV("F") "\n", "vg-thin\n", "dm-2");
	assert_int_equal(find("dm-3", &s, NULL), 0);
	assert_int_equal(s.n_layers, 1);
	assert_string_equal(s.layers[0].name, "vg/thin");
	assert_int_equal(s.layers[0].members.n, 2);
	assert_true(strv_has(&s.drivers, "dm_thin_pool"));
	expect_refusal("dm-2", ENOTSUP, "part of another one");
}

static void a_volume_on_a_degraded_array_comes_after_it(void **state)
{
	auto_stack struct stack s = { 0 };

	(void)state;
	put_disk("vda", 1, "linux_raid_member", "11-22");
	put_disk("vdc", 2, NULL, NULL);
	put_array("md127", 3, "raid5\n", "3\n", "vdc vda");
	tree_put(&t, "/run/udev/data/b253:3", "E:ID_FS_TYPE=LVM2_member\nE:ID_FS_UUID_ENC=pv-m\n");
	put_mapping("dm-0", 4, LV("B") "\n", "vg-lv\n", "md127");
	assert_int_equal(find("dm-0", &s, NULL), 0);
	assert_int_equal(s.n_layers, 2);
	assert_int_equal(s.layers[0].kind, LAYER_MD);
	assert_string_equal(s.layers[0].name, "md127");
	assert_string_equal(s.layers[0].uuid, "11-22");
	assert_int_equal(s.layers[0].count, 3);
	assert_int_equal(s.layers[1].kind, LAYER_LVM);
	assert_string_equal(s.layers[1].members.v[0], "pv-m");
	assert_true(strv_has(&s.drivers, "raid456") && strv_has(&s.drivers, "md_mod"));
	assert_true(strv_has(&s.modaliases, "pci:vda") && strv_has(&s.modaliases, "pci:vdc"));
}

static void a_volume_on_an_encrypted_array_has_three_layers(void **state)
{
	auto_stack struct stack s = { 0 };

	(void)state;
	put_disk("vda", 1, "linux_raid_member", "11-22");
	put_disk("vdb", 2, "linux_raid_member", "11-22");
	put_array("md0", 3, "raid1\n", "2\n", "vda vdb");
	put_mapping("dm-0", 4, "CRYPT-LUKS2-11111111222233334444555566667777-crypt-x\n", "crypt-x\n", "md0");
	tree_put(&t, "/run/udev/data/b253:4", "E:ID_FS_TYPE=LVM2_member\nE:ID_FS_UUID_ENC=pv\n");
	put_mapping("dm-1", 5, LV("B") "\n", "vg-lv\n", "dm-0");
	assert_int_equal(find("dm-1", &s, NULL), 0);
	assert_int_equal(s.n_layers, 3);
	assert_int_equal(s.layers[0].kind, LAYER_MD);
	assert_int_equal(s.layers[1].kind, LAYER_LUKS);
	assert_string_equal(s.layers[1].name, "crypt-x");
	assert_string_equal(s.layers[1].uuid, "11111111-2222-3333-4444-555566667777");
	assert_int_equal(s.layers[2].kind, LAYER_LVM);
	assert_true(strv_has(&s.drivers, "dm_crypt") && strv_has(&s.modaliases, "xts"));
	put_mapping("dm-2", 6, "CRYPT-LUKS2-1-x\n", "odd\n", "md0");
	expect_refusal("dm-2", ENOTSUP, "encrypted device 'odd', which has no LUKS header");
}

static void what_an_open_encrypted_device_lies_on_is_found_by_its_uuid(void **state)
{
	auto_block struct block_dev b = { 0 }, none = { 0 };
	struct err e = { 0 };

	(void)state;
	put_disk("vda", 1, NULL, NULL);
	put_disk("vdb", 2, NULL, NULL);
	put_mapping("dm-0", 3, "CRYPT-LUKS2-11111111222233334444555566667777-a\n", "a\n", "vda");
	put_mapping("dm-1", 4, "CRYPT-LUKS1-aaaaaaaabbbbccccddddeeeeffff0000-b\n", "b\n", "vdb");
	assert_int_equal(crypt_below(&t.root, "AAAAAAAA-bbbb-cccc-dddd-eeeeffff0000", &b, NULL), 0);
	assert_string_equal(b.node, "/dev/vdb");
	assert_int_equal(b.minor, 2);
	assert_int_equal(crypt_below(&t.root, "11111111-2222-3333-4444-555566667778", &none, &e), -ENODEV);
	assert_non_null(strstr(e.text, "11111111-2222-3333-4444-555566667778"));
}

static void multipath_is_its_paths(void **state)
{
	auto_stack struct stack s = { 0 };

	(void)state;
	put_disk("sda", 1, NULL, NULL);
	put_disk("sdb", 2, NULL, NULL);
	put("/sys/class/block/sdb", "device/dh_state", "alua\n");
	put_mapping("dm-0", 3, "mpath-360a\n", "mpatha\n", "sda sdb");
	put_mapping("dm-1", 4, "part1-mpath-360a\n", "mpatha1\n", "dm-0");
	assert_int_equal(find("dm-1", &s, NULL), 0);
	assert_int_equal(s.n_layers, 0);
	assert_true(strv_has(&s.modaliases, "pci:sda") && strv_has(&s.modaliases, "pci:sdb"));
	assert_true(strv_has(&s.modaliases, "scsi_dh_alua"));
}

static void what_is_not_known_below_is_named(void **state)
{
	(void)state;
	put_disk("sda", 1, "xfs", "11");
	put_mapping("dm-0", 2, "CRYPT-TCRYPT-x\n", "old\n", "sda");
	put_mapping("dm-1", 3, LV("B") "\n", "vg-lv\n", "dm-0");
	tree_put(&t, "/run/udev/data/b253:2", "E:ID_FS_TYPE=LVM2_member\nE:ID_FS_UUID_ENC=pv\n");
	expect_refusal("dm-1", ENOTSUP, "encrypted device without a LUKS header 'old'");
	put_mapping("dm-2", 4, LV("C") "\n", "vg-l2\n", "sda");
	expect_refusal("dm-2", ENOENT, "LVM volume 'vg/l2', whose physical volumes are not told");
	put_array("md0", 5, "raid1\n", "0\n", "sda");
	expect_refusal("md0", ENOTSUP, "MD array 'md0' of '0' disks");
	/* A fixture whose links go round. */
	put_mapping("dm-4", 6, LV("G") "\n", "vg-a\n", "dm-5");
	put_mapping("dm-5", 7, LV("H") "\n", "vg-b\n", "dm-4");
	expect_refusal("dm-4", ENOTSUP, "too many layers");
	put_mapping("dm-6", 8, "mpath-1\n", "m1\n", "dm-7");
	put_mapping("dm-7", 9, "mpath-2\n", "m2\n", "dm-6");
	assert_int_equal(find("dm-6", &(struct stack){ 0 }, NULL), 0);
}

#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(a_volume_lies_on_its_physical_volumes),
		IN_TREE(a_mirrored_volume_wants_the_driver_of_its_level),
		IN_TREE(a_thin_volume_lies_on_its_pools_physical_volumes),
		IN_TREE(a_volume_on_a_degraded_array_comes_after_it),
		IN_TREE(a_volume_on_an_encrypted_array_has_three_layers),
		IN_TREE(what_an_open_encrypted_device_lies_on_is_found_by_its_uuid),
		IN_TREE(multipath_is_its_paths),
		IN_TREE(what_is_not_known_below_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
