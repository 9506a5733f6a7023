/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A system of toy programs, libraries and modules below a folder; images of it are
 * planned, built, taken apart and compared.
 */
#include "image.h"

#include "codec.h"
#include "cpio.h"
#include "fake_elf.h"
#include "json.h"
#include "tree.h"

#include <errno.h>
#include <time.h>
#include <utime.h>

#define RELEASE "6.1.0-toy"
#define FOLDER "/lib/modules/" RELEASE
#define LIBS "/usr/lib/x86_64-linux-gnu"
#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define VERSION_TEXT "makedumpfile: version 1.7.2 (released on 20 Oct 2022)\nlzo\tenabled\n"

static struct tree tree;
static struct settings *settings;
static char tool_dir[128];
static char release[] = RELEASE, image_path[] = "/boot/vmlinuz-" RELEASE, modules_path[] = FOLDER;
static char host[] = "toyhost", machine_id[] = "0123456789abcdef";
static struct kernel_fact kernel = { .release = release, .image = image_path, .modules = modules_path };
static struct facts facts;
static struct storage storage;
static struct image_spec spec;

static void put_elf(const char *path, const struct fake_elf *f)
{
	auto_buf struct buf b = { 0 };

	fake_program(f, &b);
	tree_bytes(&tree, path, b.data, b.len);
}

static void put_ko(const char *path, const struct fake_module *m)
{
	auto_free char *full = xasprintf(FOLDER "/kernel/%s", path);
	auto_buf struct buf b = { 0 }, packed = { 0 };
	const char *codec = codec_of(path);

	fake_ko(m, &b);
	if (codec)
		assert_int_equal(codec_pack(codec, b.data, b.len, &packed, NULL), 0);
	tree_bytes(&tree, full, codec ? packed.data : b.data, codec ? packed.len : b.len);
}

static void put_modules(void)
{
	static const struct fake_module
		toyfs = { .info = { "alias=fs-toyfs", "firmware=toy/a.fw", "firmware=toy/b.fw",
				    "firmware=toy/none.fw", "firmware=../../etc/passwd" },
			  .imports = { "helper" } },
		helper = { .info = { "license=GPL" }, .exports = { "helper" } };
	auto_free char *command = xasprintf("depmod -b %s " RELEASE " 2>/dev/null", tree.path);

	put_ko("toyfs.ko", &toyfs);
	put_ko("helper.ko.xz", &helper);
	tree_put(&tree, FOLDER "/modules.order", "");
	tree_put(&tree, FOLDER "/modules.builtin", "kernel/fs/inside.ko\n");
	tree_put(&tree, FOLDER "/modules.builtin.modinfo", "");
	assert_int_equal(system(command), 0);
}

/* Everything is some minutes old, as on a system that was not just installed. */
static void age(void)
{
	/* ctime cannot be set back, so the clock of the files is let tick past what counts as fresh. */
	struct timespec wait = { .tv_sec = 3, .tv_nsec = 100000000 };

	nanosleep(&wait, NULL);
}

