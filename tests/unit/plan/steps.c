/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done on a host, and in which order, told from worlds made by hand. */
#include "plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define M (1 << 20)
#define IMAGE IMAGE_DIR "/6.1/" IMAGE_NAME
#define CMDLINE "root=/dev/vda1 ro"

/* --- a boot loader with one file ---------------------------------------------------------------- */

struct boot_state {
	char *value, *wanted;
	bool by_hand;
};

static int fake_load(const struct root *root, struct boot_state **ret, struct err *e)
{
	(void)root, (void)ret, (void)e;
	return -EIO;
}

static char *fake_default(const struct boot_state *s, const char *key)
{
	(void)key;
	return s->value ? xstrdup(s->value) : NULL;
}

static void fake_conflicts(const struct boot_state *s, const char *key, struct boot_conflict **ret,
			   size_t *ret_n)
{
	struct boot_conflict *v = NULL;
	size_t n = 0;

	if (s->by_hand) {
		struct boot_conflict *c = vec_push(&v, &n);

		c->path = xstrdup("/boot/menu");
		c->text = xasprintf("%s=%s", key, s->value);
		c->line = 3;
	}
	*ret = v;
	*ret_n = n;
}

static int fake_set(struct boot_state *s, const char *key, const char *value, bool force, struct err *e)
{
	(void)key, (void)e;
	if (s->by_hand && !force)
		value = s->value;
	s->by_hand = s->by_hand && !force;
	free(s->wanted);
	s->wanted = value ? xstrdup(value) : NULL;
	return 0;
}

static int fake_emit(const struct boot_state *s, struct edit_list *edits, struct err *e)
{
	auto_buf struct buf a = { 0 }, b = { 0 };

	(void)e;
	buf_adds(&a, s->value ? s->value : "");
	buf_adds(&b, s->wanted ? s->wanted : "");
	edit_add(edits, "/boot/menu", &a, &b, 0644, "the menu");
	return 0;
}

static int fake_command(const struct boot_state *s, struct boot_command *ret)
{
	if (strcmp(s->value ? s->value : "", s->wanted ? s->wanted : "") == 0)
		return 1;
	*ret = (struct boot_command){ .why = xstrdup("the menu is made anew") };
	strv_add(&ret->argv, "/sbin/generator");
	return 0;
}

static void fake_free(struct boot_state *s)
{
	if (!s)
		return;
	free(s->value);
	free(s->wanted);
	free(s);
}

static const struct boot_editor fake = {
	.name = "fake",
	.load = fake_load,
	.get_default = fake_default,
	.conflicts = fake_conflicts,
	.set_arg = fake_set,
	.emit = fake_emit,
	.command = fake_command,
	.free = fake_free,
};

/* --- worlds ------------------------------------------------------------------------------------- */

struct row {
	const char *name;
	/* the settings */
	const char *crashkernel, *active;
	struct plan_options o;
	/* the host */
	const char *boot, *running;	/* values of crashkernel=, NULL none */
	bool by_hand, peer, taken, unit, linked;
	int64_t reserved;
	enum known loaded;
	const char *loaded_image;	/* by our record; NULL: not by us */
	bool loaded_otherwise;		/* with another command line */
	const char *image_have;		/* id of the image that stands there; the one wanted is "new" */
	const char *image_why;		/* not NULL: none can be planned */
	bool dropin_changes;		/* not as it is elsewhere: there while armed, else not */
	const char *oops, *before;	/* kernel.panic_on_oops: "1" elsewhere; what it was in this boot */
	/* what is planned: kinds and paths in order; or what the refusal says */
	const char *steps, *fails;
	enum reboot_state reserve;
};

static char *capture(const struct settings *s, const char *running)
{
	char *line = NULL;

	assert_int_equal(capture_cmdline(running, s, "boot", 0, 1, &line, NULL), 0);
	return line;
}

