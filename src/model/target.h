/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TARGET_H
#define CRASHCFG_TARGET_H

#include "err.h"
#include "recipe.h"	/* enum target_kind */

/*
 * A target URL of DUMP_TARGETS:
 *	file:///dir   fs:UUID=...:/dir   fs:LABEL=...:/dir   fs:/dev/...:/dir   raw:/dev/...   raw:swap
 *	nfs://host[:port]/export[/dir]   ssh://user@host[:port]/dir   hub:
 */
struct target {
	enum target_kind kind;
	char *url;		/* as written */
	char *uuid, *label, *device;	/* fs:, raw: one of them set, the others NULL; device "swap" for raw:swap */
	char *user, *host;	/* ssh, nfs */
	unsigned port;		/* 0: the protocol's own */
	char *dir;		/* "/var/crash": absolute, no "." or ".." part */
};

void target_done(struct target *t);
/* -EINVAL: text says what is wrong and what to write. */
int target_parse(const char *url, struct target *ret, struct err *e);

#endif
