/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include <errno.h>

#include "tree.h"

static void a_log_in_efi_variables_is_found(void **state)
{
	static const char attributes[4] = { EFILOG_ATTRIBUTES };
	struct buf parts[EFILOG_PARTS] = { { 0 } };
	auto_efilog struct efilog l = { 0 }, none = { 0 };
	auto_buf struct buf text = { 0 };
	struct tree tree;
	struct err e = { 0 };

	(void)state;
	tree_begin(&tree);
	assert_int_equal(efivars_log(&tree.root, &none, &e), -ENOENT);
	for (int i = 0; i < 3000; i++)
		buf_addc(&text, (char)('a' + i % 7));
	assert_int_equal(efilog_encode(7, "1b4e28ba", text.data, text.len, parts), 2);
	for (unsigned i = 0; i < 2; i++) {
		auto_buf struct buf data = { 0 };
		char name[EFILOG_NAME_MAX];
		auto_free char *path = xasprintf(EFILOG_DIR "/%s", efilog_name(i, name));

		buf_add(&data, attributes, sizeof(attributes));
		buf_add(&data, parts[i].data, parts[i].len);
		tree_bytes(&tree, path, data.data, data.len);
		buf_done(&parts[i]);
	}
	assert_int_equal(efivars_log(&tree.root, &l, &e), 0);
	assert_true(buf_equal(&l.text, &text));
	assert_int_equal(l.crash_time, 7);
	tree_end(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_in_efi_variables_is_found),
	};

	return cmocka_run_group_tests_name("efivars", tests, NULL, NULL);
}
