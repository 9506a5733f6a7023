/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectorfit.h"

#include "recipe.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SOUND_THREADS "1.7.8"	/* "Fix a data race in multi-threading mode" */
#define LEVEL_USER 8u
#define MEMORY_PER_THREAD (UINT64_C(64) << 30)
#define AUTO_MOST 8u
/* One hands out the work; and the one that the machine booted with is not started again (x86). */
#define CPUS_BESIDE 2u

/*
 * KNOWS is LATEST_VERSION of its makedumpfile.h.  The others are the kernels whose support came later:
 *
 *	6.2	"Fix wrong exclusion of slab pages on Linux 6.2-rc1" (1.7.3)
 *	6.10	"Fix wrong exclusion of Slab pages on Linux 6.10-rc1 and later" (1.7.6)
 *	6.12	"fix detection of typed (compound) pages (Linux 6.12)" (1.7.7): free pages are taken for slabs
 *	7.1	"Fix wrong exclusion of compound tail pages on Linux 7.1 and later" (after 1.7.9)
 *
 * A kernel that is newer than KNOWS and older than these makes no difference but a word on the console.
 */
static const struct release {
	const char *version, *knows;
	const char *large, *wrong;	/* from which kernel on; NULL: none that is known */
} releases[] = {
	{ "1.6.8", "5.9", NULL, "6.2" },
	{ "1.6.9", "5.12", NULL, "6.2" },
	{ "1.7.0", "5.15", NULL, "6.2" },
	{ "1.7.1", "5.17", NULL, "6.2" },
	{ "1.7.2", "6.0", NULL, "6.2" },
	{ "1.7.3", "6.3", NULL, "6.10" },
	{ "1.7.4", "6.6", NULL, "6.10" },
	{ "1.7.5", "6.8", NULL, "6.10" },
	{ "1.7.6", "6.11", "6.12", "7.1" },
	{ "1.7.7", "6.14", NULL, "7.1" },
	{ "1.7.8", "6.17", NULL, "7.1" },
	{ "1.7.9", "7.0", NULL, "7.1" },
};

static const struct release *find(const char *version)
{
	for (size_t i = 0; i < ARRAY_SIZE(releases); i++)
		if (strcmp(releases[i].version, version) == 0)
			return &releases[i];
	return NULL;
}

/* Is RELEASE of the series FROM, or of a later one?  A series' candidates ("6.2.0-rc1") are of it. */
static bool reaches(const char *release, const char *from)
{
	unsigned a[2], b[2];

	if (!from || sscanf(release, "%9u.%9u", &a[0], &a[1]) != 2 || sscanf(from, "%9u.%9u", &b[0], &b[1]) != 2)
		return false;
	return a[0] != b[0] ? a[0] > b[0] : a[1] >= b[1];
}

enum fit collector_fit(const char *version, const char *release)
{
	const struct release *r = find(version);

	if (!r)
		return FIT_GOOD;
	return reaches(release, r->wrong) ? FIT_WRONG : reaches(release, r->large) ? FIT_LARGE : FIT_GOOD;
}

const char *collector_knows(const char *version)
{
	const struct release *r = find(version);

	return r ? r->knows : NULL;
}

unsigned collector_level(const char *version, const char *release, unsigned level)
{
	if (level == DUMP_LEVEL_LOG || collector_fit(version, release) != FIT_WRONG)
		return level;
	return level & ~LEVEL_USER;
}

static bool has_threads(const char *version)
{
	return *version && version_compare(version, SOUND_THREADS) >= 0;
}

/* What a number that is given by hand comes to: this host's processors are told by `check`, and used as they come. */
unsigned collector_threads(const struct settings *s, const char *version, const struct facts *f)
{
	uint64_t n = f->mem_total / MEMORY_PER_THREAD;

	if (!has_threads(version))
		return 1;
	if (s->threads)
		return s->threads;
	n = n > AUTO_MOST ? AUTO_MOST : n;
	if (f->cpus < n + CPUS_BESIDE)
		n = f->cpus > CPUS_BESIDE ? f->cpus - CPUS_BESIDE : 1;
	return n ? (unsigned)n : 1;
}

unsigned collector_cpus(unsigned threads)
{
	return threads > 1 ? threads + 1 : 1;
}

static void check_threads(const struct settings *s, const char *version, unsigned cpus, struct fault_list *faults)
{
	if (s->threads < 2)
		return;
	if (!has_threads(version))
		settings_fault(s, SET_DUMP_THREADS, FAULT_WARNING, faults,
			       "this host's makedumpfile%s%s corrupts pages when it uses threads, so one is "
			       "used (install " SOUND_THREADS " or later, or write auto)",
			       *version ? " " : "", version);
	else if (cpus && cpus < s->threads + CPUS_BESIDE)
		settings_fault(s, SET_DUMP_THREADS, FAULT_WARNING, faults,
			       "this host has %u processor%s, and %u threads need %u, one that the machine "
			       "booted with not counted: the capture uses as many as it has processors for "
			       "(write %u, or auto)",
			       cpus, cpus == 1 ? "" : "s", s->threads, s->threads + 1,
			       cpus > CPUS_BESIDE ? cpus - CPUS_BESIDE : 1);
}

static void check_kernel(const struct settings *s, const char *version, const char *release,
			 struct fault_list *faults)
{
	const char *knows = collector_knows(version);

	if (s->dump_level == DUMP_LEVEL_LOG)
		return;
	switch (collector_fit(version, release)) {
	case FIT_WRONG:
		if (s->dump_level & LEVEL_USER)
			settings_fault(s, SET_DUMP_LEVEL, FAULT_WARNING, faults,
				       "this host's makedumpfile %s knows kernels up to %s and leaves out "
				       "parts of kernel %s as if they were memory of processes, so that "
				       "stays in: dumps have level %u and are larger (install a newer "
				       "makedumpfile)",
				       version, knows, release, s->dump_level & ~LEVEL_USER);
		break;
	case FIT_LARGE:
		settings_fault(s, SET_DUMP_LEVEL, FAULT_WARNING, faults,
			       "this host's makedumpfile %s knows kernels up to %s and finds no free pages in "
			       "kernel %s: dumps are nearly as large as memory (install a newer makedumpfile)",
			       version, knows, release);
		break;
	default:
		break;
	}
}

void settings_check_collector(const struct settings *s, const char *version, const char *release, unsigned cpus,
			      struct fault_list *faults)
{
	check_threads(s, version, cpus, faults);
	if (release)
		check_kernel(s, version, release, faults);
}
