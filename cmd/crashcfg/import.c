/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "faults.h"
#include "import.h"
#include "out.h"
#include "plan.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_CAP (1UL << 20)
#define WRITE_PATH SETTINGS_DIR "/10-import.conf"
#define KDUMP_CONF "/etc/kdump.conf"

struct import_options {
	const char *from, *output;
	bool write;
};

/* --- reading ------------------------------------------------------------------------------------ */

/* A path below the root; on the host itself a relative one is taken from the current folder. */
static char *path_below(const struct root *root, const char *file)
{
	char *here;

	if (file[0] == '/')
		return xstrdup(file);
	here = root->host ? getcwd(NULL, 0) : NULL;
	if (here) {
		auto_free char *own = here;

		return xasprintf("%s/%s", strcmp(own, "/") == 0 ? "" : own, file);
	}
	return xasprintf("/%s", file);
}

static int read_file(const struct cli *cli, const char *from, const char *file, struct import *im,
		     struct err *e)
{
	auto_free char *path = path_below(&cli->root, file);
	auto_buf struct buf data = { 0 };
	enum import_dialect d;
	int r = root_read(&cli->root, path, FILE_CAP, &data, e);

	if (r < 0)
		return r;
	d = from ? import_named(from, path, buf_text(&data), data.len)
		 : import_detect(path, buf_text(&data), data.len);
	if (d == IMPORT_DIALECTS && from)
		return err_set(e, ERR_USAGE, "--from '%s': not one of " IMPORT_NAMES, from);
	if (d == IMPORT_DIALECTS)
		return err_set(e, ERR_USAGE,
			       "'%s': no line of it is known from LKCD, kdump-utils, SUSE's kdump or "
			       "kdump-tools (--from tells which it is)", file);
	import_add(im, d, file, buf_text(&data), data.len);
	return 0;
}

