/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumps.h"
#include "tree.h"

#include <fcntl.h>

#define DIR "/var/crash/h"
#define DAY 86400
#define NOW (1000 * DAY)
#define MB (UINT64_C(1) << 20)

/* One dump a row, oldest first: age in days, "w" whole, "i" incomplete, "l" log-only, "-" no record; panic line. */
struct given {
	unsigned days;
	char state;
	const char *panic;
};

static void make(struct dump_list *l, const struct given *g, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct dump *d = vec_push(&l->v, &l->n);
		auto_free char *text =
			xasprintf("{\"schema\":1,\"state\":\"%s\",\"panic\":\"%s\"}",
				  g[i].state == 'w' ? "complete" : g[i].state == 'i' ? "incomplete" : "log-only",
				  g[i].panic ? g[i].panic : "");

		d->dir = xstrdup(DIR);
		d->name = xasprintf("%zu", i);
		d->when = NOW - (int64_t)g[i].days * DAY;
		d->bytes = g[i].state == 'l' ? 1 : 10 * MB;
		d->vmcore = d->whole = g[i].state == 'w';
		if (g[i].state != '-')
			assert_int_equal(manifest_decode(text, strlen(text), &d->manifest, NULL), 0);
	}
}

static void what_goes_is_told_by_number_age_and_room(void **state)
{
	static const struct {
		const char *name;
		struct given given[6];
		unsigned keep, days;
		uint64_t min_free, free;
		const char *want;	/* k keep, s strip, d delete */
	} rows[] = {
		{ "no limit", { { 9, 'w', 0 }, { 8, 'w', 0 } }, 0, 0, 0, 0, "kk" },
		{ "the oldest beyond the number", { { 9, 'w', 0 }, { 8, 'w', 0 }, { 7, 'w', 0 } }, 2, 0, 0, 0, "dkk" },
		{ "by age", { { 40, 'w', 0 }, { 31, 'i', 0 }, { 29, 'w', 0 } }, 0, 30, 0, 0, "ddk" },
		{ "never the only whole one", { { 400, 'w', 0 }, { 300, 'i', 0 }, { 200, '-', 0 } }, 1, 30, 1000 * MB, 0,
		  "kdd" },
		{ "of whole ones the newest stays", { { 400, 'w', 0 }, { 300, 'w', 0 } }, 0, 30, 0, 0, "dk" },
		{ "until there is room", { { 9, 'w', 0 }, { 8, 'w', 0 }, { 7, 'w', 0 } }, 0, 0, 15 * MB, 10 * MB, "dkk" },
		{ "more room than there is", { { 9, 'w', 0 }, { 8, 'w', 0 } }, 0, 0, 1000 * MB, 0, "dk" },
		{ "what went by number counts as room", { { 9, 'w', 0 }, { 8, 'w', 0 }, { 7, 'w', 0 } }, 2, 0, 20 * MB,
		  10 * MB, "dkk" },
		{ "the first of a kind keeps its log",
		  { { 9, 'w', "BUG: at 12" }, { 8, 'w', "BUG: at 7" }, { 7, 'w', "oops" } }, 1, 0, 0, 0, "sdk" },
		{ "kinds differ by words, not by numbers",
		  { { 9, 'w', "BUG: at ffff8880" }, { 8, 'w', "BUG: in b" }, { 7, 'w', "BUG: at ffff9990" } }, 1, 0, 0, 0,
		  "ssk" },
		{ "what was stripped does not count", { { 90, 'l', "a" }, { 8, 'w', "b" }, { 7, 'w', "b" } }, 2, 30, 0, 0,
		  "kkk" },
		{ "a log of a kind that was there before goes", { { 90, 'l', "a" }, { 80, 'l', "a" } }, 0, 30, 0, 0, "kd" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct retain_rules rules = { .keep = rows[i].keep, .keep_days = rows[i].days,
					      .min_free = rows[i].min_free, .free = rows[i].free, .now = NOW };
		auto_dumps struct dump_list l = { 0 };
		size_t n = strlen(rows[i].want);
		struct retained ret[6];
		char got[7] = "";

		make(&l, rows[i].given, n);
		retain_plan(&l, &rules, ret);
		for (size_t k = 0; k < n; k++)
			got[k] = "ksd"[ret[k].action];
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: wanted %s, got %s", rows[i].name, rows[i].want, got);
	}
}

static void names_of_dump_folders_are_known(void **state)
{
	static const struct {
		const char *name;
		int64_t when;		/* -1: none */
	} rows[] = {
		{ "1970-01-02T00-00-01Z-1b4e28ba", DAY + 1 },
		{ "1970-01-02T00-00-01Z-1b4e28ba.2", DAY + 1 },
		{ "1970-01-02T00-00-01Z-1b4e28ba.12", DAY + 1 },
		{ "1970-01-02T00-00-01Z-1b4e28b", -1 },
		{ "1970-01-02T00-00-01Z-1b4e28ba.", -1 },
		{ "1970-01-02T00-00-01Z-1b4e28ba.old", -1 },
		{ "1970-01-02T00-00-01Z-1b4e28zz", -1 },
		{ ".deleting-1970-01-02T00-00-01Z-1b4e28ba", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t when = -1;

		assert_int_equal(dump_name_parse(rows[i].name, &when), rows[i].when >= 0);
		assert_int_equal(when, rows[i].when);
	}
}

static void a_dump_is_deleted_and_nothing_else(void **state)
{
	static const char one[] = DIR "/2026-11-21T00-53-36Z-1b4e28ba", two[] = DIR "/2026-11-21T00-53-37Z-1b4e28ba";
	auto_dumps struct dump_list l = { 0 };
	struct tree t;

	(void)state;
	tree_begin(&t);
	tree_put(&t, "/outside", "mine");
	tree_put(&t, DIR "/notes.txt", "mine");
	tree_put(&t, DIR "/2026-11-21T00-53-36Z-1b4e28ba/vmcore", "dump");
	tree_put(&t, DIR "/2026-11-21T00-53-36Z-1b4e28ba/crash.json",
		 "{\"schema\":1,\"state\":\"complete\",\"panic\":\"x\"}");
	tree_link(&t, DIR "/2026-11-21T00-53-36Z-1b4e28ba/link", "/outside");
	tree_put(&t, DIR "/2026-11-21T00-53-37Z-1b4e28ba/vmcore", "dump");
	tree_put(&t, DIR "/2026-11-21T00-53-37Z-1b4e28ba/crash.json",
		 "{\"schema\":1,\"state\":\"complete\",\"panic\":\"x\"}");
	tree_link(&t, DIR "/2026-11-21T00-53-38Z-1b4e28ba", "/");
	assert_int_equal(dump_list_add(&t.root, DIR, false, &l, NULL), 0);
	assert_int_equal(l.n, 2);
	assert_true(l.v[0].whole && l.v[1].whole);
	assert_int_equal(retain_do(&t.root, &l.v[0], RETAIN_DELETE, NULL), 0);
	assert_int_equal(retain_do(&t.root, &l.v[1], RETAIN_STRIP, NULL), 0);
	assert_false(root_exists(&t.root, one));
	assert_true(root_exists(&t.root, two));
	assert_true(root_exists(&t.root, "/outside"));
	assert_true(root_exists(&t.root, DIR "/notes.txt"));
	dump_list_done(&l);
	assert_int_equal(dump_list_add(&t.root, DIR, false, &l, NULL), 0);
	assert_int_equal(l.n, 1);
	assert_string_equal(dump_state(&l.v[0]), "log-only");
	assert_false(l.v[0].vmcore);
	tree_end(&t);
}

/* Where others may write, a folder with a dump's name may be theirs: it is no dump that retention could count. */
static void where_others_may_write_a_dump_is_roots(void **state)
{
	static const char name[] = "2026-11-21T00-53-36Z-1b4e28ba";
	auto_dumps struct dump_list l = { 0 };
	auto_close int dir = -1;
	struct tree t;

	(void)state;
	if (geteuid() != 0)
		skip();
	tree_begin(&t);
	tree_put(&t, DIR "/2026-11-21T00-53-36Z-1b4e28ba/vmcore", "planted");
	tree_put(&t, DIR "/2026-11-21T00-53-37Z-1b4e28ba/vmcore", "dump");
	dir = root_openat(&t.root, DIR, O_RDONLY | O_DIRECTORY, 0);
	assert_int_equal(fchownat(dir, name, 65534, 65534, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(dump_list_add(&t.root, DIR, true, &l, NULL), 0);
	assert_int_equal(l.n, 1);
	assert_string_not_equal(l.v[0].name, name);
	dump_list_done(&l);
	assert_int_equal(dump_list_add(&t.root, DIR, false, &l, NULL), 0);
	assert_int_equal(l.n, 2);
	tree_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_others_may_write_a_dump_is_roots),
		cmocka_unit_test(what_goes_is_told_by_number_age_and_room),
		cmocka_unit_test(names_of_dump_folders_are_known),
		cmocka_unit_test(a_dump_is_deleted_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
