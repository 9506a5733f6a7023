/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_NET_H
#define CRASHCFG_INIT_NET_H

#include "capture.h"
#include "ipaddr.h"
#include "rtsock.h"

/*
 * Bring up the way to T as the recipe tells it, wait for link and address, and ask for T's address of
 * today; the one that it had when the image was built stands in where no name server answers.
 * What an earlier worker brought up is taken as it stands.
 */
int net_reach(struct capture *c, const struct recipe_target *t, struct ipaddr *ret, struct err *e);

/* The same, and never longer than MS milliseconds. */
int net_reach_within(struct capture *c, const struct recipe_target *t, long long ms, struct ipaddr *ret,
		     struct err *e);

/* --- links.c ---------------------------------------------------------------------------------- */

/* What the kernel has now. */
struct links {
	struct rtnl_link *v;
	size_t n;
};
void links_done(struct links *l);
#define auto_links AUTO(links_done)
/* 0 or -errno; what *ret held is replaced. */
int links_read(struct rtsock *s, struct links *ret);
const struct rtnl_link *links_at(const struct links *l, int index);

/*
 * Find or make each link that R's link NAME lies on, and it itself, at most until END (now_ms()) for
 * hardware to come.  *ret_index: that of NAME.
 */
int links_up(struct capture *c, struct rtsock *s, const char *name, long long end, int *ret_index,
	     struct err *e);

/*
 * Does a TCP port answer?  0, -ECONNREFUSED, -ETIMEDOUT...
 */
int net_knock(const struct ipaddr *address, unsigned port);

/* --- resolve.c -------------------------------------------------------------------------------- */

/* T's address: asked of N's name servers, else the built-in one. */
int net_resolve(struct capture *c, const struct recipe_net *n, const struct recipe_target *t,
		struct ipaddr *ret, struct err *e);

#endif
