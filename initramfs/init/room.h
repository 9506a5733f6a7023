/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_ROOM_H
#define CRASHCFG_INIT_ROOM_H

#include "place.h"

/* Bytes that the file system of the open folder DIR has for us.  0 or -errno. */
int room_free(int dir, uint64_t *ret);
/*
 * Is it worth a look before the first byte is written?  Only where a smaller dump could be had: with everything
 * left out it is watched while it is written, since the look takes as long as the writing.
 */
bool room_is_doubtful(const struct capture *c, const struct place *at);
/*
 * makedumpfile counts what it would write.  -ENOSPC: there is less room than that; other errors: it could not
 * be told.
 */
int room_look(struct capture *c, const struct place *at, struct err *e);

#endif
