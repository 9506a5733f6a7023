/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumps.h"
#include "efilog.h"

#include <errno.h>

#include "tree.h"

#define FOLDER "/var/crash/web1/1970-01-01T00-00-07Z-1b4e28ba"

static void put_log(struct tree *tree, const char *text)
{
	static const char attributes[4] = { EFILOG_ATTRIBUTES };
	struct buf parts[EFILOG_PARTS] = { { 0 } };
	unsigned n = efilog_encode(7, "1b4e28ba-2fa1", text, strlen(text), parts);

	for (unsigned i = 0; i < n; i++) {
		auto_buf struct buf data = { 0 };
		char name[EFILOG_NAME_MAX];
		auto_free char *path = xasprintf(EFILOG_DIR "/%s", efilog_name(i, name));

		buf_add(&data, attributes, sizeof(attributes));
		buf_add(&data, parts[i].data, parts[i].len);
		tree_bytes(tree, path, data.data, data.len);
		buf_done(&parts[i]);
	}
}

static void a_log_in_efi_variables_becomes_a_folder_once(void **state)
{
	static const char log[] = "[    1.0] Kernel panic - not syncing: no disk\n";
	auto_collected struct collected c = { 0 }, again = { 0 };
	auto_manifest struct manifest *m = NULL;
	auto_buf struct buf text = { 0 }, record = { 0 };
	struct tree tree;
	struct err e = { 0 };

	(void)state;
	tree_begin(&tree);
	assert_int_equal(efi_collect(&tree.root, "/var/crash/web1", "web1", &c, &e), -ENOENT);
	assert_false(root_exists(&tree.root, "/var"));
	put_log(&tree, log);
	if (efi_collect(&tree.root, "/var/crash/web1", "web1", &c, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(c.path, FOLDER);
	assert_int_equal(root_read(&tree.root, FOLDER "/dmesg.txt", 65536, &text, NULL), 0);
	assert_string_equal(buf_text(&text), log);
	assert_int_equal(root_read(&tree.root, FOLDER "/" MANIFEST_NAME, 65536, &record, NULL), 0);
	assert_int_equal(manifest_decode(record.data, record.len, &m, NULL), 0);
	assert_int_equal(m->state, MANIFEST_LOG_ONLY);
	assert_string_equal(m->host, "web1");
	assert_non_null(strstr(m->panic, "no disk"));
	assert_int_equal(efi_collect(&tree.root, "/var/crash/web1", "web1", &again, &e), -ENOENT);
	tree_end(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_in_efi_variables_becomes_a_folder_once),
	};

	return cmocka_run_group_tests_name("efi", tests, NULL, NULL);
}
