/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_CLI_H
#define CRASHCFG_CLI_H

#include "err.h"
#include "json.h"
#include "root.h"

#include <stdbool.h>

/* The exit codes of every command; documented in crashcfg(8) from exit_codes[] in cli.c. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_SETTINGS = 3,
	EXIT_UNSUPPORTED = 4,
	EXIT_LOCKED = 5,
	EXIT_ANSWER_NO = 6,
	EXIT_CHANGED = 10,
	EXIT_REBOOT = 11,
	EXIT_CHANGED_REBOOT = 12,
	EXIT_NOT_ARMED = 20,
	EXIT_DEGRADED = 21,
	EXIT_REBOOT_PENDING = 22,
};

/* An option of a command.  The value lands in *(bool *) or *(const char **) by offset into the command's options. */
struct option_row {
	const char *name;	/* "detailed-exitcode", long only */
	const char *arg;	/* "DIR"; NULL: a flag */
	size_t offset;
	const char *help;
	const char *choices;	/* "ext4 xfs btrfs" for completion, or NULL */
};

struct cli {
	struct root root;
	bool json;		/* one object on stdout, words on stderr */
	bool quiet;
	void *options;		/* the command's option struct, filled */
};

struct command {
	const char *name;
	const char *args;	/* "[FILE]", "" */
	const char *summary;	/* one line, no full stop */
	const char *text;	/* paragraphs for the man page */
	const struct option_row *options;	/* ends with name NULL; NULL: none */
	size_t options_size;			/* bytes of the option struct, zeroed before use */
	/* Returns an enum exit_code, or -errno with *e set: EXIT_FAILED, printed by main. */
	int (*run)(struct cli *cli, int argc, char *argv[], struct err *e);
};

extern const struct command *const commands[];	/* ends with NULL */
extern const struct option_row global_options[];

/* err codes above errno's: main turns them into exit codes. */
enum { ERR_USAGE = 1000 };	/* err_set(e, ERR_USAGE, ...): EXIT_USAGE, with a pointer to --help */

struct exit_row {
	enum exit_code code;
	const char *meaning;
};
extern const struct exit_row exit_rows[];	/* ends with meaning NULL */

/* Print one JSON object, "schema" put in first, to stdout. */
struct json *cli_json(void);			/* an object that holds "schema": 1 */
void cli_print_json(const struct json *j);

/* Folder of capture-init and lab-init: beside this program where it was not installed, else CRASHCFG_TOOLDIR. */
const char *cli_tool_dir(void);

/* main without the process: parse, run, print errors; returns the exit code. */
int cli_main(int argc, char *argv[]);

#endif
