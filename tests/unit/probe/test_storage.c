/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"
#include "superblock.h"
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
	auto_free char *link = xasprintf("../../devices/%s%s%s", path, part ? "/" : "", part ? part : "");
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

static void put_udev(unsigned maj, unsigned min, const char *type, const char *uuid)
{
	auto_free char *path = xasprintf("/run/udev/data/b%u:%u", maj, min);
	auto_free char *text = xasprintf(
		"S:disk/by-uuid/%s\nE:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=%s\nE:ID_FS_UUID_ENC=%s\n"
		"E:ID_FS_LABEL_ENC=the\\x20label\n",
		uuid, type, uuid);

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

static void a_folder_leads_through_links_and_bind_mounts_to_its_disk(void **state)
{
	auto_storage struct storage s = { 0 };

	(void)state;
	put_virtio();
	put_udev(254, 2, "ext4", "11-22");
	tree_put(&t, "/proc/self/mountinfo", "27 1 254:2 / / rw - ext4 /dev/root rw\n"
		 "30 27 254:2 /data/x /srv/dumps rw - ext4 /dev/root rw\n");
	tree_dir(&t, "/srv/dumps");
	tree_link(&t, "/var/crash", "/srv/dumps");
	assert_int_equal(find("file:///var/crash/new", &s, NULL), 0);
	assert_int_equal(s.target.kind, TARGET_FILE);
	assert_string_equal(s.target.url, "file:///var/crash/new");
	assert_string_equal(s.target.dir, "/data/x/new");
	assert_string_equal(s.target.fstype, "ext4");
	assert_string_equal(s.target.uuid, "11-22");
	assert_string_equal(s.target.label, "the label");
	assert_string_equal(s.target.device, "/dev/vda2");
	assert_string_equal(s.target.options, "");
	assert_int_equal(s.target.size, 2097152 * 512);
	assert_int_equal(s.modaliases.n, 3);
	assert_string_equal(s.modaliases.v[0], "virtio:d00000002v00001AF4");
	assert_string_equal(s.modaliases.v[2], "pci:root");
	assert_int_equal(s.drivers.n, 3);
	assert_true(strv_has(&s.drivers, "virtio_blk") && strv_has(&s.drivers, "virtio_pci") &&
		    strv_has(&s.drivers, "ext4"));
}

static void btrfs_is_mounted_at_its_top_and_found_by_its_name(void **state)
{
	auto_storage struct storage s = { 0 };

	(void)state;
	put_virtio();
	put_udev(254, 2, "btrfs", "11-22");
	tree_put(&t, "/proc/self/mountinfo", "27 1 0:30 /@ / rw - btrfs /dev/vda2 rw,subvol=/@\n"
		 "28 27 0:30 /@var /var rw - btrfs /dev/vda2 rw,subvol=/@var\n");
	tree_put(&t, "/dev/vda2", "");
	assert_int_equal(find("file:///var/crash", &s, NULL), 0);
	assert_string_equal(s.target.fstype, "btrfs");
	assert_string_equal(s.target.dir, "/@var/crash");
	assert_string_equal(s.target.options, "subvolid=5");
}

static void without_mounts_fstab_tells_what_would_be_mounted(void **state)
{
	auto_storage struct storage by_tag = { 0 }, by_name = { 0 };

	(void)state;
	put_virtio();
	put_udev(254, 2, "xfs", "11-22");
	tree_put(&t, "/etc/fstab", "UUID=11-22 / xfs defaults 0 0\n/dev/vda2 /srv xfs defaults 0 0\n");
	assert_int_equal(find("file:///var/crash", &by_tag, NULL), 0);
	assert_string_equal(by_tag.target.fstype, "xfs");
	assert_string_equal(by_tag.target.dir, "/var/crash");
	assert_int_equal(find("file:///srv/crash", &by_name, NULL), 0);
	assert_string_equal(by_name.target.dir, "/crash");
	tree_put(&t, "/etc/fstab", "PARTUUID=1-2 / xfs defaults 0 0\n");
	expect_refusal("file:///var/crash", ENOTSUP, "neither by UUID=");
}

static void a_file_system_is_found_by_uuid_label_or_device(void **state)
{
	static const char *const urls[] = { "fs:UUID=AB-CD:/dump", "fs:LABEL=the%20label:/dump",
					    "fs:/dev/sdb1:/dump" };
	auto_storage struct storage held = { 0 };

	(void)state;
	put_block("pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sdb", NULL, 8, 16);
	put_block("pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sdb", "sdb1", 8, 17);
	put_driver("pci0000:00/0000:00:1f.2", "ahci", "pci:v00008086d00002922\n");
	put_driver("pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0", "sd_mod", "scsi:t-0x00\n");
	put_udev(8, 17, "ext3", "ab-cd");
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		auto_storage struct storage s = { 0 };

		assert_int_equal(find(urls[i], &s, NULL), 0);
		assert_string_equal(s.target.fstype, "ext4");
		assert_string_equal(s.target.dir, "/dump");
		assert_int_equal(s.drivers.n, 3);
		assert_true(strv_has(&s.drivers, "sd_mod") && strv_has(&s.drivers, "ahci") &&
			    strv_has(&s.drivers, "ext4"));
	}
	expect_refusal("fs:UUID=ff-ff:/dump", ENOENT, "no file system with the UUID 'ff-ff'");
	expect_refusal("fs:/dev/sdz:/dump", ENOENT, "/dev/sdz");
	put_block("pci0000:00/0000:00:1f.2/ata2/host1/target1:0:0/1:0:0:0/block/sdc", NULL, 8, 32);
	put_udev(8, 32, "ext4", "ab-cd");
	expect_refusal("fs:UUID=ab-cd:/dump", ENOTUNIQ, "'/dev/sdb1' and '/dev/sdc'");
	tree_dir(&t, "/sys/class/block/sdc/holders/dm-0");
	assert_int_equal(find(urls[0], &held, NULL), 0);
}

