/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

#include "file.h"
#include "layers.h"
#include "net.h"
#include "num.h"
#include "place.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define PROBE "probe"
#define PROBE_BYTES (1u << 20)
#define LEFT_MAX 64		/* leftovers that one run removes */

/* Mounting, a port that NFS servers trust, and writing where other users' folders are. */
#define NEEDED (1ULL << CAP_SYS_ADMIN | 1ULL << CAP_NET_BIND_SERVICE | FILES)
#define FILES (1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_FOWNER | 1ULL << CAP_CHOWN)

/* --- the story -------------------------------------------------------------------------------------- */

static void tell(const struct live_line *l)
{
	auto_buf struct buf text = { 0 };

	live_line_encode(l, &text);
	/* Nobody listens any more: then there is nobody to prove it to. */
	if (fd_write_all(STDOUT_FILENO, text.data, text.len) < 0)
		_exit(1);
}

static void end_step(struct capture *c, const struct err *e)
{
	struct live *l = c->live;
	struct live_line line = { .ended = true };

	if (!l->step)
		return;
	line.step = xstrdup(l->step);
	line.ms = now_ms() - l->began;
	line.error = xstrdup(e ? e->text : "");
	line.note = xstrdup(l->note);
	l->failed |= e != NULL;
	l->step = NULL;
	l->note[0] = '\0';
	tell(&line);
	live_line_done(&line);
}

void live_step(struct capture *c, const char *name)
{
	struct live_line line = { 0 };

	if (!c->live || (c->live->step && strcmp(c->live->step, name) == 0))
		return;
	end_step(c, NULL);
	c->live->step = name;
	c->live->began = now_ms();
	line.step = xstrdup(name);
	tell(&line);
	live_line_done(&line);
}

void live_note(struct capture *c, const char *fmt, ...)
{
	va_list ap;

	if (!c->live)
		return;
	va_start(ap, fmt);
	vsnprintf(c->live->note, sizeof(c->live->note), fmt, ap);
	va_end(ap);
}

/* --- the folder --------------------------------------------------------------------------------------- */

static void remove_folder(int parent, const char *name)
{
	static const char *const files[] = { PROBE, PROBE ".incomplete" };
	auto_close int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	for (size_t i = 0; dir >= 0 && i < ARRAY_SIZE(files); i++)
		unlinkat(dir, files[i], 0);
	unlinkat(parent, name, AT_REMOVEDIR);
}

/* One run at a time works for this host, so all that are there are dead. */
static void remove_left_over(int parent)
{
	int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	auto_strv struct strv names = { 0 };
	const struct dirent *d;

	while (dir && names.n < LEFT_MAX && (d = readdir(dir)))
		if (strncmp(d->d_name, LIVE_FOLDER, strlen(LIVE_FOLDER)) == 0)
			strv_add(&names, d->d_name);
	for (size_t i = 0; i < names.n; i++)
		remove_folder(parent, names.v[i]);
	if (!dir)
		own_close(&copy);
}

int live_folder(struct capture *c, int parent, char **ret_name, struct err *e)
{
	const char *name = c->live->order.folder;
	int fd;

	remove_left_over(parent);
	if (mkdirat(parent, name, 0700) < 0)
		return err_set(e, errno, "cannot make a folder in '%s': %s", c->recipe->targets[c->live->order.target].dir,
			       strerror(errno));
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "cannot enter the folder that was made: %s", strerror(errno));
	if (fsync(parent) < 0 && errno != EINVAL) {
		err_set(e, errno, "the folder that was made cannot be brought to the disk: %s", strerror(errno));
		close(fd);
		return -e->code;
	}
	*ret_name = xstrdup(name);
	return fd;
}

/* --- what a dump would do --------------------------------------------------------------------------- */

static void fill(char *data, size_t len)
{
	uint32_t x = 0x9e3779b9;

	/* Nothing that packs well, and known when it is read again. */
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (char)(x >> 24);
	}
}

