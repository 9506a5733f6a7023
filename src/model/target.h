/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_TARGET_H
#define CRASHCFG_TARGET_H

#include "err.h"
#include "recipe.h"	/* enum target_kind */

#include <stdbool.h>
#include <stddef.h>

/*
 * A target URL of DUMP_TARGETS:
 *	file:///dir   fs:UUID=...:/dir   fs:LABEL=...:/dir   fs:/dev/...:/dir   raw:/dev/...   raw:swap
 *	nfs://host[:port]/export[/dir]   ssh://user@host[:port]/dir   hub:
 * %XX stands for a byte, so that a folder's or label's name may hold a blank (%20).
 */
struct target {
	enum target_kind kind;
	char *url;		/* as written */
	char *uuid, *label, *device;	/* fs:, raw: one of them is set; device "swap" for raw:swap */
	char *user, *host;	/* ssh, nfs; an IPv6 address without its brackets */
	unsigned port;		/* 0: the protocol's own */
	char *dir;		/* "/var/crash": absolute, no ".", ".." or "//", no last "/"; NULL: raw, hub */
};

void target_done(struct target *t);
/* -EINVAL: text says what is wrong and what to write. */
int target_parse(const char *url, struct target *ret, struct err *e);
/* The same place, however it is written. */
bool target_equal(const struct target *a, const struct target *b);
/* The capture image that crashcfg builds itself can write there. */
bool target_native(enum target_kind kind);
/* It is another host: the capture needs the network first. */
bool target_is_remote(enum target_kind kind);

/*
 * "host", "host:port", "1.2.3.4", "[2001:db8::1]:port" of LEN bytes.  The host comes without
 * brackets; port 0: none was written.  -EINVAL: text says what is wrong.
 */
int hostport_parse(const char *text, size_t len, char **ret_host, unsigned *ret_port, struct err *e);
/* An absolute path without ".", ".." and NUL, as struct target's dir.  -EINVAL as above. */
int path_parse(const char *text, char **ret, struct err *e);

#endif
