/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

#include "crashkernel.h"
#include "dumps.h"
#include "faults.h"
#include "lastlive.h"
#include "manifest.h"
#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/*
 * Would a dump arrive?  Looks only: no lock, no write, and nothing that could
 * hang on a device or a network.
 */

enum answer { ARMED, NOT_ARMED, REBOOT_PENDING, DEGRADED };

/* Something that is not as it should be, and what to do about it. */
struct problem {
	char *what, *remedy;
};

struct status {
	enum answer answer;
	char *text;			/* the answer in one line */
	struct problem *problems;
	size_t n_problems;
	struct strv notes;		/* worth knowing, nothing to mend */
	enum reboot_state reserve;
	char *wanted;			/* value of crashkernel=, NULL: none */
	char *running;			/* likewise, of the running kernel */
	struct live_result live;	/* the last check --live; no targets: none, or not to be read */
};

static void status_done(struct status *st)
{
	for (size_t i = 0; i < st->n_problems; i++) {
		free(st->problems[i].what);
		free(st->problems[i].remedy);
	}
	free(st->problems);
	strv_done(&st->notes);
	free(st->text);
	free(st->wanted);
	free(st->running);
	live_result_done(&st->live);
}
#define auto_status AUTO(status_done)

__attribute__((format(printf, 3, 4)))
static void add_problem(struct status *st, const char *remedy, const char *fmt, ...)
{
	struct problem *p = vec_push(&st->problems, &st->n_problems);
	auto_buf struct buf what = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&what, fmt, ap);
	va_end(ap);
	p->what = buf_take(&what);
	p->remedy = xstrdup(remedy);
}

/* --- what is wrong ---------------------------------------------------------------------------- */

static void judge_reserve(struct status *st, const struct world *w)
{
	char have[SIZE_TEXT_MAX];

	switch (st->reserve) {
	case RESERVE_FAILED:
		add_problem(st,
			    "look at 'dmesg | grep -i crashkernel'; set a smaller CRASHKERNEL, apply "
			    "and reboot",
			    "the kernel was asked for crashkernel=%s and reserved nothing",
			    st->running);
		break;
	case RESERVE_UNDERSIZED:
		add_problem(st, "set a larger CRASHKERNEL (or auto), apply and reboot",
			    "the %s reserved are less than a capture needs now",
			    size_human((uint64_t)w->facts->crash_size, have));
		break;
	case RESERVE_SHRUNK:
		add_problem(st, "reboot",
			    "memory was given back at run time: %s of crashkernel=%s are left",
			    size_human((uint64_t)w->facts->crash_size, have), st->running);
		break;
	case RESERVE_OK:
		if (w->released)
			strv_addf(&st->notes, "memory was given back in this boot: %s of crashkernel=%s are left, which is enough",
				  size_human((uint64_t)w->facts->crash_size, have), st->running);
		break;
	default:
		break;
	}
}

/* Steps that apply would do now.  A reload alone is told by what is loaded. */
static void judge_plan(struct status *st, const struct settings *want, struct world *w, bool foreign)
{
	struct plan_options o = { .foreign = foreign };
	auto_plan struct plan *p = NULL;
	const struct step *first = NULL;
	struct err why = { 0 };
	size_t edits = 0;

	if (plan_compute(want, w, &o, &p, &why) < 0) {
		add_problem(st, "see the cause, then crashcfg apply", "%s", why.text);
		return;
	}
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct step *s = &p->steps[i];

		if (s->deferred && s->kind == STEP_RUN) {
			add_problem(st, s->command.argv.v[0], "the boot loader's menu is not made yet from what is set; that "
				    "cannot be done below another root");
		}
		if (s->deferred)
			continue;
		if (s->kind == STEP_IMAGE)
			add_problem(st, "crashcfg apply", "the image is not current: %s", s->why);
		else if (s->kind == STEP_LOAD && w->facts->crash_loaded == YES)
			add_problem(st, "crashcfg apply", "another image should be loaded: %s", s->why);
		else if (s->kind != STEP_LOAD)
			first = edits++ ? first : s;
	}
	if (first)
		add_problem(st, "crashcfg diff, then crashcfg apply",
			    "%zu step%s not applied, such as '%s'", edits, edits == 1 ? " is" : "s are",
			    first->path ? first->path : first->name ? first->name : step_kind_name(first->kind));
	for (size_t i = 0; i < p->n_conflicts; i++)
		strv_addf(&st->notes, "%s:%u says %s, set by hand", p->conflicts[i].path,
			  p->conflicts[i].line, p->conflicts[i].text);
}

