/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

#include <errno.h>
#include <string.h>

/* A plan and what it was made from, made once before acting and once after. */
struct view {
	struct world *world;
	struct plan *plan;
};

static void view_done(struct view *v)
{
	plan_free(v->plan);
	world_free(v->world);
	*v = (struct view){ 0 };
}
#define auto_view AUTO(view_done)

static int view_make(const struct cli *cli, const struct settings *want, const struct change_options *o,
		     bool remove, struct view *ret, struct err *e)
{
	struct world_options world = { .tool_dir = cli_tool_dir(), .cache = !o->check && !remove };
	struct plan_options plan = {
		.remove = remove,
		.force = o->force,
		.take_over = o->take_over,
		.foreign = !cli->root.host,
	};
	auto_view struct view v = { 0 };
	int r;

	r = world_read(&cli->root, want, &world, &v.world, e);
	if (r == 0)
		r = plan_compute(want, v.world, &plan, &v.plan, e);
	if (r < 0)
		return r;
	*ret = v;
	v = (struct view){ 0 };
	return 0;
}

/* Below a foreign root an image may have to wait for its own system; a person wants to know why. */
static void print_notes(const struct cli *cli, const struct view *v, const struct change_options *o)
{
	const struct plan *p = v->plan;

	for (size_t i = 0; i < p->n_conflicts; i++)
		fprintf(stderr,
			"crashcfg: warning: '%s%s:%u' says %s, which was set by hand; it stays "
			"('--force' overwrites it)\n",
			cli->root.path, p->conflicts[i].path, p->conflicts[i].line,
			p->conflicts[i].text);
	for (size_t i = 0; i < p->n_steps && !cli->quiet; i++)
		if (p->steps[i].kind == STEP_IMAGE && p->steps[i].deferred)
			fprintf(stderr, "crashcfg: the image waits: %s\n", v->world->image_why);
	for (size_t i = 0; v->world->image && i < v->world->image->notes.n && !cli->quiet; i++)
		fprintf(stderr, "crashcfg: note: %s\n", v->world->image->notes.v[i]);
	if (v->world->interrupted && o->check)
		fprintf(stderr,
			"crashcfg: an apply was interrupted; the next one takes it back first\n");
}

static void print_words(const struct cli *cli, const struct view *before, const struct plan *after,
			const struct change_options *o, bool changed)
{
	FILE *to = out_words(cli);
	auto_buf struct buf text = { 0 };

	if (cli->quiet)
		return;
	if (o->diff)
		plan_diff(before->plan, &text);
	else
		plan_text(before->plan, &text);
	if (!(cli->json && o->diff))
		fputs(buf_text(&text), to);
	if (!changed && !(o->check && o->diff))
		fputs(before->plan->n_steps  ? "Nothing to do here and now.\n"
		      : before->plan->remove ? "Nothing to do: nothing of crashcfg is set up here.\n"
					     : "Nothing to do: all is as the settings say.\n",
		      to);
	if (plan_reboot_required(after) && !(o->check && o->diff)) {
		if (*after->crashkernel)
			fprintf(to, "%s crashkernel=%s counts from the next boot on.\n",
				o->check ? "A reboot is required after that:" : "Reboot this host:",
				after->boot_value ? after->boot_value : after->crashkernel);
		else
			fputs("The memory stays reserved until the next boot.\n", to);
	}
}

static void print_json(const struct cli *cli, const struct view *before, const struct plan *after,
		       const struct change_options *o, bool changed)
{
	auto_json struct json *j = NULL;

	if (!cli->json)
		return;
	j = cli_json();
	js_set_bool(j, "changed", changed);
	js_set_bool(j, "reboot_required", plan_reboot_required(after));
	js_set_bool(j, "check", o->check);
	plan_json(before->plan, j);
	js_set_text(j, "reserve", reboot_state_name(after->reserve));
	js_set_text(j, "boot_loader", before->world->editor->name);
	if (*before->world->image_why)
		js_set_text(j, "image_deferred", before->world->image_why);
	if (o->diff) {
		auto_buf struct buf text = { 0 };

		plan_diff(before->plan, &text);
		js_set_text(j, "diff", buf_text(&text));
	}
	cli_print_json(j);
}

