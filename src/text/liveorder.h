/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LIVEORDER_H
#define CRASHCFG_LIVEORDER_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What `check --live` and the image's own program say to each other.  The program runs under LIVE_NAME in
 * a namespace, reads LIVE_ORDER_PATH, proves one target of its recipe and tells each step in a line on
 * its stdout: once when it begins and once when it has ended.  This codec is the lines' only home.
 */
#define LIVE_NAME "crashcfg-live"
#define LIVE_ORDER_PATH "/etc/crashcfg/live.json"
#define LIVE_ORDER_MAX 65536u
#define LIVE_LINE_MAX 16384u		/* bytes; a longer line is none of ours */
/* Folders of such names are nobody's dumps; whoever made them removes them, or the next run does. */
#define LIVE_FOLDER ".crashcfg-live-"

struct live_order {
	unsigned target;	/* index in the recipe */
	char *device;		/* "/dev/vda2": the node of this name is that of the target's device; "" no disk */
	struct strv locked;	/* nodes of what its encrypted layers lie on, one for each, bottom up */
	char *folder;		/* name of the folder to be made: LIVE_FOLDER and digits */
	uint64_t need;		/* bytes that a dump would have; 0 not known */
};
void live_order_done(struct live_order *o);
void live_order_encode(const struct live_order *o, struct buf *to);
/* -EINVAL: no such order; the text says why. */
int live_order_decode(const char *text, size_t len, struct live_order *ret, struct err *e);

/*
 * Steps, in order: by network "resolve", "reach" (TCP), for ssh "authenticate"; for encrypted disks "unlock"; "mount" (nfs, disks); "folder",
 * "space", "write", "rename", "read", "delete".  raw: "device", "content", "space", and nothing is written.
 * "prepare" is the namespace; LIVE_END has no time to tell and says that there is no more to come.
 */
#define LIVE_END "end"
struct live_line {
	char *step;
	bool ended;
	int64_t ms;		/* ended: how long it took */
	char *error;		/* ended: "" it is good; else one sentence */
	char *note;		/* what else is to be told, "" nothing: "85 MB/s" */
};
void live_line_done(struct live_line *l);
#define auto_live_line AUTO(live_line_done)
void live_line_encode(const struct live_line *l, struct buf *to);	/* with its newline */
/* Error and note come plain (plain.h): a server may have had its words in them. */
int live_line_decode(const char *text, size_t len, struct live_line *ret, struct err *e);

#endif
