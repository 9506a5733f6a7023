/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net.h"

#include "live.h"
#include "proc.h"
#include "run.h"
#include "say.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define POLL_MS 1000
#define LEFT_MIN_MS 5000	/* what DHCP gets where the link took nearly all of the time */
#define CARRIER 0x10000		/* IFF_LOWER_UP, which net/if.h lacks */

/* How long the network may take: never past the half of what is left of the capture's time. */
static long long patience(const struct capture *c, const struct recipe_net *n)
{
	long long wait = (long long)n->wait * 1000;
	long long left = c->recipe->deadline ? (long long)c->recipe->deadline * 1000 - now_ms() : 2 * wait;

	return left / 2 < wait ? left / 2 : wait;
}

static int wait_for_carrier(struct capture *c, struct rtsock *s, int index, long long end,
			    char name[static RTNL_NAME_MAX], struct err *e)
{
	auto_links struct links have = { 0 };
	const struct rtnl_link *l = NULL;

	do {
		int r = links_read(s, &have);

		l = r == 0 ? links_at(&have, index) : NULL;
		if (!l)
			return err_set(e, ENODEV, "the network interface went away");
		snprintf(name, RTNL_NAME_MAX, "%s", l->name);
		if ((l->flags & (IFF_UP | CARRIER)) == (IFF_UP | CARRIER))
			return 0;
		page_beat(c->page);
		rtsock_wait(s, POLL_MS);
	} while (now_ms() < end);
	return err_set(e, ENETDOWN, "'%s' has no link: is the cable in, is the switch's port up?", l->name);
}

/* --- addresses ---------------------------------------------------------------------------------- */

struct found {
	int index, family;
	struct ipaddr address;		/* family 0: none yet */
};

