/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"

extern const struct command cmd_check, cmd_show, cmd_apply, cmd_diff, cmd_remove, cmd_status, cmd_facts, cmd_build,
	cmd_load, cmd_unload, cmd_estimate, cmd_test, cmd_save, cmd_list, cmd_import;

/* In the order of the journey; help, man page and completion keep it. */
const struct command *const commands[] = {
	&cmd_check, &cmd_show, &cmd_diff, &cmd_apply, &cmd_status, &cmd_remove, &cmd_facts, &cmd_build,
	&cmd_load, &cmd_unload, &cmd_estimate, &cmd_test, &cmd_save, &cmd_list, &cmd_import, NULL,
};