static struct world *make_world(const struct row *row, const struct settings *want)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct kernel_fact *k;

	w->facts = xcalloc(1, sizeof(*w->facts));
	k = vec_push(&w->facts->kernels, &w->facts->n_kernels);
	k->release = xstrdup("6.1");
	k->image = xstrdup("/boot/vmlinuz-6.1");
	w->kernel = k;
	w->facts->host = xstrdup("host");
	w->facts->cmdline =
		row->running ? xasprintf(CMDLINE " crashkernel=%s", row->running) : xstrdup(CMDLINE);
	w->facts->boot_id = xstrdup("boot");
	w->facts->mem_total = UINT64_C(4) << 30;
	w->facts->crash_size = row->reserved;
	w->facts->crash_loaded = row->loaded;
	w->editor = &fake;
	w->boot = xcalloc(1, sizeof(*w->boot));
	w->boot->value = row->boot ? xstrdup(row->boot) : NULL;
	w->boot->by_hand = row->by_hand;
	w->boot_value = row->boot ? xstrdup(row->boot) : NULL;
	w->image_path = xstrdup(IMAGE);
	w->image_why = xstrdup(row->image_why ? row->image_why : "");
	w->image_code = row->image_why ? ENOTSUP : 0;
	w->image_there = row->image_have ? YES : NO;
	w->image_have = row->image_have ? xstrdup(row->image_have) : NULL;
	if (row->image_have)
		strv_add(&w->images, IMAGE);
	if (!row->image_why) {
		w->image = xcalloc(1, sizeof(*w->image));
		w->image->id = xstrdup("new");
		w->image->recipe = xcalloc(1, sizeof(*w->image->recipe));
		w->image->recipe->threads = 1;
	}
	if (row->loaded_image) {
		w->loaded_image = xstrdup(row->loaded_image);
		w->loaded_cmdline =
			row->loaded_otherwise ? xstrdup("another") : capture(want, w->facts->cmdline);
	}
	if (row->peer) {
		w->peer = xstrdup("kdump");
		edit_add_link(&w->peer_links, "/wants/kdump.service", "/lib/kdump.service", NULL, "");
	}
	if (row->taken) {
		buf_adds(&w->taken, "{}");
		edit_add_link(&w->taken_links, "/wants/kdump.service", "/lib/kdump.service", NULL, "");
	}
	w->dropin_there[0] = (want->dump_active && !row->o.remove) != row->dropin_changes;
	if (w->dropin_there[0])
		dropin_text(want, 0, &w->dropins[0]);
	strv_addf(&w->sysctls, "kernel.panic_on_oops=%s", row->oops ? row->oops : "1");
	if (row->before)
		strv_addf(&w->sysctls_before, "kernel.panic_on_oops=%s", row->before);
	if (row->unit) {
		w->unit = xstrdup("/lib/crashcfg.service");
		edit_add_link(&w->unit_links, "/wants/crashcfg.service", NULL, w->unit, "load the image at every boot");
	}
	if (row->linked)
		edit_add_link(&w->owned, "/wants/crashcfg.service", "/lib/crashcfg.service", NULL, "");
	return w;
}

static void free_world(struct world *w)
{
	/* The builder knows nothing of an image plan that it did not make. */
	if (w->image) {
		recipe_free(w->image->recipe);
		free(w->image->id);
		free(w->image);
		w->image = NULL;
	}
	world_free(w);
}

static void say_steps(const struct plan *p, struct buf *to)
{
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct step *s = &p->steps[i];

		buf_addf(to, "%s%s%s%s%s", i ? ", " : "",
			 s->kind == STEP_EDIT && !s->edit.keep ? "un" : "", step_kind_name(s->kind),
			 s->path ? " " : "", s->path ? s->path : "");
		if (s->kind == STEP_SYSCTL)
			buf_addf(to, " %s=%s", s->name, s->value);
		if (s->deferred)
			buf_adds(to, " later");
	}
}

