/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_DUMP_H
#define CRASHCFG_INIT_DUMP_H

#include "place.h"

#define DUMP_NAME "vmcore"
#define DUMP_PART "vmcore.incomplete"

/*
 * makedumpfile writes DUMP_PART into the place, then it is brought to the disk
 * (makedumpfile never calls fsync).  The exit code of makedumpfile is *ret_code.
 * On failure what is there of it stays.
 */
int dump_write(struct capture *c, const struct place *to, int *ret_code, struct err *e);
/* Look at what the disk has of it: headers, page descriptors, log. */
int dump_check(struct capture *c, const struct place *at, struct err *e);
/* Read it all back from the disk for its hash, unless it is larger than the recipe allows. */
int dump_hash(struct capture *c, const struct place *at, struct err *e);
/* Give it its final name. */
int dump_commit(struct capture *c, const struct place *at, struct err *e);

#endif
