/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which target is asked for what, for how long, and what of it is read back. */
#include "turns.h"

#include "dump.h"
#include "proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define GIB (UINT64_C(1) << 30)

/* A letter for each target: file (f), brought by dracut (b), raw (r), nfs (n), ssh (s). */
struct turns {
	struct recipe_target targets[ATTEMPTS_MAX + 4];
	struct recipe recipe;
	struct page page;
};

static void begin(struct turns *t, const char *letters)
{
	*t = (struct turns){ .recipe = { .targets = t->targets, .n_targets = strlen(letters) } };
	for (size_t i = 0; letters[i]; i++)
		t->targets[i] = (struct recipe_target){
			.kind = letters[i] == 'r' ? TARGET_RAW : letters[i] == 'n' ? TARGET_NFS :
				letters[i] == 's' ? TARGET_SSH : TARGET_FILE,
			.brought = letters[i] == 'b',
		};
}

static void the_log_waits_for_no_network(void **state)
{
	static const struct {
		const char *name, *targets;
		unsigned turn;
		const char *asked;	/* in this order, when none of them takes it */
	} rows[] = {
		{ "a disk has its turn at once", "fn", 0, "" },
		{ "so has a bare device", "rnf", 0, "" },
		{ "a disk behind a server", "nf", 0, "1" },
		{ "a server behind a disk that did not come", "fnf", 1, "2" },
		{ "those that had their turn are not asked again", "ffnf", 2, "3" },
		{ "one that wants a network itself", "nbf", 0, "2" },
		{ "nobody else", "ns", 0, "" },
		{ "a bare device alone", "nr", 0, "1" },
		{ "folders before bare devices", "nrfsrf", 0, "2514" },
		{ "all had their turn", "nf", 2, "" },
		{ "more than are tried", "nnnnnnnnnnnnnnnnff", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char asked[ATTEMPTS_MAX + 1] = "";
		struct turns t;
		int n;

		begin(&t, rows[i].targets);
		t.page.next_target = rows[i].turn;
		for (size_t k = 0; (n = turns_next_early(&t.recipe, &t.page)) >= 0; k++)
			asked[k] = (char)('0' + n);
		assert_string_equal(asked, rows[i].asked);
	}
}

static void each_is_asked_for_the_log_once_and_nobody_when_it_is_saved(void **state)
{
	struct turns t;

	(void)state;
	begin(&t, "nfsff");
	assert_int_equal(turns_next_early(&t.recipe, &t.page), 1);
	t.page.attempts[1].log = true;
	assert_int_equal(turns_next_early(&t.recipe, &t.page), -1);
	t.page.attempts[1].log = false;
	/* The next server's turn: the first disk was asked, and had its own turn. */
	t.page.next_target = 2;
	assert_int_equal(turns_next_early(&t.recipe, &t.page), 3);
	assert_int_equal(turns_next_early(&t.recipe, &t.page), 4);
	assert_int_equal(turns_next_early(&t.recipe, &t.page), -1);
}

static void firmware_stays_while_a_card_may_ask_for_it(void **state)
{
	static const struct {
		const char *targets;
		int open;
		bool wants;
	} rows[] = {
		{ "f", 0, false }, { "n", 0, false }, { "fn", 0, true }, { "fn", 1, false },
		{ "nfr", 0, false }, { "nfs", 1, true }, { "fb", 0, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct turns t;

		begin(&t, rows[i].targets);
		assert_int_equal(turns_want_network(&t.recipe, rows[i].open), rows[i].wants);
	}
}

static void what_was_waited_for_one_device_is_not_waited_for_the_next(void **state)
{
	static const struct {
		const char *name;
		long long gone, least, most;
	} rows[] = {
		{ "nothing was waited for", 0, 29000, 30000 },
		{ "some of it", 20000, 9000, 10000 },
		{ "all of it", 30000, 3000, 3000 },
		{ "a server had minutes", 600000, 3000, 3000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct turns t;
		struct capture c = { .recipe = &t.recipe, .page = &t.page };
		long long ms;

		begin(&t, "nff");
		t.page.devices_since = now_ms() - rows[i].gone;
		ms = place_patience(&c);
		assert_in_range(ms, rows[i].least, rows[i].most);
	}
}

static void what_went_by_ssh_is_read_back_whatever_its_size(void **state)
{
	static const struct {
		const char *name, *target;
		uint64_t bytes;
		bool wants;
	} rows[] = {
		{ "small, on a disk", "f", GIB, true },
		{ "large, on a disk: the next boot does it", "f", GIB + 1, false },
		{ "large, by NFS", "n", GIB + 1, false },
		{ "small, by SSH", "s", 1, true },
		{ "large, by SSH", "s", GIB + 1, true },
		{ "a terabyte, by SSH", "s", 1024 * GIB, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct turns t;

		begin(&t, rows[i].target);
		t.recipe.hash_max = GIB;
		assert_int_equal(dump_wants_hash(&t.recipe, 0, rows[i].bytes), rows[i].wants);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_waits_for_no_network),
		cmocka_unit_test(each_is_asked_for_the_log_once_and_nobody_when_it_is_saved),
		cmocka_unit_test(firmware_stays_while_a_card_may_ask_for_it),
		cmocka_unit_test(what_was_waited_for_one_device_is_not_waited_for_the_next),
		cmocka_unit_test(what_went_by_ssh_is_read_back_whatever_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