static int begin(void **state)
{
	(void)state;
	tree_begin(&tree);
	tree_dir(&tree, LIBS);
	tree_dir(&tree, "/usr/lib64");
	tree_link(&tree, "/lib", "usr/lib");
	tree_link(&tree, "/lib64", "/usr/lib64");		/* absolute: within the root */
	put_elf(LOADER, &(struct fake_elf){ .debug = "the loader" });
	put_elf(LIBS "/libc.so.6", &(struct fake_elf){ .needed = { "ld-linux-x86-64.so.2" } });
	put_elf(LIBS "/libdw.so.1.0", &(struct fake_elf){ .needed = { "libz.so.1", "libc.so.6" } });
	tree_link(&tree, LIBS "/libdw.so.1", "libdw.so.1.0");
	put_elf(LIBS "/libz.so.1", &(struct fake_elf){ .needed = { "libc.so.6" } });
	put_elf("/usr/bin/makedumpfile", &(struct fake_elf){
		.interp = LOADER, .needed = { "libdw.so.1", "libc.so.6" }, .debug = VERSION_TEXT });
	put_elf("/usr/sbin/vmcore-dmesg", &(struct fake_elf){ .interp = LOADER, .needed = { "libc.so.6" } });
	put_elf("/tools/capture-init", &(struct fake_elf){ .debug = "debug information" });
	snprintf(tool_dir, sizeof(tool_dir), "%s/tools", tree.path);
	put_modules();
	tree_put(&tree, image_path, "the kernel");
	tree_put(&tree, "/boot/config-" RELEASE, "#\nCONFIG_RD_GZIP=y\nCONFIG_RD_ZSTD=y\nCONFIG_RD_XZ=y\n");
	tree_put(&tree, "/lib/firmware/toy/a.fw", "old a");
	tree_put(&tree, "/lib/firmware/updates/toy/a.fw", "new a");
	tree_put(&tree, "/lib/firmware/" RELEASE "/toy/b.fw.xz", "");
	{
		auto_buf struct buf packed = { 0 };

		assert_int_equal(codec_pack("xz", "b", 1, &packed, NULL), 0);
		tree_bytes(&tree, "/lib/firmware/" RELEASE "/toy/b.fw.xz", packed.data, packed.len);
	}
	settings = settings_new();
	facts = (struct facts){ .host = host, .machine_id = machine_id, .mem_total = UINT64_C(64) << 30 };
	storage = (struct storage){ .target = {
		.kind = TARGET_FS, .url = xstrdup("fs:UUID=1:/var/crash"), .fstype = xstrdup("toyfs"),
		.uuid = xstrdup("1"), .label = xstrdup(""), .device = xstrdup("/dev/vda"), .size = 4096,
		.options = xstrdup(""), .dir = xstrdup("/var/crash") } };
	strv_add(&storage.drivers, "toyfs");
	spec = (struct image_spec){
		.root = &tree.root, .settings = settings, .facts = &facts, .kernel = &kernel,
		.storage = &storage, .n_storage = 1, .tool_dir = tool_dir,
	};
	return 0;
}

static int end(void **state)
{
	(void)state;
	settings_free(settings);
	storage_done(&storage);
	tree_end(&tree);
	return 0;
}

static struct image_plan *plan(void)
{
	struct image_plan *p = NULL;
	struct err e = { 0 };

