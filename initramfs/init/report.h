/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_REPORT_H
#define CRASHCFG_INIT_REPORT_H

#include "place.h"

/*
 * Write the manifest into a dump folder, in place of an older one.  FINAL: the capture is over for
 * this folder, so its state is what it is; else "saving".  Where the disk is full,
 * the end of vmcore.incomplete, then all of it, gives way: a true record is worth more than the
 * last pages of a dump that lacks others anyway.
 */
int report_write(const struct capture *c, const struct place *at, bool final, struct err *e);

#endif
