/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server.h"
#include "file.h"
#include "guest/guest.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define GONE "gone"	/* the last word: the machine has ended, and why */

/* --- the process that follows it ------------------------------------------------------------------- */

struct follower {
	int words;
	long long end;
};

static void hear(void *ctx, const char *line, long long *deadline)
{
	const struct follower *f = ctx;
	const char *words = strstr(line, GUEST_MARK);
	auto_free char *text = words ? xasprintf("%s\n", words + strlen(GUEST_MARK)) : NULL;

	if (!text)
		return;
	*deadline = f->end;
	if (fd_write_all(f->words, text, strlen(text)) < 0)
		_exit(1);	/* nobody listens any more */
}

static _Noreturn void follow(const char *qemu, const struct vm *like, int input, int words, long long end)
{
	struct follower f = { words, end };
	struct vm vm = *like;
	struct err e = { 0 };
	auto_free char *text = NULL;
	int r;

	vm.line = hear;
	vm.ctx = &f;
	vm.input_fd = input;
	vm.stop_fd = -1;
	r = vm_run(qemu, &vm, &e);
	text = r < 0 ? xasprintf(GONE " %s\n", e.text) :
		       xasprintf(GONE " QEMU ended with %d\n", vm.status);
	_exit(fd_write_all(words, text, strlen(text)) < 0);
}

int server_start(struct server *s, const char *qemu, const struct vm *vm, long long end, struct err *e)
{
	int input[2] = { -1, -1 }, words[2] = { -1, -1 };
	pid_t parent = getpid();

	*s = (struct server){ .input = -1, .words = -1 };
	if (pipe2(input, O_CLOEXEC) < 0 || pipe2(words, O_CLOEXEC) < 0)
		return err_set(e, errno, "cannot run the scratch server: %s", strerror(errno));
	s->pid = fork();
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		setpgid(0, 0);
		close(input[1]);
		close(words[0]);
		follow(qemu, vm, input[0], words[1], end);
	}
	close(input[0]);
	close(words[1]);
	s->input = input[1];
	s->words = words[0];
	if (s->pid < 0) {
		s->pid = 0;
		return err_set(e, EAGAIN, "cannot run the scratch server: no process can be made");
	}
	return 0;
}

/* --- talking with it -------------------------------------------------------------------------------- */

static const char *after(const char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) != 0 || (line[len] != ' ' && line[len] != '\0'))
		return NULL;
	return line + len + (line[len] == ' ');
}

/* 1: that is the word; 0: another; negative: it will not come. */
static int look(const char *line, const char *word, struct err *e)
{
	const char *failed = after(line, GUEST_FAILED), *gone = after(line, GONE);

	if (failed)
		return err_set(e, EIO, "the scratch server: %s", failed);
	if (gone)
		return err_set(e, EIO, "the scratch server has ended: %s", gone);
	return after(line, word) != NULL;
}

/* Look at each whole line that has come. */
static int look_at_all(struct server *s, const char *word, struct err *e)
{
	auto_free char *text = xstrdup(buf_text(&s->rest));
	char *line = text, *end;
	int r = 0;

	while (r == 0 && (end = strchr(line, '\n'))) {
		*end = '\0';
		r = look(line, word, e);
		line = end + 1;
	}
	buf_clear(&s->rest);
	buf_adds(&s->rest, line);
	return r;
}

int server_wait(struct server *s, const char *word, long long deadline, int stop_fd, struct err *e)
{
	for (;;) {
		struct pollfd p[2] = { { .fd = s->words, .events = POLLIN }, { .fd = stop_fd, .events = POLLIN } };
		long long left = deadline - now_ms();
		char chunk[4096];
		ssize_t n;
		int r = look_at_all(s, word, e);

		if (r != 0)
			return r < 0 ? r : 0;
		if (left <= 0)
			return err_set(e, ETIMEDOUT, "the scratch server did not say '%s' in time", word);
		if (poll(p, 2, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
			return err_set(e, errno, "cannot follow the scratch server: %s", strerror(errno));
		if (p[1].revents & POLLIN)
			return err_set(e, EINTR, "interrupted");
		if (!p[0].revents)
			continue;
		n = read(s->words, chunk, sizeof(chunk));
		if (n == 0)
			return err_set(e, EIO, "the scratch server has ended without a word");
		if (n > 0)
			buf_add(&s->rest, chunk, (size_t)n);
	}
}

int server_end(struct server *s, struct err *e)
{
	int r = fd_write_all(s->input, GUEST_END "\n", strlen(GUEST_END) + 1);

	return r < 0 ? err_set(e, -r, "the scratch server has ended: %s", strerror(-r)) : 0;
}

void server_stop(struct server *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (s->pid) {
		close(s->input);
		close(s->words);
	}
	buf_done(&s->rest);
	*s = (struct server){ .input = -1, .words = -1 };
}
