/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_PLAN_H
#define CRASHCFG_PLAN_H

#include "bootloader.h"
#include "image.h"
#include "json.h"
#include "reserve.h"
#include "sysctl.h"

/* Files of ours below a root. */
#define JOURNAL_PATH IMAGE_DIR "/journal"		/* an apply at work, or cut off */
#define FOLDERS_PATH IMAGE_DIR "/folders"		/* folders that apply made; remove takes them off */
#define TAKEN_PATH IMAGE_DIR "/taken-over.json"	/* the peer that --take-over disabled */
#define LOADED_PATH "/run/crashcfg.loaded"		/* what was loaded last in this boot */
#define RELEASED_PATH "/run/crashcfg.released"		/* in this boot reserved memory was given back */
/* In this boot: what the kernel's switches were before we set them, "kernel.panic_on_oops=0\n"... */
#define SYSCTLS_PATH "/run/crashcfg.sysctl"
#define LOAD_UNIT "crashcfg.service"			/* loads the image at boot */
#define SAVE_UNIT "crashcfg-save.service"		/* collects dumps from raw devices, before swaps are taken */
#define SAVE_TIMER "crashcfg-save.timer"		/* deletes old dumps */

/* Everything that a plan is made from.  world_read() looks, never writes. */
struct world {
	struct facts *facts;
	const struct kernel_fact *kernel;	/* to capture with, within facts; NULL: none is installed */
	const struct boot_editor *editor;
	struct boot_state *boot;
	char *boot_value;		/* crashkernel= of the default entry; NULL: none or not known */
	struct image_plan *image;	/* what the image would be made of; NULL: see image_why */
	char *image_why;		/* why no image can be planned here (target not found...), "" */
	int image_code;			/* errno value that goes with it, 0 */
	char *image_path;		/* "/var/lib/crashcfg/6.1.0-50-amd64/capture.img"; NULL: no kernel */
	char *image_have;		/* id of the image that stands there, NULL: none */
	enum known image_there;		/* UNKNOWN: this user may not look */
	struct strv images;		/* every image of ours, of other kernels too */
	struct strv remnants;		/* our files in IMAGE_DIR that are of use to images only: hashes, live.json */
	bool folders;			/* FOLDERS_PATH stands */
	struct edit_list owned;		/* links of ours that stand below the root now, as they are */
	char *unit;			/* "/usr/lib/systemd/system/crashcfg.service", NULL: not installed */
	struct edit_list unit_links;	/* where the [Install] of it and our other units wants them linked */
	char *peer;			/* "kdump-tools": an installed and enabled peer, NULL */
	struct edit_list peer_links;	/* what enables it, as it is */
	struct buf taken;		/* TAKEN_PATH, empty: no peer was taken over */
	struct edit_list taken_links;	/* what enabled that one: links that remove puts back */
	char *loaded_image;		/* id of the loaded image by LOADED_PATH, NULL: not known */
	char *loaded_cmdline;		/* the capture kernel's, likewise */
	struct buf dropins[DROPINS];	/* as they are; empty: not there */
	bool dropin_there[DROPINS];
	struct strv sysctls;		/* "kernel.panic_on_oops=0": the running kernel's, none below a foreign root */
	struct strv sysctls_before;	/* by SYSCTLS_PATH, likewise */
	bool released;			/* reserved memory was given back in this boot, by RELEASED_PATH */
	struct reserve_history history;	/* what earlier captures by this kernel took */
	bool blind;			/* this user may not see what the boot loader holds */
	bool interrupted;		/* a journal stands: an apply was cut off */
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
	bool cache;		/* hashes of inputs may be kept in IMAGE_DIR: apply, never status or diff */
};
/* What image_plan_make() is asked for this world; the pointers are borrowed from the arguments. */
struct image_spec world_image_spec(const struct root *root, const struct settings *want,
				   const struct world *w, const struct world_options *o);
int world_read(const struct root *root, const struct settings *want, const struct world_options *o,
	       struct world **ret, struct err *e);

enum step_kind {
	STEP_EDIT,		/* write or delete one file */
	STEP_IMAGE,		/* build the image and put it in place */
	STEP_RUN,		/* run a program: the boot loader's generator */
	STEP_LOAD,		/* load the image into the reserved memory */
	STEP_UNLOAD,
	STEP_DELETE,		/* delete a file of ours that can be made again */
	STEP_SYSCTL,		/* set one of the kernel's switches */
	STEP_RELEASE,		/* give the reserved memory back to the running system */
};
const char *step_kind_name(enum step_kind k);	/* "edit" */

