/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_WORKDIR_H
#define CRASHCFG_WORKDIR_H

#include "err.h"

#include <stdbool.h>

/*
 * A scratch folder that goes with its owner: workdir_remove() takes it off, and
 * the next workdir_make() takes off those whose owner was killed before it could.
 */
struct workdir {
	char *path;
	int lock;	/* held by the owner while it lives */
};
/* Below $TMPDIR, or /var/tmp, which is a disk where /tmp may be memory.  OUTPUT: that folder instead. */
int workdir_make(const char *output, struct workdir *ret, struct err *e);
void workdir_remove(struct workdir *w);
/* Keep it: KEEP_ALL or only what people read (logs, the manifest), not disks and dumps. */
void workdir_keep(struct workdir *w, bool all);
void workdir_done(struct workdir *w);	/* frees, removes nothing */
/*
 * From now on Ctrl-C and its kin are read from descriptor *RET, so that all is taken down in order; SIGPIPE is
 * ignored: nobody may read any more what is said, and what was made must still be removed.
 */
int workdir_signals(int *ret, struct err *e);

#endif
