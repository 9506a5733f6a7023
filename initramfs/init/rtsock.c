/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rtsock.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#define ANSWER_BYTES (32u << 10)
#define ANSWER_SECONDS 10

int rtsock_open(struct rtsock *s)
{
	struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };

	*s = (struct rtsock){ .ask = -1, .events = -1 };
	s->ask = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	s->events = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (s->ask < 0 || s->events < 0 ||
	    setsockopt(s->ask, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    bind(s->events, (struct sockaddr *)&groups, sizeof(groups)) < 0)
		return -errno;
	return 0;
}

void rtsock_done(struct rtsock *s)
{
	own_close(&s->ask);
	own_close(&s->events);
	*s = (struct rtsock){ .ask = -1, .events = -1 };
}

static void nobody(void *ctx, const struct rtnl_message *m)
{
	(void)ctx, (void)m;
}

int rtsock_do(struct rtsock *s, const struct buf *request)
{
	return rtsock_ask(s, request, true, nobody, NULL);
}

int rtsock_ask(struct rtsock *s, const struct buf *request, bool dump,
	       void (*fn)(void *ctx, const struct rtnl_message *m), void *ctx)
{
	auto_free char *data = xmalloc(ANSWER_BYTES);

	if (send(s->ask, request->data, request->len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t len = recv(s->ask, data, ANSWER_BYTES, 0);
		struct rtnl_message m;
		size_t at = 0;
		int r;

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		while ((r = rtnl_next(data, (size_t)len, &at, &m)) == 1) {
			/* Of an earlier request that was given up. */
			if (m.seq != s->seq)
				continue;
			if (m.type == NLMSG_ERROR)
				return m.error;
			if (m.type == NLMSG_DONE)
				return 0;
			fn(ctx, &m);
			if (!dump)
				return 0;
		}
		if (r < 0)
			return r;
	}
}

void rtsock_wait(struct rtsock *s, int ms)
{
	struct pollfd fd = { .fd = s->events, .events = POLLIN };
	char data[8192];

	if (poll(&fd, 1, ms) <= 0)
		return;
	/* ENOBUFS: some were lost; whoever waits looks at the state, not at the event. */
	while (recv(s->events, data, sizeof(data), 0) > 0 || errno == ENOBUFS)
		;
}
