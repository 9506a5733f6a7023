/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LIVECHECK_H
#define CRASHCFG_LIVECHECK_H

#include "cli.h"
#include "live.h"

/*
 * `check --live`: prove the targets of S by the image that stands, or one that is built for it, print
 * what comes of it and remember it.  TIMEOUT: the option's value, NULL: none.  *ret owns the result.
 */
int live_check(const struct cli *cli, const struct settings *s, const char *timeout, struct live_result *ret,
	       struct err *e);

#endif
