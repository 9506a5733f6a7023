/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define STOP_MS 30000	/* for a program that was told to end */

void proc_done(struct proc *p)
{
	buf_done(&p->out);
	buf_done(&p->err);
}

long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void child(const struct proc *p, int out, int err, int report, pid_t parent)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	char *const env[] = { path, locale, NULL };
	int in = p->stdin_fd > 0 ? p->stdin_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;
	int code;

	setpgid(0, 0);
	if (p->stop_fd > 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(126);
	}
	if (p->keep_fd > 0)
		fcntl(p->keep_fd, F_SETFD, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (in >= 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0)
		execve(p->argv[0], (char *const *)(uintptr_t)p->argv, env);
	code = errno;
	if (write(report, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

/* Read what is there, keep what fits.  Returns false at end of file. */
static bool drain(int fd, struct buf *to, size_t max)
{
	char chunk[16384];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n > 0 && to->len < max)
		buf_add(to, chunk, (size_t)n < max - to->len ? (size_t)n : max - to->len);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* It is told to end, where it may clean up after itself, or killed at once; *end is when patience ends. */
static void end_it(const struct proc *p, pid_t pid, bool *told, long long *end)
{
	bool kill_it = *told || p->stop_fd <= 0;

	kill(-pid, kill_it ? SIGKILL : SIGTERM);
	*told = true;
	*end = now_ms() + STOP_MS;
}

static bool wants_stop(const struct proc *p)
{
	struct pollfd one = { .fd = p->stop_fd, .events = POLLIN };

	return p->stop_fd > 0 && poll(&one, 1, 0) > 0;
}

int proc_run(struct proc *p, struct err *e)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, report[2] = { -1, -1 };
	long long end = p->deadline_ms > 0 ? now_ms() + p->deadline_ms : 0;
	size_t max = p->out_max ? p->out_max : 65536;
	int code = 0, wstatus = 0, r = 0;
	pid_t pid, gone = 0, parent = getpid();
	bool told = false;

	p->timed_out = p->stopped = false;
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
		r = err_set(e, errno, "cannot run '%s': %s", p->argv[0], strerror(errno));
	pid = r < 0 ? -1 : fork();
	if (pid == 0)
		child(p, out[1], err[1], report[1], parent);
	if (r == 0 && pid < 0)
		r = err_set(e, errno, "cannot run '%s': %s", p->argv[0], strerror(errno));
	own_close(&out[1]);
	own_close(&err[1]);
	own_close(&report[1]);
	if (r == 0 && read(report[0], &code, sizeof(code)) == (ssize_t)sizeof(code)) {
		waitpid(pid, NULL, 0);
		r = err_set(e, code, "cannot run '%s': %s", p->argv[0], strerror(code));
	}
	if (r == 0) {
		struct pollfd fds[2] = { { .fd = out[0], .events = POLLIN }, { .fd = err[0], .events = POLLIN } };

		setpgid(pid, pid);
		/* The program's end is what counts, not that of a daemon which kept its pipes. */
		while ((gone = waitpid(pid, &wstatus, WNOHANG)) == 0) {
			long long left = end ? end - now_ms() : 100;

			if (!told && wants_stop(p)) {
				p->stopped = true;
				end_it(p, pid, &told, &end);
			} else if (end && left <= 0) {
				p->timed_out |= !p->stopped;
				end_it(p, pid, &told, &end);
			}
			left = left < 0 ? 0 : left;
			if (fds[0].fd < 0 && fds[1].fd < 0)
				poll(NULL, 0, 5);
			else if (poll(fds, 2, left > 100 ? 100 : (int)left) > 0) {
				if (fds[0].revents && !drain(out[0], &p->out, max))
					fds[0].fd = -1;
				if (fds[1].revents && !drain(err[0], &p->err, max))
					fds[1].fd = -1;
			}
		}
		for (int i = 0; i < 2; i++) {
			struct pollfd one = { .fd = fds[i].fd, .events = POLLIN };

			while (one.fd >= 0 && poll(&one, 1, 0) > 0)
				if (!drain(one.fd, i ? &p->err : &p->out, max))
					break;
		}
		if (gone < 0)	/* SIGCHLD is ignored, by whoever started us: how it ended nobody knows */
			r = err_set(e, errno, "how '%s' ended cannot be told: %s", p->argv[0], strerror(errno));
		p->status = WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus);
	}
	own_close(&out[0]);
	own_close(&err[0]);
	own_close(&report[0]);
	return r;
}

int proc_check(struct proc *p, struct err *e)
{
	const char *text, *line;
	size_t len;
	int r = proc_run(p, e);

	if (r < 0)
		return r;
	if (p->timed_out)
		return err_set(e, ETIMEDOUT, "'%s' did not end within %d s", p->argv[0], p->deadline_ms / 1000);
	if (p->status == 0)
		return 0;
	text = buf_text(&p->err);
	len = strlen(text);
	while (len && strchr("\n\r \t", text[len - 1]))
		len--;
	line = memrchr(text, '\n', len);
	line = line ? line + 1 : text;
	return err_set(e, EIO, "'%s' failed with status %d%s%.*s", p->argv[0], p->status, len ? ": " : "",
		       (int)(text + len - line), line);
}
