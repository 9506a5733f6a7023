/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_OUT_H
#define CRASHCFG_OUT_H

#include "apply.h"
#include "cli.h"

#include <stdio.h>

/* Where words for people go: stdout, or stderr where stdout holds JSON. */
FILE *out_words(const struct cli *cli);
/*
 * Read the settings and check them against this host.  0: *ret may be acted
 * upon; EXIT_SETTINGS: the faults are printed, as JSON too where that is asked for.
 */
int out_settings(const struct cli *cli, struct settings **ret, struct err *e);
/* The same without a look at this host, where only a few keys count. */
int out_settings_only(const struct cli *cli, struct settings **ret, struct err *e);
/*
 * For load, which runs at boot: a slip in the settings must not leave the host unarmed while an image
 * stands that was built before it.  Faults are printed, defaults stand in for the wrong values.
 */
int out_settings_despite_faults(const struct cli *cli, struct settings **ret, struct err *e);

/* What apply, diff and remove share. */
struct change_options {
	bool check, diff, detailed, force, take_over;
};
int run_change(const struct cli *cli, const struct change_options *o, bool remove, struct err *e);

#endif
