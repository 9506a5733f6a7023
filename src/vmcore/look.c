/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmcore.h"
#include "file.h"
#include "json.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define LOOK_MEMORY (2UL << 30)		/* address space: the library maps the file in pieces */
#define LOOK_ANSWER_MAX (320UL << 20)

void vmcore_look_done(struct vmcore_look *l)
{
	free(l->info);
	free(l->release);
	free(l->log);
	free(l->log_why);
	memset(l, 0, sizeof(*l));
}

static void limit(int deadline_ms)
{
	rlim_t seconds = (rlim_t)deadline_ms / 1000 + 1;
	struct rlimit cpu = { seconds, seconds + 1 };
	struct rlimit none = { 0, 0 };
#ifndef __SANITIZE_ADDRESS__	/* its shadow alone is larger */
	struct rlimit memory = { LOOK_MEMORY, LOOK_MEMORY };

	setrlimit(RLIMIT_AS, &memory);
#endif
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_FSIZE, &none);
}

static struct json *answer(const char *path)
{
	struct json *j = js_object();
	auto_vmcore struct vmcore *v = NULL;
	auto_free char *release = NULL;
	auto_buf struct buf log = { 0 };
	uint64_t pages = 0, bad = 0;
	struct err e = { 0 };

	if (vmcore_open(path, &v, &e) < 0 || vmcore_check(v, &pages, &bad, &e) < 0) {
		js_set_int(j, "code", e.code);
		js_set_text(j, "error", e.text);
		return j;
	}
	release = vmcore_info_get(v, "OSRELEASE");
	js_set_text(j, "info", vmcore_info(v));
	js_set_text(j, "release", release ? release : "");
	if (vmcore_log(v, &log, &e) < 0)
		js_set_text(j, "log_why", e.text);
	js_set_text(j, "log", buf_text(&log));
	js_set_int(j, "page_size", (int64_t)vmcore_page_size(v));
	js_set_int(j, "pages", (int64_t)pages);
	js_set_int(j, "bad", (int64_t)bad);
	return j;
}

static _Noreturn void look_child(const char *path, int deadline_ms, int out, pid_t parent)
{
	struct json *j;
	struct buf text = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	limit(deadline_ms);
	j = answer(path);
	js_write(j, &text);
	_exit(fd_write_all(out, text.data, text.len) == 0 ? 0 : 1);
}

/* Read the child's answer until it closes its end.  -ETIMEDOUT: it did not in time. */
static int read_answer(int fd, int deadline_ms, struct buf *to)
{
	long long end = now_ms() + deadline_ms;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		long long left = end - now_ms();
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(fd, buf_room(to, 65536), 65536);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			to->len += (size_t)n;
		if (to->len > LOOK_ANSWER_MAX)
			return -EFBIG;
	}
}

static char *copy(const struct json *j, const char *key)
{
	const char *text = js_get_text(j, key);

	return xstrdup(text ? text : "");
}

static int decode(const char *path, const struct buf *text, struct vmcore_look *ret, struct err *e)
{
	auto_json struct json *j = NULL;
	int r = js_parse(buf_text(text), text->len, &j, e);

	if (r < 0)
		return err_wrap(e, "'%s': the reader's answer", path);
	if (js_get_text(j, "error"))
		return err_set(e, (int)js_get_int(j, "code", EIO), "%s", js_get_text(j, "error"));
	*ret = (struct vmcore_look){
		.info = copy(j, "info"), .release = copy(j, "release"), .log = copy(j, "log"),
		.log_why = copy(j, "log_why"), .page_size = (uint64_t)js_get_int(j, "page_size", 0),
		.pages = (uint64_t)js_get_int(j, "pages", 0), .bad = (uint64_t)js_get_int(j, "bad", 0),
	};
	return 0;
}

int vmcore_look(const char *path, int deadline_ms, struct vmcore_look *ret, struct err *e)
{
	auto_close int out = -1;
	auto_buf struct buf text = { 0 };
	pid_t parent = getpid(), pid;
	int ends[2], status = 0, r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "cannot look at '%s': %s", path, strerror(errno));
	pid = fork();
	if (pid == 0)
		look_child(path, deadline_ms, ends[1], parent);
	out = ends[0];
	close(ends[1]);
	if (pid < 0)
		return err_set(e, EAGAIN, "cannot look at '%s': no process can be made", path);

	r = read_answer(out, deadline_ms, &text);
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r == -ETIMEDOUT)
		return err_set(e, ETIMEDOUT, "'%s': reading it took longer than %d s", path,
			       deadline_ms / 1000);
	if (r < 0)
		return err_set(e, -r, "'%s': the reader's answer: %s", path, strerror(-r));
	if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0)
		return err_set(e, EIO,
			       "'%s': the reader was ended by %s %d (a damaged dump, or too little memory)",
			       path, WIFSIGNALED(status) ? "signal" : "its exit code",
			       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return decode(path, &text, ret, e);
}
