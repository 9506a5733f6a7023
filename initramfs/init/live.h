/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_LIVE_H
#define CRASHCFG_INIT_LIVE_H

#include "capture.h"
#include "ipaddr.h"
#include "liveorder.h"

/*
 * The proof of one target while its host is well (liveorder.h): the same destinations are opened with the
 * same recipe, keys and programs; network, modules, devices and the machine itself are the host's and are
 * left alone.
 */
struct live {
	struct live_order order;
	const char *step;		/* the one at work, NULL none */
	long long began;		/* ms */
	bool failed;			/* a step did */
	char note[160];			/* what the step has to tell */
};

/* The program under LIVE_NAME; the exit code: 0 when all that there was to do was done, well or not. */
int live_main(void);

/*
 * Step NAME begins, and the one before it, if another, has ended well.  Nothing happens in a capture, where
 * C->live is NULL.
 */
void live_step(struct capture *c, const char *name);
/* What is worth telling of the step at work. */
void live_note(struct capture *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* In place of net_reach(): the address as the capture will ask for it, and whether a port answers there. */
int live_reach(struct capture *c, const struct recipe_net *n, const struct recipe_target *t, struct ipaddr *ret,
	       struct err *e);
/* In place of the search for a device: mount the one that the order names at WHERE. */
int live_mount(struct capture *c, const struct recipe_target *t, const char *where, struct err *e);
/* In place of a dump's folder in PARENT: one for this run, the leftovers of killed ones removed.  A descriptor. */
int live_folder(struct capture *c, int parent, char **ret_name, struct err *e);

/* --- shed.c ------------------------------------------------------------------------------------- */

/*
 * Give up all privileges but those of KEEP (bits of 1 << CAP_...), for this process and whatever it
 * starts; what it starts has none of them.  0 or -errno.
 */
int shed_privileges(unsigned long long keep);

#endif
