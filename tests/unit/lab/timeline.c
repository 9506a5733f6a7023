/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SUM "0741b9543e8845f8048c888e61130ebd905ea14650ea3d5ad079b82a7084c31d"
#define BOOT "crashcfg-lab: boot 6.1.0-56-amd64"
#define ARMED "crashcfg-lab: armed sha256=" SUM " reserved=134217728"
#define PANIC "[    9.1] Kernel panic - not syncing: sysrq triggered crash"
#define UP "crashcfg: [   1.000] up: capture-init"

static void event(void *ctx, const struct lab_event *ev)
{
	buf_addf(ctx, "%s|", ev->name);
	if (ev->percent >= 0)
		buf_addf(ctx, "%.0f%%|", ev->percent);
}

/* Play LINES, a second each, the first at second 1; the names of the events come back. */
struct play {
	struct timeline t;
	struct recipe recipe;
	struct buf events;
	long long now, deadline;
};

static void play(struct play *p, const char *const *lines)
{
	p->t = (struct timeline){ .recipe = &p->recipe, .event = event, .ctx = &p->events };
	p->now = 0;
	timeline_start(&p->t, p->now, &p->deadline);
	for (; *lines; lines++)
		timeline_line(&p->t, *lines, p->now += 1000, &p->deadline);
}

static void play_done(struct play *p)
{
	timeline_done(&p->t);
	buf_done(&p->events);
}

static void a_console_becomes_a_timeline(void **state)
{
	static const struct {
		const char *lines[12];
		const char *events;
		enum stage stage;
	} rows[] = {
		{ { NULL }, "", STAGE_START },
		{ { "SeaBIOS", BOOT }, "boot|", STAGE_BOOTED },
		{ { BOOT, ARMED, PANIC, UP, "crashcfg: [   1.200] dmesg: saved x",
		    "crashcfg: [   2.000] vmcore: 45 % 23.4 MB/s", "crashcfg: [   3.000] saved: x",
		    "crashcfg: [   3.100] end: reboot" },
		  "boot|armed|panic|capture|dmesg|vmcore|45%|renamed|end|",
		  STAGE_ENDING },
		/* the panic's line may be lost between two kernels */
		{ { BOOT, ARMED, UP }, "boot|armed|capture|", STAGE_CAPTURE },
		/* a kernel's line stands before ours */
		{ { BOOT, ARMED, PANIC, "[    1.0] random: init" UP },
		  "boot|armed|panic|capture|",
		  STAGE_CAPTURE },
		/* what comes too early is not believed */
		{ { ARMED, PANIC, UP }, "", STAGE_START },
		{ { BOOT, PANIC, UP }, "boot|", STAGE_BOOTED },
		{ { BOOT, BOOT, ARMED, ARMED, PANIC }, "boot|armed|panic|", STAGE_PANIC },
		/* the capture kernel's own panic */
		{ { BOOT, ARMED, PANIC,
		    "[ 1.0] Kernel panic - not syncing: System is deadlocked on memory" },
		  "boot|armed|panic|failed|",
		  STAGE_PANIC },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct play p = { .recipe = { .stall = 60, .grace = 10 } };

		play(&p, rows[i].lines);
		assert_string_equal(buf_text(&p.events), rows[i].events);
		assert_int_equal(p.t.stage, rows[i].stage);
		play_done(&p);
	}
}

static void what_the_guest_says_is_remembered(void **state)
{
	static const char *const lines[] = {
		BOOT,
		"crashcfg: kexec_file_load: not enough memory is reserved",
		"crashcfg-lab: failed '/usr/sbin/crashcfg load' ended by exit code 1",
		"[    3.0] reboot: Restarting system",
		NULL,
	};
	static const char *const armed[] = { BOOT, ARMED, NULL };
	struct play p = { .recipe = { .stall = 60 } };

	(void)state;
	play(&p, lines);
	assert_string_equal(p.t.said, "crashcfg: kexec_file_load: not enough memory is reserved");
	assert_string_equal(p.t.failed, "'/usr/sbin/crashcfg load' ended by exit code 1");
	assert_string_equal(p.t.last, "[    3.0] reboot: Restarting system");
	play_done(&p);
	play(&p, armed);
	assert_string_equal(p.t.image_sha256, SUM);
	play_done(&p);
}

static void a_halt_is_an_end_without_a_reset(void **state)
{
	static const char *const halt[] = { BOOT, ARMED, PANIC, UP, "crashcfg: [   3.100] end: halt", NULL };
	static const char *const off[] = { BOOT, ARMED, PANIC, UP, "crashcfg: [   3.100] end: poweroff", NULL };
	struct play p = { .recipe = { .stall = 60 } };

	(void)state;
	play(&p, halt);
	assert_true(p.t.halts);
	assert_int_equal(p.t.ending_at, 5000);
	assert_int_equal(p.deadline, 5000 + 15000);
	play_done(&p);
	play(&p, off);
	assert_false(p.t.halts);
	assert_int_equal(p.deadline, 5000 + 30000);
	play_done(&p);
}

static void every_stage_has_its_patience(void **state)
{
	static const char *const up[] = { BOOT, ARMED, PANIC, UP, NULL };
	static const char *const busy[] = {
		BOOT, ARMED, PANIC, UP, "crashcfg: [  99.0] vmcore: 1 % 0.1 MB/s", NULL
	};
	static const char *const none[] = { NULL };
	struct play p = { .recipe = { .stall = 60, .grace = 10, .deadline = 0 } };
	char *waited;

	(void)state;
	play(&p, none);
	assert_int_equal(p.deadline, 60000);
	waited = timeline_waited_for(&p.t);
	assert_string_equal(waited, "waited 60 s for the guest's kernel to boot");
	free(waited);
	play_done(&p);

	play(&p, up);		/* stall, grace, and 30 seconds of slack after the last word */
	assert_int_equal(p.deadline, 4000 + 100000);
	play_done(&p);
	play(&p, busy);
	assert_int_equal(p.deadline, 5000 + 100000);
	play_done(&p);

	p.recipe.deadline = 20;	/* talking does not move a fixed deadline */
	play(&p, busy);
	assert_int_equal(p.deadline, 4000 + 60000);
	play_done(&p);
}

static void a_probe_of_kvm_has_little_and_emulation_much(void **state)
{
	struct recipe recipe = { .stall = 60 };
	struct timeline t = { .recipe = &recipe, .boot_ms = 6000 };
	long long deadline;

	(void)state;
	timeline_start(&t, 500, &deadline);
	assert_int_equal(deadline, 6500);
	timeline_line(&t, BOOT, 1000, &deadline);
	assert_int_equal(deadline, 61000);
	timeline_done(&t);
	t = (struct timeline){ .recipe = &recipe, .emulated = true };
	timeline_start(&t, 500, &deadline);
	assert_int_equal(deadline, 240500);
	timeline_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_console_becomes_a_timeline),
		cmocka_unit_test(what_the_guest_says_is_remembered),
		cmocka_unit_test(a_halt_is_an_end_without_a_reset),
		cmocka_unit_test(every_stage_has_its_patience),
		cmocka_unit_test(a_probe_of_kvm_has_little_and_emulation_much),
	};

	return cmocka_run_group_tests_name("lab/timeline", tests, NULL, NULL);
}
