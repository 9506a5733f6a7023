/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include "collectorfit.h"

#include <errno.h>
#include <string.h>

/*
 * The order of the steps is the order in which they are done: the image first,
 * then what points to it, programs last.  Taking off goes the other way round.
 */

static void step_done(struct step *s)
{
	edit_done(&s->edit);
	boot_command_done(&s->command);
	free(s->path);
	free(s->kernel);
	free(s->cmdline);
	free(s->name);
	free(s->value);
	free(s->why);
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_steps; i++)
		step_done(&p->steps[i]);
	free(p->steps);
	boot_conflicts_free(p->conflicts, p->n_conflicts);
	free(p->crashkernel);
	free(p->boot_value);
	free(p);
}

size_t plan_todo(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_steps; i++)
		n += !p->steps[i].deferred;
	return n;
}

static struct step *add_step(struct plan *p, enum step_kind kind, const char *path, const char *why)
{
	struct step *s = vec_push(&p->steps, &p->n_steps);

	s->kind = kind;
	s->path = path ? xstrdup(path) : NULL;
	s->why = xstrdup(why);
	return s;
}

static void add_edits(struct plan *p, const struct edit_list *edits)
{
	for (size_t i = 0; i < edits->n; i++)
		edit_copy(&add_step(p, STEP_EDIT, edits->v[i].path, edits->v[i].why)->edit,
			  &edits->v[i]);
}

/* The link that stands at PATH, NULL: none. */
static const struct edit *find_link(const struct edit_list *links, const char *path)
{
	for (size_t i = 0; i < links->n; i++)
		if (strcmp(links->v[i].path, path) == 0)
			return &links->v[i];
	return NULL;
}

/* --- the peer ------------------------------------------------------------------------------- */

/* What --take-over is about to disable, and what an earlier one did: remove puts all of it back. */
static void record_peer(struct plan *p, const struct world *have)
{
	auto_json struct json *j = js_object();
	auto_edits struct edit_list edits = { 0 };
	auto_buf struct buf text = { 0 };
	struct json *links = js_array();
	const struct edit_list *lists[] = { &have->taken_links, &have->peer_links };

	js_set_int(j, "schema", 1);
	js_set_text(j, "peer", have->peer);
	js_set(j, "links", links);
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		for (size_t i = 0; i < lists[l]->n; i++) {
			const struct edit *link = &lists[l]->v[i];
			struct json *one;

			if (l == 0 && find_link(&have->peer_links, link->path))
				continue;
			one = js_add(links, js_object());
			js_set_text(one, "path", link->path);
			js_set_text(one, "target", buf_text(&link->old));
		}
	}
	js_write(j, &text);
	edit_add(&edits, TAKEN_PATH, have->taken.len ? &have->taken : NULL, &text, 0600,
		 "what enabled the peer, for remove");
	add_edits(p, &edits);
}

static void disable_peer(struct plan *p, const struct world *have)
{
	auto_edits struct edit_list edits = { 0 };
	auto_free char *why = xasprintf("%s is taken over", have->peer);

	for (size_t i = 0; i < have->peer_links.n; i++)
		edit_add_link(&edits, have->peer_links.v[i].path, buf_text(&have->peer_links.v[i].old),
			      NULL, why);
	add_edits(p, &edits);
}

static void restore_peer(struct plan *p, const struct world *have)
{
	auto_edits struct edit_list edits = { 0 };

	/* A link that somebody made again meanwhile is theirs. */
	for (size_t i = 0; i < have->taken_links.n; i++)
		if (!find_link(&have->peer_links, have->taken_links.v[i].path))
			edit_add_link(&edits, have->taken_links.v[i].path, NULL,
				      buf_text(&have->taken_links.v[i].old),
				      "the peer that was taken over is enabled again");
	if (have->taken.len)
		edit_add(&edits, TAKEN_PATH, &have->taken, NULL, 0, "no peer is taken over any more");
	add_edits(p, &edits);
}

/* --- the boot loader ------------------------------------------------------------------------ */

/*
 * Values of another hand that stay: *ret_holds, the default entry boots with one of
 * them.  Those that say something else than VALUE are for the user to know.
 */
