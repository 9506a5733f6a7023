/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

static int run_diff(struct cli *cli, int argc, char *argv[], struct err *e)
{
	struct change_options *o = cli->options;

	if (argc != 1)
		return err_set(e, ERR_USAGE, "diff takes no argument, got '%s'", argv[1]);
	o->check = o->diff = true;
	return run_change(cli, o, false, e);
}

static const struct option_row diff_options[] = {
	{ "detailed-exitcode", NULL, offsetof(struct change_options, detailed),
	  "exit with 10: something would change, 11: a reboot is required, 12: both", NULL },
	{ "force", NULL, offsetof(struct change_options, force), "as for apply", NULL },
	{ "take-over", NULL, offsetof(struct change_options, take_over), "as for apply", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_diff = {
	.name = "diff",
	.args = "",
	.run = run_diff,
	.options = diff_options,
	.options_size = sizeof(struct change_options),
	.summary = "Show what apply would change, and change nothing",
	.text = "The same as 'apply --check --diff'. Prints each step in a line that begins "
		"with '#', and each change of a file as a unified diff that patch(1) reads. "
		"Nothing is printed when there is nothing to do. Takes no lock.",
};
