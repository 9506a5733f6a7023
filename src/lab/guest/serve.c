/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest that takes another's dump by network: NFS by the kernel, SSH by OpenSSH's server. */
#include "init.h"
#include "file.h"
#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NFS_PORT 2049
#define WATCH_MS 1000

/* DIR and its missing parents below MOUNT_POINT; itself for UID alone. */
static int make_own(const char *own, struct err *e)
{
	auto_free char *uid_text = xstrndup(own, strcspn(own, " ")), *path = NULL;
	const char *dir = strchr(own, ' ');
	uint64_t uid = 0;

	if (!dir || num_parse(uid_text, UINT32_MAX - 1, &uid) < 0)
		return err_set(e, EINVAL, "'%s': own %s", GUEST_PLAN, own);
	path = xasprintf("%s%s", MOUNT_POINT, dir + 1);
	for (char *p = path + strlen(MOUNT_POINT) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	if ((mkdir(path, 0700) < 0 && errno != EEXIST) || chown(path, (uid_t)uid, (gid_t)uid) < 0)
		return err_set(e, errno, "cannot make '%s': %s", path, strerror(errno));
	return 0;
}

/* Has the console said that it is over? */
static bool is_end(void)
{
	char text[256];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return strstr(text, GUEST_END) != NULL;
}

/* What goes on running must not end. */
static int watch_children(struct err *e)
{
	int status;
	pid_t pid;

	/* A server's own children come to us once it has gone; that they end is as it should be. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
			return err_set(e, EIO, "a server's program could not be run");
	if (pid < 0 && errno == ECHILD)
		return -ECHILD;
	return 0;
}

static int take_dumps(const struct exports *x, const struct names *names, bool programs, struct err *e)
{
	struct pollfd fds[1 + EXPORTS_CHANNELS + NAMES_SOCKETS] = { { .fd = STDIN_FILENO, .events = POLLIN } };

	for (int c = 0; c < EXPORTS_CHANNELS; c++)
		fds[1 + c] = (struct pollfd){ .fd = x->fd[c], .events = POLLIN };
	for (int c = 0; c < NAMES_SOCKETS; c++)
		fds[1 + EXPORTS_CHANNELS + c] = (struct pollfd){ .fd = names->fd[c], .events = POLLIN };
	for (;;) {
		int r = watch_children(e);

		if (r < 0 && r != -ECHILD)
			return r;
		if (r == -ECHILD && programs)
			return err_set(e, EIO, "the server's program has ended");
		if (poll(fds, ARRAY_SIZE(fds), WATCH_MS) <= 0)
			continue;
		for (int c = 0; c < EXPORTS_CHANNELS; c++)
			if (fds[1 + c].revents & POLLIN)
				exports_answer(x, fds[1 + c].fd);
		for (int c = 0; c < NAMES_SOCKETS; c++)
			if (fds[1 + EXPORTS_CHANNELS + c].revents & POLLIN)
				names_answer(names, names->fd[c]);
		if (fds[0].revents & POLLIN && is_end())
			return 0;
	}
}

static int hand_out(const struct plan *p, const char *out, struct err *e)
{
	unsigned files = 0;
	int r;

	sync();
	r = stream_write(p->dir, out, &files, e);
	if (r == 0)
		tell(GUEST_COLLECTED, "%u files", files);
	return r;
}

static bool has_programs(const struct plan *p)
{
	for (size_t i = 0; i < p->n_orders; i++)
		if (p->orders[i].stays)
			return true;
	return false;
}

int serve(const struct plan *p, struct err *e)
{
	auto_free char *disk = NULL, *out = NULL;
	struct exports x = { { -1, -1, -1 } };
	struct names names = { .fd = { -1, -1 } };
	uint64_t port = NFS_PORT;
	int r;

	r = modules_insert(&p->modules, e);
	r = r < 0 ? r : disk_find(p->disk, &disk, e);
	r = r < 0 ? r : disk_find(p->out, &out, e);
	r = r < 0 ? r : disk_mount(p, disk, true, e);
	r = r < 0 ? r : make_own(p->own, e);
	r = r < 0 ? r : orders_run(p, e);
	if (r == 0 && *p->port && num_parse(p->port, 65535, &port) < 0)
		r = err_set(e, EINVAL, "'%s': port %s", GUEST_PLAN, p->port);
	if (r == 0 && *p->nfs)
		r = exports_start(&x, p->nfs, (unsigned)port, e);
	if (r == 0)
		r = names_start(&names, p->name, e);
	if (r < 0)
		return r;
	tell(GUEST_READY, "%s", *p->nfs ? "NFS" : "SSH");
	r = take_dumps(&x, &names, has_programs(p), e);
	return r < 0 ? r : hand_out(p, out, e);
}
