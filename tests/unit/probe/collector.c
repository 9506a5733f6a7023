/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include "tree.h"

#include <errno.h>

static struct tree tree;

static int begin(void **state)
{
	(void)state;
	tree_begin(&tree);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tree_end(&tree);
	return 0;
}

static void test_a_missing_collector_names_its_package(void **state)
{
	struct collector c = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(collector_read(&tree.root, &c, &e), -ENOENT);
	assert_string_equal(e.text, "'/usr/bin/makedumpfile' is missing: install the package makedumpfile");
}

/* As `makedumpfile -v` of Debian 12 prints it, and as its bytes hold it. */
static void test_version_and_codecs_are_read_from_its_bytes(void **state)
{
	static const char bytes[] = "\x7f" "ELF\0\0makedumpfile: version 1.7.2 (released on 20 Oct 2022)\n\0"
				    "lzo\tenabled\n\0snappy\tdisabled\n\0zstd\tdisabled\n\0\n";
	auto_free struct collector *c = xcalloc(1, sizeof(*c));

	(void)state;
	tree_bytes(&tree, "/usr/sbin/makedumpfile", bytes, sizeof(bytes));
	assert_int_equal(collector_read(&tree.root, c, NULL), 0);
	assert_string_equal(c->path, "/usr/sbin/makedumpfile");
	assert_string_equal(c->version, "1.7.2");
	assert_true(c->zlib && c->lzo && !c->snappy && !c->zstd);
	collector_done(c);
}

static void test_bytes_of_any_content_are_read(void **state)
{
	static const struct { const char *text, *version; } rows[] = {
		{ "", "" }, { "makedumpfile: version ", "" }, { "makedumpfile: version \n", "" },
		{ "makedumpfile: version 1.7.8-rc1+git (x", "1.7.8-rc1+git" },
		{ "makedumpfile: version 01234567890123456789012345678901234567890",
		  "01234567890123456789012345678901" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct collector c = { 0 };

		tree_put(&tree, "/usr/bin/makedumpfile", rows[i].text);
		assert_int_equal(collector_read(&tree.root, &c, NULL), 0);
		assert_string_equal(c.path, "/usr/bin/makedumpfile");
		assert_string_equal(c.version, rows[i].version);
		assert_false(c.lzo || c.snappy || c.zstd);
		collector_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_missing_collector_names_its_package),
		cmocka_unit_test(test_version_and_codecs_are_read_from_its_bytes),
		cmocka_unit_test(test_bytes_of_any_content_are_read),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
