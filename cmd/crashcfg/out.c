/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

#include "faults.h"

#include <string.h>

FILE *out_words(const struct cli *cli)
{
	return cli->json ? stderr : stdout;
}

static int read_settings(const struct cli *cli, bool with_host, struct settings **ret, struct err *e)
{
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	int r;

	r = settings_read(&cli->root, &s, &faults, e);
	if (r == 0 && faults.errors == 0 && with_host)
		r = faults_check_host(&cli->root, s, &faults, NULL, e);
	if (r < 0)
		return r;
	faults_print(stderr, &faults);
	if (faults.errors == 0) {
		*ret = take_ptr(s);
		return 0;
	}
	fprintf(stderr, "crashcfg: the settings have %zu fault%s; nothing was done\n", faults.errors,
		faults.errors == 1 ? "" : "s");
	if (cli->json) {
		auto_json struct json *j = cli_json();

		js_set_text(j, "error", "the settings have faults");
		js_set_int(j, "exit", EXIT_SETTINGS);
		faults_json(j, &faults);
		cli_print_json(j);
	}
	return EXIT_SETTINGS;
}

int out_settings(const struct cli *cli, struct settings **ret, struct err *e)
{
	return read_settings(cli, true, ret, e);
}

int out_settings_despite_faults(const struct cli *cli, struct settings **ret, struct err *e)
{
	auto_faults struct fault_list faults = { 0 };
	int r = settings_read(&cli->root, ret, &faults, e);

	if (r < 0)
		return r;
	faults_print(stderr, &faults);
	if (faults.errors)
		fprintf(stderr, "crashcfg: the settings have faults: defaults stand in for the wrong values\n");
	return 0;
}

int out_settings_only(const struct cli *cli, struct settings **ret, struct err *e)
{
	return read_settings(cli, false, ret, e);
}
