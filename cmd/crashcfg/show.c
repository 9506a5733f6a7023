/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"
#include "faults.h"
#include "kv.h"
#include "probe.h"
#include "schema.h"

#include <string.h>

struct show_options {
	bool origin;
};

static void print_setting(const struct settings *s, enum setting_key k, bool origin)
{
	const struct setting *v = &s->values[k];
	auto_free char *shown = setting_shown(setting_name(k), v->text);
	auto_buf struct buf line = { 0 };

	buf_addf(&line, "%s=", setting_name(k));
	kv_quote(shown, &line);	/* it was read from such a line, or is a default */
	if (origin && v->file)
		buf_addf(&line, "  # %s:%u", v->file, v->line);
	else if (origin)
		buf_adds(&line, "  # default");
	puts(buf_text(&line));
}

static void add_setting(struct json *to, const struct settings *s, enum setting_key k)
{
	const struct setting *v = &s->values[k];
	struct json *j = js_set(to, setting_name(k), js_object());
	auto_free char *shown = setting_shown(setting_name(k), v->text);

	js_set_text(j, "value", shown);
	js_set_text(j, "file", v->file);
	if (v->file)
		js_set_int(j, "line", v->line);
	else
		js_set_text(j, "line", NULL);
}

/* The keys that were asked for, or with none all of them: wanted[k] is true. */
static int read_keys(char *argv[], bool wanted[static SETTING_COUNT], struct err *e)
{
	for (unsigned k = 0; k < SETTING_COUNT; k++)
		wanted[k] = !argv[1];
	for (char **arg = argv + 1; *arg; arg++) {
		enum setting_key k = schema_find(*arg, strlen(*arg));
		const char *nearest;

		if (k != SETTING_COUNT) {
			wanted[k] = true;
			continue;
		}
		nearest = schema_nearest(*arg);
		if (nearest)
			return err_set(e, ERR_USAGE, "no key '%s' (did you mean %s?)", *arg, nearest);
		return err_set(e, ERR_USAGE, "no key '%s' ('crashcfg show' lists all)", *arg);
	}
	return 0;
}

static int run_show(struct cli *cli, int argc, char *argv[], struct err *e)
{
	const struct show_options *o = cli->options;
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	auto_json struct json *j = NULL;
	bool wanted[SETTING_COUNT];
	int r = read_keys(argv, wanted, e);

	(void)argc;
	if (r < 0)
		return r;
	r = settings_read(&cli->root, &s, &faults, e);
	if (r < 0)
		return r;
	if (cli->json) {
		struct json *list;

		j = cli_json();
		js_set_bool(j, "ok", !faults.errors);
		faults_json(j, &faults);
		list = js_set(j, "settings", js_object());
		for (unsigned k = 0; k < SETTING_COUNT && !faults.errors; k++)
			if (wanted[k])
				add_setting(list, s, k);
		cli_print_json(j);
	}
	if (faults.errors || !cli->quiet)
		faults_print(stderr, &faults);
	if (faults.errors)
		return EXIT_SETTINGS;
	for (unsigned k = 0; k < SETTING_COUNT && !cli->json; k++)
		if (wanted[k])
			print_setting(s, k, o->origin);
	return EXIT_DONE;
}

static const struct option_row options[] = {
	{ "origin", NULL, offsetof(struct show_options, origin), "tell where each value comes from", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_show = {
	.name = "show", .args = "[KEY...]", .run = run_show,
	.summary = "Print the settings in force",
	.text = "Prints KEY=\"value\" lines that may be put into a settings file, defaults included; passwords and "
		"the path of a web hook are shown as ***.\n"
		"With a fault in the settings the faults are printed instead.",
	.options = options, .options_size = sizeof(struct show_options),
};
