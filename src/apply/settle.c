/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#define FREEZE_DEADLINE_MS 10000

/*
 * fsync() puts a rename into the journal of ext4 or xfs, and that is all that it
 * promises.  A boot loader reads the disk without replaying the journal, so it
 * may still see the old folder and the old file's blocks.  Freezing the file
 * system writes the journal out into its place; FIFREEZE and FITHAW at once
 * cost a few milliseconds.
 *
 * A file system left frozen is a dead machine, so two processes share the work.
 * The worker freezes and thaws.  The guard waits for the worker's end, and thaws
 * where the worker said "frozen" and ended, or hangs.  Both live in a session of
 * their own: neither Ctrl-C nor the end of this process reaches them.
 *
 * The root file system is never frozen: processes that are needed to thaw could
 * wait for it themselves.  There, and where freezing is not known (FAT), syncfs()
 * must do.
 */
static void detach(void)
{
	setsid();
	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_IGN);
}

static void worker(int fs, int say)
{
	int r;

	detach();
	if (ioctl(fs, FIFREEZE, 0) < 0)
		_exit(1);
	if (write(say, "f", 1) < 0)
		r = 0;		/* the guard is gone; thaw all the same */
	r = ioctl(fs, FITHAW, 0);
	if (r == 0 && write(say, "t", 1) < 0)
		_exit(2);
	_exit(r < 0 ? 2 : 0);
}

static void guard(int fs, int hear, pid_t pid)
{
	long long end = now_ms() + FREEZE_DEADLINE_MS;
	bool frozen = false, ended = false, late = false;
	char c;

	detach();
	while (!ended && !late) {
		struct pollfd p = { .fd = hear, .events = POLLIN };
		long long left = end - now_ms();

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			late = true;
		else if (p.revents && read(hear, &c, 1) == 1)
			frozen = c == 'f';
		else if (p.revents)
			ended = true;
	}
	if (late)
		kill(pid, SIGKILL);
	/* A worker that hangs within FIFREEZE may get its way later: thaw until it is gone. */
	for (int i = 0; i < 600 && (frozen || late); i++) {
		if (ioctl(fs, FITHAW, 0) == 0 || (!late && errno == EINVAL))
			break;
		poll(NULL, 0, 100);
	}
	_exit(0);
}

/* False: this file system cannot be frozen, or was not. */
static bool freeze_and_thaw(int fs)
{
	int say[2], go[2], status = 1;
	pid_t work, watch;

	if (pipe2(say, O_CLOEXEC) < 0)
		return false;
	/* The worker waits for a word until its guard is there. */
	if (pipe2(go, O_CLOEXEC) < 0) {
		close(say[0]);
		close(say[1]);
		return false;
	}
	work = fork();
	if (work == 0) {
		char c;

		close(say[0]);
		close(go[1]);
		if (read(go[0], &c, 1) != 1)
			_exit(1);
		worker(fs, say[1]);
	}
	watch = work > 0 ? fork() : -1;
	if (watch == 0) {
		close(say[1]);
		close(go[1]);
		guard(fs, say[0], work);
	}
	if (watch > 0 && write(go[1], "g", 1) < 0)
		status = 1;
	close(go[0]);
	close(go[1]);
	close(say[0]);
	close(say[1]);
	if (watch > 0)
		waitpid(watch, NULL, 0);
	if (work > 0 && waitpid(work, &status, 0) != work)
		status = 1;
	return work > 0 && watch > 0 && status == 0;
}

static bool boot_reads(const char *path)
{
	return strncmp(path, "/boot/", 6) == 0 || strncmp(path, "/efi/", 5) == 0;
}

static void settle_one(const struct root *root, const char *dir, dev_t *done, size_t *n_done,
		       size_t max)
{
	auto_close int fd = root_openat(root, dir, O_RDONLY | O_DIRECTORY, 0);
	struct stat st, top;
	struct statfs fs;

	if (fd < 0 || fstat(fd, &st) < 0 || root_stat(root, "/", &top) < 0)
		return;
	for (size_t i = 0; i < *n_done; i++)
		if (done[i] == st.st_dev)
			return;
	if (*n_done < max)
		done[(*n_done)++] = st.st_dev;
	if (syncfs(fd) < 0 || st.st_dev == top.st_dev)
		return;
	/* Subvolumes have device numbers of their own: this may be the root.  syncfs() has committed it. */
	if (fstatfs(fd, &fs) < 0 || (unsigned long)fs.f_type == BTRFS_SUPER_MAGIC)
		return;
	freeze_and_thaw(fd);
}

void settle_boot(const struct root *root, const struct journal *j)
{
	dev_t done[8];
	size_t n = 0;

	if (!root->host)
		return;
	for (size_t i = 0; i < j->n; i++) {
		const char *path = j->v[i].path;
		auto_free char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));

		if (boot_reads(path))
			settle_one(root, dir, done, &n, ARRAY_SIZE(done));
	}
	/* What a generator wrote lies in /boot, and is written without any flush. */
	if (j->command.n)
		settle_one(root, "/boot", done, &n, ARRAY_SIZE(done));
}
