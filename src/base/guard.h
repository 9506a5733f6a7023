/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_GUARD_H
#define CRASHCFG_GUARD_H

/*
 * Do LOOK in a child that is given MS milliseconds, and return what it returned (0 or -errno).  It must
 * do no more than look: what it changes in memory is lost.  It keeps the descriptor KEEP (-1: none) and no
 * other of ours, so that one which hangs holds no lock and no pipe of the caller's.
 * -ETIMEDOUT: it was killed.  A child that hangs in the kernel dies when it is let go; it is not waited for.
 */
int guard_look(int (*look)(const void *ctx), const void *ctx, int keep, int ms);

/* Close all descriptors from FIRST on but A and B (-1: none). */
void guard_close_others(int first, int a, int b);

#endif
