/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include "file.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#define RUN_DEADLINE_MS 600000	/* a generator that asks every disk for other systems takes minutes */
#define LIST_MAX (1u << 20)

void apply_report_done(struct apply_report *r)
{
	strv_done(&r->done);
	strv_done(&r->deferred);
}

/* --- making the set of changes --------------------------------------------------------------- */

/* What plan_apply() holds besides the journal: bytes of new files that the plan does not. */
struct work {
	struct journal j;
	struct buf image, folders;
	struct buf old_folders;
	size_t list;			/* the step that deletes the list of folders; SIZE_MAX: none */
};

static void work_done(struct work *w)
{
	journal_done(&w->j);
	buf_done(&w->image);
	buf_done(&w->folders);
	buf_done(&w->old_folders);
}
#define auto_work AUTO(work_done)

/* An immutable or append-only file would refuse the rename half way. */
static int check_flags(const struct root *root, const char *path, struct err *e)
{
	auto_close int fd = root_openat(root, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
	int flags = 0;

	if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	    (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
		return err_set(e, EPERM,
			       "'%s%s' is immutable or append-only, so it cannot be replaced; 'chattr "
			       "-i -a' it first",
			       root->path, path);
	return 0;
}

/* The file's present state must be the one that the plan was made from. */
static int look(const struct root *root, struct change *c, struct err *e)
{
	int r = change_look(root, c->path, c->link, c->old_hash);

	if (r == -EINVAL || r == -ELOOP)
		return err_set(e, ESTALE,
			       "'%s%s' is not a %s; it was one, or nothing, when the plan was made",
			       root->path, c->path, c->link ? "symbolic link" : "regular file");
	if (r < 0)
		return err_set(e, -r, "'%s%s': %s", root->path, c->path, strerror(-r));
	c->had = *c->old_hash;
	return c->had && !c->link ? check_flags(root, c->path, e) : 0;
}

static struct change *add_change(struct work *w, const char *path, size_t step)
{
	struct change *c = vec_push(&w->j.v, &w->j.n);

	c->path = xstrdup(path);
	c->step = step;
	return c;
}

static void set_text(struct change *c, const struct buf *text, mode_t mode)
{
	c->keep = true;
	c->mode = mode;
	c->text = text;
	hash_bytes(buf_text(text), text->len, c->new_hash);
}

static int add_edit(const struct root *root, struct work *w, const struct edit *edit, size_t step,
		    struct err *e)
{
	struct change *c = add_change(w, edit->path, step);
	char planned[HASH_TEXT_MAX] = "";
	int r;

	c->link = edit->link;
	r = look(root, c, e);
	if (r < 0)
		return r;
	if (edit->had)
		hash_bytes(buf_text(&edit->old), edit->old.len, planned);
	if (strcmp(planned, c->old_hash) != 0)
		return err_set(e, ESTALE, "'%s%s' changed after the plan was made; run crashcfg again",
			       root->path, edit->path);
	if (edit->keep)
		set_text(c, &edit->text, edit->mode & 07777);
	return 0;
}

static int add_image(const struct root *root, struct work *w, const char *path,
		     const struct image_spec *spec, const struct image_plan *image, size_t step,
		     struct err *e)
{
	struct change *c;
	int r;

	if (!spec || !image)
		return err_set(e, EINVAL, "no image is planned for '%s'", path);
	r = image_build(spec, image, &w->image, e);
	if (r < 0)
		return err_wrap(e, "cannot build '%s%s'", root->path, path);
	c = add_change(w, path, step);
	set_text(c, &w->image, 0600);
	return look(root, c, e);
}

static int add_deletion(const struct root *root, struct work *w, const char *path, size_t step,
			struct err *e)
{
	struct change *c = add_change(w, path, step);
	int r = look(root, c, e);

	if (r == 0 && !c->had) {	/* it went by itself */
		free(c->path);
		w->j.n--;
	}
	return r;
}

/* --- folders: what is made on the way, and written down for remove ----------------------------- */

/* Add to the journal every folder above PATH that is not there, the uppermost first. */
static int need_folders(const struct root *root, struct work *w, const char *path, struct err *e)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		auto_free char *folder = xstrndup(path, (size_t)(slash - path));
		struct stat st;
		int r;

		if (strv_has(&w->j.folders, folder))
			continue;
		r = root_stat(root, folder, &st);
		if (r == 0 && !S_ISDIR(st.st_mode))
			return err_set(e, ENOTDIR,
				       "'%s%s' is not a folder, so '%s' cannot be put there",
				       root->path, folder, path);
		if (r < 0 && r != -ENOENT)
			return err_set(e, -r, "'%s%s': %s", root->path, folder, strerror(-r));
		if (r < 0)
			strv_add(&w->j.folders, folder);
	}
	return 0;
}

