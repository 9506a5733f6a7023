/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include "diff.h"

#include <string.h>

const char *step_kind_name(enum step_kind k)
{
	static const char *const names[] = {
		[STEP_EDIT] = "edit", [STEP_IMAGE] = "image", [STEP_RUN] = "run", [STEP_LOAD] = "load",
		[STEP_UNLOAD] = "unload", [STEP_DELETE] = "delete", [STEP_RELEASE] = "release",
		[STEP_SYSCTL] = "sysctl",
	};

	return names[k];
}

static const char *edit_action(const struct edit *edit)
{
	return !edit->had ? "create" : edit->keep ? "change" : "delete";
}

static void argv_text(const struct strv *argv, struct buf *to)
{
	for (size_t i = 0; i < argv->n; i++)
		buf_addf(to, "%s%s", i ? " " : "", argv->v[i]);
}

void step_text(const struct step *s, struct buf *to)
{
	switch (s->kind) {
	case STEP_EDIT:
		if (s->edit.link && s->edit.keep)
			buf_addf(to, "link %s to %s", s->edit.path, buf_text(&s->edit.text));
		else
			buf_addf(to, "%s %s%s", edit_action(&s->edit), s->edit.link ? "link " : "",
				 s->edit.path);
		break;
	case STEP_IMAGE:
		buf_addf(to, "build %s", s->path);
		break;
	case STEP_RUN:
		buf_adds(to, "run ");
		argv_text(&s->command.argv, to);
		break;
	case STEP_LOAD:
		buf_addf(to, "load %s", s->path);
		break;
	case STEP_UNLOAD:
		buf_adds(to, "unload the capture kernel");
		break;
	case STEP_DELETE:
		buf_addf(to, "delete %s", s->path);
		break;
	case STEP_SYSCTL:
		buf_addf(to, "set %s to %s", s->name, s->value);
		break;
	case STEP_RELEASE:
		buf_adds(to, "give the reserved memory back");
		break;
	}
	if (*s->why)
		buf_addf(to, ": %s", s->why);
	if (s->deferred)
		buf_adds(to, " (deferred: not done below a foreign root)");
}

void plan_text(const struct plan *p, struct buf *to)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		step_text(&p->steps[i], to);
		buf_addc(to, '\n');
	}
}

void plan_diff(const struct plan *p, struct buf *to)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct step *s = &p->steps[i];
		auto_free char *old = NULL, *new = NULL;

		buf_adds(to, "# ");
		step_text(s, to);
		buf_addc(to, '\n');
		if (s->kind != STEP_EDIT || s->edit.link)
			continue;
		old = s->edit.had ? xasprintf("a%s", s->edit.path) : xstrdup("/dev/null");
		new = s->edit.keep ? xasprintf("b%s", s->edit.path) : xstrdup("/dev/null");
		diff_unified(old, &s->edit.old, new, &s->edit.text, to);
	}
}

static struct json *step_json(const struct step *s)
{
	struct json *j = js_object();

	js_set_text(j, "kind", step_kind_name(s->kind));
	if (s->kind == STEP_EDIT)
		js_set_text(j, "action", edit_action(&s->edit));
	if (s->path)
		js_set_text(j, "path", s->path);
	if (s->kind == STEP_EDIT && s->edit.link && s->edit.keep)
		js_set_text(j, "link", buf_text(&s->edit.text));
	if (s->kind == STEP_RUN)
		js_set_strv(j, "argv", &s->command.argv);
	if (s->cmdline)
		js_set_text(j, "cmdline", s->cmdline);
	if (s->name) {
		js_set_text(j, "name", s->name);
		js_set_text(j, "value", s->value);
	}
	js_set_text(j, "why", s->why);
	js_set_bool(j, "deferred", s->deferred);
	js_set_bool(j, "done", s->done);
	return j;
}

void plan_json(const struct plan *p, struct json *to)
{
	struct json *steps = js_set(to, "steps", js_array());
	struct json *conflicts = js_set(to, "conflicts", js_array());

	for (size_t i = 0; i < p->n_steps; i++)
		js_add(steps, step_json(&p->steps[i]));
	for (size_t i = 0; i < p->n_conflicts; i++) {
		struct json *one = js_add(conflicts, js_object());

		js_set_text(one, "path", p->conflicts[i].path);
		js_set_int(one, "line", p->conflicts[i].line);
		js_set_text(one, "text", p->conflicts[i].text);
	}
	js_set_text(to, "crashkernel", *p->crashkernel ? p->crashkernel : NULL);
	js_set_text(to, "boot_value", p->boot_value);
	js_set_text(to, "reserve", reboot_state_name(p->reserve));
}
