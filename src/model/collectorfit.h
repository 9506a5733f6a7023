/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_COLLECTORFIT_H
#define CRASHCFG_COLLECTORFIT_H

#include "facts.h"
#include "settings.h"

/*
 * What is known of makedumpfile's releases, by its history (github.com/makedumpfile/makedumpfile): with
 * which kernels each one goes, and whether its threads are sound.  VERSION is as collector_read() tells
 * it ("1.7.2"; "" and others that are not in the table: nothing is known, nothing is held against them),
 * RELEASE a kernel's ("6.12.48+deb13-amd64").
 */
enum fit {
	FIT_GOOD,
	FIT_LARGE,	/* it leaves out next to nothing: dumps are about as large as memory */
	FIT_WRONG,	/* it takes pages of the kernel's own for a process's, and leaves them out */
};
enum fit collector_fit(const char *version, const char *release);
/* The newest kernel that it says it knows, "6.0"; NULL: not known. */
const char *collector_knows(const char *version);
/*
 * LEVEL (0 to 31, or DUMP_LEVEL_LOG) as this collector may be given it: where it is FIT_WRONG, what is lost with
 * the pages of processes are parts of the kernel, so these stay in.
 */
unsigned collector_level(const char *version, const char *release, unsigned level);

/*
 * Threads for this host.  Before 1.7.8 a data race corrupts pages.  auto: one for each 64 GiB of memory, at
 * most 8 and as many as there are processors for (a host whose memory or processors are not known gets one);
 * a number is taken as it is, and the capture uses fewer where fewer processors came up.
 */
unsigned collector_threads(const struct settings *s, const char *version, const struct facts *f);
/*
 * Processors of the capture kernel: threads wait in a loop, so each needs one, and so does who hands out
 * the work.  With less a dump with three threads took 80 times as long as with one.
 */
unsigned collector_cpus(unsigned threads);

/* What the settings and the kernel to be captured (RELEASE, NULL: none) demand of it. */
void settings_check_collector(const struct settings *s, const char *version, const char *release, unsigned cpus,
			      struct fault_list *faults);

#endif
