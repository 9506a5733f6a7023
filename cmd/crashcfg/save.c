/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumpdirs.h"
#include "out.h"

#include "num.h"
#include "proc.h"
#include "rawtarget.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define LOCK "/run/crashcfg-save.lock"
#define WAIT_MS 10000		/* for a raw target's device, right after boot */
#define AGAIN_MS 250

struct save_options {
	bool discard;
};

/* What a run holds and what it did. */
struct saving {
	const struct cli *cli;
	const struct save_options *o;
	struct settings *settings;
	struct dump_dirs dirs;
	struct root here;		/* that of paths which the caller names */
	struct area *areas;
	size_t n_areas;
	size_t failed;
	struct json *collected, *deleted, *errors;
};

static void own_saving(struct saving *s)
{
	settings_free(s->settings);
	dump_dirs_done(&s->dirs);
	root_done(&s->here);
	for (size_t i = 0; i < s->n_areas; i++)
		area_done(&s->areas[i]);
	free(s->areas);
	js_free(s->collected);
	js_free(s->deleted);
	js_free(s->errors);
}

static void fail(struct saving *s, const struct err *why)
{
	fprintf(stderr, "crashcfg: %s\n", why->text);
	js_add_text(s->errors, why->text);
	s->failed++;
}

/* One at a time; an apply at the same time does no harm. */
static int lock(const struct root *root, int *ret_fd, struct err *e)
{
	auto_close int fd = root->host ? root_openat(root, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW, 0600) :
		root_openat(root, "/", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return err_set(e, -fd, "lock '%s': %s%s", root->host ? LOCK : root->path, strerror(-fd),
			       geteuid() ? "; run this as root" : "");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, errno, "another 'crashcfg save' is at work; try again when it has ended");
	*ret_fd = take_fd(fd);
	return 0;
}

/* --- finding ------------------------------------------------------------------------------------------- */

static bool has_area(const struct saving *s, const char *path)
{
	for (size_t i = 0; i < s->n_areas; i++)
		if (strcmp(s->areas[i].path, path) == 0)
			return true;
	return false;
}

static int add_area(struct saving *s, const struct root *root, const char *path, struct err *e)
{
	struct area a = { .fd = -1 };
	int r = area_open(root, path, &a, e);

	if (r == 0)
		*vec_push(&s->areas, &s->n_areas) = a;
	return r;
}

static void scan(struct saving *s)
{
	auto_strv struct strv nodes = { 0 };

	area_candidates(&s->cli->root, &nodes);
	for (size_t i = 0; i < nodes.n; i++) {
		struct err why = { 0 };

		if (has_area(s, nodes.v[i]))
			continue;
		/* Most devices bear none, and some cannot be opened: only what is one and cannot be had is told. */
		if (add_area(s, &s->cli->root, nodes.v[i], &why) == -EINVAL)
			fprintf(stderr, "crashcfg: %s\n", why.text);
	}
}

/* Is the target's device there, or the dump that lies on it? */
static bool is_here(const struct saving *s, const struct target *t)
{
	auto_free char *spec = NULL, *path = NULL;

	for (size_t i = 0; i < s->n_areas; i++)
		if (strcmp(s->areas[i].head->url, t->url) == 0)
			return true;
	if (raw_spec(&s->cli->root, t, &spec, NULL) < 0)
		return true;		/* there is none to wait for */
	path = raw_device_path(spec);
	return !path || root_exists(&s->cli->root, path);
}

/* At boot devices come when they come; a swap that bears a dump has no link by its UUID. */
static void find_areas(struct saving *s)
{
	long long end = now_ms() + WAIT_MS;
	const struct timespec again = { .tv_nsec = AGAIN_MS * 1000000L };
	const struct target *missing;
	bool raw = false;

	do {
		missing = NULL;
		for (size_t i = 0; i < s->settings->n_targets; i++) {
			const struct target *t = &s->settings->targets[i];

			raw |= t->kind == TARGET_RAW;
			if (t->kind == TARGET_RAW && !missing && !is_here(s, t))
				missing = t;
		}
		if (!raw)
			return;
		scan(s);
		if (missing && is_here(s, missing))
			missing = NULL;
	} while (missing && now_ms() < end && nanosleep(&again, NULL) == 0);
	if (missing)
		fprintf(stderr, "crashcfg: the device of '%s' did not come within %d s\n", missing->url,
			WAIT_MS / 1000);
}

static void find_named(struct saving *s, int n, char *names[])
{
	for (int i = 0; i < n; i++) {
		auto_free char *path = realpath(names[i], NULL);
		struct err why = { 0 };

		if (!path)
			err_set(&why, errno, "'%s': %s", names[i], strerror(errno));
		if (why.code || add_area(s, &s->here, path, &why) < 0)
			fail(s, &why);
	}
}

