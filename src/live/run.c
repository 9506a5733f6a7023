/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apart.h"

#include "crypt.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#define LOCK "/run/crashcfg-live.lock"
#define DISK_MS 30000
#define UNLOCK_MS 65000		/* for each encrypted layer: its program's own deadline comes first, with better words */
#define NET_MORE_MS 30000	/* beyond NET_WAIT: for ssh or the mount to give up by itself, with better words */
#define REAP_MS 500
#define STEPS_MAX 32
#define NO_STATUS (-1)		/* it has not ended */
#define NO_CHILD (-2)		/* it has, and nobody tells how: SIGCHLD is ignored */

void live_result_done(struct live_result *l)
{
	for (size_t i = 0; i < l->n_targets; i++) {
		struct live_target *t = &l->targets[i];

		for (size_t k = 0; k < t->n_steps; k++) {
			free(t->steps[k].name);
			free(t->steps[k].error);
			free(t->steps[k].note);
		}
		free(t->steps);
		free(t->url);
	}
	free(l->targets);
	free(l->image);
	*l = (struct live_result){ 0 };
}

const struct live_step *live_failed_step(const struct live_target *t)
{
	for (size_t i = 0; i < t->n_steps; i++)
		if (!t->steps[i].ok)
			return &t->steps[i];
	return NULL;
}

static struct live_step *add_step(struct live_target *t, const char *name, const char *error)
{
	struct live_step *s = vec_push(&t->steps, &t->n_steps);

	s->name = xstrdup(name);
	s->error = xstrdup(error);
	s->note = xstrdup("");
	return s;
}

/* --- one target --------------------------------------------------------------------------------------- */

/* A proof that is being followed. */
struct follow {
	struct live_target *t;
	struct buf said;	/* bytes of the line that is not whole yet */
	char *open;		/* the step that has begun and not ended; NULL none */
	long long open_at;
	bool done;		/* it said LIVE_END */
	bool wrong;		/* it said something that no program of ours says */
};

static void own_follow(struct follow *f)
{
	buf_done(&f->said);
	free(f->open);
}

static void take_line(struct follow *f, const char *text, size_t len)
{
	auto_live_line struct live_line l = { 0 };
	struct live_step *s;

	if (f->done || f->wrong)
		return;
	if (live_line_decode(text, len, &l, NULL) < 0 || f->t->n_steps >= STEPS_MAX) {
		f->wrong = true;
		return;
	}
	f->done = strcmp(l.step, LIVE_END) == 0;
	if (f->done)
		return;
	free(f->open);
	f->open = l.ended ? NULL : xstrdup(l.step);
	f->open_at = now_ms();
	if (!l.ended)
		return;
	s = add_step(f->t, l.step, l.error);
	s->ok = !*l.error;
	s->ms = l.ms;
	free(s->note);
	s->note = take_ptr(l.note);
}

static void take(struct follow *f, const char *data, size_t len)
{
	char *start, *end;

	buf_add(&f->said, data, len);
	start = f->said.data;
	while ((end = memchr(start, '\n', f->said.len - (size_t)(start - f->said.data)))) {
		take_line(f, start, (size_t)(end - start));
		start = end + 1;
	}
	f->said.len -= (size_t)(start - f->said.data);
	memmove(f->said.data, start, f->said.len);
	f->wrong |= f->said.len > LIVE_LINE_MAX;
}

/* Until it ends or its time is over: true where it is over. */
static bool listen_to(struct follow *f, int fd, long long end)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char data[4096];

	while (!f->wrong && !f->done) {
		long long left = end - now_ms();
		ssize_t n;

		if (left <= 0)
			return true;
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		n = read(fd, data, sizeof(data));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		take(f, data, (size_t)n);
	}
	return false;
}

/* Whoever hangs in the kernel dies when it is let go; nobody waits for that. */
static int reap(pid_t pid)
{
	int status = NO_STATUS;

	for (int i = 0; i < REAP_MS / 5; i++) {
		pid_t gone = waitpid(pid, &status, WNOHANG);

		if (gone != 0)
			return gone < 0 ? NO_CHILD : status;
		poll(NULL, 0, 5);
	}
	return NO_STATUS;
}

static void close_story(struct follow *f, bool late, int status, int timeout_ms)
{
	auto_free char *why = NULL;
	struct live_step *s;

	if (f->done)
		return;
	if (late)
		why = xasprintf("no answer within %d s (--timeout)", timeout_ms / 1000);
	else if (f->wrong)
		why = xstrdup("the image's program says what none of ours says: build the image again");
	else if (f->open || status < 0 || !WIFEXITED(status) || (WEXITSTATUS(status) && !live_failed_step(f->t)))
		why = status >= 0 && WIFSIGNALED(status) ? xasprintf("the image's program was killed by signal %d",
								     WTERMSIG(status)) :
							   xstrdup("the image's program ended before its time");
	if (!why)
		return;
	s = add_step(f->t, f->open ? f->open : "prepare", why);
	s->ms = f->open ? now_ms() - f->open_at : 0;
}

static void follow(struct live_target *t, pid_t pid, int fd, int timeout_ms)
{
	AUTO(own_follow) struct follow f = { .t = t };
	bool late = listen_to(&f, fd, now_ms() + timeout_ms);
	long long silent = f.open ? now_ms() - f.open_at : 0;
	int status;

	if (late || f.wrong || f.done)
		kill(pid, SIGKILL);
	status = reap(pid);
	/* It closed its end and lives on. */
	if (status == NO_STATUS && kill(pid, SIGKILL) == 0)
		reap(pid);
	if (late)
		f.open_at = now_ms() - silent;
	close_story(&f, late, status, timeout_ms);
}