/* Is there room for a dump of this host, as it is now? */
static void judge_room(struct status *st, const struct root *root, const struct settings *want,
		       const struct target *t)
{
	char left[SIZE_TEXT_MAX], wanted[SIZE_TEXT_MAX];
	uint64_t bytes = 0, dump;
	struct err why = { 0 };

	if (path_answers(root, t->dir, &why) < 0) {
		add_problem(st, "bring back what serves it, unmount it, or name another target in DUMP_TARGETS", "%s",
			    why.text);
		return;
	}
	if (dump_free_bytes(root, t->dir, &bytes) < 0)
		return;
	dump = faults_dump_bytes(root, want);
	if (bytes < want->min_free)
		add_problem(st, "crashcfg save, or name a larger target in DUMP_TARGETS",
			    "%s has %s free, less than DUMP_MIN_FREE=%s", t->url, size_human(bytes, left),
			    size_format(want->min_free, wanted));
	else if (bytes < dump)
		add_problem(st, "delete old dumps, or name a larger target in DUMP_TARGETS",
			    "%s has %s free, and a dump now would have about %s", t->url,
			    size_human(bytes, left), size_human(dump, wanted));
}

/* A dump that still lies on its device is in the way of the next one, and of the swap. */
static void judge_raw(struct status *st, const struct root *root)
{
	auto_strv struct strv nodes = { 0 };

	area_candidates(root, &nodes);
	for (size_t i = 0; i < nodes.n; i++)
		if (area_is_there(root, nodes.v[i]))
			add_problem(st, "crashcfg save", "the dump on '%s' was not yet collected", nodes.v[i]);
}

static void judge_targets(struct status *st, const struct root *root, const struct settings *want)
{
	bool raw = false;

	for (size_t i = 0; i < want->n_targets && root->host; i++) {
		const struct live_target *t = last_live_of(&st->live, want->targets[i].url);
		auto_free char *last = t && !t->ok ? last_live_text(&st->live, t, NULL) : NULL;

		if (last)
			add_problem(st, "mend it, then crashcfg check --live", "%s: %s", t->url, last);
		if (want->targets[i].kind == TARGET_FILE)
			judge_room(st, root, want, &want->targets[i]);
		raw |= want->targets[i].kind == TARGET_RAW;
	}
	if (raw)
		judge_raw(st, root);
}

/* A capture that found no place but this machine's own memory. */
static void note_efi_log(struct status *st, const struct root *root)
{
	auto_efilog struct efilog l = { 0 };
	auto_free char *folder = NULL;

	if (efivars_log(root, &l, NULL) < 0)
		return;
	folder = manifest_folder(l.crash_time, l.boot_id);
	strv_addf(&st->notes, "no target took the log of crash %s: the end of it is in EFI variables, until "
		  "'crashcfg save' collects it", folder);
}

static void judge(struct status *st, const struct root *root, const struct settings *want,
		  const struct fault_list *faults, struct world *w)
{
	if (faults->errors)
		add_problem(st, "crashcfg check",
			    "the settings have %zu fault%s; defaults stand in for them", faults->errors,
			    faults->errors == 1 ? "" : "s");
	if (w->interrupted)
		add_problem(st, "crashcfg apply", "an apply was interrupted");
	judge_reserve(st, w);
	note_efi_log(st, root);
	if (!want->dump_active)
		return;
	if (!w->unit && root->host)
		add_problem(st, "install " LOAD_UNIT " (make install), or unmask it",
			    "nothing loads the image at the next boot");
	if (w->facts->crash_loaded == YES && !w->loaded_image)
		add_problem(st, "crashcfg load", "what is loaded was not loaded by crashcfg");
	if (w->image_there == UNKNOWN || w->blind)
		strv_add(&st->notes, "image and boot loader could not be looked at; run this as root");
	else
		judge_plan(st, want, w, !root->host);
	for (size_t i = 0; w->image && w->image->dracut && i < w->image->notes.n; i++)
		strv_add(&st->notes, w->image->notes.v[i]);
	judge_targets(st, root, want);
}

