/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_LASTPLACE_H
#define CRASHCFG_INIT_LASTPLACE_H

#include "capture.h"

/*
 * No target took the log: its end goes into EFI variables, where this machine has them (efilog.h).
 * 0: it is there.  Else the text tells why not: -ENODEV, no EFI; -ENOSPC, the store is too full;
 * -ENODATA, there is no log.
 */
int lastplace_save(struct capture *c, struct err *e);
/* How many records the crashed kernel itself left in pstore; 0 too where there is no pstore. */
unsigned lastplace_pstore(void);

#endif