static const struct row rows[] = {
	{ "a new host: everything but the load, for which there is no memory yet", .unit = true,
	  .loaded = NO, .steps = "image " IMAGE ", edit /boot/menu, edit /wants/crashcfg.service, run",
	  .reserve = RESERVE_PENDING },
	{ "after the reboot: the load alone", .boot = "256M", .running = "256M", .reserved = 256 * M,
	  .loaded = NO, .image_have = "new", .unit = true, .linked = true, .steps = "load " IMAGE,
	  .reserve = RESERVE_OK },
	{ "armed: nothing", .boot = "256M", .running = "256M", .reserved = 256 * M, .loaded = YES,
	  .loaded_image = "new", .image_have = "new", .unit = true, .linked = true, .steps = "",
	  .reserve = RESERVE_OK },
	{ "the kernel's switches: at each boot by a drop-in, now by themselves", .boot = "256M", .running = "256M",
	  .reserved = 256 * M, .loaded = YES, .loaded_image = "new", .image_have = "new", .unit = true,
	  .linked = true, .dropin_changes = true, .oops = "0",
	  .steps = "edit " SYSCTL_PATH ", sysctl kernel.panic_on_oops=1", .reserve = RESERVE_OK },
	{ "no oops panics while nothing can be loaded", .boot = "256M", .running = NULL, .loaded = NO,
	  .image_have = "new", .unit = true, .linked = true, .oops = "0", .steps = "",
	  .reserve = RESERVE_PENDING },
	{ "remove puts back what the switch was in this boot", .o = { .remove = true }, .loaded = NO,
	  .dropin_changes = true, .before = "0", .steps = "unedit " SYSCTL_PATH ", sysctl kernel.panic_on_oops=0",
	  .reserve = RESERVE_NOT_CONFIGURED },
	{ "and leaves one alone that it never saw", .o = { .remove = true }, .loaded = NO, .steps = "",
	  .reserve = RESERVE_NOT_CONFIGURED },
	{ "a part of the image changed: build and load", .boot = "256M", .running = "256M",
	  .reserved = 256 * M, .loaded = YES, .loaded_image = "old", .image_have = "old", .unit = true,
	  .linked = true, .steps = "image " IMAGE ", load " IMAGE, .reserve = RESERVE_OK },
	{ "built by hand, not loaded", .boot = "256M", .running = "256M", .reserved = 256 * M,
	  .loaded = YES, .loaded_image = "old", .image_have = "new", .steps = "load " IMAGE,
	  .reserve = RESERVE_OK },
	{ "another command line for the capture kernel", .boot = "256M", .running = "256M",
	  .reserved = 256 * M, .loaded = YES, .loaded_image = "new", .loaded_otherwise = true,
	  .image_have = "new", .steps = "load " IMAGE, .reserve = RESERVE_OK },
	{ "somebody else loaded something", .boot = "256M", .running = "256M", .reserved = 256 * M,
	  .loaded = YES, .image_have = "new", .steps = "load " IMAGE, .reserve = RESERVE_OK },
	{ "another size: loaded as it is, until the reboot", .crashkernel = "512M", .boot = "256M",
	  .running = "256M", .reserved = 256 * M, .loaded = YES, .loaded_image = "new",
	  .image_have = "new", .steps = "edit /boot/menu, run", .reserve = RESERVE_PENDING },
	{ "a value set by hand stays, and the image is loaded into what it gives", .boot = "512M",
	  .by_hand = true, .running = "512M", .reserved = 512 * M, .loaded = NO,
	  .steps = "image " IMAGE ", load " IMAGE, .reserve = RESERVE_OK },
	{ "with --force it does not", .o = { .force = true }, .boot = "512M", .by_hand = true,
	  .running = "512M", .reserved = 512 * M, .loaded = NO, .image_have = "new",
	  .steps = "edit /boot/menu, run, load " IMAGE, .reserve = RESERVE_PENDING },
	{ "a peer is in the way", .peer = true, .loaded = NO, .fails = "--take-over" },
	{ "a peer is taken over: written down first, disabled last", .o = { .take_over = true },
	  .peer = true, .unit = true, .loaded = NO, .boot = "256M", .image_have = "new",
	  .steps = "edit " TAKEN_PATH ", edit /wants/crashcfg.service, unedit /wants/kdump.service",
	  .reserve = RESERVE_PENDING },
	{ "no image, no half measures", .loaded = NO, .image_why = "no such disk",
	  .fails = "no such disk" },
	{ "below a foreign root it waits", .o = { .foreign = true }, .loaded = UNKNOWN, .reserved = -1,
	  .image_why = "no modules",
	  .steps = "image " IMAGE " later, edit /boot/menu, run later, load " IMAGE " later",
	  .reserve = RESERVE_NOT_CONFIGURED },	/* until the generator has run on that system */

	{ "DUMP_ACTIVE=no disarms and releases", .active = "no", .boot = "256M", .running = "256M",
	  .reserved = 256 * M, .loaded = YES, .loaded_image = "new", .image_have = "new", .unit = true,
	  .linked = true,
	  .steps = "edit /boot/menu, unedit /wants/crashcfg.service, delete " IMAGE
		   ", run, unload, release",
	  .reserve = RESERVE_NOT_CONFIGURED },
	{ "and then there is nothing to do", .active = "no", .running = "256M", .reserved = 0,
	  .loaded = NO, .unit = true, .steps = "", .reserve = RESERVE_NOT_CONFIGURED },
	{ "a peer that was taken over stays off while DUMP_ACTIVE=no", .active = "no", .taken = true,
	  .loaded = NO, .steps = "", .reserve = RESERVE_NOT_CONFIGURED },
	{ "remove gives it its memory and its place back", .o = { .remove = true }, .taken = true,
	  .boot = "256M", .running = "256M", .reserved = 256 * M, .loaded = YES, .loaded_image = "new",
	  .image_have = "new",
	  .steps = "edit /boot/menu, edit /wants/kdump.service, unedit " TAKEN_PATH ", delete " IMAGE
		   ", run, unload",
	  .reserve = RESERVE_PENDING },
	{ "what another program loaded is not unloaded, nor its memory given back",
	  .o = { .remove = true }, .boot = "256M", .running = "256M", .reserved = 256 * M,
	  .loaded = YES, .steps = "edit /boot/menu, run", .reserve = RESERVE_PENDING },
	{ "memory that was reserved by hand stays reserved", .o = { .remove = true }, .boot = "512M",
	  .by_hand = true, .running = "512M", .reserved = 512 * M, .loaded = YES, .loaded_image = "new",
	  .steps = "unload", .reserve = RESERVE_NOT_CONFIGURED },
};

static void each_world_has_its_steps(void **state)
{
	(void)state;
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		auto_settings struct settings *want = settings_new();
		auto_faults struct fault_list faults = { 0 };
		auto_plan struct plan *p = NULL;
		auto_buf struct buf steps = { 0 };
		struct err e = { 0 };
		struct world *w;
		int r;

		settings_set(want, SET_CRASHKERNEL, row->crashkernel ? row->crashkernel : "256M",
			     "test", 1, &faults);
		settings_set(want, SET_DUMP_ACTIVE, row->active ? row->active : "yes", "test", 2,
			     &faults);
		assert_int_equal(faults.errors, 0);
		w = make_world(row, want);
		r = plan_compute(want, w, &row->o, &p, &e);
		free_world(w);
		if (row->fails) {
			if (r >= 0 || !strstr(e.text, row->fails))
				fail_msg("%s: '%s'", row->name, e.text);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", row->name, e.text);
		say_steps(p, &steps);
		if (strcmp(buf_text(&steps), row->steps) != 0)
			fail_msg("%s:\n%s\nnot\n%s", row->name, buf_text(&steps), row->steps);
		if (p->reserve != row->reserve)
			fail_msg("%s: %s", row->name, reboot_state_name(p->reserve));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_world_has_its_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
