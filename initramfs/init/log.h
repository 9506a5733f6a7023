/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_LOG_H
#define CRASHCFG_INIT_LOG_H

#include "buf.h"
#include "err.h"
#include "page.h"

/*
 * The small things that are worth most and are therefore taken first: the kernel
 * log, VMCOREINFO and the registers.
 */
#define VMCORE "/proc/vmcore"
#define LOG_FILE "/run/dmesg.txt"	/* in memory */

struct notes {
	struct buf vmcoreinfo;
	struct buf registers;
	char *release, *build_id;	/* "" unknown */
	int64_t crash_time;		/* 0 unknown */
};

/* Always leaves *ret fit for use; an error tells what could not be read. */
int notes_read(struct notes *ret, struct err *e);

/*
 * Take the log into LOG_FILE, by the next method that was not yet tried: vmcore-dmesg,
 * makedumpfile.  A log larger than a share of the free memory is kept from its end
 * (page->log_whole is false).
 */
int log_take(struct page *p, struct err *e);
/* Write the whole log to FD. */
int log_write(const struct page *p, int fd, struct err *e);
/* Its last lines on the console: the last resort. */
void log_show(void);

#endif