static void judge_space(struct capture *c, uint64_t free_bytes, struct err *e)
{
	char have[SIZE_TEXT_MAX], want[SIZE_TEXT_MAX];
	uint64_t need = c->live->order.need;

	live_note(c, "%s free", size_human(free_bytes, have));
	if (need && free_bytes < need)
		err_set(e, ENOSPC, "%s free, and a dump now would have about %s", size_human(free_bytes, have),
			size_human(need, want));
}

/* Too little room is an answer, and no reason to ask no more. */
static void prove_space(struct capture *c, const struct place *at)
{
	struct err why = { 0 };
	struct statvfs vfs;

	live_step(c, "space");
	if (fstatvfs(at->dir, &vfs) < 0)
		err_set(&why, errno, "how much room there is cannot be told: %s", strerror(errno));
	else if (vfs.f_blocks == 0)
		live_note(c, "the server does not tell how much room there is");
	else
		judge_space(c, (uint64_t)vfs.f_bavail * vfs.f_frsize, &why);
	end_step(c, why.code ? &why : NULL);
}

static int prove_write(struct capture *c, const struct place *at, const char *data, int *ret_fd, struct err *e)
{
	long long start = now_ms(), ms;
	int r;

	live_step(c, "write");
	*ret_fd = place_create(at, PROBE, e);
	if (*ret_fd < 0)
		return *ret_fd;
	r = fd_write_all(*ret_fd, data, PROBE_BYTES);
	if (r == 0 && fsync(*ret_fd) < 0)
		r = -errno;
	if (r < 0)
		return err_set(e, -r, "cannot write 1 MiB: %s", strerror(-r));
	ms = now_ms() - start;
	live_note(c, "%.1f MB/s", 1000.0 / (double)(ms ? ms : 1));
	return 0;
}

