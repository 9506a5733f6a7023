/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

/* --- reading ---------------------------------------------------------------------------------- */

/* Headers may lie at any address, so they are copied out. */
struct attr {
	unsigned type;
	const char *data;
	size_t len;
};

/* The attribute at the head of *DATA, which goes on behind it. */
static bool next_attr(const char **data, size_t *left, struct attr *ret)
{
	struct rtattr head;
	size_t step;

	if (*left < sizeof(head))
		return false;
	memcpy(&head, *data, sizeof(head));
	if (head.rta_len < sizeof(head) || head.rta_len > *left)
		return false;
	*ret = (struct attr){
		.type = (unsigned)head.rta_type & 0x3fff,	/* NLA_TYPE_MASK */
		.data = *data + sizeof(head),
		.len = head.rta_len - sizeof(head),
	};
	step = RTA_ALIGN(head.rta_len);
	step = step < *left ? step : *left;
	*data += step;
	*left -= step;
	return true;
}

static uint32_t u32(const struct attr *a)
{
	uint32_t v = 0;

	if (a->len >= sizeof(v))
		memcpy(&v, a->data, sizeof(v));
	return v;
}

static unsigned u16(const struct attr *a)
{
	uint16_t v = 0;

	if (a->len >= sizeof(v))
		memcpy(&v, a->data, sizeof(v));
	return v;
}

static void text(const struct attr *a, char to[static RTNL_NAME_MAX])
{
	size_t n = strnlen(a->data, a->len);

	if (n < RTNL_NAME_MAX) {
		memcpy(to, a->data, n);
		to[n] = '\0';
	}
}

static void address(const struct attr *a, int family, struct ipaddr *to)
{
	size_t len = ipaddr_len(family);

	if ((family != AF_INET && family != AF_INET6) || a->len != len)
		return;
	to->family = family;
	to->prefix = (unsigned)len * 8;
	memcpy(to->bytes, a->data, len);
}

static size_t hardware(const struct attr *a, unsigned char to[static HWADDR_MAX])
{
	if (a->len > HWADDR_MAX)
		return 0;
	memcpy(to, a->data, a->len);
	return a->len;
}

static void read_vlan(const struct attr *data, struct rtnl_link *l)
{
	const char *p = data->data;
	size_t left = data->len;
	struct attr a;

	while (next_attr(&p, &left, &a)) {
		if (a.type == IFLA_VLAN_ID)
			l->vlan = u16(&a);
		else if (a.type == IFLA_VLAN_PROTOCOL)
			l->vlan_protocol = ntohs((uint16_t)u16(&a));
	}
}

static void read_info(const struct attr *info, struct rtnl_link *l)
{
	const char *p = info->data;
	size_t left = info->len;
	struct attr a;

	while (next_attr(&p, &left, &a)) {
		if (a.type == IFLA_INFO_KIND)
			text(&a, l->kind);
		else if (a.type == IFLA_INFO_DATA && strcmp(l->kind, "vlan") == 0)
			read_vlan(&a, l);
	}
}

static void read_link(const char *p, size_t left, struct rtnl_link *l)
{
	struct ifinfomsg head;
	struct attr a;

	memcpy(&head, p, sizeof(head));
	*l = (struct rtnl_link){ .index = head.ifi_index, .flags = head.ifi_flags, .type = head.ifi_type };
	p += NLMSG_ALIGN(sizeof(head));
	left -= NLMSG_ALIGN(sizeof(head));
	while (next_attr(&p, &left, &a)) {
		if (a.type == IFLA_IFNAME)
			text(&a, l->name);
		else if (a.type == IFLA_MTU)
			l->mtu = u32(&a);
		else if (a.type == IFLA_ADDRESS)
			l->address_len = hardware(&a, l->address);
		else if (a.type == IFLA_PERM_ADDRESS)
			l->permanent_len = hardware(&a, l->permanent);
		else if (a.type == IFLA_MASTER)
			l->master = (int)u32(&a);
		else if (a.type == IFLA_LINK)
			l->lower = (int)u32(&a);
		else if (a.type == IFLA_LINK_NETNSID)
			l->foreign = true;
		else if (a.type == IFLA_LINKINFO)
			read_info(&a, l);
	}
}

static void read_addr(const char *p, size_t left, struct rtnl_addr *to)
{
	struct ipaddr local = { 0 };
	struct ifaddrmsg head;
	struct attr a;

	memcpy(&head, p, sizeof(head));
	*to = (struct rtnl_addr){
		.index = (int)head.ifa_index, .flags = head.ifa_flags, .scope = head.ifa_scope,
		.valid = UINT32_MAX,
	};
	p += NLMSG_ALIGN(sizeof(head));
	left -= NLMSG_ALIGN(sizeof(head));
	while (next_attr(&p, &left, &a)) {
		if (a.type == IFA_ADDRESS)
			address(&a, head.ifa_family, &to->address);
		else if (a.type == IFA_LOCAL)
			address(&a, head.ifa_family, &local);
		else if (a.type == IFA_FLAGS)
			to->flags = u32(&a);
		else if (a.type == IFA_CACHEINFO && a.len >= sizeof(struct ifa_cacheinfo)) {
			struct ifa_cacheinfo info;

			memcpy(&info, a.data, sizeof(info));
			to->valid = info.ifa_valid;
		}
	}
	/* With a peer, IFA_ADDRESS is the peer's. */
	if (local.family)
		to->address = local;
	to->address.prefix = head.ifa_prefixlen;
}

