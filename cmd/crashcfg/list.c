/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"
#include "dumpdirs.h"
#include "out.h"

#include "num.h"
#include "probe.h"

#include <string.h>

#define DEFAULT_DIR "/var/crash"

void dump_dirs_done(struct dump_dirs *d)
{
	free(d->collect);
	strv_done(&d->all);
	strv_done(&d->above);
	*d = (struct dump_dirs){ 0 };
}

int dump_dirs_find(const struct root *root, const struct settings *s, struct dump_dirs *ret, struct err *e)
{
	auto_dump_dirs struct dump_dirs d = { 0 };
	auto_facts struct facts *facts = NULL;
	int r = facts_read(root, &facts, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n_targets; i++) {
		const char *dir = s->targets[i].dir;
		auto_free char *path = NULL;

		if (s->targets[i].kind != TARGET_FILE)
			continue;
		path = xasprintf("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, facts->host);
		strv_add_once(&d.all, path);
		strv_add_once(&d.above, dir);
	}
	if (!d.all.n)
		strv_addf(&d.all, DEFAULT_DIR "/%s", facts->host);
	d.collect = xstrdup(d.all.v[0]);
	*ret = d;
	d = (struct dump_dirs){ 0 };
	return 0;
}

static void print_json(const struct dump_list *l, const struct strv *errors)
{
	auto_json struct json *j = cli_json();
	struct json *list = js_set(j, "dumps", js_array());

	for (size_t i = 0; i < l->n; i++) {
		const struct dump *d = &l->v[i];
		const struct manifest *m = d->manifest;
		struct json *one = js_add(list, js_object());

		js_set_text(one, "dir", d->dir);
		js_set_text(one, "name", d->name);
		js_set_text(one, "state", dump_state(d));
		js_set_int(one, "time", d->when);
		js_set_int(one, "size", (int64_t)d->bytes);
		js_set_bool(one, "vmcore", d->vmcore);
		js_set_bool(one, "checked", m && m->checked);
		js_set_text(one, "kernel", m && *m->kernel ? m->kernel : NULL);
		js_set_text(one, "panic", m && *m->panic ? m->panic : NULL);
		js_set_text(one, "target", m && *m->target ? m->target : NULL);
	}
	js_set_strv(j, "errors", errors);
	cli_print_json(j);
}

static void print_words(const struct dump_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct dump *d = &l->v[i];
		char size[SIZE_TEXT_MAX];

		printf("%s/%s  %-10s  %9s  %s\n", d->dir, d->name, dump_state(d), size_human(d->bytes, size),
		       d->manifest && *d->manifest->panic ? d->manifest->panic : "-");
	}
}

static int run_list(struct cli *cli, int argc, char *argv[], struct err *e)
{
	auto_settings struct settings *s = NULL;
	auto_dump_dirs struct dump_dirs dirs = { 0 };
	auto_dumps struct dump_list l = { 0 };
	auto_strv struct strv errors = { 0 };
	int r;

	if (argc > 1)
		return err_set(e, ERR_USAGE, "list takes no argument, got '%s'", argv[1]);
	r = out_settings_despite_faults(cli, &s, e);
	if (r == 0)
		r = dump_dirs_find(&cli->root, s, &dirs, e);
	if (r < 0)
		return r;
	/* What lies in the others is told all the same. */
	for (size_t i = 0; i < dirs.all.n + dirs.above.n; i++) {
		bool above = i >= dirs.all.n;
		const char *dir = above ? dirs.above.v[i - dirs.all.n] : dirs.all.v[i];
		struct err why = { 0 };

		if (dump_list_add(&cli->root, dir, above, &l, &why) == 0)
			continue;
		fprintf(stderr, "crashcfg: %s\n", why.text);
		strv_add(&errors, why.text);
	}
	if (cli->json)
		print_json(&l, &errors);
	else
		print_words(&l);
	if (!l.n && !errors.n && !cli->quiet && !cli->json)
		printf("no dump in %s%s\n", dirs.collect, dirs.all.n > 1 ? " and the other folders of DUMP_TARGETS" : "");
	return errors.n ? EXIT_FAILED : EXIT_DONE;
}

const struct command cmd_list = {
	.name = "list", .args = "", .run = run_list,
	.summary = "Tell the dumps of this host, oldest first",
	.text = "For each dump in the folders of the file: targets: where it lies, its state, the size of its files, and the "
		"panic line. States: complete, the vmcore is there, whole and checked; incomplete, a part of it is; log-only, "
		"the kernel's log is; saving, the capture was cut off; failed, the record alone is; vmcore gone, somebody took it "
		"away; no record, there is no crash.json that can be read.",
};
