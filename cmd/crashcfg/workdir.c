/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workdir.h"
#include "own.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#define PREFIX "crashcfg-test-"
#define LOCK "lock"

static const char *base_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir == '/' ? dir : "/var/tmp";
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Does nobody own this folder any more?  One that was kept has no lock. */
static bool is_left_over(const char *path)
{
	auto_free char *lock = xasprintf("%s/" LOCK, path);
	auto_close int fd = -1;
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void remove_left_over(const char *base)
{
	auto_closedir DIR *dir = opendir(base);
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		auto_free char *path = xasprintf("%s/%s", base, d->d_name);

		if (strncmp(d->d_name, PREFIX, strlen(PREFIX)) == 0 && is_left_over(path))
			remove_tree(path);
	}
}

static int take_lock(struct workdir *w, struct err *e)
{
	auto_free char *lock = xasprintf("%s/" LOCK, w->path);

	w->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->lock < 0)
		return err_set(e, errno, "cannot write '%s': %s", lock, strerror(errno));
	if (flock(w->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, EWOULDBLOCK, "another test works in '%s'", w->path);
	return 0;
}

static int make_output(const char *output, char **ret, struct err *e)
{
	auto_free char *path = NULL;

	if (mkdir(output, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "cannot make '%s': %s", output, strerror(errno));
	path = realpath(output, NULL);
	if (!path || rmdir(path) < 0 || mkdir(path, 0700) < 0)
		return err_set(e, errno, "'%s' must be an empty folder or none: %s", output, strerror(errno));
	*ret = take_ptr(path);
	return 0;
}

int workdir_make(const char *output, struct workdir *ret, struct err *e)
{
	struct workdir w = { .lock = -1 };
	int r;

	remove_left_over(base_dir());
	if (output) {
		r = make_output(output, &w.path, e);
		if (r < 0)
			return r;
	} else {
		w.path = xasprintf("%s/" PREFIX "XXXXXX", base_dir());
		if (!mkdtemp(w.path)) {
			r = err_set(e, errno, "cannot make a scratch folder in '%s': %s", base_dir(),
				    strerror(errno));
			free(w.path);
			return r;
		}
	}
	r = take_lock(&w, e);
	if (r < 0) {
		workdir_done(&w);
		return r;
	}
	*ret = w;
	return 0;
}

void workdir_remove(struct workdir *w)
{
	if (w->path)
		remove_tree(w->path);
}

static int remove_bulk(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	static const char *const kept[] = { ".log", ".json", ".txt" };
	const char *name = path + ftw->base, *dot = strrchr(name, '.');

	(void)st;
	for (size_t i = 0; dot && i < ARRAY_SIZE(kept); i++)
		if (strcmp(dot, kept[i]) == 0)
			return 0;
	return type == FTW_F || type == FTW_SL ? remove(path) : 0;
}

void workdir_keep(struct workdir *w, bool all)
{
	auto_free char *lock = xasprintf("%s/" LOCK, w->path);

	if (!all)
		nftw(w->path, remove_bulk, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	unlink(lock);
}

void workdir_done(struct workdir *w)
{
	own_close(&w->lock);
	free(w->path);
	w->path = NULL;
}

int workdir_signals(int *ret, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	*ret = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret < 0 ? err_set(e, errno, "signalfd: %s", strerror(errno)) : 0;
}
