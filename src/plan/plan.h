/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_PLAN_H
#define CRASHCFG_PLAN_H

#include "bootloader.h"
#include "image.h"
#include "json.h"

/* Everything that a plan is made from.  world_read() looks, never writes. */
struct world {
	struct facts *facts;
	const struct boot_editor *editor;
	struct boot_state *boot;
	struct collector collector;
	struct image_plan *image;	/* what the image would be made of; NULL: see image_why */
	char *image_why;		/* why no image can be planned here (target not found...), "" */
	char *image_path;		/* "/var/lib/crashcfg/6.1.0-50-amd64/capture.img" */
	char *image_have;		/* id of the image that stands there, NULL: none */
	struct edit_list owned;		/* files of ours that stand below the root now (units, drop-ins), as they are */
	char *peer;			/* "kdump-tools": an installed and enabled peer, NULL */
};
void world_free(struct world *w);
static inline void own_world(struct world **w)
{
	world_free(*w);
}
#define auto_world AUTO(own_world)

struct world_options {
	const char *kernel;	/* NULL: facts_kernel()'s choice */
	const char *tool_dir;
};
int world_read(const struct root *root, const struct settings *want, const struct world_options *o,
	       struct world **ret, struct err *e);

enum step_kind {
	STEP_EDIT,		/* write or delete one file */
	STEP_IMAGE,		/* build the image and put it in place */
	STEP_RUN,		/* run a program: the boot loader's generator */
	STEP_LOAD,		/* load the image into the reserved memory */
	STEP_UNLOAD,
};

struct step {
	enum step_kind kind;
	struct edit edit;		/* STEP_EDIT */
	struct boot_command command;	/* STEP_RUN */
	char *path;			/* STEP_IMAGE: where; STEP_LOAD: image */
	char *why;			/* for people */
	bool deferred;			/* below a foreign root: listed, never done */
};

/* Is the reservation what the settings want?  Told from four facts. */
enum reboot_state {
	RESERVE_NOT_CONFIGURED,	/* the boot loader does not hold it */
	RESERVE_PENDING,	/* it does, the running kernel was booted without */
	RESERVE_FAILED,		/* the kernel was asked and reserved nothing */
	RESERVE_UNDERSIZED,	/* it reserved less than is needed now */
	RESERVE_SHRUNK,		/* memory was given back at run time */
	RESERVE_OK,
	RESERVE_UNKNOWN,	/* a foreign root: no kernel runs there */
};
const char *reboot_state_name(enum reboot_state s);	/* "pending-reboot" */

struct plan {
	struct step *steps;
	size_t n_steps;
	struct boot_conflict *conflicts;	/* values of another hand that stay */
	size_t n_conflicts;
	char *crashkernel;			/* the value wanted, "" none */
	enum reboot_state reserve;		/* after the plan was applied */
};
void plan_free(struct plan *p);
static inline void own_plan(struct plan **p)
{
	plan_free(*p);
}
#define auto_plan AUTO(own_plan)

struct plan_options {
	bool remove;		/* take everything off again */
	bool force;		/* overwrite values of another hand */
	bool take_over;		/* disable an installed peer */
	bool foreign;		/* root is not "/" */
};
/* Pure: opens no file, runs nothing.  An empty plan: all is as wanted. */
int plan_compute(const struct settings *want, struct world *have, const struct plan_options *o, struct plan **ret,
		 struct err *e);

void plan_text(const struct plan *p, struct buf *to);		/* one line per step */
void plan_diff(const struct plan *p, struct buf *to);		/* unified diffs of the edits */
void plan_json(const struct plan *p, struct json *to);		/* members "steps", "conflicts", "crashkernel", "reserve" */

/* Command line of the capture kernel from that of the running one: filtered and extended, pure. */
char *capture_cmdline(const char *running, const struct settings *s, const char *boot_id, unsigned boot_apicid);
/* Size to reserve where the settings say auto, in bytes; the value's text goes into the boot loader. */
char *reserve_auto(const struct facts *f, const struct image_plan *image);

#endif
