/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_RTSOCK_H
#define CRASHCFG_INIT_RTSOCK_H

#include "rtnl.h"

/* The kernel's end of rtnetlink: one socket for requests, one for events. */
struct rtsock {
	int ask, events;
	uint32_t seq;
};

/* 0 or -errno. */
int rtsock_open(struct rtsock *s);
void rtsock_done(struct rtsock *s);
#define auto_rtsock AUTO(rtsock_done)

/* Send one request and wait for its acknowledgement.  0 or -errno, the kernel's too. */
int rtsock_do(struct rtsock *s, const struct buf *request);
/* Send one that is answered by messages, and call FN for each; DUMP: for many. */
int rtsock_ask(struct rtsock *s, const struct buf *request, bool dump,
	       void (*fn)(void *ctx, const struct rtnl_message *m), void *ctx);
/* Wait for any event of links and addresses, at most MS milliseconds; what came is thrown away. */
void rtsock_wait(struct rtsock *s, int ms);

#endif
