/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

#include "own.h"
#include "proc.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PATH_BYTES 512
#define READS_MAX 64

static int find_program(const char *name, char path[static PATH_BYTES], struct err *e)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

	if (*name == '/' && strlen(name) < PATH_BYTES && access(name, X_OK) == 0) {
		strcpy(path, name);
		return 0;
	}

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		int n = snprintf(path, PATH_BYTES, "%s/%s", folders[i], name);

		if (n > 0 && n < PATH_BYTES && access(path, X_OK) == 0)
			return 0;
	}
	return err_set(e, ENOENT, "the image holds no program '%s'", name);
}

static void child(const struct run *r, const char *path, int out, int err)
{
	static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	/* There is no udev that device-mapper's tools and mdadm could wait for. */
	static char no_dm_udev[] = "DM_DISABLE_UDEV=1", no_md_udev[] = "MDADM_NO_UDEV=1";
	/* Nor a folder of LVM's settings. */
	static char no_lvm[] = "LVM_SYSTEM_DIR=", no_fd_words[] = "LVM_SUPPRESS_FD_WARNINGS=1";
	char preload[80];
	char *const env[] = { search, locale, no_dm_udev, no_md_udev, no_lvm, no_fd_words,
			      r->preload ? preload : NULL, NULL };
	int score;

	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", r->preload ? r->preload : "");
	setpgid(0, 0);
	score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	/* When memory ends it is the program that has to go, not the worker.  A wish: failing is no harm. */
	if (write(score, "500", 3) < 0)
		errno = 0;
	if ((r->folder < 0 ? chdir("/") : fchdir(r->folder)) == 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(err, STDERR_FILENO) >= 0)
		execve(path, (char *const *)(uintptr_t)r->argv, env);
	dprintf(STDERR_FILENO, "cannot run '%s': %s\n", path, strerror(errno));
	_exit(127);
}

/* Keep the last line of stderr that says something. */
static void keep_last(struct run *r, const char *data, size_t len)
{
	while (len) {
		size_t n = 0;
		struct progress p;

		while (n < len && data[n] != '\n' && data[n] != '\r')
			n++;
		if (n > 2 && !progress_parse(data, n, &p))
			snprintf(r->last, sizeof(r->last), "%.*s", (int)(n < 159 ? n : 159), data);
		data += n + (n < len);
		len -= n + (n < len);
	}
}

/*
 * Read what is there, but not for ever: a program that never falls silent has a deadline too.  Returns false
 * when it will write no more.
 */
static bool listen_to(struct run *r, int fd, int stream)
{
	char data[16384];
	ssize_t n = 1;

	for (int i = 0; i < READS_MAX && (n = read(fd, data, sizeof(data))) > 0; i++) {
		if (stream == STDERR_FILENO)
			keep_last(r, data, (size_t)n);
		if (r->heard)
			r->heard(r->ctx, stream, data, (size_t)n);
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void follow(struct run *r, pid_t pid, int out, int err)
{
	/* Kernels before 5.3 have no pidfd: there an end is noticed at the next tick. */
	auto_close int end = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[3] = { { out, POLLIN, 0 }, { err, POLLIN, 0 }, { end, POLLIN, 0 } };
	long long started = now_ms();
	int status = 0;

	for (;;) {
		poll(fds, ARRAY_SIZE(fds), end < 0 && fds[0].fd < 0 && fds[1].fd < 0 ? 10 : RUN_TICK_MS);
		for (int i = 0; i < 2; i++)
			if (fds[i].fd >= 0 && fds[i].revents && !listen_to(r, fds[i].fd, i + 1))
				fds[i].fd = -1;
		if (r->tick)
			r->tick(r->ctx);
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (r->stop)
			kill(pid, SIGKILL);
		if (r->deadline_ms && !r->timed_out && now_ms() - started >= r->deadline_ms) {
			r->timed_out = true;
			kill(-pid, SIGKILL);
		}
		if (r->stop)
			kill(-pid, SIGKILL);
	}
	for (int i = 0; i < 2; i++)
		if (fds[i].fd >= 0)
			listen_to(r, fds[i].fd, i + 1);
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int start(struct run *r, const char *path, int pipes[static 4], struct err *e)
{
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0 || pipe2(pipes + 2, O_CLOEXEC) < 0)
		return err_set(e, errno, "cannot run '%s': %s", path, strerror(errno));
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	fcntl(pipes[2], F_SETFL, O_NONBLOCK);
	pid = fork();
	if (pid < 0)
		return err_set(e, errno, "cannot run '%s': %s", path, strerror(errno));
	if (pid == 0)
		child(r, path, r->out_fd < 0 ? pipes[1] : r->out_fd, pipes[3]);
	setpgid(pid, pid);	/* here too: whoever is first, its group is there before it is signalled */
	own_close(&pipes[1]);
	own_close(&pipes[3]);
	pipes[1] = pipes[3] = -1;
	follow(r, pid, pipes[0], pipes[2]);
	return 0;
}

int run_follow(struct run *r, struct err *e)
{
	int pipes[4] = { -1, -1, -1, -1 };
	char path[PATH_BYTES];
	int err = find_program(r->argv[0], path, e);

	if (err < 0)
		return err;
	r->status = 0;
	r->timed_out = false;
	r->last[0] = '\0';
	err = start(r, path, pipes, e);
	for (int i = 0; i < 4; i++)
		own_close(&pipes[i]);
	return err;
}

int run_check(struct run *r, struct err *e)
{
	int err = run_follow(r, e);

	if (err < 0)
		return err;
	if (r->timed_out)
		return err_set(e, ETIMEDOUT, "'%s' did not end within %d s", r->argv[0],
			       r->deadline_ms / 1000);
	if (r->status > 128)
		return err_set(e, EIO, "'%s' was killed by signal %d (%s)", r->argv[0], r->status - 128,
			       strsignal(r->status - 128));
	if (r->status)
		return err_set(e, EIO, "'%s' ended with code %d%s%s", r->argv[0], r->status,
			       r->last[0] ? ": " : "", r->last);
	return 0;
}
