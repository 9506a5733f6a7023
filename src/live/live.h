/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LIVE_H
#define CRASHCFG_LIVE_H

#include "image.h"

/*
 * `check --live`: each target is proven by the image's own programs, keys and recipe, in a namespace in which
 * there is nothing else but this host's network.  run.c starts and follows them, apart.c is the
 * namespace, record.c remembers how it ended.
 */

struct live_step {
	char *name;		/* liveorder.h tells them */
	bool ok;
	int64_t ms;
	char *error, *note;	/* "" none */
};

struct live_target {
	char *url;
	bool ok;
	bool mounted;		/* it is a file system that was mounted for this, and for this alone */
	int64_t ms;
	struct live_step *steps;
	size_t n_steps;
};

struct live_result {
	int64_t time;		/* seconds since 1970 */
	char *image;		/* its id */
	bool built;		/* an image was built for this, since the one that stands is not current */
	struct live_target *targets;
	size_t n_targets;
	bool ok;		/* all are */
};
void live_result_done(struct live_result *l);
#define auto_live AUTO(live_result_done)

struct live_request {
	const struct root *root;	/* the host's */
	const struct recipe *recipe;	/* that of the image */
	const struct buf *image;
	const struct buf *secrets;	/* what secrets_collect() gave */
	unsigned net_wait;		/* seconds */
	int timeout_ms;			/* for each target; 0: by what it is */
	uint64_t need;			/* bytes that a dump would have; 0: not known */
	/* Called when a target begins and when it has ended (STEPS is whole then); may be NULL. */
	void (*event)(void *ctx, const struct live_target *t, bool ended);
	void *ctx;
};

/*
 * Prove every target of the recipe, one after the other.  Negative only when none could be tried: -EPERM (not
 * root), -EWOULDBLOCK (another run is at it), -ENOTSUP (no namespaces here).
 */
int live_run(const struct live_request *q, struct live_result *ret, struct err *e);
/* The step that failed first; NULL: none. */
const struct live_step *live_failed_step(const struct live_target *t);

/* --- record.c ------------------------------------------------------------------------------------ */

#define LIVE_RECORD IMAGE_DIR "/live.json"

/* Members "ok", "time", "image", "built" and "targets", see crashcfg(8). */
struct json *live_json(const struct live_result *l);
/* What a text of that form says.  -EINVAL: it is none. */
int live_parse(const char *text, size_t len, struct live_result *ret, struct err *e);
/* The last run, in LIVE_RECORD (0600).  Reading: -ENOENT: there was none; -EACCES. */
int live_record_write(const struct root *root, const struct live_result *l, struct err *e);
int live_record_read(const struct root *root, struct live_result *ret, struct err *e);
/* "2 minutes ago", "3 days ago"; caller frees. */
char *live_age(int64_t then, int64_t now);

#endif
