/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_SUPERVISOR_H
#define CRASHCFG_INIT_SUPERVISOR_H

#include "page.h"
#include "recipe.h"

#include <stdbool.h>
#include <sys/types.h>

struct supervisor {
	const struct recipe *recipe;
	struct page *page;
	int dog;			/* /dev/watchdog, -1 not open */
	int console;			/* for its key, -1 not open */
	long long began;		/* ms */
	long long beat_at;		/* ms, when the last progress was seen */
	uint64_t beat;
	long long shell_until;		/* ms; 0: there is no shell */
	pid_t worker;			/* 0: none */
	unsigned workers;		/* how many there were */
};

/* See the capture through.  Returns when it is over, whatever happened, in bounded time. */
void supervise(struct supervisor *s);
/*
 * Feed the dog, wait up to half a second for a child's end, reap. True: WHO ended, *ret_status as
 * waitpid() has it.
 */
bool supervisor_wait(struct supervisor *s, pid_t who, int *ret_status);
/* Do as the recipe says at the end; does not return. */
void supervisor_end(struct supervisor *s) __attribute__((noreturn));

#endif
