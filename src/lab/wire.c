/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire.h"
#include "ipaddr.h"

#include <errno.h>
#include <string.h>

#define SERVER_MAC "52:54:00:6c:61:62"
#define SERVER_CARD "eth0"
#define WIRE "wire"

void wire_done(struct wire *w)
{
	free(w->links);
	*w = (struct wire){ 0 };
}

/* --- which links --------------------------------------------------------------------------------- */

static bool has_link(const struct wire *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->links[i]->name, name) == 0)
			return true;
	return false;
}

/* Is L below one of those that are found: what a VLAN lies on, a port of a bond or bridge? */
static bool is_below(const struct wire *w, const struct recipe_link *l)
{
	if (*l->master && has_link(w, l->master))
		return true;
	for (size_t i = 0; i < w->n; i++)
		if (w->links[i]->kind == LINK_VLAN && strcmp(w->links[i]->lower, l->name) == 0)
			return true;
	return false;
}

int wire_find(const struct recipe *recipe, const struct recipe_target *t, struct wire *ret, struct err *e)
{
	auto_wire struct wire w = { 0 };
	bool more = true;

	if (t->net >= recipe->n_nets)
		return err_set(e, EINVAL, "target '%s': the recipe has no way to it", t->url);
	while (more) {
		more = false;
		for (size_t i = 0; i < recipe->n_links; i++) {
			const struct recipe_link *l = &recipe->links[i];

			if (has_link(&w, l->name) ||
			    (strcmp(l->name, recipe->nets[t->net].link) != 0 && !is_below(&w, l)))
				continue;
			*vec_push(&w.links, &w.n) = l;
			more = true;
		}
	}
	*ret = w;
	w = (struct wire){ 0 };
	return 0;
}

/* --- the guest that crashes ---------------------------------------------------------------------- */

/* Cards that QEMU can play, by the driver that the host has for its own. */
static const struct {
	const char *driver, *card;
} cards[] = {
	{ "virtio_net", "virtio-net-pci" }, { "e1000e", "e1000e" }, { "e1000", "e1000" }, { "igb", "igb" },
	{ "vmxnet3", "vmxnet3" }, { "8139cp", "rtl8139" }, { "8139too", "rtl8139" }, { "pcnet32", "pcnet" },
	{ "tulip", "tulip" },
};

static const char *card_of(const struct recipe_link *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(cards); i++)
		if (strcmp(cards[i].driver, l->driver) == 0)
			return cards[i].card;
	return NULL;
}

static size_t count_cards(const struct wire *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->links[i]->kind == LINK_HARDWARE;
	return n;
}

static int add_card(const struct recipe_link *l, const char *netdev, struct strv *ret, struct err *e)
{
	const char *card = card_of(l);

	if (!card)
		return err_set(e, ENOTSUP,
			       "'%s' is a card of the driver '%s', which QEMU has none for (--target nfs or "
			       "--target ssh tests with a virtio card)", l->name, l->driver);
	strv_add(ret, "-device");
	strv_addf(ret, "%s,mac=%s,netdev=%s", card, l->permanent, netdev);
	return 0;
}

/* Several cards share the wire by a hub. */
int wire_cards(const struct wire *w, int fd, struct strv *ret, struct err *e)
{
	size_t n = count_cards(w);
	int r = n ? 0 : err_set(e, ENOTSUP, "no network card is on the way to the target");

	strv_add(ret, "-netdev");
	strv_addf(ret, "socket,id=" WIRE ",fd=%d", fd);
	if (n > 1) {
		strv_add(ret, "-netdev");
		strv_add(ret, "hubport,id=hub,hubid=0,netdev=" WIRE);
	}
	for (size_t i = 0; r == 0 && i < w->n; i++) {
		auto_free char *port = n > 1 ? xasprintf("port%zu", i) : xstrdup(WIRE);

		if (w->links[i]->kind != LINK_HARDWARE)
			continue;
		if (n > 1) {
			strv_add(ret, "-netdev");
			strv_addf(ret, "hubport,id=%s,hubid=0", port);
		}
		r = add_card(w->links[i], port, ret, e);
	}
	return r;
}

