/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel of eight toy modules, with the indices that this machine's depmod makes of them. */
#include "probe.h"

#include "codec.h"
#include "fake_elf.h"
#include "tree.h"

#include <errno.h>

#define RELEASE "6.1.0-toy"
#define FOLDER "/lib/modules/" RELEASE

static struct tree tree;
static bool have_depmod;

static void put_module(const char *path, const char *codec, const struct fake_module *m)
{
	auto_buf struct buf ko = { 0 }, packed = { 0 };
	auto_free char *full = xasprintf(FOLDER "/kernel/%s", path);

	fake_ko(m, &ko);
	if (codec)
		assert_int_equal(codec_pack(codec, ko.data, ko.len, &packed, NULL), 0);
	tree_bytes(&tree, full, codec ? packed.data : ko.data, codec ? packed.len : ko.len);
}

static const struct fake_module
	virtio = { .info = { "license=GPL" }, .exports = { "virtio_add" }, .imports = { "ring_add" } },
	ring = { .info = { "license=GPL" }, .exports = { "ring_add" } },
	blk = { .info = { "alias=virtio:d00000002v*" }, .imports = { "virtio_add", "ring_add" } },
	toyfs = { .info = { "alias=fs-toyfs", "alias=devname:toy", "alias=pci:v1d2*",
			    "softdep=pre: crypto-sum post: toy-post", "firmware=toy/fs.fw" } },
	sum = { .info = { "alias=crypto-sum" } },
	post = { .info = { "license=GPL" } };

static int make_kernel(void **state)
{
	auto_free char *command = NULL;

	(void)state;
	tree_begin(&tree);
	have_depmod = system("command -v depmod >/dev/null") == 0;
	put_module("virtio.ko", NULL, &virtio);
	put_module("a/virtio_ring.ko", NULL, &ring);
	put_module("virtio-blk.ko.xz", "xz", &blk);
	put_module("toyfs.ko.zst", "zstd", &toyfs);
	put_module("sum_generic.ko", NULL, &sum);
	put_module("drivers/crypto/sum-card.ko", NULL, &sum);
	put_module("toy_post.ko", NULL, &post);
	put_module("plain.ko", NULL, &post);
	tree_put(&tree, FOLDER "/modules.order", "");
	tree_put(&tree, FOLDER "/modules.builtin", "kernel/fs/inside.ko\n");
	tree_put(&tree, FOLDER "/modules.builtin.modinfo", "");
	tree_put(&tree, "/etc/modprobe.d/a.conf", "options toyfs deep=1\noptions plain hidden=1\n");
	tree_put(&tree, "/lib/modprobe.d/a.conf", "options toyfs never=1\n");
	tree_put(&tree, "/lib/modprobe.d/z.conf", "options toyfs late=1\nblacklist virtio_blk\n");
	tree_link(&tree, "/etc/modprobe.d/off.conf", "/dev/null");
	command = xasprintf("depmod -b %s " RELEASE " 2>/dev/null", tree.path);
	if (have_depmod)
		assert_int_equal(system(command), 0);
	return 0;
}

static int drop_kernel(void **state)
{
	(void)state;
	tree_end(&tree);
	return 0;
}

static int resolve(const char *modalias, const char *name, struct module_set *set, struct err *e)
{
	auto_strv struct strv modaliases = { 0 }, names = { 0 };

	if (modalias)
		strv_add(&modaliases, modalias);
	if (name)
		strv_add(&names, name);
	return modules_resolve(&tree.root, FOLDER, RELEASE, &modaliases, &names, set, e);
}

static void expect(const struct module_set *set, const char *want)
{
	auto_buf struct buf b = { 0 };

	for (size_t i = 0; i < set->n; i++) {
		buf_addf(&b, "%s%s", set->v[i].wanted ? "*" : "", set->v[i].name);
		for (size_t k = 0; k < set->v[i].needs.n; k++)
			buf_addf(&b, "%c%s", k ? ',' : '<', set->v[i].needs.v[k]);
		buf_addc(&b, ' ');
	}
	assert_string_equal(buf_text(&b), want);
}

static void test_modules_come_in_load_order(void **state)
{
	static const struct { const char *name, *want; } rows[] = {
		{ "virtio-blk", "virtio_ring virtio<virtio_ring *virtio_blk<virtio_ring,virtio " },
		{ "virtio_blk", "virtio_ring virtio<virtio_ring *virtio_blk<virtio_ring,virtio " },
		/* No driver of a card for a sum, but when it is asked for. */
		{ "toyfs", "sum_generic *toyfs<sum_generic *toy_post " },
		{ "sum-card", "*sum_card " },
		{ "crypto-sum", "*sum_card *sum_generic " },
		{ "inside", "" },
	};

	(void)state;
	if (!have_depmod)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_modules struct module_set set = { 0 };
		struct err e = { 0 };

		if (resolve(NULL, rows[i].name, &set, &e) < 0)
			fail_msg("%s: %s", rows[i].name, e.text);
		expect(&set, rows[i].want);
	}
}

