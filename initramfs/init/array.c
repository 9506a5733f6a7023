/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layerparts.h"

#include "file.h"
#include "mdsuper.h"
#include "proc.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/fs.h>
#include <unistd.h>

/* An incomplete array is started when no device came for so long: the members of one come close together. */
#define QUIET_MS 10000
/* What came until now of one array. */
struct view {
	struct strv all;
	unsigned active;	/* how many members it had at its last write */
	struct strv fresh;	/* those that are here of them */
	struct strv recent;	/* and those that it lost shortly before */
};

static void view_done(struct view *w)
{
	strv_done(&w->all);
	strv_done(&w->fresh);
	strv_done(&w->recent);
	*w = (struct view){ 0 };
}

static bool read_super(const char *path, struct mdsuper *ret)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t size = 0, places[MDSUPER_PLACES];
	char data[MDSUPER_BYTES];
	size_t n = fd < 0 || ioctl(fd, BLKGETSIZE64, &size) < 0 ? 0 : mdsuper_places(size, places);

	for (size_t i = 0; i < n; i++)
		if (fd_read_at(fd, places[i], data, sizeof(data)) == 0 &&
		    mdsuper_read(data, sizeof(data), places[i], ret, NULL) == 0)
			return true;
	return false;
}

static void look(struct capture *c, const struct recipe_layer *l, struct view *w)
{
	auto_free struct mdsuper *supers = NULL;
	auto_free enum mdage *ages = NULL;
	size_t n = 0;

	view_done(w);
	devices_bearing(&c->devices, "linux_raid_member", l->uuid, &w->all);
	supers = xcalloc(w->all.n + 1, sizeof(*supers));
	ages = xcalloc(w->all.n + 1, sizeof(*ages));
	/* One that cannot be read is none. */
	for (; n < w->all.n; n++)
		if (!read_super(w->all.v[n], &supers[n]))
			supers[n] = (struct mdsuper){ 0 };
	w->active = mdsuper_ages(supers, n, ages);
	for (size_t i = 0; i < n; i++) {
		/* Where none can be read, mdadm may know better. */
		if (ages[i] == MD_FRESH || !w->active)
			strv_add(&w->fresh, w->all.v[i]);
		if (ages[i] != MD_STALE)
			strv_add(&w->recent, w->all.v[i]);
	}
	if (!w->active)
		w->active = l->count;
}

static bool runs(const struct recipe_layer *l)
{
	char state[ATTR_MAX];

	layer_attr(l->name, "md/array_state", state);
	return state[0] && strcmp(state, "clear") != 0 && strcmp(state, "inactive") != 0;
}

/* The members are named one by one: mdadm then looks at no other device. */
static int assemble(struct capture *c, const struct recipe_layer *l, const struct strv *members, bool force,
		    struct err *e)
{
	auto_free char *node = xasprintf("/dev/%s", l->name), *uuid = xasprintf("--uuid=%s", l->uuid);
	auto_free const char **argv = xcalloc(members->n + 10, sizeof(*argv));
	const char *const head[] = { "mdadm", "--assemble", node, "--config=none", uuid, "--run" };
	const char *const stop[] = { "mdadm", "--stop", node, NULL };
	size_t n = ARRAY_SIZE(head);
	int r;

	memcpy(argv, head, sizeof(head));
	if (force)
		argv[n++] = "--force";
	for (size_t i = 0; i < members->n; i++)
		argv[n++] = members->v[i];
	r = layer_run(c, argv, e);
	if (runs(l))
		return 0;
	layer_run(c, stop, NULL);
	return r < 0 ? r : err_set(e, EIO, "mdadm did not start it");
}

/*
 * Members that are behind, but by moments: the last try before the time is over, and the record says so.  Without it
 * there is no dump.
 */
static int force(struct capture *c, const struct recipe_layer *l, const struct view *w, struct err *e)
{
	int r;

	if (w->recent.n <= w->fresh.n)
		return -EIO;
	r = assemble(c, l, &w->recent, true, e);
	if (r == 0)
		page_remark(c->page, "array %s was started by force: %zu of its members had been lost in the last %d s",
			    l->name, w->recent.n - w->fresh.n, MDSUPER_TOGETHER);
	return r;
}

/* Wait for members and try, until it runs, all came that it had, or the time is over. */
static int start(struct capture *c, const struct recipe_layer *l, long long ms, struct view *w, struct err *e)
{
	long long end = now_ms() + ms;

	for (;;) {
		long long left = end - now_ms();
		bool all;

		look(c, l, w);
		all = w->fresh.n && w->fresh.n >= w->active;
		if (!all && left > 0 && devices_more(&c->devices, w->fresh.n && left > QUIET_MS ? QUIET_MS : left))
			continue;
		if (w->fresh.n && assemble(c, l, &w->fresh, false, e) == 0)
			return 0;
		left = end - now_ms();
		if (all || left <= 0 || !devices_more(&c->devices, left))
			break;
	}
	return w->all.n ? force(c, l, w, e) :
			      err_set(e, ENODEV, "no member of array %s (%s) came within %lld s", l->name, l->uuid,
				      ms / 1000);
}

static void write_file(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	/* Only a wish: the array works without it. */
	if (fd >= 0)
		fd_write_all(fd, text, strlen(text));
}

int array_open(struct capture *c, const struct recipe_layer *l, long long ms, struct err *e)
{
	auto_free char *action = xasprintf("/sys/class/block/%s/md/sync_action", l->name);
	AUTO(view_done) struct view w = { 0 };
	char missing[ATTR_MAX];
	struct err why = { 0 };
	int r;

	if (runs(l))
		return 0;
	write_file("/sys/module/md_mod/parameters/start_dirty_degraded", "1");
	r = start(c, l, ms, &w, &why);
	if (r == -ENODEV)
		return err_set(e, ENODEV, "%s", why.text);
	if (r < 0)
		return err_set(e, EIO, "array %s does not run with %zu of its %u members (%zu more are out of date): %s",
			       l->name, w.fresh.n, l->count, w.all.n - w.fresh.n,
			       why.text[0] ? why.text : "mdadm said nothing");
	/* The dump needs the disks, and the memory that a resync takes. */
	write_file(action, "frozen");
	layer_attr(l->name, "md/degraded", missing);
	if (missing[0] && strcmp(missing, "0") != 0)
		page_remark(c->page, "array %s runs without %s of its %u members", l->name, missing, l->count);
	say(CONSOLE_DEVICE, "array %s runs with %zu of %u members", l->name, w.fresh.n, l->count);
	return 0;
}