static void nvme_with_several_paths_takes_the_drivers_of_all(void **state)
{
	auto_storage struct storage s = { 0 };

	(void)state;
	put_block("virtual/nvme-subsystem/nvme-subsys0/nvme0n1", NULL, 259, 0);
	tree_link(&t, "/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme1",
		  "../../../pci0000:00/0000:00:03.0/nvme/nvme1");
	put_driver("pci0000:00/0000:00:03.0", "nvme", "pci:v0000144Dd0000A80A\n");
	tree_put(&t, "/sys/devices/pci0000:00/0000:00:03.0/nvme/nvme1/transport", "pcie\n");
	put_udev(259, 0, "xfs", "11-22");
	assert_int_equal(find("fs:UUID=11-22:/", &s, NULL), 0);
	assert_int_equal(s.modaliases.n, 1);
	assert_true(strv_has(&s.drivers, "nvme"));
	tree_put(&t, "/sys/devices/pci0000:00/0000:00:03.0/nvme/nvme1/transport", "tcp\n");
	storage_done(&s);
	assert_int_equal(find("fs:UUID=11-22:/", &s, NULL), 0);
	assert_int_equal(s.remote, REMOTE_NVME);
	assert_string_equal(s.remote_what, "NVMe over fabrics ('nvme0n1' by tcp)");
}