static int list_folders(const struct root *root, struct work *w, struct err *e)
{
	struct err why = { 0 };
	struct change *c;
	int r = 0;

	for (size_t i = 0; i < w->j.n && r == 0; i++)
		if (w->j.v[i].keep)
			r = need_folders(root, w, w->j.v[i].path, e);
	if (r == 0)
		r = need_folders(root, w, JOURNAL_PATH, e);
	if (r < 0 || !w->j.folders.n || w->j.removing)
		return r;
	r = root_read(root, FOLDERS_PATH, LIST_MAX, &w->old_folders, &why);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return err_set(e, -r, "%s", why.text);
	buf_add(&w->folders, buf_text(&w->old_folders), w->old_folders.len);
	for (size_t i = 0; i < w->j.folders.n; i++)
		buf_addf(&w->folders, "%s\n", w->j.folders.v[i]);
	c = add_change(w, FOLDERS_PATH, SIZE_MAX);
	set_text(c, &w->folders, 0600);
	return look(root, c, e);
}

/* 0: it is gone; 1: it stays, since it is in use. */
static int remove_folder(const struct root *root, const char *path)
{
	const char *name;
	auto_close int dir = root_open_parent(root, path, &name);

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY || errno == ENOTDIR ? 1 : -errno;
}

/* IMAGE_DIR or a folder above it: they hold the journal, and go after it. */
static bool holds_journal(const char *path)
{
	size_t len = strlen(path);

	return strncmp(JOURNAL_PATH, path, len) == 0 && JOURNAL_PATH[len] == '/';
}

/*
 * Take off the empty folders that apply made, and their list; those that others
 * use by now are theirs.  What holds the journal comes last: *ret_last, innermost first.
 */
