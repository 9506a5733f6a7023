/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "cpio.h"
#include "file.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* dracut at work, and what it made. */

#define RUN_MS 900000 /* a busy machine takes some seconds, one without acceleration minutes */
#define ABOVE "/var/tmp"
#define PREFIX "crashcfg-dracut."
#define FOLDER ABOVE "/" PREFIX "XXXXXX"
#define BRING_UP "usr/lib/crashcfg/bring-up"

/* --- running it --------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	if (remove(path) < 0)
		errno = 0; /* what stays is in nobody's way */
	return 0;
}

static void own_folder(char **path)
{
	if (*path)
		nftw(*path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(*path);
}

/* Does nobody work in it any more?  Whoever does has it locked. */
static bool is_left_over(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* What killed runs left: copies of this system's files. */
static void remove_left_over(void)
{
	auto_closedir DIR *dir = opendir(ABOVE);
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		AUTO(own_folder) char *path = NULL;

		if (strncmp(d->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		path = xasprintf(ABOVE "/%s", d->d_name);
		if (!is_left_over(path))
			free(take_ptr(path));
	}
}

static int make_folder(char *template, char **ret, int *ret_lock, struct err *e)
{
	auto_free char *conf = NULL, *conf_d = NULL;
	auto_close int fd = -1;

	remove_left_over();
	if (!mkdtemp(template))
		return err_set(e, errno, "cannot make a folder for dracut in '" ABOVE "': %s",
			       strerror(errno));
	*ret = xstrdup(template);
	*ret_lock = open(template, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_lock < 0 || flock(*ret_lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, errno, "'%s': %s", template, strerror(errno));
	conf = xasprintf("%s/conf", template);
	conf_d = xasprintf("%s/conf.d", template);
	fd = open(conf, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || mkdir(conf_d, 0700) < 0)
		return err_set(e, errno, "'%s': %s", template, strerror(errno));
	return 0;
}

int dracut_run(const struct dracut_job *job, struct buf *ret, struct err *e)
{
	AUTO(own_folder) char *folder = NULL;
	char template[] = FOLDER;
	auto_strv struct strv argv = { 0 };
	auto_free char *path = NULL;
	auto_close int fd = -1, lock = -1, never = -1, held = -1;
	auto_proc struct proc p = { .deadline_ms = RUN_MS };
	int ends[2], r = make_folder(template, &folder, &lock, e);

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe: %s", strerror(errno));
	never = ends[0];
	held = ends[1];
	dracut_argv(job, folder, &argv);
	p.argv = (const char *const *)argv.v;
	/* It cleans up when it is told to end, which it is when its time is over and when this process dies. */
	p.stop_fd = never;
	/* As long as it works the folder is its own. */
	p.keep_fd = lock;
	r = proc_check(&p, e);
	if (r < 0)
		return err_wrap(e, "dracut made no image");
	path = xasprintf("%s/archive", folder);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : fd_read_all(fd, IMAGE_FILE_MAX, ret);
	return r < 0 ? err_set(e, -r, "dracut made no image: '%s': %s", path, strerror(-r)) : 0;
}

/* --- what is in its archive ----------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct dracut_member *)a)->name, ((const struct dracut_member *)b)->name);
}

static int take_member(void *ctx, const struct cpio_member *m)
{
	struct dracut_members *to = ctx;
	struct dracut_member *one = vec_push(&to->v, &to->n);

	*one = (struct dracut_member){
		.name = xstrdup(m->name), .mode = m->mode, .data = m->data, .len = m->len
	};
	return 0;
}

void dracut_members_done(struct dracut_members *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].name);
	free(m->v);
	*m = (struct dracut_members){ 0 };
}

const struct dracut_member *dracut_member_find(const struct dracut_members *m, const char *name)
{
	struct dracut_member key = { .name = (char *)(uintptr_t)name };

	return m->n ? bsearch(&key, m->v, m->n, sizeof(*m->v), by_name) : NULL;
}

static bool has_sign(const struct dracut_members *m, const char *sign)
{
	size_t len = strlen(sign);

	for (size_t i = 0; i < m->n; i++) {
		size_t n = strlen(m->v[i].name);

		if (n >= len && strcmp(m->v[i].name + n - len, sign) == 0)
			return true;
	}
	return false;
}

/*
 * The key of a host for NVMe over fabrics (TP 8006), which may stand in /etc/nvme/discovery.conf.  It is not
 * taken out here, since without it the disk does not come.
 */
static const struct dracut_member *find_secret(const struct dracut_members *m)
{
	static const char sign[] = "DHHC-1:", folder[] = "etc/nvme/";

	for (size_t i = 0; i < m->n; i++)
		if (strncmp(m->v[i].name, folder, strlen(folder)) == 0 && S_ISREG(m->v[i].mode) &&
		    memmem(m->v[i].data, m->v[i].len, sign, strlen(sign)))
			return &m->v[i];
	return NULL;
}

int dracut_members_read(const struct dracut_job *job, const struct buf *archive, struct dracut_members *ret,
			struct err *e)
{
	AUTO(dracut_members_done) struct dracut_members m = { 0 };
	const struct dracut_member *secret;
	size_t end;
	int r = cpio_each(buf_text(archive), archive->len, take_member, &m, &end, e);

	if (r < 0)
		return err_wrap(e, "what dracut made");
	if (end != archive->len)
		return err_set(e, EINVAL, "what dracut made is more than one archive");
	qsort(m.v, m.n, sizeof(*m.v), by_name);
	secret = find_secret(&m);
	if (secret)
		return err_set(e, ENOTSUP,
			       "'/%s' holds a key (DHHC-1), which no image may hold: name a target that is reached "
			       "without one", secret->name);
	/* It leaves out a module whose needs are not met, says a word, and calls that success. */
	if (!dracut_member_find(&m, BRING_UP))
		return err_set(e, ENOENT, "dracut left its module 'crashcfg' out of the image");
	for (int kind = REMOTE_NONE + 1; kind < REMOTE_DISKS; kind++) {
		const char *sign;

		if (dracut_sign(job, (enum remote_disk)kind, &sign) && !has_sign(&m, sign))
			return err_set(e, ENOENT,
				       "dracut left out what brings up the target's disk ('%s'); "
				       "'dracut --force --add ... /dev/null' tells why",
				       sign);
	}
	*ret = m;
	m = (struct dracut_members){ 0 };
	return 0;
}

/* "lib/x" is "usr/lib/x" where the archive's "lib" is a link: a folder of ours must not take the link's
 * place. */
char *dracut_member_path(const struct dracut_members *m, const char *path)
{
	size_t len = strcspn(path, "/");
	auto_free char *top = xstrndup(path, len);
	const struct dracut_member *link = dracut_member_find(m, top);

	if (!link || !S_ISLNK(link->mode))
		return xstrdup(path);
	return xasprintf("%.*s%s", (int)link->len, link->data, path + len);
}

bool dracut_member_serves(const struct dracut_members *m, const char *path, uint32_t mode,
			  const struct buf *data)
{
	const struct dracut_member *there = dracut_member_find(m, path);

	if (!there)
		return false;
	if (!S_ISREG(mode) || S_ISLNK(there->mode))
		return true;
	return S_ISREG(there->mode) && there->len == data->len &&
	       memcmp(there->data, buf_text(data), data->len) == 0;
}

/* --- what it took from the system ------------------------------------------------------------------- */

struct json *dracut_taken(const struct root *root, const struct dracut_members *m, struct hashes *h)
{
	struct json *list = js_array();

	for (size_t i = 0; i < m->n; i++) {
		const struct dracut_member *one = &m->v[i];
		auto_free char *path = xasprintf("/%s", one->name);
		auto_close int fd = S_ISREG(one->mode) && one->len
					    ? root_openat(root, path, O_RDONLY | O_NONBLOCK, 0)
					    : -1;
		char here[HASH_TEXT_MAX], there[HASH_TEXT_MAX];
		struct file_stamp stamp;
		struct json *entry;

		if (fd < 0 || hashes_file(h, fd, here, &stamp) < 0 ||
		    strcmp(here, hash_bytes(one->data, one->len, there)) != 0)
			continue;
		entry = js_add(list, js_object());
		js_set_text(entry, "name", path);
		js_set_text(entry, "hash", here);
	}
	return list;
}

bool dracut_taken_stands(const struct root *root, const struct json *list, struct hashes *h)
{
	for (size_t i = 0; i < js_len(list); i++) {
		const char *name = js_get_text(js_at(list, i), "name"),
			   *hash = js_get_text(js_at(list, i), "hash");
		auto_close int fd = name ? root_openat(root, name, O_RDONLY | O_NONBLOCK, 0) : -1;
		char here[HASH_TEXT_MAX];
		struct file_stamp stamp;

		if (fd < 0 || !hash || hashes_file(h, fd, here, &stamp) < 0 || strcmp(here, hash) != 0)
			return false;
	}
	return true;
}
