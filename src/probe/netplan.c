/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netplan.h"

#include "block.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define DEPTH_MAX 8		/* a VLAN on a bridge on a VLAN on a bond is four */
#define PORTS_MAX 32
#define USUAL_MTU 1500
#define BY_HAND "name another interface in NET_DEVICE, or another target"

void net_seen_done(struct net_seen *seen)
{
	free(seen->links);
	free(seen->addrs);
	strv_done(&seen->dns);
	*seen = (struct net_seen){ 0 };
}

const struct rtnl_link *net_seen_link(const struct net_seen *seen, int index)
{
	for (size_t i = 0; i < seen->n_links; i++)
		if (seen->links[i].index == index)
			return &seen->links[i];
	return NULL;
}

const struct rtnl_link *net_seen_named(const struct net_seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n_links; i++)
		if (strcmp(seen->links[i].name, name) == 0)
			return &seen->links[i];
	return NULL;
}

/* --- links ------------------------------------------------------------------------------------ */

struct planner {
	const struct root *root;
	const struct net_seen *seen;
	struct network *net;
	struct strv *modaliases, *drivers;
};

static char *attr(const struct planner *p, const char *link, const char *name)
{
	auto_free char *path = xasprintf("/sys/class/net/%s/%s", link, name);
	char *line = root_read_line(p->root, path);

	return line ? line : xstrdup("");
}

static bool has_device(const struct planner *p, const char *link)
{
	auto_free char *path = xasprintf("/sys/class/net/%s/device", link);

	return root_exists(p->root, path);
}

static bool is_planned(const struct planner *p, const char *name)
{
	for (size_t i = 0; i < p->net->n_links; i++)
		if (strcmp(p->net->links[i].name, name) == 0)
			return true;
	return false;
}

static struct recipe_link *push(struct planner *p, enum link_kind kind, const struct rtnl_link *l,
				const char *master)
{
	struct recipe_link *to = vec_push(&p->net->links, &p->net->n_links);
	char text[HWADDR_TEXT_MAX];

	to->kind = kind;
	to->name = xstrdup(l->name);
	to->master = xstrdup(master);
	to->lower = xstrdup("");
	to->driver = xstrdup("");
	to->permanent = xstrdup("");
	to->address = xstrdup(hwaddr_text(l->address, l->address_len, text));
	to->mtu = l->mtu == USUAL_MTU ? 0 : l->mtu;
	return to;
}

static void add_hardware(struct planner *p, const struct rtnl_link *l, const char *master)
{
	struct recipe_link *to = push(p, LINK_HARDWARE, l, master);
	auto_free char *path = xasprintf("/sys/class/net/%s/device", l->name), *real = NULL;
	auto_free char *driver = xasprintf("%s/driver", path), *link = NULL;
	auto_free char *bonded = attr(p, l->name, "bonding_slave/perm_hwaddr");
	char text[HWADDR_TEXT_MAX];

	free(to->permanent);
	to->permanent = l->permanent_len ? xstrdup(hwaddr_text(l->permanent, l->permanent_len, text)) :
			*bonded ? take_ptr(bonded) : xstrdup(to->address);
	/* A bond gives its ports their addresses. */
	if (*master || strcmp(to->permanent, to->address) == 0)
		to->address[0] = '\0';
	if (root_readlink(p->root, driver, &link) == 0) {
		free(to->driver);
		to->driver = xstrdup(strrchr(link, '/') ? strrchr(link, '/') + 1 : link);
	}
	if (root_realpath(p->root, path, &real) == 0)
		block_device_drivers(p->root, real, p->modaliases, p->drivers);
}

/* "active-backup 1" in sysfs is 1 to be written. */
static void add_option(struct planner *p, struct recipe_link *to, const char *name, const char *file)
{
	auto_free char *path = xasprintf("%s/%s", file, name);
	auto_free char *value = attr(p, to->name, path);
	const char *last = strrchr(value, ' ');

	if (*value)
		strv_addf(&to->options, "%s=%s", path, last ? last + 1 : value);
}

/* The mode comes first; what another mode does not know is refused by the kernel, so it is left out. */
static void add_bond_options(struct planner *p, struct recipe_link *to)
{
	auto_free char *mode_text = attr(p, to->name, "bonding/mode"),
		       *arp = attr(p, to->name, "bonding/arp_interval"),
		       *targets = attr(p, to->name, "bonding/arp_ip_target");
	const char *last = strrchr(mode_text, ' ');
	int mode = last ? last[1] - '0' : 0;

	add_option(p, to, "mode", "bonding");
	if (*arp && strcmp(arp, "0") != 0) {
		add_option(p, to, "arp_interval", "bonding");
		strv_addf(&to->options, "bonding/arp_ip_target=+%.*s", (int)strcspn(targets, " "), targets);
	} else {
		add_option(p, to, "miimon", "bonding");
	}
	if (mode == 2 || mode == 4 || mode == 5)
		add_option(p, to, "xmit_hash_policy", "bonding");
	if (mode == 4)
		add_option(p, to, "lacp_rate", "bonding");
	if (mode == 1)
		add_option(p, to, "fail_over_mac", "bonding");
}