/* --- the answer ------------------------------------------------------------------------------- */

static char *why_not_armed(const struct status *st, const struct root *root,
			   const struct settings *want, const struct world *w)
{
	const struct setting *active = &want->values[SET_DUMP_ACTIVE];

	if (!root->host && !w->facts->cmdline)
		return xasprintf("no kernel runs below '%s'", root->path);
	if (!want->dump_active)
		return !active->file ? xstrdup("DUMP_ACTIVE is no") :
			xasprintf("DUMP_ACTIVE='%s' (%s:%u)", active->text, active->file, active->line);
	if (w->facts->crash_size < 0)
		return xstrdup("this kernel cannot kexec");
	switch (st->reserve) {
	case RESERVE_NOT_CONFIGURED:
		return xstrdup("no memory is reserved; run 'crashcfg apply', then reboot");
	case RESERVE_PENDING:
		return w->facts->crash_size > 0 ? xstrdup("nothing is loaded; run 'crashcfg load'") :
			xstrdup("memory is reserved from the next boot on; reboot");
	case RESERVE_FAILED:
		return xstrdup("the kernel could not reserve the memory");
	case RESERVE_SHRUNK:
		return w->facts->crash_size > 0 ? xstrdup("nothing is loaded; run 'crashcfg load'") :
			xstrdup("the reserved memory was given back; reboot");
	default:
		return xstrdup(w->facts->crash_size == 0 ? "no memory is reserved; reboot" :
			       "nothing is loaded; run 'crashcfg load'");
	}
}

static void make_answer(struct status *st, const struct root *root, const struct settings *want,
			const struct world *w)
{
	const char *first = want->n_targets ? want->targets[0].url : "nowhere";

	if (w->facts->crash_loaded != YES || (!root->host && !w->facts->cmdline) ||
	    !want->dump_active) {
		auto_free char *why = why_not_armed(st, root, want, w);

		st->answer = NOT_ARMED;
		st->text = w->facts->crash_loaded == YES ?
			xasprintf("NOT ARMED by crashcfg: %s; yet a capture kernel is loaded", why) :
			xasprintf("NOT ARMED: %s", why);
	} else if (st->reserve == RESERVE_PENDING) {
		st->answer = REBOOT_PENDING;
		st->text = xasprintf("armed, REBOOT PENDING: crashkernel=%s counts from the next boot on; "
				     "a crash now would be dumped to %s",
				     w->boot_value ? w->boot_value : "", first);
	} else if (st->n_problems) {
		st->answer = DEGRADED;
		st->text = xasprintf("armed, DEGRADED: %s", st->problems[0].what);
	} else {
		st->answer = ARMED;
		st->text = xasprintf("armed: a crash now would be dumped to %s", first);
	}
}

/* --- telling it ------------------------------------------------------------------------------- */

static const char *answer_name(enum answer a)
{
	static const char *const names[] = {
		[ARMED] = "armed",
		[NOT_ARMED] = "not-armed",
		[REBOOT_PENDING] = "reboot-pending",
		[DEGRADED] = "degraded",
	};

	return names[a];
}

static const char *loaded_text(const struct world *w)
{
	if (w->facts->crash_loaded != YES)
		return w->facts->crash_loaded == NO ? "nothing" : "not known";
	if (!w->loaded_image)
		return "a capture kernel, not by crashcfg";
	if (!w->image)
		return "an image of crashcfg";
	return strcmp(w->loaded_image, w->image->id) == 0 ? "the current image" : "an older image";
}

static const char *image_text(const struct world *w)
{
	if (w->image_there != YES)
		return w->image_there == NO ? "missing" : "not known";
	if (!w->image)
		return "there";
	return w->image_have && strcmp(w->image_have, w->image->id) == 0 ? "current" : "not current";
}

/* RECIPE: NULL has no target. */
static const struct recipe_target *find_recipe(const struct recipe *recipe, const char *url)
{
	for (size_t i = 0; recipe && i < recipe->n_targets; i++)
		if (strcmp(recipe->targets[i].url, url) == 0)
			return &recipe->targets[i];
	return NULL;
}

