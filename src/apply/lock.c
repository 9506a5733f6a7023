/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#define HOST_LOCK "/run/crashcfg.lock"

/* Who holds a flock(2) on this inode, by /proc/locks; 0: not to be seen. */
static long lock_holder(int fd)
{
	auto_fclose FILE *f = fopen("/proc/locks", "re");
	char line[256];
	struct stat st;

	if (!f || fstat(fd, &st) < 0)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		unsigned long long inode;
		unsigned major, minor;
		long pid;

		/* "1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF"; the device is not always st_dev */
		if (sscanf(line, "%*d: FLOCK ADVISORY WRITE %ld %x:%x:%llu", &pid, &major, &minor,
			   &inode) == 4 &&
		    inode == st.st_ino && pid > 0)
			return pid;
	}
	return 0;
}

static int held = -1;

int apply_lock_held(void)
{
	return held;
}

/*
 * On the host the lock is a file in /run.  Below a foreign root it is the root's
 * top folder itself, so that a run with nothing to do leaves nothing there.
 */
int apply_lock(const struct root *root, int *ret_fd, struct err *e)
{
	auto_close int fd = -1;
	const char *path = root->host ? HOST_LOCK : "/";
	long pid;

	fd = root->host ? root_openat(root, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600) :
		root_openat(root, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -EACCES || fd == -EPERM)
		return err_set(e, EACCES, "lock '%s': %s; run this as root", path, strerror(EACCES));
	if (fd < 0)
		return err_set(e, -fd, "lock '%s%s': %s", root->path, path, strerror(-fd));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		held = fd;
		*ret_fd = take_fd(fd);
		return 0;
	}
	if (errno != EWOULDBLOCK)
		return err_set(e, errno, "lock '%s%s': %s", root->path, path, strerror(errno));
	pid = lock_holder(fd);
	if (pid)
		return err_set(e, EWOULDBLOCK,
			       "another crashcfg (process %ld) is at work on '%s/'; try again when it "
			       "has ended",
			       pid, root->path);
	return err_set(e, EWOULDBLOCK,
		       "another crashcfg is at work on '%s/'; try again when it has ended", root->path);
}
