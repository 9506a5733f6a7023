/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_CAPTURE_H
#define CRASHCFG_INIT_CAPTURE_H

#include "devices.h"
#include "log.h"
#include "page.h"
#include "recipe.h"

struct live;

/* One worker at its work. */
struct capture {
	struct live *live;		/* NULL: this is the capture; else the host is well, see live.h */
	const struct recipe *recipe;
	struct page *page;
	struct notes notes;
	struct devices devices;
	char *boot_id;			/* of the crashed system, "" not handed over */
};

/*
 * The body of a worker process: go through the stages from page->stage on and set
 * page->finished.  Does not return.
 */
void worker_main(const struct recipe *r, struct page *p) __attribute__((noreturn));

#endif
