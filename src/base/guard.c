/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"

#include "own.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define OLD_FDS 1024		/* how many are closed one by one where the kernel (before 5.9) cannot do it at once */
#define REAP_MS 20

static void close_span(int from, int to)
{
	if (from > to || syscall(SYS_close_range, from, to, 0) == 0)
		return;
	for (int fd = from; fd <= to && fd < OLD_FDS; fd++)
		close(fd);
}

void guard_close_others(int first, int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low >= first) {
		close_span(first, low - 1);
		first = low + 1;
	}
	if (high >= first) {
		close_span(first, high - 1);
		first = high + 1;
	}
	close_span(first, ~0U >> 1);
}

static void child(int (*look)(const void *ctx), const void *ctx, int keep, int answer)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), code;

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (null >= 0)
			dup2(null, fd);
	guard_close_others(STDERR_FILENO + 1, keep, answer);
	code = look(ctx);
	_exit(write(answer, &code, sizeof(code)) != (ssize_t)sizeof(code));
}

int guard_look(int (*look)(const void *ctx), const void *ctx, int keep, int ms)
{
	int pipes[2], code = -EIO, r;
	struct pollfd wait = { .events = POLLIN };
	long long end = now_ms() + ms;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		child(look, ctx, keep, pipes[1]);
	r = pid < 0 ? -errno : 0;
	own_close(&pipes[1]);
	wait.fd = pipes[0];
	while (pid > 0 && (r = poll(&wait, 1, (int)(end > now_ms() ? end - now_ms() : 0))) < 0 && errno == EINTR)
		;
	if (pid > 0 && r == 0) {
		kill(pid, SIGKILL);
		code = -ETIMEDOUT;
		/* One that can die is not left as a zombie. */
		for (int i = 0; i < REAP_MS && waitpid(pid, NULL, WNOHANG) == 0; i++)
			poll(NULL, 0, 1);
	} else if (pid > 0) {
		if (read(pipes[0], &code, sizeof(code)) != (ssize_t)sizeof(code))
			code = -EIO;
		waitpid(pid, NULL, 0);
	} else {
		code = r;
	}
	own_close(&pipes[0]);
	return code;
}
