/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"
#include "rawtarget.h"
#include "tree.h"

#include <errno.h>

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

/* A disk of sysfs at PATH below /sys/devices, with one partition when PART is not NULL. */
static void put_block(const char *path, const char *part, unsigned maj, unsigned min)
{
	const char *disk = strrchr(path, '/') + 1, *name = part ? part : disk;
	auto_free char *sys = xasprintf("/sys/devices/%s%s%s", path, part ? "/" : "", part ? part : "");
	auto_free char *dev = xasprintf("%s/dev", sys), *size = xasprintf("%s/size", sys),
		       *num = xasprintf("%u:%u\n", maj, min);
	auto_free char *by_number = xasprintf("/sys/dev/block/%u:%u", maj, min);
	auto_free char *by_name = xasprintf("/sys/class/block/%s", name);
	auto_free char *link =
		xasprintf("../../devices/%s%s%s", path, part ? "/" : "", part ? part : "");
	auto_free char *mark = xasprintf("%s/partition", sys);

	tree_put(&t, dev, num);
	tree_put(&t, size, "2097152\n");
	tree_link(&t, by_number, link);
	tree_link(&t, by_name, link);
	if (part)
		tree_put(&t, mark, "2\n");
}

/* A bound driver; MODULE NULL: it is built in and bears a name that only the kernel knows. */
static void put_driver(const char *device, const char *module, const char *modalias)
{
	auto_free char *path = xasprintf("/sys/devices/%s/driver", device),
		       *alias = xasprintf("/sys/devices/%s/modalias", device);
	const char *name = module ? module : "pcieportdrv";
	auto_free char *link = xasprintf("/sys/bus/x/drivers/%s/module", name),
		       *to = xasprintf("../../../../module/%s", name);
	auto_free char *state = xasprintf("/sys/module/%s/%s", name, module ? "initstate" : "uevent");
	auto_free char *driver = xasprintf("/sys/bus/x/drivers/%s", name);

	tree_link(&t, path, driver);
	tree_put(&t, alias, modalias);
	tree_put(&t, state, "live\n");
	if (!root_exists(&t.root, driver))
		tree_link(&t, link, to);
}

static void put_virtio(void)
{
	put_block("pci0000:00/0000:00:01.0/0000:01:00.0/virtio1/block/vda", NULL, 254, 0);
	put_block("pci0000:00/0000:00:01.0/0000:01:00.0/virtio1/block/vda", "vda2", 254, 2);
	put_driver("pci0000:00/0000:00:01.0", NULL, "pci:root\n");
	put_driver("pci0000:00/0000:00:01.0/0000:01:00.0", "virtio_pci", "pci:v00001AF4d00001042\n");
	put_driver("pci0000:00/0000:00:01.0/0000:01:00.0/virtio1", "virtio_blk",
		   "virtio:d00000002v00001AF4\n");
}

static void put_udev(unsigned maj, unsigned min, const char *text)
{
	auto_free char *path = xasprintf("/run/udev/data/b%u:%u", maj, min);

	tree_put(&t, path, text);
}

static int find(const char *url, struct storage *ret, struct err *e)
{
	struct target target = { 0 };
	int r;

	assert_int_equal(target_parse(url, &target, e), 0);
	r = storage_find(&t.root, &target, ret, e);
	target_done(&target);
	return r;
}

static void expect_refusal(const char *url, int code, const char *words)
{
	struct storage s = { 0 };
	struct err e = { 0 };

	assert_int_equal(find(url, &s, &e), -code);
	if (!strstr(e.text, words))
		fail_msg("'%s' does not say '%s'", e.text, words);
}

#define SWAP \
	"E:ID_FS_USAGE=other\nE:ID_FS_TYPE=swap\nE:ID_FS_UUID_ENC=22-33\nE:ID_FS_LABEL_ENC=" \
	"the\\x20swap\n"
#define PART "E:ID_PART_ENTRY_UUID=0f-01\n"

static void put_fstab(const char *swap)
{
	auto_free char *text = xasprintf(
		"UUID=1 / ext4 defaults 0 1\n%s none swap sw 0 0\n/swap2 none swap sw 0 0\n", swap);

	tree_put(&t, "/etc/fstab", text);
}