struct step {
	enum step_kind kind;
	struct edit edit;		/* STEP_EDIT */
	struct boot_command command;	/* STEP_RUN */
	char *path;			/* STEP_IMAGE, STEP_DELETE: which file; STEP_LOAD: the image */
	char *kernel, *cmdline;		/* STEP_LOAD: of the capture kernel; a path below the root, a text */
	char *name, *value;		/* STEP_SYSCTL: "kernel.panic_on_oops", "1" */
	char *why;			/* for people */
	bool deferred;			/* below a foreign root: listed, never done */
	bool done;			/* set by plan_apply() */
};

/* Is the reservation what the settings want?  Told from four facts. */
enum reboot_state {
	RESERVE_NOT_CONFIGURED,	/* the boot loader does not hold it */
	RESERVE_PENDING,	/* it does, the running kernel was booted without */
	RESERVE_FAILED,		/* the kernel was asked and reserved nothing */
	RESERVE_UNDERSIZED,	/* it reserved less than is needed now */
	RESERVE_SHRUNK,		/* memory was given back at run time, and too little is left */
	RESERVE_OK,
	RESERVE_UNKNOWN,	/* a foreign root: no kernel runs there */
};
const char *reboot_state_name(enum reboot_state s);	/* "pending-reboot" */

struct reserve_facts {
	const char *wanted;	/* value of crashkernel= by the settings; NULL: none is wanted */
	const char *boot;	/* what the boot loader's default entry holds; NULL: none */
	const char *cmdline;	/* the running kernel's command line; NULL: not known */
	int64_t reserved;	/* bytes really reserved; -1: not known */
	uint64_t mem_total;	/* bytes of memory, for values that depend on it; 0: not known */
	uint64_t need;		/* bytes that a capture needs now; 0: not known */
	bool released;		/* memory was given back in this boot, so 0 is no failure of the kernel's */
};
enum reboot_state reserve_state(const struct reserve_facts *f);
/*
 * Bytes that a capture needs now.  Where a size was set by hand somebody may have
 * measured it, so only what no kernel starts with counts.
 */
uint64_t reserve_need(const struct settings *want, const struct world *have);
/*
 * The value that the settings mean, before the boot loader's state is edited.  With auto a value of ours that
 * stands there and is still enough is kept, unless it takes RESERVE_SLACK more than would be asked for now: for a few
 * megabytes no fleet shall reboot.  Caller frees.  NULL: auto would take more than half of this machine's memory.
 */
char *reserve_wanted(const struct settings *want, const struct world *have);

struct plan {
	struct step *steps;
	size_t n_steps;
	struct boot_conflict *conflicts;	/* values of another hand that stay */
	size_t n_conflicts;
	char *crashkernel;			/* the value wanted, "" none */
	char *boot_value;			/* of the default entry after the plan was applied; NULL none */
	enum reboot_state reserve;		/* after the plan was applied */
	bool remove;				/* all is taken off; a folder made on the way goes again */
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
/*
 * Pure: opens no file, runs nothing.  An empty plan: all is as wanted.  HAVE's
 * boot state holds the edited values afterwards, so a world serves one plan.
 * -EBUSY: an installed peer is in the way; else what image_why says.
 */
int plan_compute(const struct settings *want, struct world *have, const struct plan_options *o,
		 struct plan **ret, struct err *e);
/* Steps that can be done here and now: those not deferred. */
size_t plan_todo(const struct plan *p);
/* What the boot loader holds counts only after a reboot. */
bool plan_reboot_required(const struct plan *p);

void step_text(const struct step *s, struct buf *to);	/* "change /etc/x: why", without a line end */
void plan_text(const struct plan *p, struct buf *to);	/* one line per step */
void plan_diff(const struct plan *p, struct buf *to);	/* "# step" lines and unified diffs of the edits */
/* Members "steps", "conflicts", "crashkernel", "boot_value" and "reserve". */
void plan_json(const struct plan *p, struct json *to);

/*
 * Command line of the capture kernel from that of the running one (NULL: none): filtered, extended,
 * then CAPTURE_CMDLINE_REMOVE and CAPTURE_CMDLINE_ADD.  BOOT_ID NULL, BOOT_APICID -1: not known.
 * CPUS: how many it shall start (collector_cpus()).
 * Pure.  E2BIG: longer than a kernel takes; text says what to do.
 */
int capture_cmdline(const char *running, const struct settings *s, const char *boot_id, int64_t boot_apicid,
		    unsigned cpus, char **ret, struct err *e);
/* WORD is one that every capture kernel's line has; KEY is one that it never takes from the running one. */
bool capture_cmdline_has(const char *word);
bool capture_cmdline_drops(const char *key);

#endif
