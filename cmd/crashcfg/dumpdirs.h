/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_DUMPDIRS_H
#define CRASHCFG_DUMPDIRS_H

#include "dumps.h"
#include "settings.h"

/* Where this host's dumps lie, by the settings: "/var/crash/web1" below the root. */
struct dump_dirs {
	char *collect;		/* to which dumps on raw devices are brought */
	struct strv all;
	/* Those above them, "/var/crash": where a capture found the host's own folder to be another user's. */
	struct strv above;
};

int dump_dirs_find(const struct root *root, const struct settings *s, struct dump_dirs *ret, struct err *e);
void dump_dirs_done(struct dump_dirs *d);
#define auto_dump_dirs AUTO(dump_dirs_done)

#endif
