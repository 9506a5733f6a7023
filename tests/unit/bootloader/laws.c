/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for every editor on every fixture system. */
#include "helper.h"

static const struct row {
	const char *fixture, *editor;
	const char *before;	/* the default entry's value as the system stands, NULL none */
	size_t conflicts;
} rows[] = {
	{ "debian12-grub", "grub", NULL, 0 },
	{ "debian12-grub-handmade", "grub", "512M", 1 },
	{ "debian12-grub-saved", "grub", NULL, 0 },
	{ "debian12-grub-kdumptools", "grub", "384M-:128M", 1 },
	{ "debian12-grub-odd", "grub", NULL, 0 },
	{ "ubuntu2204-grub", "grub", NULL, 0 },
	{ "fedora40-bls", "bls", NULL, 0 },
	{ "fedora40-bls-odd", "bls", NULL, 0 },
	{ "rhel9-bls", "bls", "1G-4G:192M,4G-64G:256M,64G-:512M", 4 },
	{ "rhel8-bls", "bls", NULL, 0 },
	{ "debian12-sdboot", "none", NULL, 0 },
};

#define FOR_EACH(row, editor, t)                                                                        \
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++)                        \
		for (struct tree t_, *t = (tree_from(&t_, row->fixture), &t_); t;                       \
		     tree_end(t), t = NULL)                                                             \
			for (const struct boot_editor *editor = editor_named(row->editor); editor;      \
			     editor = NULL)

static void the_loader_is_known(void **state)
{
	(void)state;
	FOR_EACH(row, editor, t)
		assert_string_equal(boot_detect(&t->root)->name, editor->name);
}

static void the_default_entry_and_other_hands_are_seen(void **state)
{
	(void)state;
	FOR_EACH(row, editor, t) {
		struct boot_state *s = load(editor, t);
		auto_free char *value = editor->get_default(s, KEY);
		struct boot_conflict *v = NULL;
		size_t n = 0;

		if (row->before)
			assert_string_equal(value, row->before);
		else
			assert_null(value);
		editor->conflicts(s, KEY, &v, &n);
		assert_int_equal(n, row->conflicts);
		boot_conflicts_free(v, n);
		editor->free(s);
	}
}

static void load_and_emit_is_no_edit(void **state)
{
	(void)state;
	FOR_EACH(row, editor, t) {
		struct boot_state *s = load(editor, t);
		auto_edits struct edit_list edits = { 0 };
		struct boot_command command = { 0 };

		assert_int_equal(editor->emit(s, &edits, NULL), 0);
		assert_int_equal(edits.n, 0);
		assert_int_equal(editor->command(s, &command), 1);
		editor->free(s);
	}
}

static void set_and_take_off_in_one_go_is_no_edit(void **state)
{
	(void)state;
	FOR_EACH(row, editor, t) {
		struct boot_state *s = load(editor, t);
		auto_edits struct edit_list edits = { 0 };
		struct err e = { 0 };

		if (editor != &boot_none) {
			assert_int_equal(editor->set_arg(s, KEY, "256M", true, &e), 0);
			assert_int_equal(editor->set_arg(s, KEY, "320M", false, &e), 0);
		}
		assert_int_equal(editor->set_arg(s, KEY, NULL, false, &e), 0);
		assert_int_equal(editor->emit(s, &edits, &e), 0);
		assert_int_equal(edits.n, 0);
		editor->free(s);
	}
}

static void run_through(const struct row *row, const struct boot_editor *editor, const struct tree *t,
			bool force)
{
	auto_buf struct buf before = { 0 }, once = { 0 }, twice = { 0 }, back = { 0 };
	bool any = force || !row->conflicts;

	snapshot(&t->root, "/", &before);
	assert_true(!any || change(editor, t, "256M", force) > 0);
	snapshot(&t->root, "/", &once);
	assert_int_equal(change(editor, t, "256M", force), 0);
	snapshot(&t->root, "/", &twice);
	assert_true(buf_equal(&once, &twice));
	/* What was forced once is ours, and stays so without force. */
	assert_int_equal(change(editor, t, "256M", false), 0);
	assert_true(!any || change(editor, t, "1G-:320M,high", false) > 0);
	change(editor, t, NULL, false);
	snapshot(&t->root, "/", &back);
	assert_string_equal(buf_text(&before), buf_text(&back));
	assert_int_equal(change(editor, t, NULL, false), 0);
}

static void twice_is_once_and_taken_off_is_the_old_system(void **state)
{
	(void)state;
	FOR_EACH(row, editor, t)
		if (editor != &boot_none)
			run_through(row, editor, t, false);
}

static void forced_too(void **state)
{
	(void)state;
	FOR_EACH(row, editor, t)
		if (editor != &boot_none)
			run_through(row, editor, t, true);
}

static void a_value_that_stands_by_hand_already_is_left_there(void **state)
{
	(void)state;
	FOR_EACH(row, editor, t) {
		auto_buf struct buf before = { 0 }, back = { 0 };
		struct boot_state *s;
		auto_free char *left = NULL;

		if (!row->before)
			continue;
		snapshot(&t->root, "/", &before);
		change(editor, t, row->before, false);
		s = load(editor, t);
		assert_int_equal(editor->set_arg(s, KEY, row->before, false, NULL), 0);
		left = conflicts_text(editor, s);
		assert_string_equal(left, "");
		editor->free(s);
		change(editor, t, NULL, false);
		snapshot(&t->root, "/", &back);
		assert_string_equal(buf_text(&before), buf_text(&back));
	}
}

static void values_that_no_file_can_hold_are_refused(void **state)
{
	static const char *const values[] = { "1 2",  "a\"b", "$(x)", "`x`", "it's",
					      "a\nb", "a;b",  "\xff", "#" };

	(void)state;
	FOR_EACH(row, editor, t) {
		struct boot_state *s = load(editor, t);
		auto_edits struct edit_list edits = { 0 };

		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			struct err e = { 0 };

			assert_true(editor->set_arg(s, KEY, values[i], true, &e) < 0);
			assert_true(editor == &boot_none || e.code == EINVAL);
		}
		assert_int_equal(editor->emit(s, &edits, NULL), 0);
		assert_int_equal(edits.n, 0);
		editor->free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loader_is_known),
		cmocka_unit_test(the_default_entry_and_other_hands_are_seen),
		cmocka_unit_test(load_and_emit_is_no_edit),
		cmocka_unit_test(set_and_take_off_in_one_go_is_no_edit),
		cmocka_unit_test(twice_is_once_and_taken_off_is_the_old_system),
		cmocka_unit_test(forced_too),
		cmocka_unit_test(a_value_that_stands_by_hand_already_is_left_there),
		cmocka_unit_test(values_that_no_file_can_hold_are_refused),
	};

	return cmocka_run_group_tests_name("boot loader laws", tests, NULL, NULL);
}
