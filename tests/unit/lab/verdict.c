/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LOG "[    1.0] crashcfg-lab: token abc\n[    2.0] Kernel panic - not syncing: sysrq triggered crash\n"

/* All that belongs to a dump that arrived whole; each row spoils one thing. */
struct all {
	struct evidence ev;
	struct manifest m;
	struct vmcore_look look;
};

static void make(struct all *a)
{
	static char kernel[] = "6.1.0-56-amd64", sum[] = "5f", none[] = "", log[] = LOG;

	*a = (struct all){
		.m = {
			.state = MANIFEST_COMPLETE, .bytes = 1000, .sha256 = sum, .kernel = kernel, .checked = true,
			.check = none, .pages = 20000,
		},
		.look = {
			.info = none, .release = kernel, .log = log, .log_why = none, .page_size = 4096,
			.pages = 20000,
		},
		.ev = {
			.release = kernel, .token = "abc", .memory = 1 << 30, .hash_max = 1 << 30,
			.sha256_image = "11", .sha256_armed = "11", .bytes = 1000, .sha256 = sum, .dmesg = LOG,
		},
	};
	a->ev.manifest = &a->m;
	a->ev.look = &a->look;
}

static char other[] = "other", empty[] = "";
static char panic_only[] = "[ 1.0] Kernel panic - not syncing: sysrq triggered crash\n";
static char oops[] = "[ 1.0] crashcfg-lab: token abc\n"
		     "[ 2.0] Kernel panic - not syncing: Attempted to kill init!\n";

static void nothing(struct all *a) { (void)a; }
static void image(struct all *a) { a->ev.sha256_armed = "22"; }
static void no_manifest(struct all *a) { a->ev.manifest = NULL; }
static void incomplete(struct all *a) { a->m.state = MANIFEST_INCOMPLETE; }
static void no_vmcore(struct all *a) { a->ev.bytes = 0; }
static void size(struct all *a) { a->ev.bytes = 999; }
static void no_sum(struct all *a) { a->m.sha256 = empty; }
static void no_sum_needed(struct all *a) { a->m.sha256 = empty; a->ev.hash_max = 10; }
static void sum(struct all *a) { a->m.sha256 = other; }
static void not_checked(struct all *a) { a->m.checked = false; }
static void manifest_kernel(struct all *a) { a->m.kernel = other; }
static void no_look(struct all *a) { a->ev.look = NULL; a->ev.look_error = "not a dump"; }
static void bad_pages(struct all *a) { a->look.bad = 3; }
static void few_pages(struct all *a) { a->look.pages = 100; }
static void many_pages(struct all *a) { a->look.pages = 1 << 20; }
static void other_pages(struct all *a) { a->m.pages = 20001; }
static void pages_unknown(struct all *a) { a->m.pages = 0; }
static void dump_kernel(struct all *a) { a->look.release = other; }
static void no_log(struct all *a) { a->look.log_why = other; }
static void old_log(struct all *a) { a->look.log = panic_only; }
static void other_panic(struct all *a) { a->look.log = oops; }
static void no_dmesg(struct all *a) { a->ev.dmesg = NULL; }
static void old_dmesg(struct all *a) { a->ev.dmesg = panic_only; }

static char vm_log[] = "file:///var/crash";
static void log_only(struct all *a)
{
	a->ev.log_only = true;
	a->m.state = MANIFEST_LOG_ONLY;
	a->m.target = vm_log;
	a->ev.look = NULL;
	a->ev.bytes = 0;
}
static void log_only_saving(struct all *a) { log_only(a); a->m.state = MANIFEST_SAVING; }
static void log_only_nowhere(struct all *a) { log_only(a); a->m.target = empty; }
static void log_only_vmcore(struct all *a) { log_only(a); a->ev.bytes = 10; }
static void log_only_old(struct all *a) { log_only(a); a->ev.dmesg = panic_only; }
static void log_only_oops(struct all *a) { log_only(a); a->ev.dmesg = oops; }
static void log_only_nothing(struct all *a) { log_only(a); a->ev.manifest = NULL; }

static void one_thing_that_is_wrong_is_named(void **state)
{
	static const struct {
		void (*spoil)(struct all *a);
		const char *says;	/* NULL: the dump is good */
	} rows[] = {
		{ nothing, NULL },
		{ no_sum_needed, NULL },
		{ pages_unknown, NULL },
		{ log_only, NULL },
		{ log_only_saving, "the dump's state is 'saving'" },
		{ log_only_nowhere, "the dump's state is 'log-only'" },
		{ log_only_vmcore, "the log alone was asked for" },
		{ log_only_old, "not that of this run" },
		{ log_only_oops, "does not tell of sysrq's panic" },
		{ log_only_nothing, "nothing was saved" },
		{ image, "loaded an image" },
		{ no_manifest, "no 'crash.json'" },
		{ incomplete, "'incomplete'" },
		{ no_vmcore, "no 'vmcore'" },
		{ size, "1000 bytes, 'vmcore' has 999" },
		{ no_sum, "no sha256" },
		{ sum, "sha256" },
		{ not_checked, "did not find its dump whole" },
		{ manifest_kernel, "'other'" },
		{ no_look, "cannot be opened: not a dump" },
		{ bad_pages, "3 of the dump's 20000 pages" },
		{ few_pages, "100 pages only" },
		{ many_pages, "the guest had 262144" },
		{ other_pages, "tells of 20001 pages" },
		{ dump_kernel, "kernel 'other'" },
		{ no_log, "cannot be read: other" },
		{ old_log, "not that of this run" },
		{ other_panic, "Attempted to kill init!" },
		{ no_dmesg, "'dmesg.txt'" },
		{ old_dmesg, "'dmesg.txt'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *why = NULL;
		struct all a;

		make(&a);
		rows[i].spoil(&a);
		why = verdict(&a.ev);
		if (!rows[i].says)
			assert_null(why);
		else if (!why || !strstr(why, rows[i].says))
			fail_msg("row %zu: '%s' does not say '%s'", i, why ? why : "good", rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thing_that_is_wrong_is_named),
	};

	return cmocka_run_group_tests_name("lab/verdict", tests, NULL, NULL);
}
