/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot loader entries as Fedora and RHEL have them: one file for each kernel
 * (BLS type 1), read by GRUB's blscfg command.  An argument lives in several
 * homes, and all of them are edited, or the next kernel would lose it:
 *
 *	/boot/loader/entries/x.conf	the kernels that are installed
 *	/boot/grub2/grubenv		kernelopts, which those of RHEL 8 refer to
 *	/etc/kernel/cmdline		what kernel-install gives the next kernel
 *	/etc/default/grub		what grub2-mkconfig gives kernelopts and others
 *
 * Each file is in one of three hands.  Ours: its KEY=VALUE is the one in the
 * ledger.  Another's: any other KEY=...; it stays unless forced.  Nobody's: it
 * has none.  The value of another hand that equals ours is noted as such, so
 * that it is still there when ours are taken off.
 */
#include "bls.h"

#include "blsentry.h"
#include "cmdline.h"
#include "grubenv.h"
#include "place.h"
#include "shvar.h"

#include <errno.h>
#include <string.h>

/* --- places ------------------------------------------------------------------------------------ */

struct home {
	struct boot_file *file;
	enum place_kind kind;
};

struct homes {
	struct home *v;
	size_t n;
};

static void own_homes(struct homes *h)
{
	free(h->v);
}

/* The state is not const for set_arg(), the only one that changes a file through this. */
static void homes_of(const struct boot_state *state, struct homes *ret)
{
	union { const struct boot_state *in; struct boot_state *out; } u = { .in = state };
	struct boot_state *s = u.out;

	for (size_t i = 0; i < s->n_entries; i++)
		if (s->entries[i].normal)
			*vec_push(&ret->v, &ret->n) = (struct home){ &s->entries[i].file, PLACE_OPTIONS };
	*vec_push(&ret->v, &ret->n) = (struct home){ &s->env, PLACE_ENV };
	*vec_push(&ret->v, &ret->n) = (struct home){ &s->cmdline, PLACE_LINES };
	*vec_push(&ret->v, &ret->n) = (struct home){ &s->defaults, PLACE_SHELL };
}

enum hand { NOBODY, OURS, ANOTHER };

/* What is looked for: KEY; and the word by which ours are known (NULL: none is ours yet). */
struct search {
	const char *key, *word;
	const struct ledger_arg *arg;	/* NULL likewise */
};

static char *noted_words(const struct place *p, const struct ledger_place *note, const char *key)
{
	auto_free char *was = note ? place_decode(p->kind, note->was) : NULL;

	return was ? cmdline_words(was, key) : NULL;
}

/* The word that WORDS consist of, when it is ours now or was before; NULL: it is not. */
static char *our_word(const struct search *q, const char *words)
{
	if (q->word && place_words_all(words, q->word))
		return xstrdup(q->word);
	for (size_t i = 0; q->arg && i < q->arg->former.n; i++) {
		auto_free char *word = xasprintf("%s=%s", q->key, q->arg->former.v[i]);

		if (place_words_all(words, word))
			return take_ptr(word);
	}
	return NULL;
}

static enum hand whose(const struct place *p, const struct search *q, char **ret_words)
{
	auto_free char *words = place_counts(p) ? place_words(p, q->key) : NULL;
	auto_free char *was = NULL, *ours = NULL;
	enum hand hand;

	if (!words)
		return NOBODY;
	was = noted_words(p, ledger_place(q->arg, p->file->path, p->field), q->key);
	ours = our_word(q, words);
	hand = ours && !(was && place_words_all(was, ours)) ? OURS : ANOTHER;
	if (ret_words)
		*ret_words = take_ptr(words);
	return hand;
}

static struct search search_for(const struct boot_state *s, const char *key, char **word)
{
	const struct ledger_arg *arg = ledger_find(&s->ledger, key);

	*word = arg ? xasprintf("%s=%s", key, arg->value) : NULL;
	return (struct search){ .key = key, .word = *word, .arg = arg };
}

static void bls_conflicts(const struct boot_state *s, const char *key, struct boot_conflict **ret,
			  size_t *ret_n)
{
	const char *wanted = s->key && strcmp(s->key, key) == 0 ? s->word : NULL;
	AUTO(own_homes) struct homes homes = { 0 };
	struct boot_conflict *found = NULL;
	auto_free char *word = NULL;
	struct search q = search_for(s, key, &word);
	size_t n = 0;

	homes_of(s, &homes);
	for (size_t i = 0; i < homes.n; i++) {
		auto_places struct place_list places = { 0 };

		places_find(homes.v[i].file, homes.v[i].kind, &places);
		for (size_t k = 0; k < places.n; k++) {
			auto_free char *words = NULL;

			if (whose(&places.v[k], &q, &words) == ANOTHER &&
			    !(wanted && place_words_all(words, wanted)))
				conflict_add(&found, &n, &places.v[k], words);
		}
	}
	*ret = found;
	*ret_n = n;
}

