/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_LISTENERS_H
#define CRASHCFG_INIT_LISTENERS_H

#include "capture.h"

/*
 * Those who hear of the progress by the network, the recipe's listeners.  Find the way to them, once in a capture:
 * when the log is safe, and never for long.  What fails is told, and costs nothing else.
 */
void listeners_find(struct capture *c);
/* This process too tells whoever was reached by then. */
void listeners_tell(const struct recipe *r, const struct page *p);

#endif