/* What was done must leave nothing to do. */
static int check_after(const struct plan *after, struct err *e)
{
	for (size_t i = 0; i < after->n_steps; i++) {
		auto_buf struct buf text = { 0 };

		if (after->steps[i].deferred)
			continue;
		step_text(&after->steps[i], &text);
		return err_set(e, EIO, "the steps were done, and yet this one is wanted again: %s",
			       buf_text(&text));
	}
	return 0;
}

static int act(const struct cli *cli, const struct settings *want, const struct change_options *o,
	       bool remove, struct view *before, struct view *after, struct err *e)
{
	struct world_options world = { .tool_dir = cli_tool_dir(), .cache = true };
	struct image_spec spec = world_image_spec(&cli->root, want, before->world, &world);
	auto_report struct apply_report report = { 0 };
	int r;

	r = plan_apply(&cli->root, before->plan, &spec, before->world->image, &report, e);
	if (r < 0)
		return r;
	r = view_make(cli, want, o, remove, after, e);
	if (r < 0)
		return err_wrap(e, "done, but it cannot be looked at again");
	return check_after(after->plan, e);
}

int run_change(const struct cli *cli, const struct change_options *o, bool remove, struct err *e)
{
	auto_settings struct settings *want = NULL;
	auto_faults struct fault_list ignored = { 0 };
	auto_view struct view before = { 0 }, after = { 0 };
	auto_close int lock = -1;
	bool changed, reboot;
	int r;

	/* What is taken off does not depend on the settings: faults in them are no hindrance. */
	r = remove ? settings_read(&cli->root, &want, &ignored, e) : out_settings(cli, &want, e);
	if (r != 0)
		return r;
	if (!o->check) {
		r = apply_lock(&cli->root, &lock, e);
		if (r == 0)
			r = apply_recover(&cli->root, e);
		if (r < 0)
			return r;
		if (r > 0 && !cli->quiet)
			fprintf(stderr, "crashcfg: an interrupted apply was put in order first\n");
	}
	r = view_make(cli, want, o, remove, &before, e);
	if (r < 0)
		return r;
	print_notes(cli, &before, o);
	changed = plan_todo(before.plan) > 0;
	if (changed && !o->check) {
		r = act(cli, want, o, remove, &before, &after, e);
		if (r < 0)
			return r;
	}
	reboot = plan_reboot_required(after.plan ? after.plan : before.plan);
	print_words(cli, &before, after.plan ? after.plan : before.plan, o, changed);
	print_json(cli, &before, after.plan ? after.plan : before.plan, o, changed);
	if (!o->detailed)
		return EXIT_DONE;
	if (changed)
		return reboot ? EXIT_CHANGED_REBOOT : EXIT_CHANGED;
	return reboot ? EXIT_REBOOT : EXIT_DONE;
}

static int run_apply(struct cli *cli, int argc, char *argv[], struct err *e)
{
	if (argc != 1)
		return err_set(e, ERR_USAGE, "apply takes no argument, got '%s'", argv[1]);
	return run_change(cli, cli->options, false, e);
}

static const struct option_row apply_options[] = {
	{ "check", NULL, offsetof(struct change_options, check),
	  "say what would be done, and do nothing", NULL },
	{ "diff", NULL, offsetof(struct change_options, diff), "show what changes in each file", NULL },
	{ "detailed-exitcode", NULL, offsetof(struct change_options, detailed),
	  "exit with 10: changed, 11: reboot required, 12: both", NULL },
	{ "force", NULL, offsetof(struct change_options, force),
	  "overwrite a crashkernel= that was set by hand", NULL },
	{ "take-over", NULL, offsetof(struct change_options, take_over),
	  "disable another kdump service that is installed; remove enables it again", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_apply = {
	.name = "apply",
	.args = "",
	.run = run_apply,
	.options = apply_options,
	.options_size = sizeof(struct change_options),
	.summary = "Bring this host to what the settings say",
	.text = "Builds the capture image when the content of one of its parts changed, edits "
		"the boot loader, runs its generator, and loads the image when memory is "
		"reserved. Doing it twice is doing it once: the second run writes nothing. A "
		"file that changed since it was looked at is left alone, and the run fails. "
		"An apply that was interrupted is taken back by the next one.\n"
		"Below another root (--root) steps that run a program or act on a kernel are "
		"listed as deferred, and not done.",
};