static void take_addr(void *ctx, const struct rtnl_message *m)
{
	const struct rtnl_addr *a = &m->addr;
	struct found *f = ctx;

	if (m->type == RTM_NEWADDR && a->index == f->index && a->address.family == f->family &&
	    a->scope == RT_SCOPE_UNIVERSE && !(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
		f->address = a->address;
}

static bool has_address(struct rtsock *s, int index, int family, struct ipaddr *ret)
{
	auto_buf struct buf request = { 0 };
	struct found f = { index, family, { 0 } };

	rtnl_ask_addrs(&request, ++s->seq, family);
	if (rtsock_ask(s, &request, true, take_addr, &f) < 0 || !f.address.family)
		return false;
	*ret = f.address;
	return true;
}

static void take_route(void *ctx, const struct rtnl_message *m)
{
	int *ret = ctx;

	if (m->type == RTM_NEWROUTE && m->route.type == RTN_UNICAST)
		*ret = m->route.index;
}

static bool has_route(struct rtsock *s, const struct ipaddr *to)
{
	auto_buf struct buf request = { 0 };
	int index = 0;

	rtnl_ask_route(&request, ++s->seq, to, 0, false);
	return rtsock_ask(s, &request, false, take_route, &index) == 0 && index;
}

/* By router advertisements, which the kernel hears by itself. */
static int wait_for_auto(struct capture *c, struct rtsock *s, int index, const struct ipaddr *to,
			 long long end, const char *name, struct ipaddr *ret, struct err *e)
{
	do {
		if (has_address(s, index, to->family, ret) && has_route(s, to))
			return 0;
		page_beat(c->page);
		rtsock_wait(s, POLL_MS);
	} while (now_ms() < end);
	return err_set(e, EADDRNOTAVAIL, "no router told '%s' an IPv6 address and a way to the target",
		       name);
}

/* An IPv6 address is there some moments after it was given: nobody else must have it. */
static bool wait_for_address(struct rtsock *s, int index, int family, struct ipaddr *ret)
{
	long long end = now_ms() + (family == AF_INET6 ? LEFT_MIN_MS : 0);

	while (!has_address(s, index, family, ret)) {
		if (now_ms() >= end)
			return false;
		rtsock_wait(s, POLL_MS);
	}
	return true;
}

/*
 * dhcpcd goes into the background once it has a lease, and renews it there: a dump may take longer.  It
 * runs no script.  For IPv6 it listens to the routers itself, and asks whom they name.
 */
static int ask_dhcp(struct rtsock *s, int index, const char *name, int family, long long end,
		    struct ipaddr *ret, struct err *e)
{
	long long left = end - now_ms();
	char seconds[24];
	const char *const argv[] = {
		"dhcpcd", family == AF_INET6 ? "-6" : "-4", "-q", "-L", "-A", "-p", "-t", seconds, "-f", "/dev/null",
		"-c", "", name, NULL,
	};
	struct run run = { .argv = argv, .folder = -1, .out_fd = -1 };
	int r;

	if (has_address(s, index, family, ret))
		return 0;
	left = left < LEFT_MIN_MS ? LEFT_MIN_MS : left;
	snprintf(seconds, sizeof(seconds), "%lld", left / 1000);
	run.deadline_ms = (int)left + LEFT_MIN_MS;
	r = run_check(&run, e);
	if (r == 0 && !wait_for_address(s, index, family, ret))
		r = err_set(e, EADDRNOTAVAIL, "no DHCP server gave '%s' an address", name);
	return r < 0 ? err_wrap(e, "DHCP on '%s'", name) : 0;
}

static int add_route(struct rtsock *s, int index, const struct ipaddr *to, const struct ipaddr *gateway)
{
	auto_buf struct buf request = { 0 };

	rtnl_add_route(&request, ++s->seq, index, to, gateway, NULL);
	return rtsock_do(s, &request);
}

/* To the target by its own gateway, which may be none but the target's; and to everything else by it
 * too. */
static int set_routes(struct rtsock *s, int index, const struct recipe_net *n, const struct ipaddr *to,
		      struct err *e)
{
	struct ipaddr gateway, all = { .family = to->family };
	int r;

	if (!ipaddr_parse(n->gateway, &gateway))
		return has_route(s, to) ? 0 : add_route(s, index, to, NULL);
	r = add_route(s, index, to, &gateway);
	if (r < 0)
		return err_set(e, -r, "cannot set the route by '%s': %s", n->gateway, strerror(-r));
	add_route(s, index, &all, &gateway);
	return 0;
}

static int set_static(struct rtsock *s, int index, const struct recipe_net *n, struct ipaddr *ret,
		      struct err *e)
{
	auto_buf struct buf request = { 0 };
	int r;

	if (!ipaddr_parse(n->address, ret))
		return err_set(e, EINVAL, "the recipe's address '%s' is none: build the image again",
			       n->address);
	rtnl_add_addr(&request, ++s->seq, index, ret);
	r = rtsock_do(s, &request);
	return r < 0 ? err_set(e, -r, "cannot set the address '%s': %s", n->address, strerror(-r)) : 0;
}

static int set_address(struct capture *c, struct rtsock *s, const struct recipe_net *n, int index,
		       const struct ipaddr *to, long long end, struct err *e)
{
	char name[RTNL_NAME_MAX] = "", text[IPADDR_TEXT_MAX], why[80] = "";
	struct ipaddr own;
	int r = 0;

	/* Before the link is there: IPv6 listens to routers from its first moment. */
	if (n->method == NET_STATIC)
		r = set_static(s, index, n, &own, e);
	if (r == 0)
		r = wait_for_carrier(c, s, index, end, name, e);
	if (r == 0 && n->method == NET_DHCP)
		r = ask_dhcp(s, index, name, to->family, end, &own, e);
	if (r == 0 && n->method == NET_AUTO)
		r = wait_for_auto(c, s, index, to, end, name, &own, e);
	if (r == 0 && (n->method == NET_STATIC || n->gateway[0]))
		r = set_routes(s, index, n, to, e);
	if (r < 0)
		return r;
	if (n->gateway[0])
		snprintf(why, sizeof(why), " by %s", n->gateway);
	say(CONSOLE_DEVICE, "%s has %s (%s)%s", name, ipaddr_text_prefix(&own, text),
	    n->method == NET_STATIC ? "static" : n->method == NET_DHCP ? "DHCP" : "router", why);
	return 0;
}

int net_reach(struct capture *c, const struct recipe_target *t, struct ipaddr *ret, struct err *e)
{
	return net_reach_within(c, t, INT64_MAX, ret, e);
}

int net_reach_within(struct capture *c, const struct recipe_target *t, long long ms, struct ipaddr *ret,
		     struct err *e)
{
	const struct recipe_net *n = &c->recipe->nets[t->net];
	auto_rtsock struct rtsock s = { .ask = -1, .events = -1 };
	long long wait = patience(c, n), end = now_ms() + (ms < wait ? ms : wait);
	struct ipaddr before;
	int index = 0, r;

	if (c->live)
		return live_reach(c, n, t, ret, e);
	if (!ipaddr_parse(t->address, &before))
		return err_set(e, EINVAL, "the recipe has no address of '%s': build the image again",
			       t->host);
	r = rtsock_open(&s);
	if (r < 0)
		return err_set(e, -r, "this kernel has no network: %s", strerror(-r));
	r = links_up(c, &s, n->link, end, &index, e);
	if (r == 0)
		r = set_address(c, &s, n, index, &before, end, e);
	if (r == 0)
		r = net_resolve(c, n, t, ret, e);
	return r;
}