static void read_route(const char *p, size_t left, struct rtnl_route *to)
{
	struct rtmsg head;
	struct attr a;

	memcpy(&head, p, sizeof(head));
	/* Before 4.13 the flag that asks for it is not known, and a copy for the one address comes back. */
	*to = (struct rtnl_route){ .type = head.rtm_type, .table = head.rtm_table,
				   .by_table = !(head.rtm_flags & RTM_F_CLONED) };
	p += NLMSG_ALIGN(sizeof(head));
	left -= NLMSG_ALIGN(sizeof(head));
	while (next_attr(&p, &left, &a)) {
		if (a.type == RTA_OIF)
			to->index = (int)u32(&a);
		else if (a.type == RTA_DST)
			address(&a, head.rtm_family, &to->to);
		else if (a.type == RTA_TABLE)
			to->table = u32(&a);
		else if (a.type == RTA_GATEWAY)
			address(&a, head.rtm_family, &to->gateway);
		else if (a.type == RTA_PREFSRC)
			address(&a, head.rtm_family, &to->source);
		else if (a.type == RTA_VIA && a.len > 2) {
			/* struct rtvia: a gateway of another family */
			struct attr via = { .data = a.data + 2, .len = a.len - 2 };

			address(&via, (int)u16(&a), &to->gateway);
		}
	}
	if (to->to.family)
		to->to.prefix = head.rtm_dst_len;
}

int rtnl_next(const char *data, size_t len, size_t *at, struct rtnl_message *ret)
{
	struct rtnl_message m = { 0 };
	struct nlmsghdr head;
	size_t left, body;
	const char *p;

	if (*at >= len)
		return 0;
	left = len - *at;
	if (left < sizeof(head))
		return -EINVAL;
	memcpy(&head, data + *at, sizeof(head));
	if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > left)
		return -EINVAL;
	p = data + *at + NLMSG_HDRLEN;
	body = head.nlmsg_len - NLMSG_HDRLEN;
	m.type = head.nlmsg_type;
	m.seq = head.nlmsg_seq;
	if (m.type == NLMSG_ERROR) {
		if (body < sizeof(m.error))
			return -EINVAL;
		memcpy(&m.error, p, sizeof(m.error));
	} else if (m.type == RTM_NEWLINK || m.type == RTM_DELLINK) {
		if (body < NLMSG_ALIGN(sizeof(struct ifinfomsg)))
			return -EINVAL;
		read_link(p, body, &m.link);
	} else if (m.type == RTM_NEWADDR || m.type == RTM_DELADDR) {
		if (body < NLMSG_ALIGN(sizeof(struct ifaddrmsg)))
			return -EINVAL;
		read_addr(p, body, &m.addr);
	} else if (m.type == RTM_NEWROUTE) {
		if (body < NLMSG_ALIGN(sizeof(struct rtmsg)))
			return -EINVAL;
		read_route(p, body, &m.route);
	}
	left -= head.nlmsg_len;
	*at += NLMSG_ALIGN(head.nlmsg_len);
	if (left < NLMSG_ALIGN(head.nlmsg_len) - head.nlmsg_len)
		*at = len;
	*ret = m;
	return 1;
}

/* --- writing ---------------------------------------------------------------------------------- */

static size_t begin(struct buf *to, uint16_t type, uint16_t flags, uint32_t seq, const void *body,
		    size_t len)
{
	struct nlmsghdr head = { .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
				 .nlmsg_seq = seq };
	size_t at = to->len;

	buf_add(to, &head, sizeof(head));
	buf_add(to, body, len);
	buf_zero(to, NLMSG_ALIGN(len) - len);
	return at;
}

static void end(struct buf *to, size_t at)
{
	struct nlmsghdr head;

	memcpy(&head, to->data + at, sizeof(head));
	head.nlmsg_len = (uint32_t)(to->len - at);
	memcpy(to->data + at, &head, sizeof(head));
}

static void put(struct buf *to, unsigned type, const void *data, size_t len)
{
	struct rtattr head = { .rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = (uint16_t)type };

	buf_add(to, &head, sizeof(head));
	buf_add(to, data, len);
	buf_zero(to, RTA_ALIGN(len) - len);
}

static void put_u32(struct buf *to, unsigned type, uint32_t v)
{
	put(to, type, &v, sizeof(v));
}

static void put_address(struct buf *to, unsigned type, const struct ipaddr *a)
{
	put(to, type, a->bytes, ipaddr_len(a->family));
}

static size_t nest(struct buf *to, unsigned type)
{
	size_t at = to->len;

	put(to, type, NULL, 0);
	return at;
}

