/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"

#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct global {
	const char *root;
	bool json, quiet, help, version;
};

const struct option_row global_options[] = {
	{ "root", "DIR", offsetof(struct global, root), "work on the system below DIR instead of /", "/" },
	{ "json", NULL, offsetof(struct global, json), "print one JSON object on stdout, words for people on stderr", NULL },
	{ "quiet", NULL, offsetof(struct global, quiet), "print errors only", NULL },
	{ "help", NULL, offsetof(struct global, help), "print this help", NULL },
	{ "version", NULL, offsetof(struct global, version), "print the version", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct exit_row exit_rows[] = {
	{ EXIT_DONE, "done; status: armed" },
	{ EXIT_FAILED, "failed" },
	{ EXIT_USAGE, "wrong usage" },
	{ EXIT_SETTINGS, "the settings have faults" },
	{ EXIT_UNSUPPORTED, "not supported on this system" },
	{ EXIT_LOCKED, "another run holds the lock" },
	{ EXIT_ANSWER_NO, "check --live, test, estimate --measure: it ran, and its answer is no" },
	{ EXIT_CHANGED, "apply --detailed-exitcode: changed" },
	{ EXIT_REBOOT, "apply --detailed-exitcode: a reboot is required" },
	{ EXIT_CHANGED_REBOOT, "apply --detailed-exitcode: changed, and a reboot is required" },
	{ EXIT_NOT_ARMED, "status: not armed" },
	{ EXIT_DEGRADED, "status: armed but degraded" },
	{ EXIT_REBOOT_PENDING, "status: a reboot is pending" },
	{ EXIT_DONE, NULL },
};

struct json *cli_json(void)
{
	struct json *j = js_object();

	js_set_int(j, "schema", 1);
	return j;
}

void cli_print_json(const struct json *j)
{
	auto_buf struct buf text = { 0 };

	js_write(j, &text);
	fwrite(text.data, 1, text.len, stdout);
}

const char *cli_tool_dir(void)
{
	static char dir[PATH_MAX];
	ssize_t n;
	char *slash;

	if (*dir)
		return dir;
	n = readlink("/proc/self/exe", dir, sizeof(dir) - sizeof("/../lib/crashcfg/capture-init"));
	slash = n > 0 ? memrchr(dir, '/', (size_t)n) : NULL;
	if (slash) {
		strcpy(slash, "/capture-init");
		if (access(dir, R_OK) == 0) {
			*slash = '\0';
			return dir;
		}
		/* PREFIX/sbin/crashcfg, wherever PREFIX is. */
		strcpy(slash, "/../lib/crashcfg/capture-init");
		if (access(dir, R_OK) == 0) {
			*strrchr(dir, '/') = '\0';
			return dir;
		}
	}
	snprintf(dir, sizeof(dir), "%s", CRASHCFG_TOOLDIR);
	return dir;
}

#define HELP_WIDTH 100

static void print_wrapped(FILE *to, const char *text, const char *first, const char *indent)
{
	auto_buf struct buf lines = { 0 };

	words_wrap(text, first, indent, HELP_WIDTH, &lines);
	fputs(buf_text(&lines), to);
}

static void print_options(FILE *to, const struct option_row *rows)
{
	for (; rows && rows->name; rows++) {
		auto_free char *left = xasprintf("--%s%s%s", rows->name, rows->arg ? " " : "", rows->arg ? rows->arg : "");
		auto_free char *first = xasprintf("  %-24s ", left);

		print_wrapped(to, rows->help, first, "                           ");
	}
}

static void print_help(FILE *to)
{
	fputs("Usage: crashcfg COMMAND [OPTION...]\n\n"
	      "Arm this host for kernel crashes, prove that a dump arrives, and tell what happened.\n\n"
	      "Commands:\n", to);
	for (const struct command *const *c = commands; *c; c++)
		fprintf(to, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fputs("\nOptions of every command:\n", to);
	print_options(to, global_options);
	fputs("\n'crashcfg COMMAND --help' tells the options of a command; crashcfg(8) and crashcfg(5) tell the rest.\n", to);
}

static void print_command_help(FILE *to, const struct command *c)
{
	fprintf(to, "Usage: crashcfg %s%s%s%s\n\n%s.\n", c->name, c->options ? " [OPTION...]" : "", *c->args ? " " : "",
		c->args, c->summary);
	if (c->text) {
		fputc('\n', to);
		print_wrapped(to, c->text, "", "");
	}
	if (c->options) {
		fputs("\nOptions:\n", to);
		print_options(to, c->options);
	}
	fputs("\nOptions of every command:\n", to);
	print_options(to, global_options);
}

/* What the caller most likely meant, as "; did you mean 'X'?", or "". */
static char *meant(const char *before, const char *name)
{
	return name ? xasprintf("; did you mean '%s%s'?", before, name) : xstrdup("");
}

static int unknown_command(const char *word, struct err *e)
{
	struct near near = near_begin(word);
	auto_free char *hint = NULL;

	for (const struct command *const *c = commands; *c; c++)
		near_try(&near, (*c)->name);
	hint = meant("", near.name);
	return err_set(e, ERR_USAGE, "unknown command '%s'%s", word, hint);
}

static int unknown_option(const char *arg, const struct command *command, struct err *e)
{
	auto_free char *word = xasprintf("%.*s", (int)strcspn(arg + 2, "="), arg + 2), *hint = NULL;
	struct near near = near_begin(word);

	for (const struct option_row *o = command ? command->options : NULL; o && o->name; o++)
		near_try(&near, o->name);
	for (const struct option_row *o = global_options; o->name; o++)
		near_try(&near, o->name);
	hint = meant("--", near.name);
	return err_set(e, ERR_USAGE, "unknown option '%s'%s%s%s", arg, command ? " for " : "",
		       command ? command->name : "", hint);
}

static const struct command *find_command(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

/* The row for "--name" or "--name=value"; *ret_value is NULL without "=". */
static const struct option_row *find_option(const struct option_row *rows, const char *arg, const char **ret_value)
{
	size_t len = strcspn(arg + 2, "=");

	for (; rows && rows->name; rows++) {
		if (strlen(rows->name) != len || strncmp(rows->name, arg + 2, len) != 0)
			continue;
		*ret_value = arg[2 + len] ? arg + 3 + len : NULL;
		return rows;
	}
	return NULL;
}

static int set_option(const struct option_row *row, void *options, const char *value, char ***arg, struct err *e)
{
	char *slot = (char *)options + row->offset;

	if (!row->arg) {
		if (value)
			return err_set(e, ERR_USAGE, "--%s takes no value, got '%s'", row->name, value);
		*(bool *)(void *)slot = true;
		return 0;
	}
	if (!value) {
		value = (*arg)[1];
		if (!value)
			return err_set(e, ERR_USAGE, "--%s wants a value: --%s %s", row->name, row->name, row->arg);
		(*arg)++;
	}
	*(const char **)(void *)slot = value;
	return 0;
}

/*
 * Options may stand anywhere behind the command's name, global ones before it
 * too; "--" ends them.  What is left goes to words, the command's name first.
 */
static int parse(char *argv[], struct global *global, const struct command **ret_command, void **ret_options,
		 struct strv *words, struct err *e)
{
	const struct command *command = NULL;
	bool ended = false;

	for (char **arg = argv + 1; *arg; arg++) {
		const struct option_row *row;
		const char *value;
		void *options = global;
		int r;

		if (!ended && strcmp(*arg, "--") == 0) {
			ended = true;
			continue;
		}
		if (!ended && strcmp(*arg, "-h") == 0) {
			global->help = true;
			continue;
		}
		if (ended || strncmp(*arg, "--", 2) != 0) {
			if (!ended && (*arg)[0] == '-' && (*arg)[1])
				return err_set(e, ERR_USAGE, "unknown option '%s'", *arg);
			strv_add(words, *arg);
			if (words->n > 1)
				continue;
			if (strcmp(*arg, "help") == 0 && !command) {
				global->help = true;
				words->n = 0;
				free(words->v[0]);
				continue;
			}
			command = find_command(*arg);
			if (!command)
				return unknown_command(*arg, e);
			*ret_command = command;
			*ret_options = xcalloc(1, command->options_size ? command->options_size : 1);
			continue;
		}
		row = find_option(global_options, *arg, &value);
		if (!row && command) {
			row = find_option(command->options, *arg, &value);
			options = *ret_options;
		}
		if (!row)
			return unknown_option(*arg, command, e);
		r = set_option(row, options, value, &arg, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int exit_code_of(int code)
{
	switch (code) {
	case ERR_USAGE: return EXIT_USAGE;
	case ENOTSUP: return EXIT_UNSUPPORTED;
	case EWOULDBLOCK: return EXIT_LOCKED;
	default: return EXIT_FAILED;
	}
}

static int run(char *argv[], struct cli *cli, const struct command **ret_command, struct err *e)
{
	struct global global = { .root = "/" };
	auto_strv struct strv words = { 0 };
	auto_free void *options = NULL;
	int r;

	r = parse(argv, &global, ret_command, &options, &words, e);
	cli->json = global.json;
	cli->quiet = global.quiet;
	cli->options = options;
	if (r < 0)
		return r;
	if (global.version) {
		printf("crashcfg %s\n", CRASHCFG_VERSION);
		return EXIT_DONE;
	}
	if (global.help && *ret_command) {
		print_command_help(stdout, *ret_command);
		return EXIT_DONE;
	}
	if (global.help) {
		print_help(stdout);
		return EXIT_DONE;
	}
	if (!*ret_command)
		return err_set(e, ERR_USAGE, "no command given");
	r = root_open(&cli->root, global.root, e);
	if (r < 0)
		return r;
	return (*ret_command)->run(cli, (int)words.n, words.v, e);
}

int cli_main(int argc, char *argv[])
{
	const struct command *command = NULL;
	auto_root struct root root = { .fd = -1 };
	struct cli cli = { .root = root };
	struct err e = { 0 };
	int r;

	(void)argc;
	signal(SIGCHLD, SIG_DFL);	/* ignored by a caller it would hide how our programs end */
	umask(022);	/* folders that others use are made as the system has them, whoever calls */
	r = run(argv, &cli, &command, &e);
	root = cli.root;
	if (r < 0) {
		r = exit_code_of(e.code);
		fprintf(stderr, "crashcfg: %s\n", e.text);
		if (r == EXIT_USAGE)
			fprintf(stderr, "'crashcfg %s%s--help' tells more.\n", command ? command->name : "", command ? " " : "");
		if (cli.json) {
			auto_json struct json *j = cli_json();

			js_set_text(j, "error", e.text);
			js_set_int(j, "exit", r);
			cli_print_json(j);
		}
	}
	/* A full disk or a closed pipe must not look like success. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && (r == EXIT_DONE || r >= EXIT_CHANGED)) {
		fprintf(stderr, "crashcfg: cannot write the output: %s\n", strerror(errno));
		r = EXIT_FAILED;
	}
	return r;
}
