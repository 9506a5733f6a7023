/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LASTLIVE_H
#define CRASHCFG_LASTLIVE_H

#include "live.h"

/* What `status` tells of the last `check --live`. */

/* That of target URL; NULL: it was not proven yet, or nobody may read how. */
const struct live_target *last_live_of(const struct live_result *last, const char *url);
/*
 * "last check --live, 2 hours ago: good", or where it failed; CURRENT: id of the image that is current, NULL not
 * known.  Caller frees.
 */
char *last_live_text(const struct live_result *last, const struct live_target *t, const char *current);
/* Members "time", "ok", "failed" and "error"; T NULL: null. */
struct json *last_live_json(const struct live_result *last, const struct live_target *t);

#endif