/* --- the server ---------------------------------------------------------------------------------- */

void wire_server_card(int fd, struct strv *ret)
{
	strv_add(ret, "-netdev");
	strv_addf(ret, "socket,id=" WIRE ",fd=%d", fd);
	strv_add(ret, "-device");
	strv_add(ret, "virtio-net-pci,netdev=" WIRE ",mac=" SERVER_MAC);
}

/* What of the server's is at the other end of link NAME: the card, or a VLAN on it.  Caller frees. */
static char *far_end(const struct wire *w, const char *name, unsigned depth)
{
	for (size_t i = 0; i < w->n && depth < 8; i++) {
		const struct recipe_link *l = w->links[i];

		if (strcmp(l->name, name) == 0 && l->kind == LINK_VLAN) {
			auto_free char *lower = far_end(w, l->lower, depth + 1);

			return xasprintf("%s.%u", lower, l->vlan);
		}
		/* A bond or bridge is at the other end what its ports are. */
		if (strcmp(l->master, name) == 0 && l->kind == LINK_VLAN)
			return far_end(w, l->name, depth + 1);
	}
	return xstrdup(SERVER_CARD);
}

static void add_vlans(const struct wire *w, struct script *s)
{
	/* What lies deeper stands further back. */
	for (size_t i = w->n; i-- > 0;) {
		const struct recipe_link *l = w->links[i];
		auto_free char *lower = NULL, *name = NULL;

		if (l->kind != LINK_VLAN)
			continue;
		lower = far_end(w, l->lower, 0);
		name = far_end(w, l->name, 0);
		script_do(s, "ip", "link", "add", "link", lower, "name", name, "type", "vlan", "proto",
			  l->vlan_protocol == 0x88a8 ? "802.1ad" : "802.1Q", "id");
		script_argf(s, "%u", l->vlan);
		script_do(s, "ip", "link", "set", name, "up");
	}
}

static void add_address(struct script *s, const struct ipaddr *a, unsigned prefix, const char *dev)
{
	char text[IPADDR_TEXT_MAX];

	script_do(s, "ip", "addr", "replace");
	script_argf(s, "%s/%u", ipaddr_text(a, text), prefix);
	script_arg(s, "dev");
	script_arg(s, dev);
	if (a->family == 10)	/* AF_INET6: nobody else is here who could have it */
		script_arg(s, "nodad");
}

static unsigned mtu_of(const struct wire *w)
{
	unsigned mtu = 0;

	for (size_t i = 0; i < w->n; i++)
		mtu = w->links[i]->mtu > mtu ? w->links[i]->mtu : mtu;
	return mtu;
}

bool wire_has_name(const struct recipe *recipe, const struct recipe_target *t)
{
	struct ipaddr a;

	return (recipe->nets[t->net].dns.n || recipe->nets[t->net].method != NET_STATIC) && !ipaddr_parse(t->host, &a);
}

/* The name servers that the host asks are this one too. */
static void add_name_servers(const struct recipe_net *n, const struct ipaddr *target, const struct ipaddr *gateway,
			     const char *dev, struct script *s)
{
	for (size_t i = 0; i < n->dns.n; i++) {
		struct ipaddr dns;

		if (ipaddr_parse(n->dns.v[i], &dns) && !ipaddr_equal(&dns, target) &&
		    !(gateway && ipaddr_equal(&dns, gateway)))
			add_address(s, &dns, dns.prefix, dev);
	}
}

/*
 * Where a router stands on the way, the server is that too: it has the router's address on the link, and
 * the target's beside it.
 */
static int add_addresses(const struct recipe_net *n, const struct recipe_target *t, const char *dev,
			 struct script *s, struct err *e)
{
	struct ipaddr own, target, gateway;
	bool routed = ipaddr_parse(n->gateway, &gateway);