static void keep_conflicts(struct plan *p, const struct world *have, const char *value, bool *ret_holds)
{
	auto_free char *same = value ? xasprintf("crashkernel=%s", value) : NULL;
	auto_free char *booted =
		have->boot_value ? xasprintf("crashkernel=%s", have->boot_value) : NULL;
	struct boot_conflict *all = NULL;
	size_t n = 0;

	have->editor->conflicts(have->boot, "crashkernel", &all, &n);
	*ret_holds = false;
	for (size_t i = 0; i < n; i++) {
		struct boot_conflict *kept;

		if (booted && strcmp(all[i].text, booted) == 0)
			*ret_holds = true;
		if (!value || strcmp(all[i].text, same) == 0)
			continue;
		kept = vec_push(&p->conflicts, &p->n_conflicts);
		kept->path = xstrdup(all[i].path);
		kept->line = all[i].line;
		kept->text = xstrdup(all[i].text);
	}
	boot_conflicts_free(all, n);
}

/* Some edit gives back a value that stood there before ours. */
static bool gives_back(const struct edit_list *edits)
{
	static const char word[] = "crashkernel=";

	for (size_t i = 0; i < edits->n; i++)
		if (edits->v[i].keep &&
		    memmem(buf_text(&edits->v[i].text), edits->v[i].text.len, word, strlen(word)))
			return true;
	return false;
}

/*
 * A value that somebody gave the kernel by a boot loader that we cannot edit is as
 * good as ours; and where there is none there is nothing of ours to take off.
 */
static int edit_nothing(struct plan *p, const struct world *have, int code)
{
	if (code != -ENOTSUP || have->editor != &boot_none || !have->boot_value)
		return code;
	p->boot_value = xstrdup(have->boot_value);
	return 0;
}

/* VALUE NULL takes ours off. */
static int edit_boot(struct plan *p, struct world *have, const char *value,
		     const struct plan_options *o, struct err *e)
{
	auto_edits struct edit_list edits = { 0 };
	struct err why = { 0 };
	bool holds = false;
	const char *after;
	int r;

	r = have->editor->set_arg(have->boot, "crashkernel", value, o->force, &why);
	if (r == 0)
		r = have->editor->emit(have->boot, &edits, &why);
	if (r < 0 && edit_nothing(p, have, r) == 0)
		return 0;
	if (r < 0)
		return err_set(e, -r, "boot loader '%s': %s", have->editor->name, why.text);
	keep_conflicts(p, have, value, &holds);
	after = value;
	if (!edits.n || holds || (!value && gives_back(&edits)))
		after = have->boot_value;
	p->boot_value = after ? xstrdup(after) : NULL;
	add_edits(p, &edits);
	return 0;
}

/*
 * The editor knows when its generator must run: when an input changes, and when
 * its output is behind, since an earlier run below a foreign root left it so.
 */
static void run_generator(struct plan *p, struct world *have, const struct plan_options *o)
{
	struct boot_command command = { 0 };
	struct step *s;

	if (have->editor->command(have->boot, &command) != 0)
		return;
	s = add_step(p, STEP_RUN, NULL, command.why);
	s->command = command;
	s->deferred = o->foreign;
	if (!s->deferred)
		return;
	/* Until it has run the default entry boots with what it has now. */
	free(p->boot_value);
	p->boot_value = have->boot_value ? xstrdup(have->boot_value) : NULL;
}

/* --- switches of the kernel ----------------------------------------------------------------- */

static void plan_dropins(struct plan *p, const struct settings *want, const struct world *have, bool active)
{
	auto_edits struct edit_list edits = { 0 };

	for (size_t i = 0; i < DROPINS; i++) {
		auto_buf struct buf text = { 0 };

		if (active)
			dropin_text(want, i, &text);
		if (text.len || have->dropin_there[i])
			edit_add(&edits, dropin_path(i), have->dropin_there[i] ? &have->dropins[i] : NULL,
				 text.len ? &text : NULL, 0644,
				 text.len ? "what becomes a dump, and what the kernel tells"
					  : "it is not wanted any more");
	}
	add_edits(p, &edits);
}

/* The value of NAME in a list of "name=value"; NULL: not there. */
static const char *find_value(const struct strv *list, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < list->n; i++)
		if (strncmp(list->v[i], name, len) == 0 && list->v[i][len] == '=')
			return list->v[i] + len + 1;
	return NULL;
}

static void set_sysctl(struct plan *p, const char *name, const char *value, const char *now, const char *why)
{
	auto_free char *text = xasprintf("%s, it is %s", why, now);
	struct step *s = add_step(p, STEP_SYSCTL, NULL, text);

	s->name = xstrdup(name);
	s->value = xstrndup(value, strcspn(value, "\n"));
}