static void name_folder(struct live_order *o)
{
	unsigned long long digits = (unsigned long long)now_ms();

	if (getrandom(&digits, sizeof(digits), GRND_NONBLOCK) < 0)
		digits ^= (unsigned long long)getpid() << 32;
	o->folder = xasprintf(LIVE_FOLDER "%016llx", digits);
}

/* What this host has each encrypted layer of TO on.  A mapping that is not open fails its step. */
static bool find_locked(const struct live_request *q, const struct recipe_target *to, struct live_order *order,
			struct apart_node *locked, struct live_target *t)
{
	for (size_t i = 0; i < to->n_layers; i++) {
		auto_block struct block_dev below = { 0 };
		struct err why = { 0 };

		if (to->layers[i].kind != LAYER_LUKS)
			continue;
		if (crypt_below(q->root, to->layers[i].uuid, &below, &why) < 0) {
			add_step(t, "unlock", why.text);
			return false;
		}
		locked[order->locked.n] = (struct apart_node){ below.major, below.minor };
		strv_add(&order->locked, below.node);
	}
	return true;
}

/* A key that opens nothing is tried at each slot, so there is time for more than the usual. */
static int time_for(const struct live_request *q, const struct live_order *o, bool disk)
{
	if (q->timeout_ms)
		return q->timeout_ms;
	return disk ? DISK_MS + (int)o->locked.n * UNLOCK_MS : (int)q->net_wait * 1000 + NET_MORE_MS;
}

static const char *secret_of(enum target_kind kind, const struct live_order *o)
{
	return kind == TARGET_SSH ? SSH_KEY_PATH : o->locked.n ? LUKS_KEY_PATH : NULL;
}

static int prove(const struct live_request *q, const struct buf *archive, size_t i, struct live_target *t, struct err *e)
{
	const struct recipe_target *to = &q->recipe->targets[i];
	bool disk = to->kind == TARGET_FILE || to->kind == TARGET_FS || to->kind == TARGET_RAW, mounted = false;
	AUTO(live_order_done) struct live_order order = { .target = (unsigned)i, .need = q->need };
	auto_free struct apart_node *locked = xcalloc(to->n_layers + 1, sizeof(*locked));
	struct apart a = { .q = q, .order = &order, .archive = archive, .locked = locked };
	auto_close int fd = -1;
	pid_t pid;
	int r;

	name_folder(&order);
	r = disk ? apart_device(q->root, to->device, &order.device, &a.device, &mounted) : 0;
	if (r < 0) {
		auto_free char *why = xasprintf("'%s': %s", to->device, strerror(-r));

		add_step(t, "device", why);
		return 0;
	}
	if (!disk)
		order.device = xstrdup("");
	if (!find_locked(q, to, &order, locked, t))
		return 0;
	a.secret = secret_of(to->kind, &order);
	t->mounted = disk && to->kind != TARGET_RAW && !mounted;
	r = apart_start(&a, &pid, &fd, e);
	if (r == 0)
		follow(t, pid, fd, time_for(q, &order, disk));
	return r;
}

/* --- all of them ---------------------------------------------------------------------------------------- */

static int lock(const struct root *root, int *ret, struct err *e)
{
	auto_close int fd = -1;
	int r;

	if (geteuid() != 0)
		return err_set(e, EPERM, "only root may prove targets: run this as root");
	if (!root->host)
		return err_set(e, ENOTSUP, "the targets of '%s' cannot be proven: it is not the system that runs",
			       root->path);
	fd = root_openat(root, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, -fd, "lock '" LOCK "': %s", strerror(-fd));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, EWOULDBLOCK, "another 'crashcfg check --live' is at work; try again when it has ended");
	r = root_mkdirs(root, IMAGE_DIR, 0700);
	if (r < 0)
		return err_set(e, -r, "cannot make '" IMAGE_DIR "': %s", strerror(-r));
	*ret = take_fd(fd);
	return 0;
}

int live_run(const struct live_request *q, struct live_result *ret, struct err *e)
{
	auto_live struct live_result out = { .time = (int64_t)time(NULL), .ok = true, .image = xstrdup("") };
	auto_image_head struct image_head head = { 0 };
	auto_buf struct buf archive = { 0 };
	auto_close int locked = -1;
	int r = lock(q->root, &locked, e);

	if (r == 0)
		r = image_head_parse(buf_text(q->image), q->image->len, &head, e);
	if (r == 0)
		r = image_payload(buf_text(q->image), q->image->len, &archive, e);
	for (size_t i = 0; r == 0 && i < q->recipe->n_targets; i++) {
		struct live_target *t = vec_push(&out.targets, &out.n_targets);
		long long start = now_ms();

		t->url = xstrdup(q->recipe->targets[i].url);
		if (q->event)
			q->event(q->ctx, t, false);
		r = prove(q, &archive, i, t, e);
		t->ms = now_ms() - start;
		t->ok = t->n_steps && !live_failed_step(t);
		out.ok &= t->ok;
		if (q->event && r == 0)
			q->event(q->ctx, t, true);
	}
	if (r < 0)
		return r;
	free(out.image);
	out.image = take_ptr(head.id);
	*ret = out;
	out = (struct live_result){ 0 };
	return 0;
}