static int remove_folders(const struct root *root, struct strv *ret_last)
{
	auto_buf struct buf text = { 0 };
	auto_strv struct strv folders = { 0 };
	const char *name;
	auto_close int dir = root_open_parent(root, FOLDERS_PATH, &name);
	char *line, *next;

	strv_add(ret_last, IMAGE_DIR);		/* `build` may have made it */
	if (dir < 0 || root_read(root, FOLDERS_PATH, LIST_MAX, &text, NULL) < 0)
		return 0;
	for (next = text.data; next && (line = strsep(&next, "\n"));)
		if (*line == '/')
			strv_add_once(&folders, line);
	for (size_t i = folders.n; i-- > 0;) {
		int r = 0;

		if (holds_journal(folders.v[i]))
			strv_add(ret_last, folders.v[i]);
		else
			r = remove_folder(root, folders.v[i]);
		if (r < 0)
			return r;
	}
	return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* --- going back ---------------------------------------------------------------------------- */

/* The generator holds the lock too: killed or not, no second run starts another one beside it. */
static int run_command(const struct strv *argv, struct err *e)
{
	auto_proc struct proc p = {
		.argv = (const char *const *)argv->v, .deadline_ms = RUN_DEADLINE_MS,
		.keep_fd = apply_lock_held(),
	};

	return proc_check(&p, e);
}

/* The old files stand again, and what a generator made of the new ones is made of the old. */
static int take_back(const struct root *root, const struct journal *j, struct err *e)
{
	int r = take_back_files(root, j, e);

	if (r < 0)
		return r;
	if (j->state == JOURNAL_RUNNING && j->command.n && root->host) {
		r = run_command(&j->command, e);
		if (r < 0)
			return err_wrap(e, "the old files are back, but what is made of them is not");
		settle_boot(root, j);
	}
	r = journal_end(root, e);
	for (size_t i = j->folders.n; i-- > 0 && r == 0;)
		if (holds_journal(j->folders.v[i]))
			remove_folder(root, j->folders.v[i]);
	return r;
}

/*
 * Failed with *e; say there too what became of the files.  The journal may say
 * DONE already, when only its last flush failed: the way back must not start
 * before it says otherwise, or a crash on that way would end in a mixture.
 */
static int give_up(const struct root *root, const struct journal *j, struct err *e)
{
	auto_free char *text = xstrdup(e->text);
	struct err back = { 0 };
	int code = e->code, r = 0;

	if (j->state != JOURNAL_STAGING)
		r = journal_write(root, j, &back);
	if (r == 0)
		r = take_back(root, j, &back);
	if (r < 0)
		return err_set(e, code,
			       "%s; and going back failed: %s; 'crashcfg apply' will try again", text,
			       back.text);
	if (j->state == JOURNAL_RUNNING)
		return err_set(e, code, "%s; the old files are back and it was run again", text);
	return -code;
}

/* Nothing but cleaning up is left. */
static int finish(const struct root *root, const struct journal *j, struct err *e)
{
	auto_strv struct strv last = { 0 };
	int r = clean_files(root, j, e);

	if (r < 0)
		return r;
	/* An image's folder goes with it. */
	for (size_t i = 0; i < j->n && r >= 0; i++) {
		const char *slash = strrchr(j->v[i].path, '/');
		auto_free char *folder = xstrndup(j->v[i].path, (size_t)(slash - j->v[i].path));

		if (!j->v[i].keep && strncmp(folder, IMAGE_DIR "/", strlen(IMAGE_DIR "/")) == 0)
			r = remove_folder(root, folder);
	}
	/* While a peer is taken over our folder stays, with the record of it. */
	if (j->removing && !root_exists(root, TAKEN_PATH)) {
		r = r < 0 ? r : remove_folders(root, &last);
		for (size_t i = j->folders.n; i-- > 0;)
			strv_add(&last, j->folders.v[i]);
	}
	if (r < 0)
		return err_set(e, -r, "cannot take off the folders that are empty now: %s",
			       strerror(-r));
	r = journal_end(root, e);
	for (size_t i = 0; i < last.n && r == 0; i++)
		remove_folder(root, last.v[i]);
	return r;
}

int apply_recover(const struct root *root, struct err *e)
{
	auto_journal struct journal j = { 0 };
	int r = journal_read(root, &j, e);

	if (r <= 0)
		return r;
	r = j.state == JOURNAL_DONE ? finish(root, &j, e) : take_back(root, &j, e);
	return r < 0 ? err_wrap(e, "an interrupted apply") : 1;
}

/* --- going forward --------------------------------------------------------------------------- */

static const struct step *find_run(const struct plan *p, size_t *ret_i)
{
	for (size_t i = 0; i < p->n_steps; i++)
		if (p->steps[i].kind == STEP_RUN && !p->steps[i].deferred) {
			*ret_i = i;
			return &p->steps[i];
		}
	return NULL;
}

static int collect(const struct root *root, struct work *w, const struct plan *p,
		   const struct image_spec *spec, const struct image_plan *image, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < p->n_steps && r == 0; i++) {
		const struct step *s = &p->steps[i];

		if (s->deferred)
			continue;
		if (s->kind == STEP_EDIT)
			r = add_edit(root, w, &s->edit, i, e);
		else if (s->kind == STEP_IMAGE)
			r = add_image(root, w, s->path, spec, image, i, e);
		else if (s->kind == STEP_DELETE && strcmp(s->path, FOLDERS_PATH) != 0)
			r = add_deletion(root, w, s->path, i, e);
		else if (s->kind == STEP_DELETE)
			w->list = i;	/* finish() follows it, then deletes it */
	}
	return r;
}

/* Up to RENAMING nothing has happened that anyone would read. */
static int stage(const struct root *root, struct work *w, struct err *e)
{
	int r = 0;

	for (int after = 0; after < 2 && r == 0; after++) {
		for (size_t i = 0; i < w->j.folders.n && r == 0; i++)
			if (holds_journal(w->j.folders.v[i]) != after)
				r = stage_folder(root, w->j.folders.v[i], e);
		if (r == 0 && !after)
			r = journal_write(root, &w->j, e);
	}
	return r < 0 ? r : stage_files(root, &w->j, e);
}

static int set_state(const struct root *root, struct journal *j, enum journal_state state,
		     struct err *e)
{
	enum journal_state before = j->state;
	int r;

	j->state = state;
	r = journal_write(root, j, e);
	/* Not RUNNING for certain: then nothing was run either, and what is run again does no harm. */
	if (r < 0 && state != JOURNAL_RENAMING)
		j->state = before;
	return r;
}

