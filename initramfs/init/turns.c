/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "turns.h"

unsigned turns_count(const struct recipe *r)
{
	return r->n_targets < ATTEMPTS_MAX ? (unsigned)r->n_targets : ATTEMPTS_MAX;
}

bool turns_is_local(const struct recipe_target *t)
{
	return t->kind == TARGET_RAW || ((t->kind == TARGET_FILE || t->kind == TARGET_FS) && !t->brought);
}

bool turns_more(const struct recipe *r, const struct page *p)
{
	return p->next_target < turns_count(r);
}

bool turns_have_log(const struct page *p)
{
	for (int i = 0; i < ATTEMPTS_MAX; i++)
		if (p->attempts[i].log)
			return true;
	return false;
}

/*
 * A network may keep the capture waiting for minutes, or for ever; the log does not wait with it.  File systems come first,
 * bare devices where none of them took it: a dump that follows there goes behind the log, as it does behind that of a
 * worker that died, but a swap is none until `save` has collected it.
 */
int turns_next_early(const struct recipe *r, struct page *p)
{
	unsigned n = turns_count(r);

	if (!turns_more(r, p) || turns_is_local(&r->targets[p->next_target]) || turns_have_log(p))
		return -1;
	while (p->next_early < 2 * n) {
		unsigned i = p->next_early % n;
		bool bare = p->next_early++ >= n;
		const struct recipe_target *t = &r->targets[i];

		/* Those before it had their turn. */
		if (i > p->next_target && turns_is_local(t) && (t->kind == TARGET_RAW) == bare)
			return (int)i;
	}
	return -1;
}

bool turns_want_network(const struct recipe *r, int i)
{
	for (unsigned n = (unsigned)i + 1; n < turns_count(r); n++)
		if (!turns_is_local(&r->targets[n]))
			return true;
	return false;
}
