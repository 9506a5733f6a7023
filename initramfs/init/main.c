/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"
#include "key.h"
#include "live.h"
#include "modules.h"
#include "proc.h"
#include "say.h"
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/*
 * capture-init: PID 1 of the capture kernel, and under the name "modprobe" the helper
 * that this kernel calls for a module.  Under a third one it proves a target on the healthy host (live.h).
 */

static void mount_basics(void)
{
	static const struct {
		const char *type, *where;
	} basics[] = { { "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" } };

	for (size_t i = 0; i < ARRAY_SIZE(basics); i++) {
		mkdir(basics[i].where, 0755);
		mount(basics[i].type, basics[i].where, basics[i].type, MS_NOSUID, NULL);
	}
	mkdir("/run", 0700);
	mkdir("/tmp", 0700);	/* makedumpfile puts its vmcoreinfo there */
}

/* A recipe without targets: what is left to do is to show the log and to reboot. */
static struct recipe *no_recipe(void)
{
	static char empty[] = "", unknown[] = "unknown";
	static struct recipe r = {
		.host = unknown, .machine_id = empty, .kernel = empty, .compress = empty, .watchdog = empty,
		.threads = 1, .deadline = 60, .stall = 30, .on_success = END_REBOOT, .on_failure = END_REBOOT,
	};

	return &r;
}

static const struct recipe *read_recipe(void)
{
	auto_close int fd = open(RECIPE_PATH, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf text = { 0 };
	struct recipe *r = NULL;
	struct err e = { 0 };
	int err = fd < 0 ? -errno : fd_read_all(fd, RECIPE_MAX, &text);

	if (err < 0)
		err_set(&e, -err, "%s", strerror(-err));
	else
		err = recipe_decode(buf_text(&text), text.len, &r, &e);
	if (err == 0)
		return r;
	say(CONSOLE_FAILED, "'" RECIPE_PATH "': %s", e.text);
	return no_recipe();
}

static void say_hello(const struct supervisor *s)
{
	struct utsname u;

	page_sample_memory(s->page);
	if (uname(&u) == 0)
		say(CONSOLE_UP, "capture-init " CRASHCFG_VERSION ", kernel %s, %.1f MB of %.1f MB free; " KEY_NAME " ends it",
		    u.release, (double)s->page->mem_low / 1048576, (double)s->page->mem_total / 1048576);
}

int main(int argc, char *argv[])
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	struct supervisor s = { .dog = -1, .console = -1 };
	sigset_t child;

	name = name ? name + 1 : argc > 0 ? argv[0] : "";
	if (strcmp(name, "modprobe") == 0)
		return modprobe_main(argc, argv);
	/* Never the capture's: the kernel calls its init by that one's path. */
	if (strcmp(name, LIVE_NAME) == 0)
		return live_main();
	if (getpid() != 1) {
		dprintf(STDERR_FILENO,
			"capture-init is the init of a capture image; it does nothing elsewhere\n");
		return 2;
	}
	/* Blocked in PID 1, so that no child's end is missed between two waits. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	mount_basics();
	say_open();
	s.console = key_open();
	s.began = now_ms();
	s.page = page_new();
	if (!s.page)
		return 1;	/* the kernel panics and reboots */
	say_hello(&s);
	s.recipe = read_recipe();
	supervise(&s);
	supervisor_end(&s);
}