static int add_link(struct planner *p, const struct rtnl_link *l, const char *master, unsigned depth,
		    struct err *e);

/* The ports of a bond or bridge.  Those that lead to guests and containers of this host died with it. */
static int add_ports(struct planner *p, const struct rtnl_link *l, unsigned depth, unsigned *ret_n,
		     struct err *e)
{
	*ret_n = 0;
	for (size_t i = 0; i < p->seen->n_links; i++) {
		const struct rtnl_link *port = &p->seen->links[i];
		bool known = strcmp(port->kind, "vlan") == 0 || strcmp(port->kind, "bond") == 0 ||
			     (!port->kind[0] && has_device(p, port->name));
		int r;

		if (port->master != l->index || !known)
			continue;
		if (++*ret_n > PORTS_MAX)
			return err_set(e, E2BIG, "'%s' has more than %d ports", l->name, PORTS_MAX);
		r = add_link(p, port, l->name, depth + 1, e);
		if (r < 0)
			return r;
	}
	return *ret_n ? 0 : err_set(e, ENOTSUP, "'%s' (%s) has no port on hardware; " BY_HAND, l->name,
				    l->kind);
}

static int add_bond(struct planner *p, const struct rtnl_link *l, const char *master, unsigned depth,
		    struct err *e)
{
	struct recipe_link *to = push(p, LINK_BOND, l, master);
	unsigned n;

	strv_add_once(p->drivers, "bonding");
	add_bond_options(p, to);
	return add_ports(p, l, depth, &n, e);
}

static int add_bridge(struct planner *p, const struct rtnl_link *l, const char *master, unsigned depth,
		      struct err *e)
{
	struct recipe_link *to = push(p, LINK_BRIDGE, l, master);
	size_t at = p->net->n_links - 1;
	unsigned n;
	int r;

	strv_add_once(p->drivers, "bridge");
	r = add_ports(p, l, depth, &n, e);
	if (r < 0)
		return r;
	/* The list may have moved. */
	to = &p->net->links[at];
	/* One port makes no loop, and need not listen for half a minute. */
	if (n > 1) {
		add_option(p, to, "stp_state", "bridge");
		add_option(p, to, "forward_delay", "bridge");
	} else {
		strv_add(&to->options, "bridge/stp_state=0");
	}
	return 0;
}

static int add_vlan(struct planner *p, const struct rtnl_link *l, const char *master, unsigned depth,
		    struct err *e)
{
	const struct rtnl_link *lower = l->foreign ? NULL : net_seen_link(p->seen, l->lower);
	struct recipe_link *to;
	int r;

	if (!lower)
		return err_set(e, ENOTSUP,
			       "'%s' is a VLAN whose interface lies in another namespace; " BY_HAND,
			       l->name);
	r = add_link(p, lower, "", depth + 1, e);
	if (r < 0)
		return r;
	strv_add_once(p->drivers, "8021q");
	to = push(p, LINK_VLAN, l, master);
	free(to->lower);
	to->lower = xstrdup(lower->name);
	to->vlan = l->vlan;
	to->vlan_protocol = l->vlan_protocol;
	return 0;
}

static int add_link(struct planner *p, const struct rtnl_link *l, const char *master, unsigned depth,
		    struct err *e)
{
	if (is_planned(p, l->name))
		return 0;
	if (depth > DEPTH_MAX)
		return err_set(e, ELOOP, "'%s' lies on too many others; " BY_HAND, l->name);
	if (strcmp(l->kind, "vlan") == 0)
		return add_vlan(p, l, master, depth, e);
	if (strcmp(l->kind, "bond") == 0)
		return add_bond(p, l, master, depth, e);
	if (strcmp(l->kind, "bridge") == 0)
		return add_bridge(p, l, master, depth, e);
	if (l->kind[0] || !has_device(p, l->name))
		return err_set(e, ENOTSUP,
			       "the way leads through '%s' (%s): not known to the native builder; " BY_HAND,
			       l->name, l->kind[0] ? l->kind : "no hardware stands behind it");
	add_hardware(p, l, master);
	return 0;
}

/* --- the address ------------------------------------------------------------------------------ */

/* The address that packets to the target bear, wherever it stands; else the first on the link. */
static const struct rtnl_addr *find_addr(const struct net_seen *seen, int index, int family)
{
	const struct rtnl_addr *first = NULL;

	for (size_t i = 0; i < seen->n_addrs; i++) {
		const struct rtnl_addr *a = &seen->addrs[i];

		if (seen->route.source.family && ipaddr_equal(&a->address, &seen->route.source))
			return a;
		if (!first && a->index == index && a->address.family == family &&
		    !ipaddr_is_link_local(&a->address))
			first = a;
	}
	return seen->route.source.family ? NULL : first;
}

