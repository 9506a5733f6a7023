/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include "json.h"
#include "live.h"

static struct live_step *step(struct live_target *t, const char *name, bool ok, const char *error)
{
	struct live_step *s = vec_push(&t->steps, &t->n_steps);

	*s = (struct live_step){ .name = xstrdup(name), .ok = ok, .ms = 1500, .error = xstrdup(error), .note = xstrdup("") };
	return s;
}

static void what_was_proven_is_kept_and_read_again(void **state)
{
	auto_live struct live_result from = { .time = 1795245129, .image = xstrdup("id"), .built = true };
	auto_live struct live_result to = { 0 };
	struct live_target *t = vec_push(&from.targets, &from.n_targets);
	struct stat st;
	struct tree tree;

	(void)state;
	t->url = xstrdup("ssh://a@b/c");
	step(t, "reach", true, "");
	step(t, "authenticate", false, "Permission\x1b denied");
	tree_begin(&tree);
	assert_int_equal(live_record_read(&tree.root, &to, NULL), -ENOENT);
	assert_true(live_record_write(&tree.root, &from, NULL) < 0);
	tree_dir(&tree, IMAGE_DIR);
	assert_int_equal(live_record_write(&tree.root, &from, NULL), 0);
	assert_int_equal(root_stat(&tree.root, LIVE_RECORD, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(live_record_read(&tree.root, &to, NULL), 0);
	assert_int_equal(to.time, 1795245129);
	assert_string_equal(to.image, "id");
	assert_true(to.built && !to.ok);
	assert_int_equal(to.n_targets, 1);
	assert_int_equal(to.targets[0].n_steps, 2);
	assert_int_equal(to.targets[0].steps[0].ms, 1500);
	assert_string_equal(live_failed_step(&to.targets[0])->name, "authenticate");
	assert_string_equal(live_failed_step(&to.targets[0])->error, "Permission? denied");
	tree_end(&tree);
}

static void a_text_that_is_no_record_is_refused(void **state)
{
	static const char *const rows[] = { "", "{}", "{\"schema\":1}", "{\"schema\":2,\"targets\":[]}", "{\"schema\":1,\"targets\":{}}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct live_result l = { 0 };
		struct err e = { 0 };

		assert_true(live_parse(rows[i], strlen(rows[i]), &l, &e) < 0 && e.text[0]);
		assert_null(l.image);
	}
}

static void an_age_is_told_in_the_largest_unit(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{ -5, "just now" }, { 59, "just now" }, { 60, "1 minute ago" }, { 7199, "1 hour ago" },
		{ 7200, "2 hours ago" }, { 86400 * 3, "3 days ago" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *age = live_age(1000000, 1000000 + rows[i].seconds);

		assert_string_equal(age, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_proven_is_kept_and_read_again),
		cmocka_unit_test(a_text_that_is_no_record_is_refused),
		cmocka_unit_test(an_age_is_told_in_the_largest_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