static void print_targets(const struct root *root, const struct status *st, const struct settings *want,
			  const struct world *w)
{
	const struct recipe *recipe = w->image ? w->image->recipe : NULL;

	for (size_t i = 0; i < want->n_targets; i++) {
		const struct target *t = &want->targets[i];
		const struct recipe_target *found = find_recipe(recipe, t->url);
		const struct live_target *live = last_live_of(&st->live, t->url);
		char left[SIZE_TEXT_MAX];
		uint64_t bytes;

		printf("%-14s %s", i ? "" : "targets", t->url);
		if (recipe && found && target_is_remote(t->kind))
			printf(", at %s by %s", found->address, recipe->nets[found->net].link);
		else if (found && *found->fstype)
			printf(", %s %s%s on %s", found->fstype, *found->uuid ? "UUID=" : "",
			       found->uuid, *found->device ? found->device : "a device to be found");
		if (t->kind == TARGET_FILE && root->host && dump_free_bytes(root, t->dir, &bytes) == 0)
			printf(", %s free", size_human(bytes, left));
		putchar('\n');
		if (live) {
			auto_free char *last = last_live_text(&st->live, live, w->image ? w->image->id : NULL);

			printf("%-14s   %s\n", "", last);
		}
	}
}

static void print_words(const struct cli *cli, const struct status *st, const struct settings *want,
			const struct world *w)
{
	char size[SIZE_TEXT_MAX];

	printf("%s\n", st->text);
	if (cli->quiet)
		return;
	printf("%-14s %s%s%s\n", "wanted", st->wanted ? "crashkernel=" : "nothing",
	       st->wanted ? st->wanted : "", st->wanted && !want->crashkernel ? " (auto)" : "");
	if (w->blind)
		printf("%-14s not known\n", "boot loader");
	else
		printf("%-14s %s: %s%s\n", "boot loader", w->editor->name,
		       w->boot_value ? "crashkernel=" : "no crashkernel=",
		       w->boot_value ? w->boot_value : "");
	printf("%-14s %s%s\n", "running", st->running ? "crashkernel=" :
	       w->facts->cmdline ? "no crashkernel=" : "not known", st->running ? st->running : "");
	printf("%-14s %s (%s)\n", "reserved", w->facts->crash_size < 0 ? "not known" :
	       size_human((uint64_t)w->facts->crash_size, size), reboot_state_name(st->reserve));
	printf("%-14s %s\n", "loaded", loaded_text(w));
	printf("%-14s %s: %s\n", "image", w->image_path ? w->image_path : "no kernel is installed",
	       image_text(w));
	if (want->dump_active)
		print_targets(&cli->root, st, want, w);
	for (size_t i = 0; i < st->n_problems; i++)
		printf("%-14s %s\n%-14s   to mend it: %s\n", "problem", st->problems[i].what, "",
		       st->problems[i].remedy);
	for (size_t i = 0; i < st->notes.n; i++)
		printf("%-14s %s\n", "note", st->notes.v[i]);
}

