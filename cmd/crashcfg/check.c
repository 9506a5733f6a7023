/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"
#include "collectorfit.h"
#include "dumpsize.h"
#include "faults.h"
#include "num.h"
#include "probe.h"

#include <errno.h>

struct check_options {
	bool strict;
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

/* About how large a dump of this host would be now; 0: not known. */
static uint64_t estimate(const struct root *root, const struct settings *s)
{
	auto_buf struct buf meminfo = { 0 };

	return root_read_proc(root, "/proc/meminfo", &meminfo, NULL) == 0 ?
		       dump_estimate(buf_text(&meminfo), s->dump_level, s->compress != COMPRESS_NONE) : 0;
}

static void check_raw_size(const struct root *root, const struct settings *s, const struct storage *found,
			   struct fault_list *faults)
{
	uint64_t want = estimate(root, s), have = found->target.size;
	char have_text[SIZE_TEXT_MAX], want_text[SIZE_TEXT_MAX];

	if (have && want > have)
		settings_fault(s, SET_DUMP_TARGETS, FAULT_WARNING, faults,
			       "'%s' has %s, and a dump now would have about %s (name a larger device, "
			       "or a second target for when it does not fit)",
			       found->target.url, size_human(have, have_text), size_human(want, want_text));
}

static void check_raw(const struct root *root, const struct settings *s, const struct storage *found,
		      struct fault_list *faults)
{
	if (found->bears && !s->raw_force)
		settings_fault(s, SET_DUMP_TARGETS, FAULT_ERROR, faults,
			       "'%s' bears '%s', which a dump would destroy (name another device, or set "
			       "DUMP_RAW_FORCE to yes)", found->target.device, found->bears);
	else
		check_raw_size(root, s, found, faults);
}

/* What lies below: a key is handed over only where the settings name it. */
static void check_layers(const struct settings *s, const struct storage *found, struct fault_list *faults)
{
	for (size_t i = 0; i < found->target.n_layers; i++)
		if (found->target.layers[i].kind == LAYER_LUKS && !s->luks_key_file)
			settings_fault(s, SET_DUMP_TARGETS, FAULT_ERROR, faults,
				       "'%s' lies on the encrypted device '%s', and the capture opens it only with "
				       "a key that is named for it (write LUKS_KEY_FILE)",
				       found->target.url, found->target.layers[i].name);
	for (size_t i = 0; i < found->notes.n; i++)
		settings_fault(s, SET_DUMP_TARGETS, FAULT_WARNING, faults, "'%s': %s", found->target.url,
			       found->notes.v[i]);
}

/* May a dump go there?  Only where the system runs: others' devices are not looked at. */
static void check_storage(const struct root *root, const struct settings *s, struct fault_list *faults)
{
	for (size_t i = 0; i < s->n_targets && root->host; i++) {
		auto_storage struct storage found = { 0 };
		enum target_kind kind = s->targets[i].kind;
		struct err why = { 0 };

		if (kind != TARGET_RAW && kind != TARGET_FILE && kind != TARGET_FS)
			continue;
		if (storage_find(root, &s->targets[i], &found, &why) < 0)
			settings_fault(s, SET_DUMP_TARGETS,
				       why.code == EACCES || (kind != TARGET_RAW && why.code != ENOTSUP) ?
					       FAULT_WARNING : FAULT_ERROR,
				       faults, "%s", why.text);
		else if (kind == TARGET_RAW)
			check_raw(root, s, &found, faults);
		else
			check_layers(s, &found, faults);
	}
}

int faults_check_host(const struct root *root, const struct settings *s, struct fault_list *faults,
		      struct err *e)
{
	auto_facts struct facts *facts = NULL;
	int r = facts_read(root, &facts, e);

	if (r < 0)
		return r;
	settings_check_facts(s, facts, faults);
	settings_check_files(root, s, faults);
	check_collector(root, s, facts, faults);
	check_storage(root, s, faults);
	return 0;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static int run_check(struct cli *cli, int argc, char *argv[], struct err *e)
{
	const struct check_options *o = cli->options;
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	bool good;
	int r;

	if (argc != 1)
		return err_set(e, ERR_USAGE, "check takes no argument, got '%s'", argv[1]);
	r = settings_read(&cli->root, &s, &faults, e);
	if (r < 0)
		return r;
	r = faults_check_host(&cli->root, s, &faults, e);
	if (r < 0)
		return r;
	good = !faults.errors && !(o->strict && faults.warnings);
	if (cli->json) {
		auto_json struct json *j = cli_json();

		js_set_bool(j, "ok", good);
		js_set_int(j, "errors", (int64_t)faults.errors);
		js_set_int(j, "warnings", (int64_t)faults.warnings);
		faults_json(j, &faults);
		cli_print_json(j);
	} else {
		faults_print(stdout, &faults);
	}
	fflush(stdout);		/* in one stream the sum comes last */
	if (!cli->quiet && (faults.errors || faults.warnings))
		fprintf(stderr, "%zu error%s, %zu warning%s\n", faults.errors, plural(faults.errors),
			faults.warnings, plural(faults.warnings));
	else if (!cli->quiet)
		fputs("The settings are good.\n", stderr);
	return good ? EXIT_DONE : EXIT_SETTINGS;
}

static const struct option_row options[] = {
	{ "strict", NULL, offsetof(struct check_options, strict), "count warnings as faults", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_check = {
	.name = "check", .args = "", .run = run_check,
	.summary = "Tell every fault in the settings",
	.text = "Reads " SETTINGS_PATH " and " SETTINGS_DIR "/*.conf, executes nothing of\n"
		"them, and prints one line for each fault: file, line, key, value, what is wrong and what\n"
		"to write. The values are also held against this host: its memory, kernels and\n"
		"makedumpfile, and the files that they name.",
	.options = options, .options_size = sizeof(struct check_options),
};
