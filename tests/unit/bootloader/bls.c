/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "helper.h"

#include "blsentry.h"
#include "grubenv.h"
#include "proc.h"

#define ENTRIES "/boot/loader/entries"
#define FEDORA ENTRIES "/7d0e6a9c4b5f4c21b3a8e0f19d2c5b68-"
#define OLD_ENTRY FEDORA "6.8.5-301.fc40.x86_64.conf"
#define NEW_ENTRY FEDORA "6.9.7-200.fc40.x86_64.conf"
#define RESCUE FEDORA "0-rescue.conf"
#define GRUBENV "/boot/efi/EFI/redhat/grubenv"

static void assert_has(const struct tree *t, const char *path, const char *text, bool has)
{
	auto_free char *all = text_of(t, path);

	if (!all || (strstr(all, text) != NULL) != has)
		fail_msg("%s: '%s' %s:\n%s", path, text, has ? "is missing" : "should not be there",
			 all ? all : "(no file)");
}

static void replace_in(const struct tree *t, const char *path, const char *from, const char *to)
{
	auto_free char *all = text_of(t, path);
	char *at = all ? strstr(all, from) : NULL;
	auto_buf struct buf out = { 0 };

	assert_non_null(at);
	buf_add(&out, all, (size_t)(at - all));
	buf_adds(&out, to);
	buf_adds(&out, at + strlen(from));
	tree_bytes(t, path, out.data, out.len);
}

static char *default_of(const struct tree *t)
{
	struct boot_state *s = load(&boot_bls, t);
	char *value = boot_bls.get_default(s, KEY);

	boot_bls.free(s);
	return value;
}

static void every_home_of_the_arguments_is_edited_and_no_other(void **state)
{
	static const struct {
		const char *fixture, *path;
		bool edited;
	} rows[] = {
		{ "fedora40-bls", OLD_ENTRY, true },
		{ "fedora40-bls", NEW_ENTRY, true },
		{ "fedora40-bls", RESCUE, false },
		{ "fedora40-bls", "/etc/kernel/cmdline", true },
		{ "fedora40-bls", "/etc/default/grub", true },
		{ "fedora40-bls", "/boot/grub2/grubenv", false },
		{ "fedora40-bls", "/boot/grub2/grub.cfg", false },
		{ "fedora40-bls-odd",
		  ENTRIES "/00112233445566778899aabbccddeeff-6.9.7-200.fc40.x86_64.conf", false },
		{ "fedora40-bls-odd", ENTRIES "/memtest.conf", false },
		{ "rhel8-bls", GRUBENV, true },
		{ "rhel8-bls",
		  ENTRIES "/e19f3b7a0c6d45f2a1b8c9d0e7f60123-4.18.0-553.27.1.el8_10.x86_64.conf",
		  false },
		{ "rhel8-bls", "/etc/default/grub", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tree t;

		tree_from(&t, rows[i].fixture);
		change(&boot_bls, &t, "256M", false);
		assert_has(&t, rows[i].path, "crashkernel=256M", rows[i].edited);
		tree_end(&t);
	}
}

static void the_default_entry_holds_it_then(void **state)
{
	static const char *const fixtures[] = { "fedora40-bls", "fedora40-bls-odd", "rhel8-bls" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fixtures); i++) {
		struct tree t;
		auto_free char *value = NULL;

		tree_from(&t, fixtures[i]);
		change(&boot_bls, &t, "256M", false);
		value = default_of(&t);
		assert_string_equal(value, "256M");
		tree_end(&t);
	}
}