static void print_json(const struct status *st, int code, const struct root *root,
		       const struct settings *want, const struct world *w)
{
	const struct recipe *recipe = w->image ? w->image->recipe : NULL;
	auto_json struct json *j = cli_json();
	struct json *sub;

	js_set_text(j, "state", answer_name(st->answer));
	js_set_int(j, "exit", code);
	js_set_text(j, "answer", st->text);
	js_set_bool(j, "active", want->dump_active);
	sub = js_set(j, "crashkernel", js_object());
	js_set_text(sub, "wanted", st->wanted);
	js_set_text(sub, "boot_loader", w->blind ? NULL : w->boot_value);
	js_set_text(sub, "running", st->running);
	js_set(sub, "reserved", w->facts->crash_size < 0 ? js_null() : js_int(w->facts->crash_size));
	js_set_text(j, "reserve", reboot_state_name(st->reserve));
	js_set_bool(j, "reboot_required", st->reserve == RESERVE_PENDING || st->reserve == RESERVE_SHRUNK);
	js_set_text(j, "boot_loader", w->blind ? NULL : w->editor->name);
	js_set(j, "loaded",
	       w->facts->crash_loaded == UNKNOWN ? js_null() : js_bool(w->facts->crash_loaded == YES));
	sub = js_set(j, "image", js_object());
	js_set_text(sub, "path", w->image_path);
	js_set_text(sub, "state", image_text(w));
	js_set_text(sub, "id", w->image_have);
	js_set_text(sub, "loaded_id", w->loaded_image);
	js_set_text(sub, "builder", !w->image ? NULL : w->image->dracut ? "dracut" : "native");
	sub = js_set(j, "targets", js_array());
	for (size_t i = 0; i < want->n_targets; i++) {
		const struct recipe_target *found = find_recipe(recipe, want->targets[i].url);
		struct json *one = js_add(sub, js_object());
		uint64_t bytes = 0;

		js_set_text(one, "url", want->targets[i].url);
		js_set_text(one, "fstype", found ? found->fstype : NULL);
		js_set_text(one, "uuid", found ? found->uuid : NULL);
		js_set_text(one, "device", found ? found->device : NULL);
		js_set(one, "live", last_live_json(&st->live, last_live_of(&st->live, want->targets[i].url)));
		if (want->targets[i].kind == TARGET_FILE && root->host &&
		    dump_free_bytes(root, want->targets[i].dir, &bytes) == 0)
			js_set_int(one, "free", (int64_t)bytes);
	}
	sub = js_set(j, "problems", js_array());
	for (size_t i = 0; i < st->n_problems; i++) {
		struct json *one = js_add(sub, js_object());

		js_set_text(one, "what", st->problems[i].what);
		js_set_text(one, "remedy", st->problems[i].remedy);
	}
	js_set_strv(j, "notes", &st->notes);
	cli_print_json(j);
}

static void read_reserve(struct status *st, const struct settings *want, const struct world *w)
{
	struct reserve_facts f = {
		.cmdline = w->facts->cmdline, .boot = w->boot_value, .reserved = w->facts->crash_size,
		.released = w->released, .mem_total = w->facts->mem_total, .need = want->dump_active ? reserve_need(want, w) : 0,
	};

	if (want->dump_active)
		st->wanted = reserve_wanted(want, w);
	if (w->facts->cmdline)
		st->running = crashkernel_in_force(w->facts->cmdline);
	f.wanted = st->wanted;
	st->reserve = reserve_state(&f);
}

static int run_status(struct cli *cli, int argc, char *argv[], struct err *e)
{
	static const int codes[] = {
		[ARMED] = EXIT_DONE,
		[NOT_ARMED] = EXIT_NOT_ARMED,
		[REBOOT_PENDING] = EXIT_REBOOT_PENDING,
		[DEGRADED] = EXIT_DEGRADED,
	};
	auto_settings struct settings *want = NULL;
	auto_faults struct fault_list faults = { 0 };
	auto_world struct world *w = NULL;
	auto_status struct status st = { 0 };
	struct world_options o = { .tool_dir = cli_tool_dir() };
	int r;

	if (argc != 1)
		return err_set(e, ERR_USAGE, "status takes no argument, got '%s'", argv[1]);
	r = settings_read(&cli->root, &want, &faults, e);
	if (r == 0)
		r = world_read(&cli->root, want, &o, &w, e);
	if (r < 0 || !w)
		return r;
	read_reserve(&st, want, w);
	if (live_record_read(&cli->root, &st.live, NULL) < 0)
		st.live = (struct live_result){ 0 };
	judge(&st, &cli->root, want, &faults, w);
	make_answer(&st, &cli->root, want, w);
	if (cli->json)
		print_json(&st, codes[st.answer], &cli->root, want, w);
	else
		print_words(cli, &st, want, w);
	return codes[st.answer];
}

const struct command cmd_status = {
	.name = "status",
	.args = "",
	.run = run_status,
	.summary = "Tell whether a dump would arrive if this host crashed now",
	.text = "The first line is the answer, the rest are its grounds: the reservation that "
		"is wanted, that the boot loader's default entry holds, that the running "
		"kernel was asked for and that it really made; what is loaded; whether the "
		"image is current; where the dump would go; and each problem with what mends "
		"it. Of each target it tells how the last 'check --live' ended and when that was. Looks only, waits for no lock, and "
		"for no file system that does not answer. Exits with 0: armed, 20: not armed, "
		"22: armed and a reboot is pending, 21: armed but degraded, the first that "
		"holds in this order.",
};