/* From the first rename to the end of the generator nobody's Ctrl-C may come between; it counts afterwards. */
static void hold_signals(bool hold)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static int change_all_files(const struct root *root, struct work *w, struct plan *p, struct err *e)
{
	size_t run = 0;
	const struct step *command = find_run(p, &run);
	int r;

	r = stage(root, w, e);
	if (r == 0)
		r = set_state(root, &w->j, JOURNAL_RENAMING, e);
	if (r == 0)
		r = commit_files(root, &w->j, e);
	if (r == 0 && command) {
		for (size_t i = 0; i < command->command.argv.n; i++)
			strv_add(&w->j.command, command->command.argv.v[i]);
		r = set_state(root, &w->j, JOURNAL_RUNNING, e);
		if (r == 0)
			r = run_command(&w->j.command, e);
	}
	if (r == 0) {
		settle_boot(root, &w->j);
		r = set_state(root, &w->j, JOURNAL_DONE, e);
	}
	if (r < 0)
		return give_up(root, &w->j, e);
	for (size_t i = 0; i < w->j.n; i++)
		if (w->j.v[i].step != SIZE_MAX)
			p->steps[w->j.v[i].step].done = true;
	if (command)
		p->steps[run].done = true;
	if (w->list != SIZE_MAX)
		p->steps[w->list].done = true;
	return finish(root, &w->j, e);
}

static int change_files(const struct root *root, struct work *w, struct plan *p, struct err *e)
{
	int r;

	hold_signals(true);
	r = change_all_files(root, w, p, e);
	hold_signals(false);
	return r;
}

/* What acts on the running kernel.  Its failure does not undo the files: they are as wanted. */
static int act(const struct root *root, struct step *s, const struct settings *want, struct err *e)
{
	auto_secrets struct buf secrets = { 0 };
	struct load_request q = { .kernel = s->kernel, .image = s->path, .cmdline = s->cmdline,
				  .secrets = &secrets };
	int r;

	switch (s->kind) {
	case STEP_LOAD:
		r = want ? secrets_collect(root, want, &secrets, e) : 0;
		if (r == 0)
			r = capture_load(root, &q, e);
		break;
	case STEP_UNLOAD:
		r = capture_unload(root, e);
		break;
	case STEP_RELEASE:
		r = crash_size_set(root, 0, e);
		break;
	case STEP_SYSCTL:
		r = sysctl_set(root, s->name, s->value, e);
		break;
	default:
		return 0;
	}
	s->done = r >= 0;
	return r < 0 ? r : 0;
}

static void fill_report(const struct plan *p, struct apply_report *report)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		auto_buf struct buf text = { 0 };
		const struct step *s = &p->steps[i];

		if (!s->done && !s->deferred)
			continue;
		step_text(s, &text);
		strv_add(s->done ? &report->done : &report->deferred, buf_text(&text));
		report->changed += s->done;
	}
}

int plan_apply(const struct root *root, struct plan *p, const struct image_spec *spec,
	       const struct image_plan *image, struct apply_report *report, struct err *e)
{
	auto_work struct work w = { .list = SIZE_MAX };
	size_t run;
	int r;

	w.j.removing = p->remove;
	/* Whoever made the plan: nothing is run, and no kernel is touched, for another system. */
	if (!root->host)
		for (size_t i = 0; i < p->n_steps; i++)
			p->steps[i].deferred |=
				p->steps[i].kind == STEP_RUN || p->steps[i].kind == STEP_LOAD ||
				p->steps[i].kind == STEP_UNLOAD || p->steps[i].kind == STEP_RELEASE ||
				p->steps[i].kind == STEP_SYSCTL;
	r = collect(root, &w, p, spec, image, e);
	if (r == 0 && (w.j.n || w.list != SIZE_MAX || find_run(p, &run))) {
		r = list_folders(root, &w, e);
		if (r == 0)
			r = change_files(root, &w, p, e);
	}
	for (size_t i = 0; i < p->n_steps && r == 0; i++)
		if (!p->steps[i].deferred)
			r = act(root, &p->steps[i], spec ? spec->settings : NULL, e);
	if (r == 0 && p->remove && root->host)
		sysctl_forget(root);
	fill_report(p, report);
	return r;
}
