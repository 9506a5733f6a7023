/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

#include <errno.h>

static int run_unload(struct cli *cli, int argc, char *argv[], struct err *e)
{
	auto_free char *before = NULL;
	bool was_loaded;
	int r;

	if (argc > 1)
		return err_set(e, ERR_USAGE, "unload takes no argument, got '%s'", argv[1]);
	before = root_read_line(&cli->root, "/sys/kernel/kexec_crash_loaded");
	was_loaded = before && *before == '1';
	r = capture_unload(&cli->root, e);
	if (r < 0)
		return r;
	if (!cli->quiet)
		fputs(was_loaded ? "the capture kernel is unloaded: a panic is not captured now; "
				   "'crashcfg load' arms this host again\n" :
				   "no capture kernel was loaded\n",
		      out_words(cli));
	if (cli->json) {
		auto_json struct json *j = cli_json();

		js_set_bool(j, "loaded", false);
		js_set_bool(j, "was_loaded", was_loaded);
		cli_print_json(j);
	}
	return EXIT_DONE;
}

const struct command cmd_unload = {
	.name = "unload",
	.args = "",
	.run = run_unload,
	.summary = "Unload the capture kernel: disarm this host until the next load",
	.text = "Takes the capture kernel out of the reserved memory. The memory stays reserved, and "
		"settings, image and boot loader stay as they are: 'load' arms the host again, and so "
		"does the next boot. To disarm for good set DUMP_ACTIVE to 'no' and run 'apply'.",
};
