/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

static int run_remove(struct cli *cli, int argc, char *argv[], struct err *e)
{
	if (argc != 1)
		return err_set(e, ERR_USAGE, "remove takes no argument, got '%s'", argv[1]);
	return run_change(cli, cli->options, true, e);
}

static const struct option_row remove_options[] = {
	{ "check", NULL, offsetof(struct change_options, check),
	  "say what would be done, and do nothing", NULL },
	{ "diff", NULL, offsetof(struct change_options, diff), "show what changes in each file", NULL },
	{ "detailed-exitcode", NULL, offsetof(struct change_options, detailed),
	  "exit with 10: changed, 11: reboot required, 12: both", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_remove = {
	.name = "remove",
	.args = "",
	.run = run_remove,
	.options = remove_options,
	.options_size = sizeof(struct change_options),
	.summary = "Take everything off again that apply put there",
	.text = "The inverse of apply: edits of others made since stay. The capture kernel is "
		"unloaded, the reserved memory given back, images deleted, and a service that "
		"--take-over disabled is enabled again. Settings and dumps stay.",
};
