/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"
#include "collectorfit.h"
#include "faults.h"
#include "livecheck.h"
#include "probe.h"

#include <errno.h>

struct check_options {
	bool strict, live;
	const char *timeout;
};

void faults_print(FILE *to, const struct fault_list *faults)
{
	auto_buf struct buf text = { 0 };

	for (size_t i = 0; i < faults->n; i++) {
		fault_format(&faults->v[i], &text);
		buf_addc(&text, '\n');
	}
	fwrite(buf_text(&text), 1, text.len, to);
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

void faults_json(struct json *to, const struct fault_list *faults)
{
	struct json *list = js_set(to, "faults", js_array());

	for (size_t i = 0; i < faults->n; i++) {
		const struct fault *f = &faults->v[i];
		struct json *j = js_add(list, js_object());

		js_set_text(j, "level", f->level == FAULT_ERROR ? "error" : "warning");
		js_set_text(j, "file", or_null(f->file));
		if (f->line)
			js_set_int(j, "line", f->line);
		else
			js_set_text(j, "line", NULL);
		js_set_text(j, "key", or_null(f->key));
		js_set_text(j, "value", *f->key ? f->value : NULL);
		js_set_text(j, "message", f->text);
	}
}

/* Was this host's makedumpfile built with the packing that is asked for, and does it go with the kernel? */
static void check_collector(const struct root *root, const struct settings *s, const struct facts *facts,
			    struct fault_list *faults)
{
	const struct kernel_fact *kernel = facts_kernel(facts, s->capture_kernel);
	bool codec = s->compress != COMPRESS_AUTO && s->compress != COMPRESS_NONE;
	struct collector c = { 0 };
	struct err missing;

	if (collector_read(root, &c, &missing) < 0) {
		if (codec)
			settings_fault(s, SET_DUMP_COMPRESS, FAULT_WARNING, faults, "cannot be checked: %s",
				       missing.text);
		return;
	}
	if (codec)
		settings_check_codecs(s, &(struct codecs){ c.zlib, c.lzo, c.snappy, c.zstd }, faults);
	settings_check_collector(s, c.version, kernel ? kernel->release : NULL, facts->cpus, faults);
	collector_done(&c);
}

int faults_check_host(const struct root *root, const struct settings *s, struct fault_list *faults,
		      struct strv *notes, struct err *e)
{
	auto_facts struct facts *facts = NULL;
	int r = facts_read(root, &facts, e);

	if (r < 0)
		return r;
	settings_check_facts(s, facts, faults);
	settings_check_files(root, s, faults);
	check_collector(root, s, facts, faults);
	faults_check_modules(root, s, facts, faults);
	faults_check_storage(root, s, facts, notes, faults);
	return 0;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_json(const struct fault_list *faults, const struct strv *notes, bool good,
		       const struct live_result *live)
{
	auto_json struct json *j = cli_json();

	js_set_bool(j, "ok", good && (!live || live->ok));
	js_set_int(j, "errors", (int64_t)faults->errors);
	js_set_int(j, "warnings", (int64_t)faults->warnings);
	faults_json(j, faults);
	js_set_strv(j, "notes", notes);
	if (live)
		js_set(j, "live", live_json(live));
	cli_print_json(j);
}

static void print_sum(const struct fault_list *faults)
{
	fflush(stdout);		/* in one stream the sum comes last */
	if (faults->errors || faults->warnings)
		fprintf(stderr, "%zu error%s, %zu warning%s\n", faults->errors, plural(faults->errors),
			faults->warnings, plural(faults->warnings));
	else
		fputs("The settings are good.\n", stderr);
}

/* Then the targets themselves. */
static int check_live(const struct cli *cli, const struct settings *s, const struct fault_list *faults,
		      const struct strv *notes, struct err *e)
{
	const struct check_options *o = cli->options;
	auto_live struct live_result live = { 0 };
	int r = live_check(cli, s, o->timeout, &live, e);

	if (r < 0)
		return r;
	if (cli->json)
		print_json(faults, notes, true, &live);
	fflush(stdout);
	if (!cli->quiet)
		fputs(live.ok ? "A dump could be saved to each target now.\n" : "A dump could not be saved to each target now.\n",
		      stderr);
	return live.ok ? EXIT_DONE : EXIT_ANSWER_NO;
}

static int run_check(struct cli *cli, int argc, char *argv[], struct err *e)
{
	const struct check_options *o = cli->options;
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	auto_strv struct strv notes = { 0 };
	bool good;
	int r;

	if (argc != 1)
		return err_set(e, ERR_USAGE, "check takes no argument, got '%s'", argv[1]);
	if (o->timeout && !o->live)
		return err_set(e, ERR_USAGE, "--timeout is the time that --live gives each target; give --live too");
	r = settings_read(&cli->root, &s, &faults, e);
	if (r < 0)
		return r;
	r = faults_check_host(&cli->root, s, &faults, &notes, e);
	if (r < 0)
		return r;
	good = !faults.errors && !(o->strict && faults.warnings);
	if (cli->json && !(o->live && good))
		print_json(&faults, &notes, good, NULL);
	else if (!cli->json)
		faults_print(stdout, &faults);
	for (size_t i = 0; i < notes.n && !cli->quiet; i++)
		fprintf(stderr, "crashcfg: note: %s\n", notes.v[i]);
	if (!cli->quiet)
		print_sum(&faults);
	if (!good)
		return EXIT_SETTINGS;
	return o->live ? check_live(cli, s, &faults, &notes, e) : EXIT_DONE;
}

static const struct option_row options[] = {
	{ "strict", NULL, offsetof(struct check_options, strict), "count warnings as faults", NULL },
	{ "live", NULL, offsetof(struct check_options, live),
	  "prove each target too, by the image's own programs and keys", NULL },
	{ "timeout", "SPAN", offsetof(struct check_options, timeout),
	  "with --live: how long each target may take (30s; by network NET_WAIT and 30s)", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_check = {
	.name = "check", .args = "", .run = run_check,
	.summary = "Tell every fault in the settings",
	.text = "Reads " SETTINGS_PATH " and " SETTINGS_DIR "/*.conf, executes nothing of\n"
		"them, and prints one line for each fault: file, line, key, value, what is wrong and what\n"
		"to write. The values are also held against this host: its memory, kernels and\n"
		"makedumpfile, and the files that they name.\n\n"
		"With --live each target is then proven, without a crash: the capture image (the one that "
		"stands, or where that is not current one built for this) is unpacked into a namespace that has nothing "
		"of this host but its network, and its own program, with its own ssh, keys and recipe, reaches the target "
		"as a capture does, makes a folder '.crashcfg-live-...' in this host's folder there, writes 1 MiB, renames, "
		"reads and deletes it, and holds the free space against the size of a dump taken now. A raw: target is looked at, and "
		"nothing is written to it. The network is taken as it is; an fs: target that is not mounted is mounted for it. Exits with 6 "
		"where one target fails. The result is kept in /var/lib/crashcfg/live.json, and 'status' tells it with its "
		"age.\n\n"
		"--json with --live has a member \"live\": {\"ok\", \"time\" (seconds since 1970), \"image\" (its id), "
		"\"built\" (for this check), \"targets\": [{\"url\", \"ok\", \"seconds\", \"failed\" (a step or null), "
		"\"error\", \"mounted\" (for this check), \"steps\": [{\"name\", \"ok\", \"seconds\", \"error\", \"note\"}]}]}. "
		"Steps are prepare, resolve, reach, authenticate (ssh), unlock (encrypted disks), mount (nfs, disks), folder, space, write, rename, read, "
		"delete; of a raw: target prepare, device, content, space.",
	.options = options, .options_size = sizeof(struct check_options),
};
