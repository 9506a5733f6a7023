/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_PAGE_H
#define CRASHCFG_INIT_PAGE_H

#include "recipe.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What the supervisor and its workers share: memory that outlives a worker.  A
 * worker writes down what it is about to do before it does it, so that the next
 * one goes on behind the step in which this one died, and so that the manifest
 * can tell the whole story.  Nothing in here is a pointer.
 */
#define PHASES_MAX 128
#define ATTEMPTS_MAX 16		/* targets beyond these are not tried */
#define SKIPS_MAX 8
#define DEVNAME_MAX 64

enum stage {
	STAGE_LOOK, STAGE_NOTES, STAGE_LOG, STAGE_MODULES, STAGE_TARGETS, STAGE_POST, STAGE_CLOSE, STAGES
};

/* One phase; open while SECONDS is not yet known. */
struct page_phase {
	char name[16];
	int target;		/* -1: belongs to none */
	bool open;
	int64_t ms;		/* open: when it began; else how long it took */
	int exit_code;
	char error[200];
};

/* What became of one target. */
struct page_attempt {
	bool begun, saved;
	bool mounted;		/* at the folder that place_mount_point() tells */
	bool log;		/* dmesg.txt lies there */
	bool partial;		/* vmcore.incomplete lies there */
	bool waiting;		/* the log is there, and the dump was not begun: a worker is, or died, before it */
	bool dumping;		/* a worker is, or died, between the dump's first byte and its final name */
	bool readable;		/* what was written is a dump with all its pages, whatever its log is */
	bool whole;		/* it was found whole: what is missing is its hash, its final name or the record */
	bool cut;		/* the connection ended meanwhile: it may be had again */
	int how;		/* enum dump_how: which way to write the dump is at work or comes next */
	uint64_t bytes;		/* of the vmcore or of what is there of it */
	char error[240];
	char folder[400];	/* dump folder below the mount point, "" none made */
};

struct page {
	_Atomic uint64_t beat;		/* grows with every bit of progress */
	atomic_bool finished;		/* the last stage has ended */
	_Atomic uint64_t vmcore_size;	/* of /proc/vmcore, for the hard cap */
	/* Where the next worker goes on. */
	int stage;
	unsigned next_method, next_module, next_target, next_again, next_early, next_pre, next_post;
	int target;		/* the one at work, -1 none */
	long long devices_since;	/* ms, when the last driver was in: devices come from then on; 0 not yet */
	bool notes_ok;		/* reading them did no harm: a later worker may do it again */
	bool here_tried;	/* the log was, or is being, saved in this machine, no target having taken it */
	bool listen_tried;	/* the way to those who hear of the progress: they must not hold up each worker */
	bool listen_kernel;	/* netconsole is in: the kernel's log is where lines go */
	char listen[64];	/* who hears by syslog, its address; "" nobody is reached */
	bool dog_tried;		/* its module: one that hangs must not take the others' turn */
	bool bring_tried, brought;	/* the recipe's bringer was started; it did its work */
	/* The device that is being looked at, and those in which a worker died. */
	char probing[DEVNAME_MAX];
	char skip[SKIPS_MAX][DEVNAME_MAX];
	unsigned n_skips;
	/* The story. */
	bool log_ready, log_whole;	/* the log lies in memory (LOG_FILE), from its first line on */
	char panic[400];
	struct page_phase phases[PHASES_MAX];
	unsigned n_phases;
	struct page_attempt attempts[ATTEMPTS_MAX];
	bool log_only;			/* no vmcore is wanted: a target that has the log took the dump */
	int winner;			/* index of the target that took the dump, -1 none */
	char sha256[65];
	uint64_t pages, unread;		/* UNREAD: pages that a plain copy could not read */
	bool checked;
	char check[240];
	uint64_t mem_total, mem_low, mem_reserved;
};

struct page *page_new(void);		/* NULL: no memory */
static inline void page_beat(struct page *p)
{
	atomic_fetch_add(&p->beat, 1);
}

/* Copy TEXT into one of the texts above; what does not fit is cut. */
#define page_text(to, text) page_copy((to), sizeof(to), (text))
void page_copy(char *to, size_t size, const char *text);

/* Phases.  page_phase_end() ends the one that was begun last, if it is open, and takes a sample of memory. */
void page_phase_begin(struct page *p, const char *name, int target);
void page_phase_end(struct page *p, int exit_code, const char *error);
/* What the open phase is to tell although it may end well; its failure takes precedence. */
void page_remark(struct page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Note the death of a worker: the open phase, the target and the device in work get TEXT. */
void page_note_death(struct page *p, const char *text);
/* Look at /proc/meminfo and keep the least MemAvailable. */
void page_sample_memory(struct page *p);

#endif
