/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LIVE_APART_H
#define CRASHCFG_LIVE_APART_H

#include "live.h"
#include "liveorder.h"

/* A block device that the proof may have. */
struct apart_node {
	unsigned major, minor;
};

/* What one proof is made of. */
struct apart {
	const struct live_request *q;
	const struct live_order *order;
	const struct buf *archive;	/* the image's files */
	const char *secret;		/* path of the one that this target needs; NULL none */
	struct apart_node device;	/* the one that order->device names */
	struct apart_node *locked;	/* those of order->locked, which nobody may write */
};

/*
 * Start the image's program in namespaces of its own (mounts, processes, IPC, names; the network is the
 * host's).  *ret_fd: its lines (liveorder.h).  When the process is killed all go that it started; when
 * this process ends, so does it.  -EPERM: there are no namespaces to be had.
 */
int apart_start(const struct apart *a, pid_t *ret_pid, int *ret_fd, struct err *e);

/*
 * The block device behind DEVICE of the recipe, and the name under which it is mounted, if it is; else its own.
 * 0 or -errno.
 */
int apart_device(const struct root *root, const char *device, char **ret_name, struct apart_node *ret,
		 bool *ret_mounted);

#endif
