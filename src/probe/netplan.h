/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_NETPLAN_H
#define CRASHCFG_NETPLAN_H

#include "probe.h"
#include "rtnl.h"

/* What the running kernel told of its network. */
struct net_seen {
	struct rtnl_link *links;
	size_t n_links;
	struct rtnl_addr *addrs;
	size_t n_addrs;
	struct rtnl_route route;	/* to the target; index 0: there is none */
	bool chosen;			/* and it is not the default route */
	struct strv dns;
};
void net_seen_done(struct net_seen *seen);
#define auto_net_seen AUTO(net_seen_done)

const struct rtnl_link *net_seen_link(const struct net_seen *seen, int index);
const struct rtnl_link *net_seen_named(const struct net_seen *seen, const char *name);

/*
 * The way to a target from what was SEEN and from the settings, put into NET: links in the order in which
 * they have to be made, and the network, whose index is *ret_net.  Reads sysfs below ROOT for
 * hardware and for the options of bonds and bridges; their modules go to MODALIASES and DRIVERS.
 * HOST, for messages.  -ENOTSUP: an interface that the image cannot rebuild, the text names it;
 * -ENETUNREACH: there is no way.
 */
int netplan_make(const struct root *root, const struct settings *s, const struct net_seen *seen,
		 const char *host, struct network *net, unsigned *ret_net, struct strv *modaliases,
		 struct strv *drivers, struct err *e);

#endif