static void nest_end(struct buf *to, size_t at)
{
	struct rtattr head;

	memcpy(&head, to->data + at, sizeof(head));
	head.rta_len = (uint16_t)(to->len - at);
	memcpy(to->data + at, &head, sizeof(head));
}

void rtnl_ask_links(struct buf *to, uint32_t seq)
{
	struct ifinfomsg body = { .ifi_family = AF_UNSPEC };

	end(to, begin(to, RTM_GETLINK, NLM_F_DUMP, seq, &body, sizeof(body)));
}

void rtnl_ask_addrs(struct buf *to, uint32_t seq, int family)
{
	struct ifaddrmsg body = { .ifa_family = (unsigned char)family };

	end(to, begin(to, RTM_GETADDR, NLM_F_DUMP, seq, &body, sizeof(body)));
}

void rtnl_ask_route(struct buf *to, uint32_t seq, const struct ipaddr *a, int index, bool by_table)
{
	struct rtmsg body = { .rtm_family = (unsigned char)a->family,
			      .rtm_dst_len = (unsigned char)(ipaddr_len(a->family) * 8),
			      .rtm_flags = by_table ? RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE : 0 };
	size_t at = begin(to, RTM_GETROUTE, 0, seq, &body, sizeof(body));

	put_address(to, RTA_DST, a);
	if (index)
		put_u32(to, RTA_OIF, (uint32_t)index);
	end(to, at);
}

static void put_kind(struct buf *to, const struct rtnl_change *c)
{
	size_t info = nest(to, IFLA_LINKINFO), data;

	put(to, IFLA_INFO_KIND, c->kind, strlen(c->kind));
	if (c->vlan) {
		uint16_t id = (uint16_t)c->vlan, protocol = htons((uint16_t)c->vlan_protocol);

		data = nest(to, IFLA_INFO_DATA);
		put(to, IFLA_VLAN_ID, &id, sizeof(id));
		if (c->vlan_protocol)
			put(to, IFLA_VLAN_PROTOCOL, &protocol, sizeof(protocol));
		nest_end(to, data);
	}
	nest_end(to, info);
}

void rtnl_change_link(struct buf *to, uint32_t seq, const struct rtnl_change *c)
{
	struct ifinfomsg body = { .ifi_family = AF_UNSPEC, .ifi_index = c->index };
	uint16_t flags = NLM_F_ACK | (c->index ? 0 : NLM_F_CREATE | NLM_F_EXCL);
	size_t at;

	if (c->up || c->down) {
		body.ifi_change = IFF_UP;
		body.ifi_flags = c->up ? IFF_UP : 0;
	}
	at = begin(to, RTM_NEWLINK, flags, seq, &body, sizeof(body));
	if (c->name)
		put(to, IFLA_IFNAME, c->name, strlen(c->name) + 1);
	if (c->lower)
		put_u32(to, IFLA_LINK, (uint32_t)c->lower);
	if (c->mtu)
		put_u32(to, IFLA_MTU, c->mtu);
	if (c->master)
		put_u32(to, IFLA_MASTER, (uint32_t)c->master);
	if (c->address)
		put(to, IFLA_ADDRESS, c->address, c->address_len);
	if (c->kind)
		put_kind(to, c);
	end(to, at);
}

void rtnl_add_addr(struct buf *to, uint32_t seq, int index, const struct ipaddr *a)
{
	struct ifaddrmsg body = { .ifa_family = (unsigned char)a->family, .ifa_prefixlen =
		(unsigned char)a->prefix,
				  .ifa_index = (unsigned)index };
	size_t at;

	if (a->family == AF_INET6)
		body.ifa_flags = IFA_F_NODAD;
	at = begin(to, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, seq, &body, sizeof(body));
	put_address(to, IFA_LOCAL, a);
	put_address(to, IFA_ADDRESS, a);
	if (a->family == AF_INET && a->prefix < 31) {
		struct ipaddr all = *a;

		for (unsigned bit = a->prefix; bit < 32; bit++)
			all.bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
		put_address(to, IFA_BROADCAST, &all);
	}
	end(to, at);
}

void rtnl_add_route(struct buf *to, uint32_t seq, int index, const struct ipaddr *destination,
		    const struct ipaddr *gateway, const struct ipaddr *source)
{
	struct rtmsg body = {
		.rtm_family = (unsigned char)destination->family,
		.rtm_dst_len = (unsigned char)destination->prefix,
		.rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC, .rtm_type = RTN_UNICAST,
		.rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_flags = gateway ? RTNH_F_ONLINK : 0,
	};
	size_t at = begin(to, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, seq, &body,
			  sizeof(body));

	if (destination->prefix)
		put_address(to, RTA_DST, destination);
	if (gateway && gateway->family == destination->family) {
		put_address(to, RTA_GATEWAY, gateway);
	} else if (gateway) {
		char via[2 + 16] = { (char)gateway->family };

		memcpy(via + 2, gateway->bytes, ipaddr_len(gateway->family));
		put(to, RTA_VIA, via, 2 + ipaddr_len(gateway->family));
	}
	if (source)
		put_address(to, RTA_PREFSRC, source);
	put_u32(to, RTA_OIF, (uint32_t)index);
	end(to, at);
}
