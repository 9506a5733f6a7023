/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TEST_HUNG_H
#define CRASHCFG_TEST_HUNG_H

/*
 * A file system that takes every question and answers none, in a mount namespace of this process: whoever asks
 * waits in the kernel and cannot be killed, as with a server that died.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct hung {
	pid_t server;
};

static inline void hung_serve(int fd)
{
	static char request[65536 * 4];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((n = read(fd, request, sizeof(request))) > 0 || errno == EINTR) {
		struct fuse_in_header in;
		struct {
			struct fuse_out_header head;
			struct fuse_init_out init;
		} out = { 0 };

		memcpy(&in, request, sizeof(in));
		if (n <= 0 || in.opcode != FUSE_INIT)
			continue;
		out.head.len = sizeof(out);
		out.head.unique = in.unique;
		out.init.major = FUSE_KERNEL_VERSION;
		out.init.minor = 31;
		out.init.max_write = 4096;
		if (write(fd, &out, sizeof(out)) < 0)
			break;
	}
	_exit(0);
}

/* False: it cannot be had here (no root, no FUSE). */
static inline bool hung_begin(struct hung *h, const char *where)
{
	char options[80];
	int fd;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("silent", where, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		return false;
	h->server = fork();
	if (h->server == 0)
		hung_serve(fd);
	close(fd);
	return h->server > 0;
}

/* All who wait are let go. */
static inline void hung_end(struct hung *h, const char *where)
{
	kill(h->server, SIGKILL);
	waitpid(h->server, NULL, 0);
	umount2(where, MNT_DETACH);
}

#endif
