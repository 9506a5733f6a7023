/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oops.h"

#include "own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_line_that_says_why_is_found(void **state)
{
	static const struct {
		const char *log, *want;
	} rows[] = {
		{ "", NULL },
		{ "[    0.000000] Linux version 6.1\n[    1.2] all is well\n", NULL },
		{ "[    6.97] sysrq: Trigger a crash\n[    6.972985] Kernel panic - not syncing: sysrq triggered crash\n"
		  "[    6.98] CPU: 0 PID: 1\n", "Kernel panic - not syncing: sysrq triggered crash" },
		/* Armed: an oops says no "Kernel panic". */
		{ "[ 5.1] BUG: kernel NULL pointer dereference, address: 0000000000000000\n[ 5.1] #PF: supervisor write\n"
		  "[ 5.1] Oops: 0002 [#1] PREEMPT SMP\n[ 5.1] RIP: 0010:f+0x1/0x2\n",
		  "BUG: kernel NULL pointer dereference, address: 0000000000000000" },
		/* A panic that only follows. */
		{ "[ 5.1] kernel BUG at mm/slub.c:305!\n[ 5.1] invalid opcode: 0000 [#1]\n"
		  "[ 5.2] Kernel panic - not syncing: Fatal exception in interrupt\n", "kernel BUG at mm/slub.c:305!" },
		{ "[ 5.2] Kernel panic - not syncing: Fatal exception\n", "Kernel panic - not syncing: Fatal exception" },
		/* What was survived is not the cause. */
		{ "[ 1.0] BUG: old one\n[ 1.0] ---[ end trace 0000000000000000 ]---\n"
		  "[ 9.0] general protection fault, probably for non-canonical address 0xdead: 0000 [#2]\n",
		  "general protection fault, probably for non-canonical address 0xdead: 0000 [#2]" },
		{ "[ 1.0] BUG: old one\n[ 1.0] ---[ end trace 0000000000000000 ]---\n"
		  "[ 9.0] Kernel panic - not syncing: hung_task: blocked tasks\n",
		  "Kernel panic - not syncing: hung_task: blocked tasks" },
		{ "[ 1.0] BUG: only one\n[ 1.0] ---[ end trace 0000000000000000 ]---\n", "BUG: only one" },
		{ "[ 1.0] BUG: new\n[ 1.1] Kernel panic - not syncing: Fatal exception\n"
		  "[ 1.2] ---[ end Kernel panic - not syncing: Fatal exception ]---\n", "BUG: new" },
		/* Prefixes: level, caller, carriage return. */
		{ "<0>[   12.5][    T77] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [i:77]\r\n",
		  "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [i:77]" },
		{ "[   12.5] NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.\n", NULL },
		{ "[ 1.0] Unable to handle kernel paging request at virtual address 0\n",
		  "Unable to handle kernel paging request at virtual address 0" },
		{ "[ 1.0] list_del corruption, x->next is LIST_POISON1\n[ 1.0] kernel BUG at lib/list_debug.c:56!\n",
		  "list_del corruption, x->next is LIST_POISON1" },
		{ "Kernel panic - not syncing: a\x1b[2Jb", "Kernel panic - not syncing: a?[2Jb" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *got = oops_panic_line(rows[i].log, strlen(rows[i].log));

		if (!rows[i].want)
			assert_null(got);
		else
			assert_string_equal(got ? got : "(none)", rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_that_says_why_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