/* An oops that panics without a capture kernel is a lost host: the switches are set where one can be loaded. */
static void plan_sysctls(struct plan *p, const struct settings *want, const struct world *have)
{
	struct sysctl list[SYSCTLS_MAX];
	size_t n;

	if (have->facts->crash_size <= 0)
		return;
	sysctls_wanted(want, list, &n);
	for (size_t i = 0; i < n; i++) {
		const char *now = find_value(&have->sysctls, list[i].name);

		if (now && !sysctl_is(now, list[i].value))
			set_sysctl(p, list[i].name, list[i].value, now, "by the settings");
	}
}

/* What they were, as far as this boot has seen it. */
static void restore_sysctls(struct plan *p, const struct world *have)
{
	for (size_t i = 0; i < have->sysctls.n; i++) {
		const char *now = strchr(have->sysctls.v[i], '=');
		auto_free char *name = xstrndup(have->sysctls.v[i], (size_t)(now - have->sysctls.v[i]));
		const char *before = find_value(&have->sysctls_before, name);

		if (before && !sysctl_is(now + 1, before))
			set_sysctl(p, name, before, now + 1, "as it was before");
	}
}

/* --- arming --------------------------------------------------------------------------------- */

/* 1: the image that will stand there is another than the one that does. */
static int plan_image(struct plan *p, const struct world *have, const struct plan_options *o,
		      struct err *e)
{
	struct step *s;

	if (!have->image && !o->foreign)
		return err_set(e, have->image_code ? have->image_code : EIO,
			       "cannot plan the capture image: %s", have->image_why);
	if (!have->image) {
		s = add_step(p, STEP_IMAGE, have->image_path ? have->image_path : IMAGE_DIR,
			     have->kernel ? "its parts are not below this root"
					  : "no kernel is installed below this root");
		s->deferred = true;
		return 0;
	}
	if (have->image_have && strcmp(have->image_have, have->image->id) == 0)
		return 0;
	add_step(p, STEP_IMAGE, have->image_path, have->image_have ? "an input of the image changed" :
		 have->image_there == YES ? "the image that stands there is damaged, or not ours" :
		 "there is no image yet");
	return 1;
}

static void plan_unit(struct plan *p, const struct world *have)
{
	auto_edits struct edit_list edits = { 0 };

	for (size_t i = 0; i < have->unit_links.n; i++) {
		const struct edit *link = &have->unit_links.v[i];

		if (!find_link(&have->owned, link->path))
			edit_add_link(&edits, link->path, NULL, buf_text(&link->text), link->why);
	}
	add_edits(p, &edits);
}

/* Images of kernels that are gone. */
static void drop_stale(struct plan *p, const struct world *have)
{
	for (size_t i = 0; i < have->images.n; i++) {
		const char *release = have->images.v[i] + strlen(IMAGE_DIR "/");
		size_t len = strcspn(release, "/");
		bool installed = have->image_path && strcmp(have->image_path, have->images.v[i]) == 0;

		for (size_t k = 0; k < have->facts->n_kernels && !installed; k++)
			installed = strlen(have->facts->kernels[k].release) == len &&
				strncmp(have->facts->kernels[k].release, release, len) == 0;
		if (!installed)
			add_step(p, STEP_DELETE, have->images.v[i],
				 "its kernel is not installed any more");
	}
}

static int plan_load(struct plan *p, const struct settings *want, const struct world *have,
		     bool new_image, const struct plan_options *o, struct err *e)
{
	const struct facts *f = have->facts;
	auto_free char *cmdline = NULL;
	const char *why;
	struct step *s;
	int r;

	if (o->foreign) {
		s = add_step(p, STEP_LOAD, have->image_path ? have->image_path : IMAGE_DIR,
			     have->unit ? "at the next boot of this system"
					: "by 'crashcfg load' there; " LOAD_UNIT " is not installed");
		s->deferred = true;
		return 0;
	}
	if (f->crash_size <= 0 || !f->cmdline)
		return 0;
	r = capture_cmdline(f->cmdline, want, f->boot_id, f->boot_apicid,
			    collector_cpus(have->image->recipe->threads), &cmdline, e);
	if (r < 0)
		return r;
	if (new_image)
		why = "the image changes";
	else if (f->crash_loaded != YES)
		why = "nothing is loaded";
	else if (!have->loaded_image || strcmp(have->loaded_image, have->image->id) != 0)
		why = "what is loaded is not this image";
	else if (!have->loaded_cmdline || strcmp(have->loaded_cmdline, cmdline) != 0)
		why = "the capture kernel's command line changes";
	else
		return 0;
	s = add_step(p, STEP_LOAD, have->image_path, why);
	s->kernel = xstrdup(have->kernel->image);
	s->cmdline = take_ptr(cmdline);
	return 0;
}

