/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways to a scratch server that are not this host's own: what network_find() would say of them. */
#include "labparts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CARD_MAC "52:54:00:63:72:%02zx"
#define FIRST_CARD 0x61
#define LAB_VLAN 7
#define WAIT_SECONDS 60
#define INET 2			/* AF_INET */

/* As it grows from the card upwards. */
struct way {
	struct network *net;
	struct storage *to;		/* what drives it goes there */
	size_t cards;
	const char *top;		/* name of the last link */
	enum net_method method;
	bool routed;
};

/* Another address of the server's network. */
static void neighbour(const struct ipaddr *server, struct ipaddr *ret)
{
	size_t last = ipaddr_len(server->family) - 1;

	*ret = *server;
	ret->prefix = server->family == INET ? 24 : 64;
	ret->bytes[last] = ret->bytes[last] == 77 ? 78 : 77;
}

static struct recipe_link *add_link(struct way *w, enum link_kind kind, const char *name, const char *master)
{
	struct recipe_link *l = vec_push(&w->net->links, &w->net->n_links);

	*l = (struct recipe_link){
		.kind = kind, .name = xstrdup(name), .permanent = xstrdup(""), .driver = xstrdup(""),
		.address = xstrdup(""), .lower = xstrdup(""), .master = xstrdup(master),
	};
	return l;
}

static void add_card(struct way *w, const char *master)
{
	auto_free char *name = xasprintf("eth%zu", w->cards);
	struct recipe_link *l = add_link(w, LINK_HARDWARE, name, master);

	free(l->permanent);
	free(l->driver);
	l->permanent = xasprintf(CARD_MAC, FIRST_CARD + w->cards++);
	l->driver = xstrdup("virtio_net");
}

/* What the top becomes a port of has to come before it in the list. */
static struct recipe_link *add_master(struct way *w, enum link_kind kind, const char *name)
{
	struct recipe_link first;
	size_t n = w->net->n_links;

	for (size_t i = 0; i < n; i++) {
		struct recipe_link *l = &w->net->links[i];

		if (strcmp(l->name, w->top) != 0)
			continue;
		free(l->master);
		l->master = xstrdup(name);
	}
	first = *add_link(w, kind, name, "");
	memmove(&w->net->links[1], &w->net->links[0], n * sizeof(first));
	w->net->links[0] = first;
	w->top = name;
	return &w->net->links[0];
}

/* --- the kinds ------------------------------------------------------------------------------------ */

static int take_bond(struct way *w, struct err *e)
{
	struct recipe_link *l;

	if (strcmp(w->top, "eth0") != 0)
		return err_set(e, EINVAL, "'bond' is of cards: it comes first");
	l = add_master(w, LINK_BOND, "bond0");
	strv_add(&l->options, "bonding/mode=1");
	strv_add(&l->options, "bonding/miimon=100");
	add_card(w, "bond0");
	strv_add_once(&w->to->drivers, "bonding");
	return 0;
}

static int take_bridge(struct way *w, struct err *e)
{
	if (strcmp(w->top, "br0") == 0)
		return err_set(e, EINVAL, "a bridge is no port of a bridge");
	strv_add(&add_master(w, LINK_BRIDGE, "br0")->options, "bridge/stp_state=0");
	strv_add_once(&w->to->drivers, "bridge");
	return 0;
}

static int take_vlan(struct way *w, struct err *e)
{
	struct recipe_link *l;

	if (strcmp(w->top, "vlan7") == 0)
		return err_set(e, EINVAL, "'vlan' stands there twice");
	l = add_link(w, LINK_VLAN, "vlan7", "");
	free(l->lower);
	l->lower = xstrdup(w->top);
	l->vlan = LAB_VLAN;
	l->vlan_protocol = 0x8100;
	w->top = "vlan7";
	strv_add_once(&w->to->drivers, "8021q");
	return 0;
}

static int take_dhcp(struct way *w, struct err *e)
{
	(void)e;
	w->method = NET_DHCP;
	strv_add_once(&w->to->modaliases, "net-pf-17");
	return 0;
}

static int take_ra(struct way *w, struct err *e)
{
	(void)e;
	w->method = NET_AUTO;
	return 0;
}

static int take_router(struct way *w, struct err *e)
{
	(void)e;
	w->routed = true;
	return 0;
}

static const struct net_kind {
	const char *name;
	int (*take)(struct way *w, struct err *e);
} net_kinds[] = {
	{ "bond", take_bond }, { "bridge", take_bridge }, { "vlan", take_vlan },
	{ "dhcp", take_dhcp }, { "ra", take_ra }, { "router", take_router },
};

static int take_kinds(struct way *w, const char *kinds, struct err *e)
{
	int r = 0;

	for (const char *at = kinds; r == 0 && *at; at += *at == ',') {
		size_t len = strcspn(at, ","), i = 0;

		while (i < ARRAY_SIZE(net_kinds) &&
		       (strlen(net_kinds[i].name) != len || strncmp(net_kinds[i].name, at, len) != 0))
			i++;
		if (i == ARRAY_SIZE(net_kinds))
			return err_set(e, EINVAL, "'%.*s' is nothing that the test can make (bond, bridge, vlan, dhcp, ra, "
				       "router; from the card upwards, separated by ',')", (int)len, at);
		r = net_kinds[i].take(w, e);
		at += len;
	}
	return r;
}

/* --- the address ------------------------------------------------------------------------------------ */

static int fill_addresses(const struct way *w, const struct ipaddr *server, struct recipe_net *n, struct err *e)
{
	struct ipaddr own = *server, router;
	char text[IPADDR_TEXT_MAX];

	if (w->method == NET_AUTO && server->family == INET)
		return err_set(e, EINVAL, "'ra' gives IPv6 addresses: name a server that has one (nfs://[2001:db8::1]/DIR)");
	if (w->method != NET_STATIC) {
		if (w->routed)
			return err_set(e, EINVAL, "'router': which it is, is told by DHCP or by itself");
		n->address = xstrdup("");
		n->gateway = xstrdup("");
		return 0;
	}
	/* A network beside the server's: its prefix ends otherwise. */
	if (w->routed)
		own.bytes[own.family == INET ? 2 : 7] ^= 1;
	neighbour(&own, &own);
	router = own;
	router.bytes[ipaddr_len(own.family) - 1] = 1;
	n->address = xstrdup(ipaddr_text_prefix(&own, text));
	n->gateway = xstrdup(w->routed ? ipaddr_text(&router, text) : "");
	return 0;
}

int netkinds_fill(const char *kinds, const struct ipaddr *server, bool named, struct network *ret,
		  struct storage *to, struct err *e)
{
	struct way w = { .net = ret, .to = to, .top = "eth0", .method = NET_STATIC };
	char text[IPADDR_TEXT_MAX];
	struct recipe_net *n;
	int r;

	add_card(&w, "");
	r = take_kinds(&w, kinds, e);
	n = vec_push(&ret->nets, &ret->n_nets);
	n->link = xstrdup(w.top);
	n->method = w.method;
	n->wait = WAIT_SECONDS;
	r = r < 0 ? r : fill_addresses(&w, server, n, e);
	if (r == 0 && named)
		strv_add(&n->dns, ipaddr_text(server, text));
	return r;
}