static void test_paths_aliases_options_and_firmware_are_told(void **state)
{
	auto_modules struct module_set set = { 0 };

	(void)state;
	if (!have_depmod)
		skip();
	assert_int_equal(resolve(NULL, "toyfs", &set, NULL), 0);
	assert_int_equal(set.n, 3);
	assert_string_equal(set.v[1].path, FOLDER "/kernel/toyfs.ko.zst");
	/* The first a.conf hides the other; z.conf is read after it. */
	assert_string_equal(set.v[1].options, "deep=1 late=1");
	/* The kernel asks for these; devices are asked for by user space. */
	assert_int_equal(set.v[1].aliases.n, 2);
	assert_string_equal(set.v[1].aliases.v[0], "fs-toyfs");
	assert_string_equal(set.v[1].aliases.v[1], "devname:toy");
	assert_int_equal(set.firmware.n, 1);
	assert_string_equal(set.firmware.v[0], "toy/fs.fw");
}

static void test_a_blacklisted_driver_is_not_taken_for_a_device(void **state)
{
	auto_modules struct module_set set = { 0 }, asked = { 0 }, unknown = { 0 };

	(void)state;
	if (!have_depmod)
		skip();
	assert_int_equal(resolve("virtio:d00000002v00001AF4", NULL, &set, NULL), 0);
	assert_int_equal(set.n, 0);
	assert_int_equal(resolve("virtio:d00000002v00001AF4", "virtio_blk", &asked, NULL), 0);
	assert_int_equal(asked.n, 3);
	assert_int_equal(resolve("pci:v00001AF4[[", NULL, &unknown, NULL), 0);
	assert_int_equal(unknown.n, 0);
}

static void test_an_unknown_name_is_an_error(void **state)
{
	auto_modules struct module_set set = { 0 };
	struct err e = { 0 };

	(void)state;
	if (!have_depmod)
		skip();
	assert_int_equal(resolve(NULL, "nosuch", &set, &e), -ENOENT);
	assert_string_equal(e.text, "module 'nosuch' is neither in '" FOLDER "' nor built into that kernel");
	assert_int_equal(set.n, 0);
}

static void test_a_kernel_without_modules_is_an_error(void **state)
{
	const struct strv none = { 0 };
	struct module_set set = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(modules_resolve(&tree.root, "/lib/modules/1", "1", &none, &none, &set, &e), -ENOENT);
	assert_string_equal(e.text, "'/lib/modules/1': No such file or directory; the modules of kernel '1' "
			    "belong there");
}

/* An index that libkmod would follow to nowhere. */
static void test_a_damaged_index_is_refused(void **state)
{
	auto_buf struct buf good = { 0 };
	struct err e = { 0 };
	struct module_set set = { 0 };

	(void)state;
	if (!have_depmod)
		skip();
	assert_int_equal(root_read(&tree.root, FOLDER "/modules.alias.bin", 1 << 20, &good, NULL), 0);
	tree_bytes(&tree, FOLDER "/modules.alias.bin", good.data, good.len / 2);
	assert_int_equal(resolve(NULL, "plain", &set, &e), -EINVAL);
	assert_string_equal(e.text, "'" FOLDER "/modules.alias.bin' (depmod writes it anew): "
			    "a damaged module index");
	tree_bytes(&tree, FOLDER "/modules.alias.bin", good.data, good.len);
}

static void test_an_index_outside_the_root_is_refused(void **state)
{
	auto_buf struct buf good = { 0 };
	struct err e = { 0 };
	struct module_set set = { 0 };

	(void)state;
	if (!have_depmod)
		skip();
	assert_int_equal(root_read(&tree.root, FOLDER "/modules.dep.bin", 1 << 20, &good, NULL), 0);
	assert_int_equal(unlinkat(tree.root.fd, "lib/modules/" RELEASE "/modules.dep.bin", 0), 0);
	tree_link(&tree, FOLDER "/modules.dep.bin", "/etc/passwd");
	assert_int_equal(resolve(NULL, "plain", &set, &e), -EINVAL);
	assert_string_equal(e.text, "'" FOLDER "/modules.dep.bin' is not a regular file: "
			    "run depmod for this kernel");
	tree_bytes(&tree, FOLDER "/modules.dep.bin", good.data, good.len);
}

static void test_the_folder_may_lie_behind_links_of_the_root(void **state)
{
	const struct strv none = { 0 };
	auto_strv struct strv names = { 0 };
	auto_modules struct module_set set = { 0 };

	(void)state;
	if (!have_depmod)
		skip();
	tree_link(&tree, "/abs", "/lib/modules");
	strv_add(&names, "plain");
	assert_int_equal(modules_resolve(&tree.root, "/abs/" RELEASE, RELEASE, &none, &names, &set, NULL), 0);
	assert_int_equal(set.n, 1);
	assert_string_equal(set.v[0].path, "/abs/" RELEASE "/kernel/plain.ko");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modules_come_in_load_order),
		cmocka_unit_test(test_paths_aliases_options_and_firmware_are_told),
		cmocka_unit_test(test_a_blacklisted_driver_is_not_taken_for_a_device),
		cmocka_unit_test(test_an_unknown_name_is_an_error),
		cmocka_unit_test(test_a_kernel_without_modules_is_an_error),
		cmocka_unit_test(test_a_damaged_index_is_refused),
		cmocka_unit_test(test_an_index_outside_the_root_is_refused),
		cmocka_unit_test(test_the_folder_may_lie_behind_links_of_the_root),
	};

	return cmocka_run_group_tests(tests, make_kernel, drop_kernel);
}