/* --- collecting ------------------------------------------------------------------------------------------ */

static void tell_collected(struct saving *s, const struct area *a, const struct collected *c, bool given_back)
{
	struct json *j = js_add(s->collected, js_object());
	char size[SIZE_TEXT_MAX];

	js_set_text(j, "device", a->path);
	js_set_text(j, "folder", c->path);
	js_set_text(j, "state", manifest_state_name(c->state));
	js_set_int(j, "bytes", (int64_t)c->bytes);
	js_set_text(j, "check", c->check);
	js_set_bool(j, "before", c->before);
	js_set_bool(j, "given_back", given_back);
	if (s->cli->quiet)
		return;
	fprintf(out_words(s->cli), "%s: %s%s, %s%s%s%s\n", a->path, c->before ? "collected before: " : "", c->path,
		manifest_state_name(c->state), c->bytes ? ", " : "", c->bytes ? size_human(c->bytes, size) : "",
		given_back ? "; the device is as it was" : "");
	if (*c->check)
		fprintf(out_words(s->cli), "    %s\n", c->check);
}

static void collect(struct saving *s, struct area *a)
{
	const struct root *device_root = a->device ? &s->cli->root : &s->here;
	auto_collected struct collected c = { 0 };
	struct err why = { 0 };
	int r = area_collect(&s->cli->root, a, s->dirs.collect, &c, &why), back = -EIO;

	if (r < 0)
		fail(s, &why);
	if (r == 0 || s->o->discard) {
		back = area_give_back(device_root, a, &why);
		if (back < 0)
			fail(s, &why);
	}
	if (r == 0)
		tell_collected(s, a, &c, back == 0);
	else if (back == 0 && !s->cli->quiet)
		fprintf(out_words(s->cli), "%s: the dump was given up; the device is as it was\n", a->path);
}

/* The log of a crash that found no target. */
static void collect_efi(struct saving *s)
{
	auto_collected struct collected c = { 0 };
	const char *slash = strrchr(s->dirs.collect, '/');
	struct err why = { 0 };
	struct json *j;
	int r = efi_collect(&s->cli->root, s->dirs.collect, slash ? slash + 1 : "", &c, &why);

	if (r < 0 && r != -ENOENT)
		fail(s, &why);
	if (r < 0)
		return;
	j = js_add(s->collected, js_object());
	js_set_text(j, "device", "efi");
	js_set_text(j, "folder", c.path);
	js_set_text(j, "state", manifest_state_name(c.state));
	js_set_text(j, "check", c.check);
	if (!s->cli->quiet)
		fprintf(out_words(s->cli), "EFI variables: %s, %s\n    %s\n", c.path, manifest_state_name(c.state),
			c.check);
}

/* An fs: target's file system is mounted by the capture alone, so nothing of it is a place for this run. */
static void tell_place(const struct saving *s)
{
	const struct target *fs = NULL;

	for (size_t i = 0; i < s->settings->n_targets; i++) {
		if (s->settings->targets[i].kind == TARGET_FILE)
			return;
		if (s->settings->targets[i].kind == TARGET_FS && !fs)
			fs = &s->settings->targets[i];
	}
	if (fs && s->n_areas)
		fprintf(stderr, "crashcfg: '%s' is not mounted, so what lies on raw devices is collected into '%s' "
			"(a file: target would name another folder)\n", fs->url, s->dirs.collect);
}

/*
 * A swap whose device came too late for its unit, since the dump had to be collected first.  Within the
 * unit alone: by hand nobody's swapoff(8) is undone.
 */
static void take_swaps(const struct saving *s)
{
	static const char *const argv[] = { "/bin/systemctl", "--no-block", "start", "swap.target", NULL };
	auto_proc struct proc p = { .argv = argv, .deadline_ms = 10000 };
	struct err why = { 0 };
	bool any = false;

	for (size_t i = 0; i < s->n_areas; i++)
		any |= s->areas[i].device && s->areas[i].fd < 0 && strcmp(s->areas[i].head->fstype, "swap") == 0;
	if (any && s->cli->root.host && getenv("INVOCATION_ID") && proc_check(&p, &why) < 0)
		fprintf(stderr, "crashcfg: %s\n", why.text);
}

/* --- retention --------------------------------------------------------------------------------------------- */