/*
 * How an address that ends one day is had again.  IPv6: one that a DHCP server gave stands alone (RFC 8415
 * tells no prefix), one made from a router's prefix bears that.
 */
static enum net_method given_by(const struct rtnl_addr *a)
{
	return a->address.family == AF_INET6 && a->address.prefix < 128 ? NET_AUTO : NET_DHCP;
}

static int set_address(const struct settings *s, const struct net_seen *seen, const struct rtnl_link *l,
		       const char *host, struct recipe_net *to, struct err *e)
{
	int family = seen->route.to.family;
	const struct rtnl_addr *a = find_addr(seen, l->index, family);
	char text[IPADDR_TEXT_MAX];

	to->address = xstrdup("");
	if (s->net_address && strcmp(s->net_address, "dhcp") == 0) {
		to->method = NET_DHCP;
		return 0;
	}
	if (!s->net_address && !a)
		return err_set(e, EADDRNOTAVAIL,
			       "'%s' has no address from which '%s' is reached; set NET_ADDRESS", l->name,
			       host);
	if (!s->net_address && !(a->flags & IFA_F_PERMANENT)) {
		to->method = given_by(a);
		return 0;
	}
	to->method = NET_STATIC;
	free(to->address);
	to->address = xstrdup(s->net_address ? s->net_address : ipaddr_text_prefix(&a->address, text));
	return 0;
}

static void set_gateway(const struct settings *s, const struct net_seen *seen, const struct rtnl_link *l,
			struct recipe_net *to)
{
	char text[IPADDR_TEXT_MAX];

	if (s->net_gateway)
		to->gateway = xstrdup(strcmp(s->net_gateway, "no") == 0 ? "" : s->net_gateway);
	/* What gives the address tells the default route too, and no other. */
	else if ((to->method == NET_STATIC || seen->chosen) && seen->route.index == l->index)
		to->gateway = xstrdup(ipaddr_text(&seen->route.gateway, text));
	else
		to->gateway = xstrdup("");
}

static bool same(const struct recipe_net *a, const struct recipe_net *b)
{
	return strcmp(a->link, b->link) == 0 && a->method == b->method &&
	       strcmp(a->address, b->address) == 0 && strcmp(a->gateway, b->gateway) == 0;
}

/* Takes N; two targets on one way share it. */
static unsigned keep(struct network *net, struct recipe_net *n)
{
	for (unsigned i = 0; i < net->n_nets; i++) {
		if (!same(&net->nets[i], n))
			continue;
		for (size_t k = 0; k < n->dns.n; k++)
			strv_add_once(&net->nets[i].dns, n->dns.v[k]);
		recipe_net_done(n);
		return i;
	}
	*vec_push(&net->nets, &net->n_nets) = *n;
	return (unsigned)net->n_nets - 1;
}

static int find_link(const struct settings *s, const struct net_seen *seen, const char *host,
		     const struct rtnl_link **ret, struct err *e)
{
	const struct rtnl_route *way = &seen->route;

	if (way->index && way->type == RTN_LOCAL)
		return err_set(e, ENOTSUP,
			       "'%s' is this host itself, which will be down; name another host", host);
	*ret = s->net_device ? net_seen_named(seen, s->net_device) : net_seen_link(seen, way->index);
	if (!*ret && s->net_device)
		return err_set(e, ENODEV, "NET_DEVICE = '%s': there is no such interface", s->net_device);
	if (!*ret || (way->index && way->type != RTN_UNICAST) || (!way->index && !s->net_address))
		return err_set(e, ENETUNREACH,
			       "there is no route to '%s' now, so the way to it is not known; bring the "
			       "network up, or set NET_DEVICE and NET_ADDRESS", host);
	return 0;
}

int netplan_make(const struct root *root, const struct settings *s, const struct net_seen *seen,
		 const char *host, struct network *net, unsigned *ret_net, struct strv *modaliases,
		 struct strv *drivers, struct err *e)
{
	struct planner p = { root, seen, net, modaliases, drivers };
	struct recipe_net n = { .wait = s->net_wait };
	const struct rtnl_link *l = NULL;
	int r = find_link(s, seen, host, &l, e);

	if (r < 0 || !l)
		return r;
	r = add_link(&p, l, "", 0, e);
	if (r < 0)
		return r;
	r = set_address(s, seen, l, host, &n, e);
	if (r < 0) {
		recipe_net_done(&n);
		return r;
	}
	/* What these are called where they are no part of the kernel itself; else nothing answers to it. */
	if (n.method == NET_DHCP)
		strv_add_once(modaliases, "net-pf-17");
	if (seen->route.to.family == AF_INET6)
		strv_add_once(modaliases, "net-pf-10");
	n.link = xstrdup(l->name);
	set_gateway(s, seen, l, &n);
	for (size_t i = 0; i < seen->dns.n; i++)
		strv_add(&n.dns, seen->dns.v[i]);
	*ret_net = keep(net, &n);
	return 0;
}