static void a_swap_of_fstab_is_told_by_its_uuid_its_partition_and_its_size(void **state)
{
	static const char *const specs[] = { "/dev/vda2", "UUID=22-33", "PARTUUID=0f-01",
					     "LABEL=the\\040swap" };

	(void)state;
	put_virtio();
	put_udev(254, 2, SWAP PART);
	tree_put(&t, "/dev/vda2", "");
	tree_link(&t, "/dev/disk/by-uuid/22-33", "../../vda2");
	tree_link(&t, "/dev/disk/by-partuuid/0f-01", "../../vda2");
	tree_link(&t, "/dev/disk/by-label/the\\x20swap", "../../vda2");
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		auto_storage struct storage s = { 0 };
		struct err e = { 0 };

		put_fstab(specs[i]);
		if (find("raw:swap", &s, &e) != 0)
			fail_msg("%s: %s", specs[i], e.text);
		assert_int_equal(s.target.kind, TARGET_RAW);
		assert_string_equal(s.target.url, "raw:swap");
		assert_string_equal(s.target.fstype, "swap");
		assert_string_equal(s.target.uuid, "22-33");
		assert_string_equal(s.target.label, "the swap");
		assert_string_equal(s.target.partuuid, "0f-01");
		assert_string_equal(s.target.device, "/dev/vda2");
		assert_int_equal(s.target.size, 2097152 * 512);
		assert_null(s.bears);
		assert_true(strv_has(&s.drivers, "virtio_blk"));
		assert_false(strv_has(&s.drivers, "swap"));
	}
}

static void a_bare_partition_is_told_by_its_partuuid_and_what_it_bears_is_said(void **state)
{
	auto_storage struct storage s = { 0 };
	auto_storage struct storage other = { 0 };

	(void)state;
	put_virtio();
	put_udev(254, 2, PART);
	assert_int_equal(find("raw:/dev/vda2", &s, NULL), 0);
	assert_string_equal(s.target.partuuid, "0f-01");
	assert_string_equal(s.target.fstype, "");
	assert_null(s.bears);
	put_udev(254, 2, "E:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=xfs\nE:ID_FS_UUID_ENC=1\n" PART);
	assert_int_equal(find("raw:/dev/vda2", &other, NULL), 0);
	assert_string_equal(other.bears, "xfs");
}

static void devices_that_no_dump_may_go_to_are_refused_with_the_reason(void **state)
{
	(void)state;
	put_virtio();
	put_udev(254, 2, "E:X=1\n");
	expect_refusal("raw:/dev/vda2", ENOENT, "nothing to find it again by");
	put_udev(254, 2, PART);
	expect_refusal("raw:swap", ENOENT, "/etc/fstab");
	put_fstab("/swapfile");
	expect_refusal("raw:swap", ENOTSUP, "is a file");
	put_fstab("UUID=99");
	expect_refusal("raw:swap", ENOENT, "'crashcfg save'");
	expect_refusal("raw:/dev/vda", ENOTSUP, "which has partitions");
	tree_put(&t, "/proc/self/mountinfo", "27 1 254:2 / / rw - ext4 /dev/root rw\n");
	expect_refusal("raw:/dev/vda2", EBUSY, "is mounted");
	tree_put(&t, "/proc/self/mountinfo", "27 1 254:12 / / rw - ext4 /dev/root rw\n");
	tree_dir(&t, "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/virtio1/block/vda/vda2/holders/"
		     "dm-0");
	expect_refusal("raw:/dev/vda2", EBUSY, "part of 'dm-0'");
	put_block("virtual/block/zram0", NULL, 252, 0);
	expect_refusal("raw:/dev/zram0", ENOTSUP, "ends with the crash");
	put_block("virtual/block/dm-3", NULL, 253, 3);
	tree_put(&t, "/sys/devices/virtual/block/dm-3/dm/uuid", "CRYPT-PLAIN-cryptswap\n");
	expect_refusal("raw:/dev/dm-3", ENOTSUP, "an encrypted device");
	put_block("virtual/block/dm-4", NULL, 253, 4);
	tree_put(&t, "/sys/devices/virtual/block/dm-4/size", "100\n");
	tree_put(&t, "/sys/devices/virtual/block/vdx/x", "");
	put_block("pci0000:00/block/vdb", NULL, 254, 16);
	tree_put(&t, "/sys/devices/pci0000:00/block/vdb/size", "16384\n");
	expect_refusal("raw:/dev/vdb", ENOSPC, "too small");
	expect_refusal("raw:/dev/vdz", ENOENT, "no such block device");
}

static void names_of_fstab_become_udevs_links(void **state)
{
	static const struct {
		const char *spec, *want;
	} rows[] = {
		{ "/dev/sda1", "/dev/sda1" },
		{ "UUID=a-b", "/dev/disk/by-uuid/a-b" },
		{ "PARTUUID=a", "/dev/disk/by-partuuid/a" },
		{ "PARTLABEL=a b", "/dev/disk/by-partlabel/a\\x20b" },
		{ "LABEL=a/b", "/dev/disk/by-label/a\\x2fb" },
		{ "/swapfile", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = raw_device_path(rows[i].spec);

		if (rows[i].want)
			assert_string_equal(got, rows[i].want);
		else
			assert_null(got);
	}
}

int main(void)
{
#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		IN_TREE(a_swap_of_fstab_is_told_by_its_uuid_its_partition_and_its_size),
		IN_TREE(a_bare_partition_is_told_by_its_partuuid_and_what_it_bears_is_said),
		IN_TREE(devices_that_no_dump_may_go_to_are_refused_with_the_reason),
		cmocka_unit_test(names_of_fstab_become_udevs_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
