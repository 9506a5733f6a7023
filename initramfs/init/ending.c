/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor.h"

#include "key.h"
#include "listeners.h"
#include "place.h"
#include "proc.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

/* The last acts of PID 1.  What may hang is a child's, and is waited for only so long. */

#define UMOUNT_MS 8000
#define BUSY_TRIES 20		/* a tenth of a second each */
#define REBOOT_MS 10000
#define SHELL_S 600		/* where the recipe sets no time */
#define SHELL "/bin/sh"

static void umount_all(const struct supervisor *s)
{
	static const struct timespec moment = { .tv_nsec = 100 * 1000000L };

	for (int i = ATTEMPTS_MAX - 1; i >= 0; i--) {
		char path[MOUNT_POINT_MAX];

		if (!s->page->attempts[i].mounted)
			continue;
		place_mount_point(i, path);
		/* Whoever was killed lets go of it in a moment. */
		for (int tries = 0; umount2(path, 0) < 0; tries++) {
			if (errno == EBUSY && tries < BUSY_TRIES) {
				nanosleep(&moment, NULL);
				continue;
			}
			sync();
			break;
		}
	}
}

static void call_reboot(enum end_action a)
{
	reboot(a == END_POWEROFF ? (int)RB_POWER_OFF
	       : a == END_HALT	 ? (int)RB_HALT_SYSTEM
				 : (int)RB_AUTOBOOT);
}

/* Run one of the above in a child, at most MS milliseconds. */
static void bounded(struct supervisor *s, long long ms,
		    void (*act)(const struct supervisor *s, enum end_action a), enum end_action a)
{
	long long end = now_ms() + ms;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		act(s, a);
		_exit(0);
	}
	while (pid > 0 && !supervisor_wait(s, pid, &status) && now_ms() < end)
		;
	if (pid > 0)
		kill(pid, SIGKILL);
}

static void act_umount(const struct supervisor *s, enum end_action a)
{
	(void)a;
	umount_all(s);
}

static void act_reboot(const struct supervisor *s, enum end_action a)
{
	(void)s;
	call_reboot(a);
}

static void act_shell(const struct supervisor *s, enum end_action a)
{
	static char sh[] = SHELL, path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const argv[] = { sh, NULL }, *const env[] = { path, NULL };
	sigset_t none;
	int fd;

	(void)s;
	(void)a;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	fd = open("/dev/console", O_RDWR);
	if (fd < 0)
		return;
	ioctl(fd, TIOCSCTTY, 1);
	key_done(fd);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execve(SHELL, argv, env);
}

static void sysrq(const char *what)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, what, 1) == 1)
		sleep(1);
}

void supervisor_end(struct supervisor *s)
{
	enum end_action a = s->page->winner >= 0 ? s->recipe->on_success : s->recipe->on_failure;

	listeners_tell(s->recipe, s->page);
	if (a == END_SHELL && access(SHELL, X_OK) == 0) {
		unsigned limit = s->recipe->shell_timeout ? s->recipe->shell_timeout : SHELL_S;

		say(CONSOLE_END, "a shell for %u s, then reboot", limit);
		s->shell_until = now_ms() + (long long)limit * 1000;
		bounded(s, (long long)limit * 1000, act_shell, a);
	}
	if (a == END_SHELL)
		a = END_REBOOT;
	kill(-1, SIGKILL);
	bounded(s, UMOUNT_MS, act_umount, a);
	/* A machine that is meant to stay down must not be reset by its dog. */
	if (s->dog >= 0 && a != END_REBOOT && write(s->dog, "V", 1) == 1)
		close(s->dog);
	say(CONSOLE_END, "%s", end_action_name(a));
	bounded(s, REBOOT_MS, act_reboot, a);
	say(CONSOLE_FAILED, "reboot() did not end the system: sysrq");
	if (a == END_POWEROFF)
		sysrq("o");
	sysrq("b");
	/* PID 1 that ends is a panic, and panic= a reboot. */
	_exit(1);
}