/* --- set --------------------------------------------------------------------------------------- */

/* Does the entry take its arguments from a kernelopts that is there? */
static bool refers_to_kernelopts(const struct boot_state *s, const struct place *p)
{
	auto_free char *opts = grubenv_get(&s->env.text, "kernelopts", NULL);

	return opts && shvar_uses(p->raw, "kernelopts");
}

/* The place of a file that must hold the argument, even if none does yet; places.n: none. */
static size_t main_place(const struct boot_state *s, const struct home *home,
			 const struct place_list *places)
{
	if (!places->n)
		return 0;
	switch (home->kind) {
	case PLACE_OPTIONS:	/* GRUB reads the first options line only */
		return refers_to_kernelopts(s, &places->v[0]) ? places->n : 0;
	case PLACE_LINES:
		return places->n - 1;
	case PLACE_ENV:
		return 0;
	case PLACE_SHELL:
		break;
	}
	for (size_t i = places->n; i--; )
		if (places->v[i].text && strncmp(places->v[i].field, "GRUB_CMDLINE_LINUX", 18) == 0 &&
		    strchr("#", places->v[i].field[18]))
			return i;
	return places->n;
}

struct change {
	struct search search;	/* as it was before */
	struct ledger_arg *arg;	/* notes go here */
	const char *word;	/* to be */
	bool force;
};

static int set_place(const struct place *p, const struct change *c, bool wanted, struct err *e)
{
	auto_free char *words = NULL;
	enum hand hand = whose(p, &c->search, &words);

	if (hand == OURS)
		return strcmp(words, c->word) == 0 ? 0 : place_set(p, c->search.key, c->word, e);
	if (hand == ANOTHER && place_words_all(words, c->word)) {
		if (!ledger_place(c->arg, p->file->path, p->field))
			ledger_note(c->arg, p->file->path, p->field, p->raw);
		return 0;
	}
	if (hand == NOBODY && !wanted)
		return 0;
	ledger_note(c->arg, p->file->path, p->field, p->raw);
	return place_set(p, c->search.key, c->word, e);
}

static bool other_hand_rules(const struct place_list *places, const struct change *c)
{
	for (size_t i = 0; i < places->n; i++) {
		auto_free char *words = NULL;

		if (whose(&places->v[i], &c->search, &words) == ANOTHER &&
		    !place_words_all(words, c->word))
			return true;
	}
	return false;
}

static int set_home(const struct boot_state *s, const struct home *home, const struct change *c,
		    struct err *e)
{
	size_t n = 1;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		auto_places struct place_list places = { 0 };

		places_find(home->file, home->kind, &places);
		if (i == 0 && !c->force && other_hand_rules(&places, c))
			return 0;
		n = places.n;
		if (i < n)
			r = set_place(&places.v[i], c, i == main_place(s, home, &places), e);
	}
	return r;
}

/* Is any place ours now? */
static bool any_ours(const struct homes *homes, const struct search *q)
{
	for (size_t i = 0; i < homes->n; i++) {
		auto_places struct place_list places = { 0 };

		places_find(homes->v[i].file, homes->v[i].kind, &places);
		for (size_t k = 0; k < places.n; k++)
			if (whose(&places.v[k], q, NULL) == OURS)
				return true;
	}
	return false;
}

static int check_default(const struct boot_state *s, struct err *e)
{
	const struct bls_file *entry = bls_default_entry(s);
	auto_free char *options = entry ? bls_get(&entry->file.text, "options") : NULL;

	if (!entry || !entry->normal || options)
		return 0;
	return err_set(
		e, ENOTSUP,
		"'%s' has no options line to put the argument into; add 'options root=... ro' to it",
		entry->file.path);
}