static int plan_arm(struct plan *p, const struct settings *want, struct world *have,
		    const struct plan_options *o, struct err *e)
{
	int image, r;

	if (have->peer && !o->take_over)
		return err_set(e, EBUSY,
			       "'%s' is installed and enabled, and would load its own capture kernel; "
			       "disable it, or let 'crashcfg apply --take-over' do so ('crashcfg import' "
			       "takes its settings along)",
			       have->peer);
	if (want->log_buffer)
		return err_set(e, ENOTSUP,
			       "LOG_BUFFER = '%s' is not supported by this version (empty it, and add "
			       "log_buf_len=%s to the kernel's command line by hand)",
			       want->values[SET_LOG_BUFFER].text, want->values[SET_LOG_BUFFER].text);
	p->crashkernel = reserve_wanted(want, have);
	if (!p->crashkernel)
		return err_set(e, ENOTSUP,
			       "this machine has too little memory to spare any for a capture kernel "
			       "by itself; "
			       "set CRASHKERNEL in '%s' to reserve some all the same",
			       SETTINGS_PATH);
	if (have->peer)
		record_peer(p, have);
	image = plan_image(p, have, o, e);
	if (image < 0)
		return image;
	r = edit_boot(p, have, p->crashkernel, o, e);
	if (r < 0)
		return r;
	plan_unit(p, have);
	if (have->peer)
		disable_peer(p, have);
	drop_stale(p, have);
	plan_dropins(p, want, have, true);
	run_generator(p, have, o);
	r = plan_load(p, want, have, image == 1, o, e);
	if (r == 0 && !o->foreign)
		plan_sysctls(p, want, have);
	return r;
}

/* --- taking off ----------------------------------------------------------------------------- */

static int plan_disarm(struct plan *p, struct world *have, const struct plan_options *o, struct err *e)
{
	const struct facts *f = have->facts;
	bool ours = have->loaded_image, peer_returns = o->remove && have->taken_links.n;
	auto_edits struct edit_list links = { 0 };
	int r;

	p->crashkernel = xstrdup("");
	r = edit_boot(p, have, NULL, o, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < have->owned.n; i++)
		edit_add_link(&links, have->owned.v[i].path, buf_text(&have->owned.v[i].old), NULL,
			      "load nothing at boot any more");
	add_edits(p, &links);
	plan_dropins(p, NULL, have, false);
	if (!o->foreign)
		restore_sysctls(p, have);
	if (o->remove)
		restore_peer(p, have);
	for (size_t i = 0; i < have->images.n; i++)
		add_step(p, STEP_DELETE, have->images.v[i], "the image is not wanted any more");
	for (size_t i = 0; i < have->remnants.n; i++)
		add_step(p, STEP_DELETE, have->remnants.v[i], "it is of no use without an image");
	if (have->folders && (o->remove || !have->taken.len))
		add_step(p, STEP_DELETE, FOLDERS_PATH,
			 "folders that apply made, and nobody else uses, go too");
	run_generator(p, have, o);
	if (o->foreign)
		return 0;
	if (f->crash_loaded == YES && ours)
		add_step(p, STEP_UNLOAD, NULL, "the capture kernel is not wanted any more");
	/* Memory that a peer, or a value of another hand, lives on is not ours to give back. */
	if (f->crash_size > 0 && !p->boot_value && !peer_returns && !have->peer &&
	    (f->crash_loaded == NO || ours))
		add_step(p, STEP_RELEASE, NULL, "nobody wants the reserved memory any more");
	return 0;
}

int plan_compute(const struct settings *want, struct world *have, const struct plan_options *o,
		 struct plan **ret, struct err *e)
{
	auto_plan struct plan *p = xcalloc(1, sizeof(*p));
	bool active = want->dump_active && !o->remove, released = false;
	struct reserve_facts f = {
		.cmdline = have->facts->cmdline,
		.reserved = have->facts->crash_size,
		.released = have->released,
		.mem_total = have->facts->mem_total,
	};
	int r;

	if (have->blind)
		return err_set(e, EACCES, "the boot loader's files cannot be read; run this as root");
	p->remove = !active;
	r = active ? plan_arm(p, want, have, o, e) : plan_disarm(p, have, o, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->n_steps; i++)
		released |= p->steps[i].kind == STEP_RELEASE;
	f.wanted = active ? p->crashkernel : NULL;
	f.boot = p->boot_value;
	f.need = active ? reserve_need(want, have) : 0;
	if (released)
		f.reserved = 0;
	p->reserve = reserve_state(&f);
	*ret = take_ptr(p);
	return 0;
}
