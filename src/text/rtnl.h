/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_RTNL_H
#define CRASHCFG_RTNL_H

#include "buf.h"
#include "ipaddr.h"

#include <stdint.h>

/*
 * The little of rtnetlink(7) that finding and rebuilding the way to a host takes: bytes to
 * structs and structs to bytes, no socket.  linux/rtnetlink.h, if_link.h, if_addr.h.
 */
#define RTNL_NAME_MAX 16	/* IFNAMSIZ */

struct rtnl_link {
	int index;
	unsigned flags;		/* IFF_UP, IFF_LOWER_UP */
	unsigned type;		/* ARPHRD_ETHER */
	char name[RTNL_NAME_MAX];
	unsigned mtu;
	unsigned char address[HWADDR_MAX], permanent[HWADDR_MAX];
	size_t address_len, permanent_len;	/* permanent: 0 where the driver tells none */
	int master, lower;	/* indices, 0 none */
	bool foreign;		/* lower is an index of another network namespace */
	char kind[RTNL_NAME_MAX];	/* "vlan", "bond", "bridge", "veth"; "" hardware */
	unsigned vlan, vlan_protocol;	/* kind "vlan": id, ethertype */
};

struct rtnl_addr {
	int index;
	unsigned flags;		/* IFA_F_PERMANENT, IFA_F_TENTATIVE */
	unsigned scope;
	struct ipaddr address;
	uint32_t valid;		/* seconds it still holds; UINT32_MAX for ever */
};

struct rtnl_route {
	int index;		/* outgoing link, 0 not told */
	unsigned type;		/* RTN_UNICAST, RTN_LOCAL, RTN_UNREACHABLE */
	struct ipaddr to, gateway, source;	/* family 0: none */
	bool by_table;		/* TO is that of the table's own entry, not the address that was asked for */
	unsigned table;		/* RT_TABLE_MAIN */
};

struct rtnl_message {
	uint16_t type;		/* RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, NLMSG_DONE, NLMSG_ERROR */
	uint32_t seq;
	int error;		/* NLMSG_ERROR: 0 or -errno */
	struct rtnl_link link;
	struct rtnl_addr addr;
	struct rtnl_route route;
};

/*
 * The message at *AT of what one receive gave; *AT goes on behind it.  1: there is one; 0: the
 * end.  A message of another type has its type alone.  -EINVAL: not netlink; nothing is
 * read beyond LEN whatever its lengths say.
 */
int rtnl_next(const char *data, size_t len, size_t *at, struct rtnl_message *ret);

/* Requests, appended to TO; each is one message with sequence number SEQ. */
void rtnl_ask_links(struct buf *to, uint32_t seq);
void rtnl_ask_addrs(struct buf *to, uint32_t seq, int family);
/* Which way would a packet to ADDRESS go?  INDEX 0: by whatever link.  BY_TABLE: the entry of the table that says so. */
void rtnl_ask_route(struct buf *to, uint32_t seq, const struct ipaddr *address, int index, bool by_table);

/* Answered by NLMSG_ERROR, 0 when it was done. */
struct rtnl_change {
	int index;		/* 0: a new link */
	const char *name, *kind;	/* of a new link */
	int lower;		/* of a new VLAN */
	unsigned vlan, vlan_protocol;
	bool up, down;		/* set one of them, or leave it as it is */
	unsigned mtu;		/* 0: as it is */
	int master;		/* 0: as it is */
	const unsigned char *address;	/* NULL: as it is */
	size_t address_len;
};
void rtnl_change_link(struct buf *to, uint32_t seq, const struct rtnl_change *c);
/* IPv6 without duplicate address detection: it was ours a moment ago. */
void rtnl_add_addr(struct buf *to, uint32_t seq, int index, const struct ipaddr *address);
/* DESTINATION with prefix 0: the default route.  GATEWAY, SOURCE may be NULL.  A gateway need not be in the
 * subnet. */
void rtnl_add_route(struct buf *to, uint32_t seq, int index, const struct ipaddr *destination,
		    const struct ipaddr *gateway, const struct ipaddr *source);

#endif