static int set_all(struct boot_state *s, const char *key, const char *value, bool force, struct err *e)
{
	auto_free char *old_word = NULL;
	AUTO(own_homes) struct homes homes = { 0 };
	struct search before = search_for(s, key, &old_word), now;
	struct ledger_arg *arg = ledger_find(&s->ledger, key);
	struct change c = { .search = before, .word = s->word, .force = force };
	int r = check_default(s, e);

	if (!arg)
		arg = ledger_add(&s->ledger, key, value);
	c.arg = arg;
	homes_of(s, &homes);
	for (size_t i = 0; i < homes.n && r == 0; i++)
		r = set_home(s, &homes.v[i], &c, e);
	if (r < 0)
		return r;
	ledger_set_value(&s->ledger, arg, value);
	now = (struct search){ .key = key, .word = s->word, .arg = arg };
	if (!any_ours(&homes, &now))
		ledger_drop(&s->ledger, key);
	return 0;
}

/* --- take off ---------------------------------------------------------------------------------- */

/*
 * What a file that we never wrote, but that bears our value, would hold without
 * us: kernel-install made it from one of these.
 */
static char *inherited_words(const struct boot_state *s, const struct search *q)
{
	const struct boot_file *const sources[] = { &s->cmdline, &s->defaults, &s->env };

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		for (size_t k = 0; k < q->arg->n; k++) {
			const struct ledger_place *note = &q->arg->v[k];
			struct place p = { .kind = sources[i] == &s->defaults ? PLACE_SHELL
									      : PLACE_LINES };

			if (sources[i]->path && strcmp(note->path, sources[i]->path) == 0)
				return noted_words(&p, note, q->key);
		}
	return NULL;
}

static int unset_place(const struct boot_state *s, const struct place *p, const struct search *q,
		       struct err *e)
{
	const struct ledger_place *note = ledger_place(q->arg, p->file->path, p->field);
	auto_free char *words = NULL;

	if (whose(p, q, NULL) != OURS)
		return 0;
	if (note && place_is_ours(p, note, q->key, q->word))
		return place_put_back(p, note, e);
	words = note ? noted_words(p, note, q->key) : inherited_words(s, q);
	return words ? place_set(p, q->key, words, e) : place_remove(p, q->key, e);
}

static int unset_all(struct boot_state *s, const char *key, struct err *e)
{
	auto_free char *word = NULL;
	AUTO(own_homes) struct homes homes = { 0 };
	struct search q = search_for(s, key, &word);
	int r = 0;

	if (!q.arg)
		return 0;
	homes_of(s, &homes);
	for (size_t i = 0; i < homes.n; i++) {
		auto_places struct place_list all = { 0 };

		places_find(homes.v[i].file, homes.v[i].kind, &all);
		/* From the end: what stands before keeps its number and its bytes' place. */
		for (size_t k = all.n; k-- && r == 0; )
			r = unset_place(s, &all.v[k], &q, e);
		if (r < 0)
			return r;
	}
	ledger_drop(&s->ledger, key);
	return 0;
}

static int bls_set_arg(struct boot_state *s, const char *key, const char *value, bool force,
		       struct err *e)
{
	int r = boot_arg_check(key, value, e);

	if (r < 0)
		return r;
	free(s->key);
	free(s->word);
	s->key = xstrdup(key);
	s->word = value ? xasprintf("%s=%s", key, value) : NULL;
	return value ? set_all(s, key, value, force, e) : unset_all(s, key, e);
}

/* --- emit -------------------------------------------------------------------------------------- */

static int bls_emit(const struct boot_state *s, struct edit_list *edits, struct err *e)
{
	AUTO(own_homes) struct homes homes = { 0 };
	auto_free char *what =
		s->word ? xstrdup(s->word) : xasprintf("%s=, as it was before", s->key ? s->key : "");

	(void)e;
	homes_of(s, &homes);
	for (size_t i = 0; i < homes.n; i++) {
		static const char *const of[] = {
			[PLACE_OPTIONS] = "an installed kernel's entry",
			[PLACE_LINES] = "kernels installed from now on",
			[PLACE_SHELL] = "what grub2-mkconfig makes",
			[PLACE_ENV] = "the entries that use kernelopts",
		};
		auto_free char *why = xasprintf("%s for %s", what, of[homes.v[i].kind]);

		boot_file_emit(homes.v[i].file, edits, why);
	}
	ledger_emit(&s->ledger, "bls", edits);
	return 0;
}

static int bls_command(const struct boot_state *s, struct boot_command *ret)
{
	(void)s, (void)ret;
	return 1;	/* GRUB reads entries and grubenv at boot */
}

const struct boot_editor boot_bls = {
	.name = "bls",
	.probe = bls_probe,
	.load = bls_load,
	.get_default = bls_get_default,
	.conflicts = bls_conflicts,
	.set_arg = bls_set_arg,
	.emit = bls_emit,
	.command = bls_command,
	.free = bls_free,
};