static void retain_one(struct saving *s, const struct dump *d, const struct retained *what)
{
	struct err why = { 0 };
	struct json *j;

	if (what->action == RETAIN_KEEP)
		return;
	if (retain_do(&s->cli->root, d, what->action, &why) < 0) {
		fail(s, &why);
		return;
	}
	j = js_add(s->deleted, js_object());
	js_set_text(j, "dir", d->dir);
	js_set_text(j, "name", d->name);
	js_set_text(j, "what", what->action == RETAIN_STRIP ? "vmcore" : "all");
	js_set_text(j, "why", what->why);
	if (!s->cli->quiet)
		fprintf(out_words(s->cli), "%s/%s: %s, by %s\n", d->dir, d->name,
			what->action == RETAIN_STRIP ? "its vmcore was deleted, the first of its kind keeps the rest"
						     : "deleted", what->why);
}

static void retain(struct saving *s, const char *dir)
{
	struct retain_rules rules = {
		.keep = s->settings->keep, .keep_days = s->settings->keep_days, .min_free = s->settings->min_free,
		.free = UINT64_MAX, .now = (int64_t)time(NULL),
	};
	auto_dumps struct dump_list l = { 0 };
	auto_free struct retained *what = NULL;
	struct err why = { 0 };

	if (path_answers(&s->cli->root, dir, &why) < 0) {
		fail(s, &why);
		return;
	}
	retain_clean(&s->cli->root, dir);
	if (dump_list_add(&s->cli->root, dir, false, &l, &why) < 0) {
		fail(s, &why);
		return;
	}
	if (!l.n)
		return;
	dump_free_bytes(&s->cli->root, dir, &rules.free);
	what = xcalloc(l.n, sizeof(*what));
	retain_plan(&l, &rules, what);
	for (size_t i = 0; i < l.n; i++)
		retain_one(s, &l.v[i], &what[i]);
}

static int run_save(struct cli *cli, int argc, char *argv[], struct err *e)
{
	AUTO(own_saving) struct saving s = {
		.cli = cli, .o = cli->options, .here.fd = -1, .collected = js_array(), .deleted = js_array(),
		.errors = js_array(),
	};
	auto_close int locked = -1;
	int r;

	r = out_settings_despite_faults(cli, &s.settings, e);
	if (r == 0)
		r = dump_dirs_find(&cli->root, s.settings, &s.dirs, e);
	if (r == 0)
		r = root_open(&s.here, "/", e);
	if (r == 0)
		r = lock(&cli->root, &locked, e);
	if (r < 0)
		return r;
	if (argc > 1)
		find_named(&s, argc - 1, argv + 1);
	else if (cli->root.host)
		find_areas(&s);
	tell_place(&s);
	for (size_t i = 0; i < s.n_areas; i++)
		collect(&s, &s.areas[i]);
	if (argc == 1)
		collect_efi(&s);
	take_swaps(&s);
	/* Older dumps go when the new ones are safe. */
	for (size_t i = 0; i < s.dirs.all.n && !s.failed; i++)
		retain(&s, s.dirs.all.v[i]);
	if (!cli->quiet && !s.failed && !js_len(s.collected) && !js_len(s.deleted))
		fprintf(out_words(cli), "nothing to collect, nothing to delete\n");
	if (cli->json) {
		auto_json struct json *j = cli_json();

		js_set(j, "collected", take_ptr(s.collected));
		js_set(j, "deleted", take_ptr(s.deleted));
		js_set(j, "errors", take_ptr(s.errors));
		cli_print_json(j);
	}
	return s.failed ? EXIT_FAILED : EXIT_DONE;
}

static const struct option_row options[] = {
	{ "discard", NULL, offsetof(struct save_options, discard),
	  "give a device back even where its dump cannot be collected", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_save = {
	.name = "save", .args = "[DEVICE...]", .run = run_save, .options = options,
	.options_size = sizeof(struct save_options),
	.summary = "Collect dumps from raw devices, and delete old ones",
	.text = "A dump that was saved to a raw: target lies on that device, below a header that keeps swapon(8) away. "
		"save looks for such headers on all block devices where a target is raw:, or on the DEVICEs named (a file "
		"with a device's content will do). It copies what it finds into the folder of the first file: target, else "
		"/var/crash (fs: targets are not mounted now), holds it against the header's sha256, looks at the dump, and then puts back "
		"what the device bore, so that a swap is one again with the same UUID and label. A run that was "
		"interrupted is begun anew by the next one; with too little room nothing is done and the device stays as it is. "
		"A log that a capture without any target put into EFI variables becomes a dump folder too.\n\n"
		"Then old dumps of this host are deleted by DUMP_KEEP, DUMP_KEEP_DAYS and DUMP_MIN_FREE: never the newest "
		"whole one, and nothing where a dump could not be collected. Of the first dump of a kind (by its panic line) "
		"the vmcore alone goes.\n\n"
		"crashcfg-save.service runs save at every boot before swaps are taken, its timer does every hour.",
};