static void stacks_that_need_more_than_drivers_are_named(void **state)
{
	static const struct {
		const char *disk, *file, *text, *file2, *text2, *words;
	} rows[] = {
		{ "virtual/block/dm-0", "dm/name", "vg-root\n", "dm/uuid", "LVM-abc\n",
		  "LVM volume 'vg-root', which is part of another one" },
		{ "virtual/block/dm-0", "dm/name", "swap\n", "dm/uuid", "CRYPT-PLAIN-swap\n",
		  "encrypted device without a LUKS header 'swap'" },
		{ "virtual/block/dm-0", "dm/name", "mpatha1\n", "dm/uuid", "part1-mpath-36\n",
		  "'/dev/dm-0', of which sysfs does not tell what it lies on" },
		{ "virtual/block/md127", "md/metadata_version", "external:imsm\n", "md/level", "raid1\n",
		  "MD array 'md127' (raid1), whose metadata is 'external:imsm'" },
		{ "virtual/block/dm-0", "dm/name", "odd\n", "dm/uuid", "\n", "device-mapper device 'odd'" },
		{ "virtual/block/md0", "md/level", "faulty\n", "x", "", "MD array 'md0' (faulty)" },
		{ "virtual/block/loop3", "loop/backing_file", "/x\n", "x", "", "loop device 'loop3'" },
		{ "virtual/block/zram0", "x", "", "y", "", "'zram0', which no hardware stands behind" },
		{ "platform/host2/session1/target2:0:0/2:0:0:0/block/sda", "x", "", "y", "",
		  "iSCSI 'session1', whose target is ''" },
		{ "rbd/0/block/rbd0", "x", "", "y", "", "Ceph device 'rbd0'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *file = xasprintf("/sys/devices/%s/%s", rows[i].disk, rows[i].file);
		auto_free char *file2 = xasprintf("/sys/devices/%s/%s", rows[i].disk, rows[i].file2);

		put_block(rows[i].disk, NULL, 253, 0);
		tree_put(&t, file, rows[i].text);
		tree_put(&t, file2, rows[i].text2);
		tree_put(&t, "/proc/self/mountinfo", "27 1 253:0 / / rw - ext4 /dev/root rw\n");
		expect_refusal("file:///var/crash", ENOTSUP, rows[i].words);
		expect_refusal("file:///var/crash", ENOTSUP, "'fs:UUID=...:/dir'");
		tree_end(&t);
		tree_begin(&t);
	}
}

static void file_systems_that_a_capture_kernel_cannot_write_are_named(void **state)
{
	static const struct {
		const char *mount, *words;
	} rows[] = {
		{ "27 1 0:30 / / rw - overlay overlay rw\n", "lies on overlay (mounted at '/')" },
		{ "27 1 0:30 / / rw - tmpfs tmpfs rw\n", "lies on tmpfs" },
		{ "27 1 0:30 / / rw - zfs tank/root rw\n", "lies on zfs" },
		{ "27 1 8:1 / / rw - exfat /dev/sda1 rw\n", "lies on exfat" },
		{ "27 1 0:30 / / rw - ext4 /dev/sda1 rw\n28 27 0:31 / /var/crash rw - nfs4 s:/e rw\n",
		  "lies on nfs4 (mounted at '/var/crash')" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_put(&t, "/proc/self/mountinfo", rows[i].mount);
		expect_refusal("file:///var/crash", ENOTSUP, rows[i].words);
	}
	expect_refusal("nfs://server/export", ENOTSUP, "'nfs' is not yet known");
	expect_refusal("hub:", ENOTSUP, "'hub' is not yet known");
}

static void folders_that_are_none_are_refused(void **state)
{
	(void)state;
	tree_put(&t, "/proc/self/mountinfo", "27 1 254:2 / / rw - ext4 /dev/root rw\n");
	tree_put(&t, "/var/file", "x");
	tree_link(&t, "/var/gone", "/nowhere");
	tree_link(&t, "/var/out", "../../../../../../tmp");
	expect_refusal("file:///var/file", ENOTDIR, "'/var/file' is not a folder");
	expect_refusal("file:///var/gone/x", ENOENT, "'/var/gone' is a symbolic link that leads nowhere");
	expect_refusal("file:///var/out", ENOENT, "leads nowhere");
	expect_refusal("file:///var/crash", ENOENT, "this root has none");
}

static void superblocks_are_read_from_what_mkfs_wrote(void **state)
{
	static const struct {
		const char *command, *type, *uuid, *label;
		bool external;
	} rows[] = {
		{ "mkfs.ext4 -q -U 11111111-2222-3333-4444-555555555555 -L dump", "ext4",
		  "11111111-2222-3333-4444-555555555555", "dump", false },
		{ "mkfs.ext2 -q -L old", "ext2", NULL, "old", false },
		{ "mkfs.xfs -q -L xdump", "xfs", NULL, "xdump", false },
		{ "cd $(dirname $DISK); truncate -s 64M log; mkfs.xfs -q -L xlog -l logdev=log,size=64m",
		  "xfs", NULL, "xlog", true },
		{ "mkfs.btrfs -q -L bdump", "btrfs", NULL, "bdump", false },
		{ "mkfs.f2fs -q -l fdump", "f2fs", NULL, "fdump", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *file = xasprintf("%s/disk%zu", t.path, i);
		auto_free char *command =
			xasprintf("DISK=%s; %s %s >/dev/null 2>&1", file, rows[i].command, file);
		auto_superblock struct superblock s = { 0 };
		auto_close int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
		assert_int_equal(ftruncate(fd, 320 << 20), 0);
		assert_int_equal(superblock_probe(fd, &s), -ENOENT);
		if (system(command) != 0)
			continue;		/* that mkfs is not installed */
		assert_int_equal(superblock_probe(fd, &s), 0);
		assert_string_equal(s.type, rows[i].type);
		assert_string_equal(s.label, rows[i].label);
		if (rows[i].uuid)
			assert_string_equal(s.uuid, rows[i].uuid);
		assert_int_equal(strlen(s.uuid), 36);
		assert_int_equal(s.external_log, rows[i].external);
		assert_int_equal(s.devices, 1);
	}
}

static void udevs_database_is_read_whatever_it_holds(void **state)
{
	static const struct {
		const char *text, *type, *label;
	} rows[] = {
		{ "E:ID_FS_TYPE=ext4\nE:ID_FS_LABEL_ENC=a\\x20b\\x5cc\\x00d\\x4\n", "ext4",
		  "a b\\c\\x00d\\x4" },
		{ "E:ID_FS_TYPE=swap\nE:ID_FS_USAGE=other\n", NULL, NULL },
		{ "E:ID_FS_TYPE=\n", NULL, NULL },
		{ "ID_FS_TYPE=ext4\n", NULL, NULL },
		{ "", NULL, NULL },
		{ "E:", NULL, NULL },
		{ "E:ID_FS_TYPE=xfs", "xfs", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_superblock struct superblock s = { 0 };
		int r = superblock_from_udev(rows[i].text, &s);

		assert_int_equal(r, rows[i].type ? 0 : -ENOENT);
		if (rows[i].type) {
			assert_string_equal(s.type, rows[i].type);
			assert_string_equal(s.label, rows[i].label);
		}
	}
}

int main(void)
{
#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		IN_TREE(a_folder_leads_through_links_and_bind_mounts_to_its_disk),
		IN_TREE(btrfs_is_mounted_at_its_top_and_found_by_its_name),
		IN_TREE(without_mounts_fstab_tells_what_would_be_mounted),
		IN_TREE(a_file_system_is_found_by_uuid_label_or_device),
		IN_TREE(nvme_with_several_paths_takes_the_drivers_of_all),
		IN_TREE(stacks_that_need_more_than_drivers_are_named),
		IN_TREE(file_systems_that_a_capture_kernel_cannot_write_are_named),
		IN_TREE(folders_that_are_none_are_refused),
		IN_TREE(superblocks_are_read_from_what_mkfs_wrote),
		cmocka_unit_test(udevs_database_is_read_whatever_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