static void grubs_own_tool_reads_the_environment_block(void **state)
{
	struct tree t;
	struct stat st;
	auto_free char *path = NULL;
	const char *argv[] = { "/usr/bin/grub-editenv", NULL, "list", NULL };
	auto_proc struct proc p = { .argv = argv };

	(void)state;
	if (access(argv[0], X_OK) < 0)
		skip();
	tree_from(&t, "rhel8-bls");
	change(&boot_bls, &t, "256M", false);
	assert_int_equal(root_stat(&t.root, GRUBENV, &st), 0);
	assert_int_equal(st.st_size, 1024);
	path = root_path(&t.root, GRUBENV);
	argv[1] = path;
	assert_int_equal(proc_check(&p, NULL), 0);
	assert_non_null(strstr(buf_text(&p.out),
			       "\nkernelopts=root=/dev/mapper/rhel-root ro resume=/dev/mapper/rhel-swap"
			       " rd.lvm.lv=rhel/root rd.lvm.lv=rhel/swap rhgb quiet crashkernel=256M "
			       "\nboot_success=0\n"));
	/* The link is still one. */
	assert_int_equal(root_lstat(&t.root, "/boot/grub2/grubenv", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	tree_end(&t);
}

static void a_block_without_room_is_an_error_that_says_so(void **state)
{
	auto_buf struct buf block = { 0 };
	struct boot_state *s;
	struct err e = { 0 };
	struct tree t;

	(void)state;
	tree_from(&t, "rhel8-bls");
	buf_adds(&block, GRUBENV_SIGNATURE "kernelopts=root=/dev/sda1 ro ");
	while (block.len < 1010)
		buf_addc(&block, 'x');
	buf_addc(&block, '\n');
	while (block.len < 1024)
		buf_addc(&block, '#');
	tree_bytes(&t, GRUBENV, block.data, block.len);
	s = load(&boot_bls, &t);
	assert_int_equal(boot_bls.set_arg(s, KEY, "256M", false, &e), -ENOSPC);
	assert_non_null(strstr(e.text, GRUBENV ":2"));
	boot_bls.free(s);
	tree_end(&t);
}

static void edits_made_since_survive_the_taking_off(void **state)
{
	struct tree t;

	(void)state;
	tree_from(&t, "rhel9-bls");
	change(&boot_bls, &t, "256M", true);
	replace_in(&t, "/etc/kernel/cmdline", "root=/dev/mapper/rhel-root ro",
		   "root=/dev/mapper/rhel-root ro debug");
	replace_in(&t, "/etc/default/grub", "crashkernel=256M", "crashkernel=2G");
	change(&boot_bls, &t, NULL, false);
	assert_has(&t, "/etc/kernel/cmdline",
		   "ro debug crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M resume=", true);
	assert_has(&t, "/etc/default/grub", "\"crashkernel=2G resume=", true);
	tree_end(&t);
}

static void a_kernel_installed_since_inherits_and_is_cleaned_too(void **state)
{
	static const char entry[] =
		"title Fedora Linux (6.10.3-200.fc40.x86_64) 40\nversion 6.10.3-200.fc40.x86_64\n"
		"linux /vmlinuz-6.10.3-200.fc40.x86_64\noptions root=/dev/mapper/fedora-root ro"
		" rd.lvm.lv=fedora/root rhgb quiet crashkernel=256M\n";
	struct tree t;

	(void)state;
	tree_from(&t, "fedora40-bls");
	change(&boot_bls, &t, "256M", false);
	tree_put(&t, FEDORA "6.10.3-200.fc40.x86_64.conf", entry);
	assert_int_equal(change(&boot_bls, &t, "256M", false), 0);
	change(&boot_bls, &t, "320M", false);
	assert_has(&t, FEDORA "6.10.3-200.fc40.x86_64.conf", "quiet crashkernel=320M\n", true);
	change(&boot_bls, &t, NULL, false);
	assert_has(&t, FEDORA "6.10.3-200.fc40.x86_64.conf", "quiet\n", true);
	tree_end(&t);

	/* Where the installer had set a value, the new kernel would have had that one. */
	tree_from(&t, "rhel9-bls");
	change(&boot_bls, &t, "256M", true);
	tree_put(&t, ENTRIES "/c2e7f0b15d3a4e8f9b6c1a2d3e4f5061-5.14.0-500.el9.x86_64.conf",
		 "linux /v\noptions ro crashkernel=256M\n");
	change(&boot_bls, &t, NULL, false);
	assert_has(&t, ENTRIES "/c2e7f0b15d3a4e8f9b6c1a2d3e4f5061-5.14.0-500.el9.x86_64.conf",
		   "options ro crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M\n", true);
	tree_end(&t);
}

static void a_value_set_by_hand_in_one_entry_stays_there(void **state)
{
	struct boot_state *s;
	auto_free char *conflicts = NULL;
	struct tree t;

	(void)state;
	tree_from(&t, "fedora40-bls");
	change(&boot_bls, &t, "256M", false);
	replace_in(&t, OLD_ENTRY, "crashkernel=256M", "crashkernel=1G");
	assert_int_equal(change(&boot_bls, &t, "256M", false), 0);
	s = load(&boot_bls, &t);
	conflicts = conflicts_text(&boot_bls, s);
	assert_string_equal(conflicts, OLD_ENTRY ":5 crashkernel=1G\n");
	boot_bls.free(s);
	change(&boot_bls, &t, "256M", true);
	assert_has(&t, OLD_ENTRY, "crashkernel=256M", true);
	change(&boot_bls, &t, NULL, false);
	assert_has(&t, OLD_ENTRY, "crashkernel=1G", true);
	assert_has(&t, NEW_ENTRY, "crashkernel", false);
	tree_end(&t);
}

static void two_words_of_one_hand_come_back_as_they_were(void **state)
{
	auto_buf struct buf before = { 0 }, after = { 0 };
	struct tree t;

	(void)state;
	tree_from(&t, "fedora40-bls");
	replace_in(&t, OLD_ENTRY, " rhgb", "  crashkernel=512M,high rhgb\tcrashkernel=64M,low");
	snapshot(&t.root, "/", &before);
	change(&boot_bls, &t, "256M", true);
	assert_has(&t, OLD_ENTRY, "rd.lvm.lv=fedora/root  crashkernel=256M rhgb quiet\n", true);
	change(&boot_bls, &t, NULL, false);
	snapshot(&t.root, "/", &after);
	assert_string_equal(buf_text(&before), buf_text(&after));

	change(&boot_bls, &t, "256M", true);
	replace_in(&t, OLD_ENTRY, " quiet", " quiet debug");
	change(&boot_bls, &t, NULL, false);
	assert_has(&t, OLD_ENTRY, "root  crashkernel=512M,high crashkernel=64M,low rhgb quiet debug\n",
		   true);
	tree_end(&t);
}

static void whose_an_entry_is_shows_in_many_ways(void **state)
{
	static const struct {
		const char *name, *text;
		bool ours;
	} rows[] = {
		{ "fedora-hand.conf", "title Fedora Linux by hand\n", true },
		{ "x.conf", "title X\ngrub_class fedora\n", true },
		{ "x.conf", "title X\nversion 6.9.7-200.fc40.x86_64\n", true },
		{ "x.conf", "title X\nversion ../../etc\n", false },
		{ "x.conf", "title Debian\n", false },
		{ "x.conf", "title Fedora Linux\nmachine-id 00112233445566778899aabbccddeeff\n", false },
		{ "x.conf", "machine-id 7d0e6a9c4b5f4c21b3a8e0f19d2c5b68\n", true },
		{ "ffffffffffffffffffffffffffffffff-6.9.7.conf", "version 6.9.7-200.fc40.x86_64\n",
		  false },
		{ "7d0e6a9c4b5f4c21b3a8e0f19d2c5b68-x.conf", "version 0-rescue-x\n", false },
		{ ".hidden.conf", "title Fedora Linux\n", false },
		{ "no-conf", "title Fedora Linux\n", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *path = xasprintf(ENTRIES "/%s", rows[i].name);
		auto_free char *text = xasprintf("%slinux /v\noptions ro\n", rows[i].text);
		struct tree t;

		tree_from(&t, "fedora40-bls");
		tree_put(&t, path, text);
		change(&boot_bls, &t, "256M", false);
		assert_has(&t, path, "crashkernel", rows[i].ours);
		tree_end(&t);
	}
}

static void entries_of_an_image_made_with_another_machine_id_are_ours(void **state)
{
	struct tree t;

	(void)state;
	tree_from(&t, "fedora40-bls");
	tree_put(&t, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	change(&boot_bls, &t, "256M", false);
	assert_has(&t, NEW_ENTRY, "crashkernel=256M", true);
	assert_has(&t, RESCUE, "crashkernel", false);
	tree_end(&t);
}

static void what_cannot_be_edited_safely_is_refused_or_left(void **state)
{
	struct err e = { 0 };
	struct boot_state *s;
	struct tree t;

	(void)state;
	tree_from(&t, "fedora40-bls");
	replace_in(&t, OLD_ENTRY, " rhgb", " a=\"rhgb");
	s = load(&boot_bls, &t);
	assert_int_equal(boot_bls.set_arg(s, KEY, "256M", false, &e), -EINVAL);
	assert_non_null(strstr(e.text, OLD_ENTRY ":5"));
	boot_bls.free(s);
	/* An entry that lost its bytes in a crash. */
	tree_bytes(&t, OLD_ENTRY, "linux /v\noptions ro\0\0\0\n", 23);
	change(&boot_bls, &t, "256M", false);
	assert_has(&t, OLD_ENTRY, "crashkernel", false);
	/* The default entry must take it. */
	replace_in(&t, NEW_ENTRY, "options", "#options");
	s = load(&boot_bls, &t);
	assert_int_equal(boot_bls.set_arg(s, KEY, "256M", false, &e), -ENOTSUP);
	boot_bls.free(s);
	tree_put(&t, LEDGER_PATH, "{]");
	assert_int_equal(boot_bls.load(&t.root, &s, &e), -EINVAL);
	assert_non_null(strstr(e.text, LEDGER_PATH));
	tree_end(&t);
}

static void the_default_entry_is_found_as_grub_finds_it(void **state)
{
	static const struct {
		const char *saved, *want;
	} rows[] = {
		{ "saved_entry=7d0e6a9c4b5f4c21b3a8e0f19d2c5b68-6.8.5-301.fc40.x86_64", "old" },
		{ "saved_entry=7d0e6a9c4b5f4c21b3a8e0f19d2c5b68-6.9.7-200.fc40.x86_64", "new" },
		{ "saved_entry=0", "new" },
		{ "saved_entry=1", "old" },
		{ "saved_entry=2", "rescue" },
		{ "saved_entry=9", "new" },
		{ "saved_entry=Fedora Linux (6.8.5-301.fc40.x86_64) 40 (Server Edition)", "old" },
		{ "saved_entry=gone", "new" },
		{ "other=1", "new" },
	};
	struct tree t;

	(void)state;
	tree_from(&t, "fedora40-bls");
	replace_in(&t, OLD_ENTRY, " quiet", " crashkernel=old");
	replace_in(&t, NEW_ENTRY, " quiet", " crashkernel=new");
	replace_in(&t, RESCUE, " quiet", " crashkernel=rescue");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *block = xasprintf("%s%s\n####", GRUBENV_SIGNATURE, rows[i].saved),
			       *value = NULL;

		tree_put(&t, "/boot/grub2/grubenv", block);
		value = default_of(&t);
		assert_string_equal(value, rows[i].want);
	}
	tree_end(&t);
}

/* kernel-install copies the running command line, which may be an older value of ours. */
static void a_value_that_was_ours_before_is_no_other_hands(void **state)
{
	static const char path[] = ENTRIES "/7d0e6a9c4b5f4c21b3a8e0f19d2c5b68-6.10.0.conf";
	auto_free char *conflicts = NULL;
	struct boot_state *s;
	struct tree t;

	(void)state;
	tree_from(&t, "fedora40-bls");
	change(&boot_bls, &t, "256M", false);
	change(&boot_bls, &t, "300M", false);
	tree_put(&t, path, "title Fedora Linux\nversion 6.10.0\nlinux /v\noptions ro crashkernel=256M\n");
	s = load(&boot_bls, &t);
	conflicts = conflicts_text(&boot_bls, s);
	assert_string_equal(conflicts, "");
	boot_bls.free(s);
	change(&boot_bls, &t, "300M", false);
	assert_has(&t, path, "crashkernel=300M", true);
	change(&boot_bls, &t, NULL, false);
	assert_has(&t, path, "crashkernel", false);
	tree_end(&t);
}

static void an_entry_that_cannot_be_read_is_an_error(void **state)
{
	struct boot_state *s = NULL;
	struct err e = { 0 };
	struct tree t;

	(void)state;
	tree_from(&t, "rhel9-bls");
	tree_dir(&t, ENTRIES "/zz.conf");
	assert_true(boot_bls.load(&t.root, &s, &e) < 0);
	assert_non_null(strstr(e.text, "zz.conf"));
	tree_end(&t);
}

static void entries_stand_in_version_order(void **state)
{
	static const char *const newest_first[] = {
		"m-6.10.1-1",
		"m-6.9.10-200.fc40",
		"m-6.9.7-200.fc40",
		"m-6.9.7-100.fc40",
		"m-6.9.7~rc1-100",
		"m-5.14-1",
		"a-9-9",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(newest_first); i++)
		for (size_t k = 0; k < ARRAY_SIZE(newest_first); k++) {
			int r = bls_compare(newest_first[i], newest_first[k]);

			assert_true(i < k ? r > 0 : i > k ? r < 0 : r == 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_home_of_the_arguments_is_edited_and_no_other),
		cmocka_unit_test(the_default_entry_holds_it_then),
		cmocka_unit_test(grubs_own_tool_reads_the_environment_block),
		cmocka_unit_test(a_block_without_room_is_an_error_that_says_so),
		cmocka_unit_test(edits_made_since_survive_the_taking_off),
		cmocka_unit_test(a_kernel_installed_since_inherits_and_is_cleaned_too),
		cmocka_unit_test(a_value_set_by_hand_in_one_entry_stays_there),
		cmocka_unit_test(two_words_of_one_hand_come_back_as_they_were),
		cmocka_unit_test(whose_an_entry_is_shows_in_many_ways),
		cmocka_unit_test(entries_of_an_image_made_with_another_machine_id_are_ours),
		cmocka_unit_test(what_cannot_be_edited_safely_is_refused_or_left),
		cmocka_unit_test(the_default_entry_is_found_as_grub_finds_it),
		cmocka_unit_test(a_value_that_was_ours_before_is_no_other_hands),
		cmocka_unit_test(an_entry_that_cannot_be_read_is_an_error),
		cmocka_unit_test(entries_stand_in_version_order),
	};

	return cmocka_run_group_tests_name("bls", tests, NULL, NULL);
}
