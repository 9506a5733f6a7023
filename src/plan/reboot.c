/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include "crashkernel.h"

#include <string.h>

const char *reboot_state_name(enum reboot_state s)
{
	static const char *const names[] = {
		[RESERVE_NOT_CONFIGURED] = "not-configured",
		[RESERVE_PENDING] = "pending-reboot",
		[RESERVE_FAILED] = "reservation-failed",
		[RESERVE_UNDERSIZED] = "undersized",
		[RESERVE_SHRUNK] = "shrunk",
		[RESERVE_OK] = "ok",
		[RESERVE_UNKNOWN] = "unknown",
	};

	return names[s];
}

/* Would this machine reserve the same by both values?  A word that only looks different needs no
 * reboot. */
static bool same_value(const char *a, const char *b, uint64_t mem_total)
{
	auto_crashkernel struct crashkernel x = { 0 }, y = { 0 };

	if (strcmp(a, b) == 0)
		return true;
	if (!mem_total || crashkernel_parse(a, &x, NULL) < 0 || crashkernel_parse(b, &y, NULL) < 0)
		return false;
	return x.high == y.high && x.low == y.low && x.cma == y.cma && x.low_size == y.low_size &&
		x.cma_size == y.cma_size && x.has_offset == y.has_offset &&
		(!x.has_offset || x.offset == y.offset) &&
		crashkernel_size(&x, mem_total) == crashkernel_size(&y, mem_total);
}

/*
 * Did the kernel reserve by VALUE all that it holds now?  It reserves all or
 * nothing, so less means that somebody gave memory back.  The kernel counts the
 * memory that decides between ranges a little differently than we can, so each
 * range's size is good.
 */
static bool is_shrunk(const char *value, uint64_t reserved, uint64_t mem_total)
{
	auto_crashkernel struct crashkernel c = { 0 };

	if (crashkernel_parse(value, &c, NULL) < 0)
		return false;
	for (size_t i = 0; i < c.n_ranges; i++)
		if (c.ranges[i].size == reserved)
			return false;
	return reserved < crashkernel_size(&c, mem_total);
}

enum reboot_state reserve_state(const struct reserve_facts *f)
{
	auto_free char *running = f->cmdline ? crashkernel_in_force(f->cmdline) : NULL;

	if (!f->wanted)		/* what is still reserved for nobody goes with the next boot */
		return running && f->reserved > 0 && !f->boot ? RESERVE_PENDING
							      : RESERVE_NOT_CONFIGURED;
	if (!f->boot)
		return RESERVE_NOT_CONFIGURED;
	if (!f->cmdline)
		return RESERVE_UNKNOWN;
	if (!running || !same_value(running, f->boot, f->mem_total))
		return RESERVE_PENDING;
	if (f->reserved < 0)
		return RESERVE_UNKNOWN;
	if (f->reserved == 0)
		return f->released ? RESERVE_SHRUNK : RESERVE_FAILED;
	/* What was given back on purpose, and left enough, is no fault. */
	if (is_shrunk(running, (uint64_t)f->reserved, f->mem_total) && (!f->need || (uint64_t)f->reserved < f->need))
		return RESERVE_SHRUNK;
	if (f->need && (uint64_t)f->reserved < f->need)
		return RESERVE_UNDERSIZED;
	return RESERVE_OK;
}

bool plan_reboot_required(const struct plan *p)
{
	return p->reserve == RESERVE_PENDING || p->reserve == RESERVE_SHRUNK;
}
