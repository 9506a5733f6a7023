/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include "cpio.h"
#include "image.h"

static void add(struct buf *to, const char *name, uint32_t mode, const char *text)
{
	static unsigned inode;

	cpio_add(to, &inode, name, mode, text, strlen(text), 0, 0);
}

static char *text_at(const struct tree *t, const char *path)
{
	struct buf text = { 0 };

	return root_read(&t->root, path, 4096, &text, NULL) < 0 ? xstrdup("") : buf_take(&text);
}

static void files_folders_and_links_come_as_they_are(void **state)
{
	static const char *const without[] = { "/lib/modules/", NULL };
	auto_free char *a = NULL, *b = NULL, *gone = NULL;
	auto_buf struct buf archive = { 0 };
	struct stat st;
	struct tree t;

	(void)state;
	tree_begin(&t);
	add(&archive, "etc", S_IFDIR | 0755, "");
	add(&archive, "etc/key", S_IFREG | 0600, "secret");
	add(&archive, "deep/down/below", S_IFREG | 0755, "x");	/* its folders are not listed */
	add(&archive, "lib", S_IFLNK | 0777, "etc");
	add(&archive, "lib/modules/a.ko", S_IFREG | 0644, "a");
	add(&archive, "dev/console", S_IFCHR | 0600, "");
	cpio_end(&archive);
	assert_int_equal(image_extract(&t.root, archive.data, archive.len, without, NULL), 0);
	assert_int_equal(root_stat(&t.root, "/etc/key", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	a = text_at(&t, "/lib/key");
	assert_string_equal(a, "secret");
	b = text_at(&t, "/deep/down/below");
	assert_string_equal(b, "x");
	gone = text_at(&t, "/lib/modules/a.ko");
	assert_string_equal(gone, "");
	assert_false(root_exists(&t.root, "/dev/console"));
	tree_end(&t);
}

static void no_name_leads_out(void **state)
{
	static const char *const names[] = { "../out", "a/../../out", "/../out", "up/out", "far/out", "self" };
	struct tree t, above;

	(void)state;
	tree_begin(&above);
	tree_dir(&above, "/in");
	t = above;
	assert_int_equal(chdir(above.path), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_root struct root in = { .fd = -1 };
		auto_buf struct buf archive = { 0 };
		auto_free char *dir = xasprintf("%s/in", above.path);

		assert_int_equal(root_open(&in, dir, NULL), 0);
		add(&archive, "up", S_IFLNK | 0777, "..");
		add(&archive, "far", S_IFLNK | 0777, t.path);
		add(&archive, "self", S_IFLNK | 0777, "../out");
		add(&archive, names[i], S_IFREG | 0644, "x");
		cpio_end(&archive);
		/* Done within, or refused. */
		image_extract(&in, archive.data, archive.len, NULL, NULL);
		assert_false(root_exists(&above.root, "/out"));
	}
	assert_int_equal(chdir("/"), 0);
	tree_end(&above);
}

static void an_archive_that_is_cut_off_is_refused(void **state)
{
	auto_buf struct buf archive = { 0 };
	struct err e = { 0 };
	struct tree t;

	(void)state;
	tree_begin(&t);
	add(&archive, "a", S_IFREG | 0644, "aaaa");
	assert_int_equal(image_extract(&t.root, archive.data, archive.len, NULL, &e), -EINVAL);
	assert_true(e.text[0]);
	assert_true(image_payload(archive.data, archive.len, &(struct buf){ 0 }, NULL) < 0);
	tree_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_folders_and_links_come_as_they_are),
		cmocka_unit_test(no_name_leads_out),
		cmocka_unit_test(an_archive_that_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