static int read_files(const struct cli *cli, char *argv[], struct import *im, struct err *e)
{
	const struct import_options *o = cli->options;

	if (o->output && o->write)
		return err_set(e, ERR_USAGE, "--output and --write name two places; give one of them");
	if (!argv[1])
		return err_set(e, ERR_USAGE, "import wants a file, such as /etc/sysconfig/dump, " KDUMP_CONF
			       ", /etc/sysconfig/kdump or /etc/default/kdump-tools");
	for (char **file = argv + 1; *file; file++) {
		int r = read_file(cli, o->from, *file, im, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Programs in a folder, in the order of their names. */
static void list_programs(const struct root *root, const char *dir, struct strv *ret)
{
	auto_strv struct strv names = { 0 };

	if (root_list(root, dir, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.v[i]);
		struct stat st;

		if (root_stat(root, path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111)
			strv_add(ret, path);
	}
}

/* What the files leave to the host. */
static void look_around(const struct root *root, char *argv[], struct import_host *ret)
{
	static const char *const keys[] = {
		"/root/.ssh/id_ed25519", "/root/.ssh/id_ecdsa", "/root/.ssh/id_rsa"
	};

	ret->line_has = capture_cmdline_has;
	ret->line_drops = capture_cmdline_drops;
	for (size_t i = 0; i < ARRAY_SIZE(keys) && !ret->identity; i++)
		ret->identity = root_exists(root, keys[i]) ? keys[i] : NULL;
	for (char **file = argv + 1; *file; file++)
		if (strcmp(*file, KDUMP_CONF) == 0) {
			list_programs(root, "/etc/kdump/pre.d", &ret->pre);
			list_programs(root, "/etc/kdump/post.d", &ret->post);
		}
}

/* --- writing ------------------------------------------------------------------------------------ */

static int replace(int dir, const char *name, const char *shown, const struct buf *text, struct err *e)
{
	auto_close int own = dir;
	int r = own < 0 ? own : file_replace_at(own, name, text->data, text->len, 0644);

	return r < 0 ? err_set(e, -r, "cannot write '%s': %s", shown, strerror(-r)) : 0;
}

static int write_output(const char *file, const struct buf *text, struct err *e)
{
	const char *slash = strrchr(file, '/');
	auto_free char *folder = slash ? xstrndup(file, (size_t)(slash - file + 1)) : xstrdup(".");
	int dir;

	if (slash && !slash[1])
		return err_set(e, EISDIR, "--output '%s': not the name of a file", file);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return replace(dir < 0 ? -errno : dir, slash ? slash + 1 : file, file, text, e);
}

/* The drop-in is replaced where an import made it; what a person wrote there stays. */
static int write_settings(const struct root *root, const struct buf *text, struct err *e)
{
	auto_buf struct buf old = { 0 };
	const char *name = NULL;
	int dir, r = root_read(root, WRITE_PATH, FILE_CAP, &old, e);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && strncmp(buf_text(&old), IMPORT_MARK, strlen(IMPORT_MARK)) != 0)
		return err_set(e, EEXIST, "'" WRITE_PATH "' was not made by import (rename it, or write "
			       "elsewhere by --output)");
	if (r == 0 && buf_equal(&old, text))
		return 0;
	r = root_mkdirs(root, SETTINGS_DIR, 0755);
	if (r < 0)
		return err_set(e, -r, "cannot make '" SETTINGS_DIR "': %s", strerror(-r));
	dir = root_open_parent(root, WRITE_PATH, &name);
	return replace(dir, name, WRITE_PATH, text, e);
}

/* --- telling ------------------------------------------------------------------------------------ */

static void print_notes(const struct import *im, FILE *to)
{
	size_t n;
	const struct import_note *notes = import_notes(im, &n);
	auto_buf struct buf text = { 0 };

	for (size_t i = 0; i < n; i++) {
		import_note_format(im, &notes[i], &text);
		buf_addc(&text, '\n');
	}
	fwrite(buf_text(&text), 1, text.len, to);
}

static void print_json(const struct import *im, const char *where, const struct buf *text,
		       const struct fault_list *faults)
{
	auto_json struct json *j = cli_json();
	struct json *settings, *lines;
	size_t n;
	const struct import_note *notes = import_notes(im, &n);

	js_set_bool(j, "ok", !faults->errors);
	js_set_text(j, "written", where);
	settings = js_set(j, "settings", js_object());
	for (unsigned k = 0; k < SETTING_COUNT; k++)
		if (import_value(im, (enum setting_key)k))
			js_set_text(settings, setting_name((enum setting_key)k),
				    import_value(im, (enum setting_key)k));
	lines = js_set(j, "lines", js_array());
	for (size_t i = 0; i < n; i++) {
		struct json *l = js_add(lines, js_object()), *made;

		js_set_text(l, "file", notes[i].file);
		js_set_int(l, "line", notes[i].line);
		js_set_text(l, "key", notes[i].key);
		js_set_text(l, "value", notes[i].value);
		js_set_text(l, "fate", import_fate_name(notes[i].fate));
		made = js_set(l, "settings", js_array());
		for (unsigned k = 0; k < SETTING_COUNT; k++)
			if (notes[i].made[k])
				js_add_text(made, setting_name((enum setting_key)k));
		js_set_text(l, "message", notes[i].text);
	}
	faults_json(j, faults);
	js_set_text(j, "text", buf_text(text));
	cli_print_json(j);
}

/* What the settings file is worth, by the same eyes as every other one. */
static void check_text(const char *where, const struct buf *text, struct fault_list *faults)
{
	auto_settings struct settings *s = settings_new();

	settings_read_text(where, buf_text(text), text->len, s, faults);
	settings_check(s, faults);
}

static void print_sum(const struct import *im, const struct fault_list *faults)
{
	size_t n, made = 0, fates[IMPORT_FATES] = { 0 };
	const struct import_note *notes = import_notes(im, &n);

	for (size_t i = 0; i < n; i++)
		fates[notes[i].fate]++;
	for (unsigned k = 0; k < SETTING_COUNT; k++)
		made += import_value(im, (enum setting_key)k) != NULL;
	faults_print(stderr, faults);
	fprintf(stderr, "%zu setting%s; lines without counterpart: %zu, not taken over: %zu\n", made,
		made == 1 ? "" : "s", fates[IMPORT_NONE], fates[IMPORT_UNREAD]);
}

static int run_import(struct cli *cli, int argc, char *argv[], struct err *e)
{
	const struct import_options *o = cli->options;
	const char *where = o->write ? WRITE_PATH : o->output;
	auto_import struct import *im = import_new();
	auto_faults struct fault_list faults = { 0 };
	auto_buf struct buf text = { 0 };
	struct import_host host = { 0 };
	int r = read_files(cli, argv, im, e);

	(void)argc;
	if (r < 0)
		return r;
	look_around(&cli->root, argv, &host);
	import_finish(im, &host);
	strv_done(&host.pre);
	strv_done(&host.post);
	import_text(im, &text);
	check_text(where ? where : "import", &text, &faults);
	if (o->write)
		r = write_settings(&cli->root, &text, e);
	else if (o->output)
		r = write_output(o->output, &text, e);
	if (r < 0)
		return r;
	if (cli->json)
		print_json(im, where, &text, &faults);
	else if (where && !cli->quiet)
		print_notes(im, stdout);
	else if (!where)
		fwrite(buf_text(&text), 1, text.len, stdout);
	fflush(stdout);		/* in one stream the sum comes last */
	if (!cli->quiet || faults.errors)
		print_sum(im, &faults);
	return faults.errors ? EXIT_SETTINGS : EXIT_DONE;
}

static const struct option_row options[] = {
	{ "from", "WHOSE", offsetof(struct import_options, from),
	  "whose they are, where that cannot be told: " IMPORT_NAMES,
	  IMPORT_NAMES },
	{ "output", "FILE", offsetof(struct import_options, output),
	  "write the settings there, and print the report", NULL },
	{ "write", NULL, offsetof(struct import_options, write), "write them to " WRITE_PATH, NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_import = {
	.name = "import", .args = "FILE...", .run = run_import,
	.summary = "Make settings from those of another dump tool",
	.text = "Reads LKCD's /etc/sysconfig/dump, kdump-utils' /etc/kdump.conf and "
		"/etc/sysconfig/kdump (Fedora, RHEL), SUSE's /etc/sysconfig/kdump and kdump-tools' "
		"/etc/default/kdump-tools (Debian, Ubuntu), and prints a settings file. Which of them "
		"a file is, its keys tell; several files are one configuration, in which the later "
		"line wins. A key that is not set there has crashcfg's default.\n\n"
		"Nothing of a file is executed or expanded, and no line is dropped: comments at the "
		"top of the settings tell what each line became, what it differs in, and that it has "
		"no counterpart. Damaged lines are repaired where it is plain what was meant, and "
		"that is said. Passwords are never shown. The same files give the same bytes.\n\n"
		"With --json each line has a fate: became, near (it became something that differs), "
		"not-needed, no-counterpart, not-taken-over (it cannot be read), overridden, "
		"commented-out, and not-set for what a missing line meant there.\n\n"
		"The exit code is 3 when 'crashcfg check' would find a fault in what was made; it is "
		"printed, and the settings are written all the same.",
	.options = options, .options_size = sizeof(struct import_options),
};
