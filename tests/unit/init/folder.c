/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the dump's folder is made, whatever lies in its way; and which crashes the brake counts. */
#include "brake.h"
#include "place.h"
#include "tree.h"

static struct tree tree;

void __wrap_place_mount_point(int i, char path[static MOUNT_POINT_MAX]);
void __wrap_place_mount_point(int i, char path[static MOUNT_POINT_MAX])
{
	(void)i;
	assert_true(strlen(tree.path) < MOUNT_POINT_MAX);
	strcpy(path, tree.path);
}

#define NAME "2026-11-21T00-53-36Z-1b4e28ba"
#define WHEN 1795222416

static char boot_id[] = "1b4e28ba-2fa1-11d2-883f-0016d3cca427", dir[] = "/var/crash";

struct crash {
	struct recipe_target target;
	struct recipe recipe;
	struct capture capture;
};

static void crash_begin(struct crash *k, char *host)
{
	*k = (struct crash){ .target = { .dir = dir } };
	k->recipe = (struct recipe){ .host = host, .targets = &k->target, .n_targets = 1 };
	k->capture = (struct capture){ .recipe = &k->recipe, .page = page_new(), .boot_id = boot_id };
	k->capture.notes.crash_time = WHEN;
}

static void a_dump_has_a_folder_that_nothing_was_in(void **state)
{
	enum { NOTHING, LINK, FILE_THERE, USERS, TAKEN };
	static const struct {
		const char *name;
		int there;
		const char *host, *want;
	} rows[] = {
		{ "an empty disk", NOTHING, "web1", "var/crash/web1/" NAME },
		{ "the host's name is a link", LINK, "web1", "var/crash/" NAME },
		{ "the host's name is a file", FILE_THERE, "web1", "var/crash/" NAME },
		{ "the host's folder is a user's", USERS, "web1", "var/crash/" NAME },
		{ "the folder is there", TAKEN, "web1", "var/crash/web1/" NAME ".3" },
		{ "a host's name that leads out", NOTHING, "../../etc", "var/crash/" NAME },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *host = xstrdup(rows[i].host);
		auto_place struct place place = { .dir = -1 };
		struct crash k;
		struct stat st;

		if (rows[i].there == USERS && geteuid() != 0)
			continue;
		crash_begin(&k, host);
		tree_begin(&tree);
		tree_dir(&tree, "/outside");
		if (rows[i].there == LINK)
			tree_link(&tree, "/var/crash/web1", "/outside");
		if (rows[i].there == FILE_THERE)
			tree_put(&tree, "/var/crash/web1", "mine");
		if (rows[i].there == USERS || rows[i].there == TAKEN)
			tree_dir(&tree, "/var/crash/web1/" NAME);
		if (rows[i].there == TAKEN)
			tree_link(&tree, "/var/crash/web1/" NAME ".2", "/outside");
		if (rows[i].there == USERS) {
			auto_free char *path = xasprintf("%s/var/crash/web1", tree.path);

			assert_int_equal(chown(path, 65534, 65534), 0);
		}
		assert_int_equal(folder_make(&k.capture, 0, "var/crash", true, &place, NULL), 0);
		assert_string_equal(k.capture.page->attempts[0].folder, rows[i].want);
		assert_int_equal(fstat(place.dir, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		assert_false(root_exists(&tree.root, "/outside/" NAME));
		tree_end(&tree);
	}
}

static void the_brake_counts_crashes_near_in_time_by_any_clock(void **state)
{
	static const struct {
		const char *name;
		const char *others[3];
		bool log_only;
	} rows[] = {
		{ "none", { NULL }, false },
		{ "one", { "2026-11-21T00-20-00Z-00000001" }, false },
		{ "two within the hour", { "2026-11-21T00-20-00Z-00000001", "2026-11-21T00-40-00Z-00000002" }, true },
		{ "two before it", { "2026-11-20T23-20-00Z-00000001", "2026-11-20T23-40-00Z-00000002" }, false },
		{ "a clock that went back", { "2026-11-21T01-20-00Z-00000001", "2026-11-21T00-55-00Z-00000002" }, true },
		{ "this crash's own", { NAME ".2", NAME ".3" }, false },
		{ "no dumps", { "2026-11-21", "2026-11-21T00-40-00Z", "notes" }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char host[] = "web1";
		auto_place struct place place = { .dir = -1 };
		struct crash k;

		crash_begin(&k, host);
		k.recipe.loop_count = 3;
		k.recipe.loop_span = 3600;
		tree_begin(&tree);
		for (size_t n = 0; n < ARRAY_SIZE(rows[i].others) && rows[i].others[n]; n++) {
			auto_free char *path = xasprintf("/var/crash/web1/%s", rows[i].others[n]);

			tree_dir(&tree, path);
		}
		assert_int_equal(folder_make(&k.capture, 0, "var/crash", true, &place, NULL), 0);
		brake_look(&k.capture, &place);
		assert_int_equal(k.capture.page->log_only, rows[i].log_only);
		assert_int_equal(strstr(k.capture.page->check, "DUMP_LOOP") != NULL, rows[i].log_only);
		tree_end(&tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_has_a_folder_that_nothing_was_in),
		cmocka_unit_test(the_brake_counts_crashes_near_in_time_by_any_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
