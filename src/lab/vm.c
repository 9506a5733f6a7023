/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm.h"
#include "file.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define LINE_MAX_BYTES 4096
#define END_MS 30000		/* from the console's end to QEMU's: it lets go of its disks */
#define CONSOLE_MAX (256ULL << 20)	/* of the log; a guest in a loop shall not fill the disk */

int vm_find(char **ret, struct err *e)
{
	/* Debian and Fedora; RHEL's, which is not in the PATH. */
	static const char *const paths[] = {
		"/usr/bin/qemu-system-x86_64", "/usr/local/bin/qemu-system-x86_64", "/usr/libexec/qemu-kvm",
	};
	struct utsname name;

	uname(&name);
	if (strcmp(name.machine, "x86_64") != 0)
		return err_set(e, ENOTSUP, "the test plays machines of type x86_64 only, this one is '%s'",
			       name.machine);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (access(paths[i], X_OK) < 0)
			continue;
		*ret = xstrdup(paths[i]);
		return 0;
	}
	return err_set(e, ENOENT, "no 'qemu-system-x86_64' on this machine (apt-get install qemu-system-x86, "
		       "or dnf install qemu-system-x86-core; RHEL: qemu-kvm)");
}

void vm_argv(const char *qemu, const struct vm *vm, struct strv *ret)
{
	const char *const plain[] = {
		qemu, "-name", "crashcfg-test", "-no-user-config", "-nodefaults", "-M", "q35", "-cpu", "max",
		"-smp", "2", "-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
	};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		strv_add(ret, plain[i]);
	strv_add(ret, "-accel");
	strv_add(ret, strcmp(vm->accel, "tcg") == 0 ? "tcg,thread=multi" : vm->accel);
	strv_add(ret, "-m");
	strv_addf(ret, "%lluK", (unsigned long long)vm->memory / 1024);
	strv_add(ret, "-kernel");
	strv_add(ret, vm->kernel);
	strv_add(ret, "-initrd");
	strv_add(ret, vm->initrd);
	strv_add(ret, "-append");
	strv_add(ret, vm->append);
	for (size_t i = 0; vm->devices && i < vm->devices->n; i++)
		strv_add(ret, vm->devices->v[i]);
	for (size_t i = 0; vm->more && i < vm->more->n; i++)
		strv_add(ret, vm->more->v[i]);
}

/* The child dies with its parent, also when that one is killed. */
static _Noreturn void child(const struct strv *argv, const struct vm *vm, int out, int errors, pid_t parent)
{
	sigset_t none;
	int in = vm->input_fd ? vm->input_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0);	/* the terminal's Ctrl-C goes to the parent alone, which ends this one */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (vm->wire_fd)
		fcntl(vm->wire_fd, F_SETFD, 0);
	if (in >= 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(errors, 2) >= 0)
		execv(argv->v[0], argv->v);
	dprintf(errors, "cannot run '%s': %s\n", argv->v[0], strerror(errno));
	_exit(127);
}

/* What is read from the console, cut into lines. */
struct cutter {
	char line[LINE_MAX_BYTES];
	size_t len;
};

static void cut(struct vm *vm, struct cutter *c, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool end = data[i] == '\n' || data[i] == '\r';

		if (!end && data[i] != '\0' && c->len < sizeof(c->line) - 1)
			c->line[c->len++] = data[i];
		if (!end || c->len == 0)
			continue;
		c->line[c->len] = '\0';
		vm->line(vm->ctx, c->line, &vm->deadline);
		c->len = 0;
	}
}

/* Follow the console to its end.  0, -ETIMEDOUT or -EINTR. */
static int follow(struct vm *vm, int fd, int log)
{
	struct cutter c = { .len = 0 };
	unsigned long long logged = 0;
	char chunk[16384];

	for (;;) {
		struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
				       { .fd = vm->stop_fd, .events = POLLIN } };
		long long left = vm->deadline - now_ms();
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(p, 2, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
			return -errno;
		if (p[1].revents & POLLIN)
			return -EINTR;
		if (!(p[0].revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n == 0)
			return 0;
		if (n < 0)
			continue;
		logged += (unsigned long long)n;
		if (logged < CONSOLE_MAX && fd_write_all(log, chunk, (size_t)n) < 0)
			return -EIO;
		cut(vm, &c, chunk, (size_t)n);
	}
}

/* The console has ended: so must QEMU, soon.  It is killed when it does not, or when FOLLOWED is an error. */
static int reap(pid_t pid, int stop_fd, int followed, int *ret_status)
{
	auto_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = stop_fd, .events = POLLIN } };
	int r = followed;

	if (r == 0 && pidfd >= 0) {
		int n = poll(p, 2, END_MS);

		r = n > 0 && p[1].revents ? -EINTR : n == 0 ? -ETIMEDOUT : 0;
	}
	if (r < 0 || pidfd < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return r;
}

static int start(const struct strv *argv, const struct vm *vm, int errors, int *ret_console, pid_t *ret_pid, struct err *e)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "cannot run '%s': %s", argv->v[0], strerror(errno));
	*ret_pid = fork();
	if (*ret_pid == 0)
		child(argv, vm, ends[1], errors, parent);
	close(ends[1]);
	*ret_console = ends[0];
	if (*ret_pid < 0)
		return err_set(e, EAGAIN, "cannot run '%s': no process can be made", argv->v[0]);
	return 0;
}

int vm_run(const char *qemu, struct vm *vm, struct err *e)
{
	auto_close int log = open(vm->console, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	auto_close int errors = open(vm->errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	auto_close int console = -1;
	auto_strv struct strv argv = { 0 };
	int wstatus = 0, r;
	pid_t pid = -1;

	if (log < 0 || errors < 0)
		return err_set(e, errno, "cannot write '%s': %s", log < 0 ? vm->console : vm->errors,
			       strerror(errno));
	vm_argv(qemu, vm, &argv);
	vm->started = now_ms();
	r = start(&argv, vm, errors, &console, &pid, e);
	if (r < 0)
		return r;
	r = reap(pid, vm->stop_fd, follow(vm, console, log), &wstatus);
	vm->ended = now_ms();
	vm->status = WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus);
	if (r == -ETIMEDOUT)
		return err_set(e, ETIMEDOUT, "the guest did not get on");
	if (r == -EINTR)
		return err_set(e, EINTR, "interrupted");
	return r < 0 ? err_set(e, -r, "cannot follow the guest's console: %s", strerror(-r)) : 0;
}
