/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_DUMP_H
#define CRASHCFG_INIT_DUMP_H

#include "place.h"

#define DUMP_NAME "vmcore"
#define DUMP_PART "vmcore.incomplete"

/*
 * The ways to write a dump, from the best to the one that always can: makedumpfile as the settings have
 * it; the same by one thread, where there were several; with everything left out that it can leave out,
 * when there is no room; leaving out only zeroed pages, for which it needs to know nothing of the crashed
 * kernel; a plain copy.
 */
enum dump_how { DUMP_AS_SET, DUMP_ONE_THREAD, DUMP_SMALLER, DUMP_SIMPLER, DUMP_COPY };

/*
 * makedumpfile's dump level in HOW; its threads there, never more than one fewer than there are
 * processors: they wait in a loop; and what the manifest calls the collector.
 */
unsigned dump_level(const struct recipe *r, enum dump_how how);
unsigned dump_threads(const struct recipe *r, enum dump_how how);
const char *dump_collector(enum dump_how how);
/*
 * What comes next after HOW ended with CODE (negative errno value) on the same place; -1: nothing
 * that could do better.  WRITTEN: the program was content with itself, and the dump was not whole.
 */
int dump_next(const struct recipe *r, enum dump_how how, int code, bool written);

/*
 * Write DUMP_PART into the place in the way that its attempt tells, in place of what an earlier
 * way left, then bring it to the disk (makedumpfile never calls fsync).  MAY_STOP: see
 * collect.h.  The program's exit code is *ret_code.  On failure what is there of it stays.
 */
int dump_write(struct capture *c, const struct place *to, bool may_stop, int *ret_code, struct err *e);
/* Look at what the disk has of it: headers, page descriptors, log. */
int dump_check(struct capture *c, const struct place *at, struct err *e);
/* Is what lies there, a dump whose log alone is wrong, better than a copy for which there may be no room? */
bool dump_outdoes_copy(const struct capture *c, const struct place *at);
/* Is a dump of so many BYTES on that target read back for its hash in the capture? */
bool dump_wants_hash(const struct recipe *r, int target, uint64_t bytes);
/* Do that. */
int dump_hash(struct capture *c, const struct place *at, struct err *e);
/* Give it its final name. */
int dump_commit(struct capture *c, const struct place *at, struct err *e);

#endif