	if (image_plan_make(&spec, &p, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

static void expect_error(int code, const char *text)
{
	struct image_plan *p = NULL;
	struct err e = { 0 };

	assert_int_equal(image_plan_make(&spec, &p, &e), -code);
	assert_string_equal(e.text, text);
	assert_null(p);
}

static char *plan_id(void)
{
	auto_image_plan struct image_plan *p = plan();

	return take_ptr(p->id);
}

/* --- looking into an image -------------------------------------------------------------------- */

static int list_member(void *ctx, const struct cpio_member *m)
{
	struct buf *to = ctx;

	buf_addf(to, "%06o %s", m->mode, m->name);
	if (S_ISLNK(m->mode))
		buf_addf(to, " -> %.*s", (int)m->len, m->data);
	buf_addc(to, '\n');
	return 0;
}

struct wanted {
	const char *name;
	struct buf data;
};

static int take_member(void *ctx, const struct cpio_member *m)
{
	struct wanted *w = ctx;

	if (strcmp(m->name, w->name) == 0)
		buf_add(&w->data, m->data, m->len);
	return 0;
}

static void build(struct buf *image, struct buf *payload)
{
	auto_image_plan struct image_plan *p = plan();
	struct err e = { 0 };
	size_t end_of_head = 0;

	if (image_build(&spec, p, image, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(cpio_each(image->data, image->len, NULL, NULL, &end_of_head, NULL), 0);
	assert_int_equal(image->len % 4, 0);
	assert_int_equal(end_of_head % 512, 0);
	if (strcmp(p->packing, "none") == 0)
		buf_add(payload, image->data + end_of_head, image->len - end_of_head);
	else {
		auto_json struct json *j = NULL;
		struct wanted w = { .name = &IMAGE_INPUTS[1] };
		const char *data = image->data + end_of_head;
		size_t len;

		cpio_each(image->data, image->len, take_member, &w, &end_of_head, NULL);
		assert_int_equal(js_parse(w.data.data, w.data.len, &j, NULL), 0);
		len = (size_t)js_get_int(j, "payload_bytes", 0);
		assert_int_equal(codec_unpack(p->packing, data, len, 1 << 24, payload, NULL), 0);
		assert_int_equal(js_get_int(j, "unpacked", 0), payload->len);
		buf_done(&w.data);
	}
}

static void expect_member(const struct buf *payload, const char *name, const void *data, size_t len)
{
	struct wanted w = { .name = name };
	size_t end_at;

	assert_int_equal(cpio_each(payload->data, payload->len, take_member, &w, &end_at, NULL), 0);
	assert_int_equal(w.data.len, len);
	assert_memory_equal(buf_text(&w.data), data, len);
	buf_done(&w.data);
}

/* --- tests ------------------------------------------------------------------------------------- */

static void test_an_image_holds_this_and_nothing_else(void **state)
{
	static const char want[] =
		"040755 dev\n020600 dev/console\n020666 dev/null\n040755 etc\n040755 etc/crashcfg\n"
		"100755 init\n"
		"040755 lib\n040755 lib/firmware\n040755 lib/firmware/6.1.0-toy\n"
		"040755 lib/firmware/6.1.0-toy/toy\n100644 lib/firmware/6.1.0-toy/toy/b.fw\n"
		"040755 lib/firmware/updates\n040755 lib/firmware/updates/toy\n"
		"100644 lib/firmware/updates/toy/a.fw\n"
		"040755 lib/modules\n040755 lib/modules/6.1.0-toy\n040755 lib/modules/6.1.0-toy/kernel\n"
		"100644 lib/modules/6.1.0-toy/kernel/helper.ko\n"
		"100644 lib/modules/6.1.0-toy/kernel/toyfs.ko\n"
		"040755 lib/x86_64-linux-gnu\n100755 lib/x86_64-linux-gnu/libc.so.6\n"
		"100755 lib/x86_64-linux-gnu/libdw.so.1\n100755 lib/x86_64-linux-gnu/libz.so.1\n"
		"040755 lib64\n100755 lib64/ld-linux-x86-64.so.2\n040755 mnt\n040755 proc\n040755 run\n"
		"040755 sbin\n"
		"120777 sbin/modprobe -> /init\n040755 sys\n041777 tmp\n040755 usr\n040755 usr/bin\n"
		"100755 usr/bin/makedumpfile\n040755 usr/sbin\n100755 usr/sbin/vmcore-dmesg\n"
		"100600 etc/crashcfg/recipe.json\n";
	auto_buf struct buf image = { 0 }, payload = { 0 }, list = { 0 };
	size_t end_at;

	(void)state;
	build(&image, &payload);
	assert_int_equal(cpio_each(payload.data, payload.len, list_member, &list, &end_at, NULL), 0);
	assert_string_equal(list.data, want);
}

static void test_files_are_stored_as_they_are(void **state)
{
	auto_buf struct buf image = { 0 }, payload = { 0 }, libdw = { 0 }, tool = { 0 };
	auto_recipe struct recipe *r = NULL;
	struct wanted recipe = { .name = &RECIPE_PATH[1] };
	size_t end_at;

	(void)state;
	build(&image, &payload);
	assert_int_equal(root_read(&tree.root, LIBS "/libdw.so.1.0", 1 << 20, &libdw, NULL), 0);
	expect_member(&payload, "lib/x86_64-linux-gnu/libdw.so.1", libdw.data, libdw.len);
	expect_member(&payload, "lib/firmware/updates/toy/a.fw", "new a", 5);
	expect_member(&payload, "lib/firmware/6.1.0-toy/toy/b.fw", "b", 1);
	/* Our own program goes in without its debug information. */
	assert_int_equal(root_read(&tree.root, "/tools/capture-init", 1 << 20, &tool, NULL), 0);
	tool.len -= strlen("debug information");
	memset(tool.data + offsetof(Elf64_Ehdr, e_shoff), 0, 8);
	memset(tool.data + offsetof(Elf64_Ehdr, e_shnum), 0, 4);
	expect_member(&payload, "init", tool.data, tool.len);

	cpio_each(payload.data, payload.len, take_member, &recipe, &end_at, NULL);
	assert_int_equal(recipe_decode(recipe.data.data, recipe.data.len, &r, NULL), 0);
	assert_string_equal(r->host, host);
	assert_string_equal(r->compress, "-l");
	assert_int_equal(r->n_modules, 2);
	assert_string_equal(r->modules[0].path, FOLDER "/kernel/helper.ko");
	assert_string_equal(r->modules[1].name, "toyfs");
	assert_int_equal(r->stall, 180);
	assert_int_equal(r->deadline, 600 + 64 * 1024 / 20);
	buf_done(&recipe.data);
}

static void test_the_same_inputs_give_the_same_bytes(void **state)
{
	auto_buf struct buf a = { 0 }, b = { 0 }, pa = { 0 }, pb = { 0 };
	struct utimbuf old = { 1, 1 };
	auto_free char *path = root_path(&tree.root, "/usr/bin/makedumpfile");

	(void)state;
	build(&a, &pa);
	assert_int_equal(utime(path, &old), 0);		/* times are no input */
	build(&b, &pb);
	assert_true(buf_equal(&a, &b));
}

/* Each row: a change, and whether it makes another image. */
static void test_content_decides_what_image_it_is(void **state)
{
	static const struct { const char *path, *text, *text_after; bool other; } rows[] = {
		{ "/boot/vmlinuz-" RELEASE, "the kernel", "the kernal", true },
		{ "/lib/firmware/updates/toy/a.fw", "new a", "new A", true },
		{ "/lib/firmware/toy/a.fw", "old a", "hidden", false },
		{ "/etc/unrelated", "1", "2", false },
		{ "/etc/modprobe.d/x.conf", "# nothing\n", "options toyfs deep=1\n", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *before = NULL, *after = NULL, *again = NULL;

		tree_put(&tree, rows[i].path, rows[i].text);
		before = plan_id();
		tree_put(&tree, rows[i].path, rows[i].text_after);
		after = plan_id();
		assert_int_equal(strcmp(before, after) != 0, rows[i].other);
		tree_put(&tree, rows[i].path, rows[i].text);
		again = plan_id();
		assert_string_equal(before, again);
	}
}

static void test_every_setting_of_the_recipe_counts(void **state)
{
	auto_free char *before = plan_id(), *after = NULL;

	(void)state;
	settings->dump_level = 1;
	after = plan_id();
	settings->dump_level = 31;
	assert_string_not_equal(before, after);
}

static void test_a_restored_mtime_does_not_fool_the_cache(void **state)
{
	auto_free char *path = root_path(&tree.root, "/lib/firmware/updates/toy/a.fw");
	auto_free char *cold = NULL, *warm = NULL, *changed = NULL;
	const struct timespec keep[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	auto_fclose FILE *f = NULL;

	(void)state;
	spec.cache = true;
	assert_int_equal(utimensat(AT_FDCWD, path, keep, 0), 0);
	age();
	cold = plan_id();
	assert_true(root_exists(&tree.root, IMAGE_DIR "/hashes"));
	warm = plan_id();
	assert_string_equal(cold, warm);
	/* The same file, the same size, the same mtime. */
	f = fopen(path, "r+");
	assert_non_null(f);
	fputs("NEW a", f);
	fflush(f);
	assert_int_equal(utimensat(AT_FDCWD, path, keep, 0), 0);
	changed = plan_id();
	assert_string_not_equal(cold, changed);
	rewind(f);
	fputs("new a", f);
	spec.cache = false;
}

static void test_a_damaged_cache_is_as_good_as_none(void **state)
{
	static const char *const texts[] = {
		"", "rubbish", "crashcfg hashes 1\n\n\tx\nfile\t\nmodules \t{\n", "crashcfg hashes 2\n",
	};
	auto_free char *want = plan_id();

	(void)state;
	spec.cache = true;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_free char *id = NULL;

		tree_put(&tree, IMAGE_DIR "/hashes", texts[i]);
		id = plan_id();
		assert_string_equal(id, want);
	}
	spec.cache = false;
}

static void test_a_file_that_changes_after_planning_is_no_part_of_an_image(void **state)
{
	auto_image_plan struct image_plan *early = NULL;
	auto_buf struct buf image = { 0 };
	struct err e = { 0 };

	(void)state;
	spec.cache = true;
	early = plan();
	assert_true(root_exists(&tree.root, IMAGE_DIR "/hashes"));
	tree_put(&tree, "/lib/firmware/updates/toy/a.fw", "change");
	assert_int_equal(image_build(&spec, early, &image, &e), -ESTALE);
	assert_string_equal(e.text, "'/lib/firmware/updates/toy/a.fw' changed while the image was being "
			    "built: run this again");
	/* Should the cache be what misled, it is gone. */
	assert_false(root_exists(&tree.root, IMAGE_DIR "/hashes"));
	tree_put(&tree, "/lib/firmware/updates/toy/a.fw", "new a");
	spec.cache = false;
}

static void test_the_kernels_configuration_decides_how_things_are_packed(void **state)
{
#define Y(name) "CONFIG_" name "=y\n"
	static const struct { const char *config, *packing, *helper, *firmware; } rows[] = {
		{ "#\n" Y("RD_ZSTD"), "zstd", "helper.ko", "b.fw" },
		{ "#\n" Y("RD_XZ") Y("RD_GZIP") "# CONFIG_RD_ZSTD=y\n", "gzip", "helper.ko", "b.fw" },
		{ "#\n" Y("RD_XZ"), "xz", "helper.ko", "b.fw" },
		{ "#\n" Y("RD_LZO"), "none", "helper.ko", "b.fw" },
		{ "#\n" Y("RD_ZSTD") Y("MODULE_DECOMPRESS") Y("MODULE_COMPRESS_XZ"),
		  "zstd", "helper.ko.xz", "b.fw" },
		{ "#\n" Y("RD_ZSTD") Y("MODULE_DECOMPRESS") Y("MODULE_COMPRESS_ZSTD"),
		  "zstd", "helper.ko", "b.fw" },
		{ "#\n" Y("RD_ZSTD") Y("MODULE_COMPRESS_XZ"), "zstd", "helper.ko", "b.fw" },
		{ "#\n" Y("RD_ZSTD") Y("FW_LOADER_COMPRESS"), "zstd", "helper.ko", "b.fw.xz" },
		{ NULL, "gzip", "helper.ko", "b.fw" },
	};
#undef Y
	auto_buf struct buf config = { 0 };

	(void)state;
	assert_int_equal(root_read(&tree.root, "/boot/config-" RELEASE, 4096, &config, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf image = { 0 }, payload = { 0 }, list = { 0 };
		auto_free char *helper = xasprintf("lib/modules/" RELEASE "/kernel/%s\n", rows[i].helper);
		auto_free char *firmware = xasprintf("lib/firmware/" RELEASE "/toy/%s\n", rows[i].firmware);
		auto_image_plan struct image_plan *p = NULL;
		size_t end_at;

		if (rows[i].config)
			tree_put(&tree, "/boot/config-" RELEASE, rows[i].config);
		else
			unlinkat(tree.root.fd, "boot/config-" RELEASE, 0);
		p = plan();
		assert_string_equal(p->packing, rows[i].packing);
		build(&image, &payload);
		assert_int_equal(cpio_each(payload.data, payload.len, list_member, &list, &end_at, NULL), 0);
		assert_non_null(strstr(list.data, helper));
		assert_non_null(strstr(list.data, firmware));
		assert_int_equal(p->notes.n, rows[i].config ? 1 : 2);
	}
	tree_put(&tree, "/boot/config-" RELEASE, config.data);
}

static void test_missing_firmware_is_noted(void **state)
{
	auto_image_plan struct image_plan *p = plan();

	(void)state;
	assert_int_equal(p->notes.n, 1);
	assert_string_equal(p->notes.v[0], "firmware 'toy/none.fw' is not installed");
}

static void test_what_is_missing_is_named(void **state)
{
	static const struct { const char *path; const char *text; } rows[] = {
		{ "usr/sbin/vmcore-dmesg",
		  "'/usr/sbin/vmcore-dmesg' is missing: install the package kexec-tools" },
		{ "usr/bin/makedumpfile",
		  "'/usr/bin/makedumpfile' is missing: install the package makedumpfile" },
		{ "usr/lib/x86_64-linux-gnu/libz.so.1",
		  "'/lib/x86_64-linux-gnu/libdw.so.1' needs the library 'libz.so.1', which is in none of the "
		  "loader's folders" },
		{ "usr/lib64/ld-linux-x86-64.so.2",
		  "'/lib64/ld-linux-x86-64.so.2': No such file or directory" },
		{ "boot/vmlinuz-" RELEASE,
		  "kernel '" RELEASE "': '/boot/vmlinuz-" RELEASE "': No such file or directory" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(renameat(tree.root.fd, rows[i].path, tree.root.fd, "away"), 0);
		expect_error(ENOENT, rows[i].text);
		assert_int_equal(renameat(tree.root.fd, "away", tree.root.fd, rows[i].path), 0);
	}
}

static void test_what_is_not_supported_is_refused(void **state)
{
	(void)state;
	storage.target.kind = TARGET_HUB;
	expect_error(ENOTSUP, "target 'fs:UUID=1:/var/crash': 'hub' is not supported by this version (use "
		     "file:, fs:, raw:, nfs: or ssh:)");
	storage.target.kind = TARGET_FS;
	settings->compress = COMPRESS_ZSTD;
	expect_error(ENOTSUP, "DUMP_COMPRESS = 'zstd': '/usr/bin/makedumpfile' was built without it "
		     "(write 'auto')");
	settings->compress = COMPRESS_AUTO;
	strv_add(&settings->capture_modules, "nosuch");
	expect_error(ENOENT, "module 'nosuch' is neither in '" FOLDER "' nor built into that kernel");
	strv_done(&settings->capture_modules);
}

/* --- libraries ---------------------------------------------------------------------------------- */

/* Is NAME in an image whose vmcore-dmesg is PROGRAM? */
static void expect_library(const struct fake_elf *program, const char *name, const char *data)
{
	auto_buf struct buf image = { 0 }, payload = { 0 }, bytes = { 0 };

	put_elf("/usr/sbin/vmcore-dmesg", program);
	assert_int_equal(root_read(&tree.root, data, 1 << 20, &bytes, NULL), 0);
	build(&image, &payload);
	expect_member(&payload, name, bytes.data, bytes.len);
	put_elf("/usr/sbin/vmcore-dmesg", &(struct fake_elf){ .interp = LOADER, .needed = { "libc.so.6" } });
}

static void test_libraries_are_found_as_the_loader_finds_them(void **state)
{
	static const struct fake_elf lib = { .needed = { "libc.so.6" } }, foreign = { .machine = EM_AARCH64 };

	(void)state;
	/* Each differs by what lies behind it. */
	put_elf("/opt/a/libx.so.1", &(struct fake_elf){ .needed = { "liby.so.1" }, .debug = "x in a" });
	put_elf("/opt/a/liby.so.1", &lib);
	put_elf("/opt/b/libx.so.1", &(struct fake_elf){ .needed = { "libc.so.6" }, .debug = "x in b" });
	put_elf("/usr/local/lib/libx.so.1", &(struct fake_elf){ .needed = { "libc.so.6" }, .debug = "x" });
	put_elf("/usr/local/lib/liby.so.1", &(struct fake_elf){ .needed = { "libc.so.6" }, .debug = "y" });
	put_elf("/usr/local/other/libx.so.1", &foreign);
	tree_put(&tree, "/etc/ld.so.conf", "# comment\n include ld.so.conf.d/*.conf\n");
	tree_put(&tree, "/etc/ld.so.conf.d/local.conf", "/usr/local/other # other machine\n/usr/local/lib\n");
	tree_put(&tree, "/etc/ld.so.conf.d/local.conf.old", "/opt/b\n");

	expect_library(&(struct fake_elf){ .interp = LOADER, .needed = { "libx.so.1" },
					   .runpath = "$ORIGIN/../../opt/a:/opt/b" },
		       "opt/a/libx.so.1", "/opt/a/libx.so.1");
	/* A DT_RUNPATH does not count for the library's own needs; a DT_RPATH does. */
	expect_library(&(struct fake_elf){ .interp = LOADER, .needed = { "libx.so.1" }, .runpath = "/opt/a" },
		       "lib/x86_64-linux-gnu/liby.so.1", "/usr/local/lib/liby.so.1");
	expect_library(&(struct fake_elf){ .interp = LOADER, .needed = { "libx.so.1" }, .rpath = "/opt/a" },
		       "opt/a/liby.so.1", "/opt/a/liby.so.1");
	expect_library(&(struct fake_elf){ .interp = LOADER, .needed = { "libx.so.1" },
					   .rpath = "${ORIGIN}/../../opt/b" },
		       "opt/b/libx.so.1", "/opt/b/libx.so.1");
	/* There is no ld.so.conf in the image: the library goes to where the loader looks by itself. */
	expect_library(&(struct fake_elf){ .interp = LOADER, .needed = { "libx.so.1" } },
		       "lib/x86_64-linux-gnu/libx.so.1", "/usr/local/lib/libx.so.1");
	unlinkat(tree.root.fd, "etc/ld.so.conf", 0);
}

static void test_hostile_libraries_end_in_an_error(void **state)
{
	(void)state;
	put_elf("/usr/sbin/vmcore-dmesg",
		&(struct fake_elf){ .interp = LOADER, .needed = { "../etc/passwd" } });
	expect_error(ENOTSUP, "'/usr/sbin/vmcore-dmesg' needs '../etc/passwd' by its path, which the image "
		     "builder does not know");
	tree_put(&tree, "/usr/sbin/vmcore-dmesg", "#!/bin/sh\n");
	expect_error(ENOEXEC, "'/usr/sbin/vmcore-dmesg': not an ELF file");
	tree_put(&tree, "/usr/sbin/vmcore-dmesg", "\x7f" "ELF\2\1\1");
	expect_error(ENOEXEC, "'/usr/sbin/vmcore-dmesg': not an ELF file");
	tree_put(&tree, "/etc/ld.so.conf", "include /etc/ld.so.conf\ninclude *\ninclude\ninclude  \n");
	put_elf("/usr/sbin/vmcore-dmesg", &(struct fake_elf){ .interp = LOADER, .needed = { "libc.so.6" } });
	free(plan_id());
	unlinkat(tree.root.fd, "etc/ld.so.conf", 0);
}

static bool has_input(const struct image_plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_inputs; i++)
		if (strcmp(p->inputs[i].name, name) == 0)
			return true;
	return false;
}

static void test_programs_of_the_settings_come_with_what_they_need(void **state)
{
	auto_image_plan struct image_plan *p = NULL;

	(void)state;
	put_elf("/bin/sh", &(struct fake_elf){ .interp = LOADER, .needed = { "libedit.so.2" } });
	put_elf(LIBS "/libedit.so.2", &(struct fake_elf){ .needed = { "libc.so.6" } });
	tree_put(&tree, "/opt/pre", "#! /bin/sh -e\necho\n");
	put_elf("/opt/post", &(struct fake_elf){ .interp = LOADER, .needed = { "libc.so.6" } });
	strv_add(&settings->dump_pre, "/opt/pre");
	strv_add(&settings->dump_post, "/opt/post");
	strv_add(&settings->dump_post, "/opt/pre");
	p = plan();
	assert_true(has_input(p, "/opt/pre"));
	assert_true(has_input(p, "/opt/post"));
	assert_true(has_input(p, "/bin/sh"));
	assert_true(has_input(p, "/lib/x86_64-linux-gnu/libedit.so.2"));
	assert_string_equal(p->recipe->pre.v[0], "/opt/pre");
	assert_int_equal(p->recipe->post.n, 2);

	tree_put(&tree, "/opt/pre", "#!/usr/bin/env sh\n");
	expect_error(ENOTSUP, "DUMP_PRE: '/opt/pre' leaves open which program '/usr/bin/env' is to run it (begin "
		     "it with the path of its interpreter, such as '#!/bin/sh')");
	tree_put(&tree, "/opt/pre", "#!/opt/nosuch\n");
	expect_error(ENOENT, "DUMP_PRE: the interpreter of '/opt/pre': '/opt/nosuch': No such file or directory");
	tree_put(&tree, "/opt/pre", "echo\n");
	expect_error(ENOEXEC, "DUMP_PRE: '/opt/pre': not an ELF file");
	strv_done(&settings->dump_pre);
	strv_done(&settings->dump_post);
}

static void test_a_shell_is_there_only_where_it_is_asked_for(void **state)
{
	auto_image_plan struct image_plan *p = NULL, *without = plan();

	(void)state;
	assert_false(has_input(without, "/bin/sh"));
	put_elf("/bin/sh", &(struct fake_elf){ .interp = LOADER, .needed = { "libc.so.6" } });
	settings->on_failure = END_SHELL;
	p = plan();
	assert_true(has_input(p, "/bin/sh"));
	unlinkat(tree.root.fd, "bin/sh", 0);
	expect_error(ENOENT, "DUMP_ON_FAILURE = 'shell': '/bin/sh': No such file or directory");
	settings->on_failure = END_REBOOT;
}

/* --- reading one ---------------------------------------------------------------------------------- */

static void test_an_image_tells_its_id_by_its_head(void **state)
{
	auto_buf struct buf image = { 0 }, payload = { 0 };
	auto_image_head struct image_head head = { 0 }, none = { 0 };
	auto_free char *want = plan_id();
	size_t end_of_head;
	struct err e = { 0 };

	(void)state;
	build(&image, &payload);
	assert_int_equal(cpio_each(image.data, image.len, NULL, NULL, &end_of_head, NULL), 0);
	assert_true(end_of_head <= IMAGE_HEAD_MAX);
	assert_int_equal(image_head_parse(image.data, end_of_head, &head, NULL), 0);
	assert_string_equal(head.id, want);
	assert_non_null(head.kernel);
	assert_int_equal(image_check(image.data, image.len, &e), 0);
	assert_int_equal(image_check(image.data, image.len - 8, &e), -EINVAL);
	assert_string_equal(e.text, "the capture image is cut off: build it again");
	image.data[end_of_head + 9] ^= 1;
	assert_int_equal(image_check(image.data, image.len, &e), -EINVAL);
	assert_string_equal(e.text, "the capture image is damaged: build it again");
	assert_int_equal(image_head_parse("", 0, &none, &e), -EINVAL);
	assert_int_equal(image_head_parse(payload.data, payload.len, &none, &e), -EINVAL);
	assert_string_equal(e.text, "not a capture image of this version of crashcfg: build it again");
	assert_null(none.id);
}

static void expect_standing(const struct buf *image, size_t len, const char *want)
{
	static const char path[] = IMAGE_DIR "/" RELEASE "/" IMAGE_NAME;
	auto_image_plan struct image_plan *p = NULL;

	tree_bytes(&tree, path, image->data, len);
	p = plan();
	if (want)
		assert_string_equal(p->standing, want);
	else
		assert_null(p->standing);
}

static void test_an_image_that_stands_counts_when_it_is_whole(void **state)
{
	auto_buf struct buf image = { 0 }, payload = { 0 };
	auto_free char *want = plan_id();

	(void)state;
	build(&image, &payload);
	spec.cache = true;
	expect_standing(&image, image.len, want);
	expect_standing(&image, image.len - 16, NULL);
	expect_standing(&image, image.len, want);
	image.data[image.len - 16] ^= 1;
	expect_standing(&image, image.len, NULL);
	expect_standing(&(struct buf){ .data = (char[]){ "no image" } }, 8, NULL);
	spec.cache = false;
}

static int no_depmod(void)
{
	return system("command -v depmod >/dev/null") != 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_image_holds_this_and_nothing_else),
		cmocka_unit_test(test_files_are_stored_as_they_are),
		cmocka_unit_test(test_the_same_inputs_give_the_same_bytes),
		cmocka_unit_test(test_content_decides_what_image_it_is),
		cmocka_unit_test(test_every_setting_of_the_recipe_counts),
		cmocka_unit_test(test_a_restored_mtime_does_not_fool_the_cache),
		cmocka_unit_test(test_a_damaged_cache_is_as_good_as_none),
		cmocka_unit_test(test_a_file_that_changes_after_planning_is_no_part_of_an_image),
		cmocka_unit_test(test_the_kernels_configuration_decides_how_things_are_packed),
		cmocka_unit_test(test_missing_firmware_is_noted),
		cmocka_unit_test(test_what_is_missing_is_named),
		cmocka_unit_test(test_what_is_not_supported_is_refused),
		cmocka_unit_test(test_libraries_are_found_as_the_loader_finds_them),
		cmocka_unit_test(test_hostile_libraries_end_in_an_error),
		cmocka_unit_test(test_programs_of_the_settings_come_with_what_they_need),
		cmocka_unit_test(test_a_shell_is_there_only_where_it_is_asked_for),
		cmocka_unit_test(test_an_image_tells_its_id_by_its_head),
		cmocka_unit_test(test_an_image_that_stands_counts_when_it_is_whole),
	};

	if (no_depmod()) {
		fputs("image: depmod is missing (package kmod), nothing tested\n", stderr);
		return 0;
	}
	return cmocka_run_group_tests(tests, begin, end);
}