	if (!ipaddr_parse(t->address, &target) || !ipaddr_parse(n->address, &own))
		return err_set(e, EINVAL, "target '%s': the recipe's addresses '%s' and '%s'", t->url, t->address,
			       n->address);
	if (routed)
		add_address(s, &gateway, own.prefix, dev);
	add_address(s, &target, routed ? target.prefix : own.prefix, dev);
	add_name_servers(n, &target, routed ? &gateway : NULL, dev, s);
	return 0;
}

/* --- addresses that the server gives --------------------------------------------------------------- */

/* Some addresses of the network of TARGET, which is none of them. */
static void add_range(struct script *s, const struct ipaddr *target)
{
	size_t last = ipaddr_len(target->family) - 1;
	unsigned char from = target->bytes[last] < 100 ? 100 : 10;
	struct ipaddr first = *target, end = *target;
	char one[IPADDR_TEXT_MAX], other[IPADDR_TEXT_MAX];

	first.bytes[last] = from;
	end.bytes[last] = (unsigned char)(from + 50);
	script_argf(s, "--dhcp-range=%s,%s,%s", ipaddr_text(&first, one), ipaddr_text(&end, other),
		    target->family == 2 ? "255.255.255.0" : "64");	/* AF_INET */
}

/*
 * The recipe knows no address of such a link, and no router: the host's are those that its own network gave it.  So the
 * server's network is the one that the target's address lies in, and it is the router to all others.
 */
static int add_giver(const struct recipe_net *n, const struct recipe_target *t, const char *dev, struct script *s,
		     struct err *e)
{
	struct ipaddr target, prefix, gateway;
	bool routed = ipaddr_parse(n->gateway, &gateway);
	char text[IPADDR_TEXT_MAX];
	size_t len;

	if (!ipaddr_parse(t->address, &target))
		return err_set(e, EINVAL, "target '%s': the recipe's address '%s'", t->url, t->address);
	len = ipaddr_len(target.family);
	add_address(s, &target, len == 4 ? 24 : 64, dev);
	/* One that somebody set beside the lease. */
	if (routed)
		add_address(s, &gateway, gateway.prefix, dev);
	add_name_servers(n, &target, routed ? &gateway : NULL, dev, s);
	/* No name server: lab-init is that.  No user but root is known. */
	script_stay(s, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0", "--no-ping",
		    "--dhcp-authoritative", "--log-facility=-", "--pid-file", "--leasefile-ro");
	script_argf(s, "--interface=%s", dev);
	if (len == 4) {
		add_range(s, &target);
		script_argf(s, "--dhcp-option=option:router,%s", ipaddr_text(&target, text));
		script_argf(s, "--dhcp-option=option:dns-server,%s", ipaddr_text(&target, text));
		return 0;
	}
	script_arg(s, "--enable-ra");
	script_argf(s, "--dhcp-option=option6:dns-server,[%s]", ipaddr_text(&target, text));
	if (n->method == NET_DHCP) {
		add_range(s, &target);
		return 0;
	}
	prefix = target;
	memset(prefix.bytes + 8, 0, 8);
	script_argf(s, "--dhcp-range=%s,ra-only", ipaddr_text(&prefix, text));
	return 0;
}

int wire_server(const struct recipe *recipe, const struct recipe_target *t, const struct wire *w,
		struct script *s, struct err *e)
{
	const struct recipe_net *n = &recipe->nets[t->net];
	auto_free char *dev = far_end(w, n->link, 0);
	unsigned mtu = mtu_of(w);

	script_do(s, "ip", "link", "set", "lo", "up");
	if (mtu) {
		script_do(s, "ip", "link", "set", SERVER_CARD, "mtu");
		script_argf(s, "%u", mtu);
	}
	script_do(s, "ip", "link", "set", SERVER_CARD, "up");
	add_vlans(w, s);
	return n->method == NET_STATIC ? add_addresses(n, t, dev, s, e) : add_giver(n, t, dev, s, e);
}