/* Does it give back what it took? */
static int prove_read(struct capture *c, const struct place *at, const char *data, struct err *e)
{
	auto_close int fd = openat(at->dir, PROBE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_free char *back = xmalloc(PROBE_BYTES);
	int r;

	live_step(c, "read");
	if (fd >= 0)
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	r = fd < 0 ? -errno : fd_read_at(fd, 0, back, PROBE_BYTES);
	if (r < 0)
		return err_set(e, -r, "cannot read what was written: %s", strerror(-r));
	return memcmp(data, back, PROBE_BYTES) == 0 ? 0 :
	       err_set(e, EIO, "what is read is not what was written");
}

static int prove_delete(struct capture *c, int parent, const struct place *at, struct err *e)
{
	live_step(c, "delete");
	if (unlinkat(at->dir, PROBE, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "cannot delete what was written: %s", strerror(errno));
	unlinkat(at->dir, PROBE ".incomplete", 0);
	if (unlinkat(parent, c->live->order.folder, AT_REMOVEDIR) < 0)
		return err_set(e, errno, "cannot delete the folder that was made: %s", strerror(errno));
	return 0;
}

static void prove_folder(struct capture *c, struct place *at)
{
	auto_close int parent = openat(at->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	auto_free char *data = xmalloc(PROBE_BYTES);
	struct err why = { 0 };
	int r;

	fill(data, PROBE_BYTES);
	prove_space(c, at);
	r = prove_write(c, at, data, &fd, &why);
	if (r == 0) {
		live_step(c, "rename");
		r = place_commit(at, fd, PROBE, &why);
	}
	/* NFS keeps what is deleted while it is open, by another name. */
	own_close(&fd);
	fd = -1;
	if (r == 0)
		r = prove_read(c, at, data, &why);
	if (r < 0)
		end_step(c, &why);
	/* Whatever came of it, it goes. */
	r = prove_delete(c, parent, at, &why);
	end_step(c, r < 0 ? &why : NULL);
}

/* --- the key of encrypted layers --------------------------------------------------------------------------- */

/* Here the memory is the host's, and what else runs has its claims: a slot that wants more than is free is not tried. */
static int check_memory(struct capture *c, const struct recipe_layer *l, struct err *e)
{
	char takes[SIZE_TEXT_MAX], has[SIZE_TEXT_MAX];

	page_sample_memory(c->page);
	if (!c->page->mem_low || l->memory <= c->page->mem_low)
		return 0;
	return err_set(e, ENOMEM, "the key was not tried: a key slot of '%s' takes %s, and this host has %s free now",
		       l->name, size_human(l->memory, takes), size_human(c->page->mem_low, has));
}

static int prove_layer(struct capture *c, const struct recipe_layer *l, const char *device, struct err *e)
{
	int r;

	if (access(LUKS_KEY_PATH, R_OK) < 0)
		return err_set(e, ENOKEY, "there is no key for '%s': the file that LUKS_KEY_FILE names cannot be read",
			       l->name);
	r = check_memory(c, l, e);
	if (r == 0)
		r = layer_unlocks(c, l, device, e);
	if (r == -EKEYREJECTED)
		return err_set(e, EKEYREJECTED,
			       "the key in the file that LUKS_KEY_FILE names does not open '%s' on '%s' (name the file "
			       "that does, or give that device this key: cryptsetup luksAddKey %s FILE)",
			       l->name, device, device);
	return r < 0 && r != -ENOMEM ? err_wrap(e, "'%s' on '%s'", l->name, device) : r;
}

/*
 * The disks are open, the crash will find them locked.  That the key is wrong is an answer, and no reason to ask no
 * more; it goes when it has been tried.
 */
static void prove_key(struct capture *c, const struct recipe_target *t)
{
	const struct strv *locked = &c->live->order.locked;
	struct err why = { 0 };
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n_layers && n < locked->n; i++) {
		if (t->layers[i].kind != LAYER_LUKS)
			continue;
		live_step(c, "unlock");
		r = prove_layer(c, &t->layers[i], locked->v[n++], &why);
		if (r == 0)
			live_note(c, "the key opens '%s'", t->layers[i].name);
	}
	unlink(LUKS_KEY_PATH);
	end_step(c, r < 0 ? &why : NULL);
}

/* --- a device without a file system -------------------------------------------------------------------- */

static int prove_device(struct capture *c, const struct recipe_target *t, int *ret_fd, uint64_t *ret_size, struct err *e)
{
	off_t end;

	live_step(c, "device");
	*ret_fd = open(c->live->order.device, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	end = *ret_fd < 0 ? -1 : lseek(*ret_fd, 0, SEEK_END);
	if (end < 0)
		return err_set(e, errno, "'%s': %s", c->live->order.device, strerror(errno));
	if (t->size && (uint64_t)end != t->size)
		return err_set(e, EMEDIUMTYPE, "'%s' has %lld bytes, the recipe says %llu: run 'crashcfg apply'",
			       c->live->order.device, (long long)end, (unsigned long long)t->size);
	*ret_size = (uint64_t)end;
	return 0;
}

static int prove_content(struct capture *c, const struct recipe_target *t, int fd, struct err *e)
{
	char type[TYPE_BYTES];

	live_step(c, "content");
	if (devices_content(fd, type) < 0)
		return err_set(e, EIO, "what '%s' bears cannot be told: %s", c->live->order.device, strerror(EIO));
	live_note(c, "%s", *type ? type : "it bears nothing that is known");
	if (*type && strcmp(type, t->fstype) != 0 && !t->force)
		return err_set(e, EEXIST, "'%s' bears '%s' now, which a dump would destroy", c->live->order.device, type);
	return 0;
}

static void prove_raw(struct capture *c, const struct recipe_target *t)
{
	auto_close int fd = -1;
	struct err why = { 0 };
	uint64_t size = 0;
	int r = prove_device(c, t, &fd, &size, &why);

	if (r == 0)
		r = prove_content(c, t, fd, &why);
	if (r == 0) {
		live_step(c, "space");
		judge_space(c, size, &why);
	}
	end_step(c, why.code ? &why : NULL);
}

/* --- what stands in for the capture's own ways --------------------------------------------------------- */

static unsigned port_of(const struct recipe_target *t)
{
	if (t->port || t->kind == TARGET_SSH)
		return t->port ? t->port : 22;
	return strstr(t->options, "vers=3") ? 111 : 2049;	/* version 3 asks the portmapper first */
}

int live_reach(struct capture *c, const struct recipe_net *n, const struct recipe_target *t, struct ipaddr *ret,
	       struct err *e)
{
	char text[IPADDR_TEXT_MAX];
	int r;

	live_step(c, "resolve");
	r = net_resolve(c, n, t, ret, e);
	if (r < 0)
		return r;
	ipaddr_text(ret, text);
	live_note(c, "%s", text);
	live_step(c, "reach");
	r = net_knock(ret, port_of(t));
	return r < 0 ? err_set(e, -r, "%s port %u: %s", text, port_of(t), strerror(-r)) : 0;
}

static int read_order(struct live_order *ret, struct err *e)
{
	auto_close int fd = open(LIVE_ORDER_PATH, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf text = { 0 };
	int r = fd < 0 ? -errno : fd_read_all(fd, LIVE_ORDER_MAX, &text);

	return r < 0 ? err_set(e, -r, "'" LIVE_ORDER_PATH "': %s", strerror(-r)) :
		       live_order_decode(buf_text(&text), text.len, ret, e);
}

static int read_recipe(struct recipe **ret, struct err *e)
{
	auto_close int fd = open(RECIPE_PATH, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf text = { 0 };
	int r = fd < 0 ? -errno : fd_read_all(fd, RECIPE_MAX, &text);

	return r < 0 ? err_set(e, -r, "'" RECIPE_PATH "': %s", strerror(-r)) :
		       recipe_decode(buf_text(&text), text.len, ret, e);
}

static void prove(struct capture *c, int i)
{
	const struct recipe_target *t = &c->recipe->targets[i];
	const struct destination *how = destination_find(t);
	auto_place struct place at = { .dir = -1 };
	struct err why = { 0 };
	int r;

	if (t->kind == TARGET_RAW) {
		prove_raw(c, t);
		return;
	}
	prove_key(c, t);
	r = how ? how->open(c, i, &at, &why) :
		  err_set(&why, ENOTSUP, "a target of kind '%s' is not known to this image", target_kind_name(t->kind));
	/* What is mounted stays so until this process ends; from here on files alone are touched. */
	if (r == 0 && (r = shed_privileges(FILES)) < 0)
		err_set(&why, -r, "cannot give up privileges: %s", strerror(-r));
	if (r < 0)
		end_step(c, &why);
	else
		prove_folder(c, &at);
}

static void *prepare(struct capture *c, struct live *l, struct err *e)
{
	struct recipe *recipe = NULL;
	int r;

	live_step(c, "prepare");
	r = read_order(&l->order, e);
	if (r == 0)
		r = read_recipe(&recipe, e);
	if (r == 0 && (!recipe || l->order.target >= recipe->n_targets))
		r = err_set(e, EINVAL, "the recipe has no target %u", l->order.target);
	if (r == 0 && !(c->page = page_new()))
		r = err_set(e, ENOMEM, "%s", strerror(ENOMEM));
	if (r == 0 && (r = shed_privileges(NEEDED)) < 0)
		err_set(e, -r, "cannot give up privileges: %s", strerror(-r));
	return r < 0 ? NULL : recipe;
}

int live_main(void)
{
	struct live l = { 0 };
	struct capture c = { .live = &l, .devices = { .fd = -1 }, .boot_id = xstrdup("") };
	struct live_line last = { .ended = true };
	struct err why = { 0 };

	signal(SIGPIPE, SIG_IGN);
	umask(077);
	c.recipe = prepare(&c, &l, &why);
	end_step(&c, c.recipe ? NULL : &why);
	if (!c.recipe)
		return 1;
	prove(&c, (int)l.order.target);
	last.step = xstrdup(LIVE_END);
	tell(&last);
	return 0;
}
