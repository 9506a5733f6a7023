/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor.h"

#include "capture.h"
#include "key.h"
#include "proc.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * PID 1.  If it ends, the kernel panics; if it hangs, the machine stays down at 3 am
 * with nobody there.  So it does nothing that can fail: after its start it allocates no memory,
 * opens no file of a target, and waits for nothing without a limit.  All the work is a
 * child's.  A child that dies, or makes no progress for too long, is killed with all
 * that it started, and another one goes on with the next step.
 */

#define TICK_MS 500
#define STALL_S 120		/* where the recipe tells none */
#define CAP_S 900		/* hard limit of a capture without deadline: this, and a second for each */
#define CAP_BYTES (4U << 20)	/* of so many bytes of memory */
#define RECORDS_MS 30000		/* without progress, for the other targets' records */
#define CLOSE_MS 8000		/* for the last worker to write down how it ended */
#define WORKERS_MAX 64
#define FORK_TRIES 20		/* ticks */

static long long deadline(const struct supervisor *s)
{
	uint64_t seconds = s->recipe->deadline;

	if (!seconds)
		seconds = CAP_S + atomic_load(&s->page->vmcore_size) / CAP_BYTES;
	return s->began + (long long)seconds * 1000;
}

/*
 * While another target waits for its turn, one that hangs gets half of the time that is left; once the dump is
 * safe, the records of the others are not worth a long wait.
 */
static long long stall_ms(const struct supervisor *s)
{
	long long most = (long long)(s->recipe->stall ? s->recipe->stall : STALL_S) * 1000;
	long long half = (deadline(s) - s->beat_at) / 2;
	bool safe = s->page->stage == STAGE_CLOSE && s->page->winner >= 0;
	bool waits = s->page->stage == STAGE_TARGETS && s->page->next_target < s->recipe->n_targets;

	if (safe)
		return most < RECORDS_MS ? most : RECORDS_MS;
	return waits && half < most ? half : most;
}

/*
 * The kernel feeds a running watchdog until somebody opens it; from then on it is
 * ours.  Fed until the deadline, or a shell's time, and the grace are over: then a machine that hangs even in
 * reboot() is reset by the dog.
 */
static void feed(struct supervisor *s)
{
	long long end = (s->shell_until > deadline(s) ? s->shell_until : deadline(s)) +
			(long long)s->recipe->grace * 1000;

	if (s->dog < 0 && s->recipe->watchdog[0])
		s->dog = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
	if (s->dog >= 0 && now_ms() < end && write(s->dog, "", 1) < 0)
		say(CONSOLE_FAILED, "watchdog: %s", strerror(errno));
}

bool supervisor_wait(struct supervisor *s, pid_t who, int *ret_status)
{
	static const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
	bool found = false;
	sigset_t child;
	int status;
	pid_t pid;

	feed(s);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigtimedwait(&child, NULL, &tick);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == who) {
			found = true;
			*ret_status = status;
		}
	}
	return found;
}

static void start_worker(struct supervisor *s)
{
	pid_t pid = fork();
	int status;

	/* What was killed just now has not given its memory back yet. */
	for (int i = 0; pid < 0 && i < FORK_TRIES; i++) {
		supervisor_wait(s, 0, &status);
		pid = fork();
	}
	if (pid == 0)
		worker_main(s->recipe, s->page);
	s->worker = pid > 0 ? pid : 0;
	s->workers++;
	s->beat_at = now_ms();
}

/* Where the capture stands.  Two workers that died at the same step are enough for it. */
#define STEPS 10

static void tell_step(const struct page *p, int step[static STEPS])
{
	const int at[STEPS] = { p->stage, (int)p->next_method, (int)p->next_module, (int)p->next_target,
				(int)p->n_skips, (int)p->next_again, p->target,
				(int)p->next_pre, (int)p->next_post, (int)p->next_early };

	memcpy(step, at, sizeof(at));
}

/* End the worker and all others; a process in the middle of a hung system call goes later, or never. */
static void bury(struct supervisor *s, const char *why, int step_before[static STEPS])
{
	struct page *p = s->page;
	int step[STEPS];

	tell_step(p, step);
	say(CONSOLE_FAILED, "%s", why);
	kill(-1, SIGKILL);
	page_note_death(p, why);
	/* It died where the one before it died: that step is not tried a third time. */
	if (memcmp(step, step_before, sizeof(step)) == 0)
		p->stage++;
	memcpy(step_before, step, sizeof(step));
	s->worker = 0;
}

static void tell_end(char text[static 100], int status)
{
	if (WIFSIGNALED(status))
		snprintf(text, 100, "the worker was killed by signal %d", WTERMSIG(status));
	else
		snprintf(text, 100, "the worker ended with code %d", WEXITSTATUS(status));
}

/* One worker's life.  True: there is a need for another one. */
static bool watch_worker(struct supervisor *s, int step[static STEPS])
{
	char why[100] = "no worker could be started";
	int status = 0;

	for (;;) {
		bool ended = !s->worker || supervisor_wait(s, s->worker, &status);
		long long now = now_ms();
		uint64_t beat = atomic_load(&s->page->beat);

		if (atomic_load(&s->page->finished))
			return false;
		if (beat != s->beat) {
			s->beat = beat;
			s->beat_at = now;
		}
		if (ended && s->worker)
			tell_end(why, status);
		else if (!ended && now >= deadline(s))
			snprintf(why, sizeof(why), "the deadline of %lld s has passed",
				 (deadline(s) - s->began) / 1000);
		else if (!ended && now - s->beat_at >= stall_ms(s))
			snprintf(why, sizeof(why), "no progress for %lld s", stall_ms(s) / 1000);
		else if (!ended && key_pressed(s->console))
			snprintf(why, sizeof(why), "ended by " KEY_NAME " on the console");
		else if (!ended)
			continue;
		bury(s, why, step);
		return now < deadline(s) && !strstr(why, KEY_NAME);
	}
}

void supervise(struct supervisor *s)
{
	int step[STEPS] = { -1 };
	int status = 0;

	do {
		start_worker(s);
	} while (watch_worker(s, step) && s->page->stage < STAGE_CLOSE && s->workers < WORKERS_MAX);

	/* Whoever was killed could not write down how it ended. */
	if (!atomic_load(&s->page->finished)) {
		long long end = now_ms() + CLOSE_MS;

		s->page->stage = STAGE_CLOSE;
		start_worker(s);
		while (s->worker && !supervisor_wait(s, s->worker, &status) && now_ms() < end)
			;
	}
}
