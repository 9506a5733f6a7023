/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB as Debian and its relatives have it.  grub-mkconfig reads
 * /etc/default/grub and then /etc/default/grub.d/x.cfg in order, all of them
 * shell, and writes "linux ... $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT"
 * into grub.cfg for each kernel (only the first of the two for recovery entries).
 *
 * Ours is a drop-in that appends to the second, so that it is the last on the
 * line, which is what counts for crashkernel=; grub.cfg is the generator's alone.
 * While an assignment of another hand holds the key with another value, that one
 * rules and the drop-in stays away.  Forced, those words are taken out where they
 * stand and noted in the ledger: being last is not enough (a plain crashkernel=
 * goes before one with ",high" wherever it stands, and a later drop-in comes
 * after ours).  Taking ours off puts them back.
 */
#include "bootloader.h"

#include "cmdline.h"
#include "grubcfg.h"
#include "grubenv.h"
#include "place.h"
#include "shvar.h"

#include <errno.h>
#include <string.h>

#define DEFAULTS "/etc/default/grub"
#define DROPINS "/etc/default/grub.d"
#define GRUB_CFG "/boot/grub/grub.cfg"
#define GRUB_CFG_MAX (16u << 20)
#define MKCONFIG "/usr/sbin/grub-mkconfig"
#define UPDATE_GRUB "/usr/sbin/update-grub"

#define MARK "# Written by crashcfg"
#define LINE "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT "

/* The second is for systems where another drop-in, read after the first, sets the variable anew. */
static const char *const own_names[] = { "crashcfg.cfg", "zz-crashcfg.cfg" };

struct boot_state {
	struct boot_file own[ARRAY_SIZE(own_names)];
	struct boot_file
		*others; /* /etc/default/grub, then drop-ins of another hand, as they are read */
	struct strv names;		/* of others: "" and "kdump-tools.cfg" */
	size_t n_others;
	struct grubcfg cfg;
	bool cfg_known;			/* false: it may not be read by us */
	char *saved;			/* saved_entry of grubenv, or NULL */
	bool update_grub;
	bool foreign;			/* the generator cannot be run here */
	bool owed;			/* it was to be run below a foreign root, and grub.cfg waits for it still */
	struct ledger ledger;
	char *key, *word;		/* of the last set_arg; word NULL: taken off */
};

/* --- load -------------------------------------------------------------------------------------- */

static void grub_free(struct boot_state *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(s->own); i++)
		boot_file_done(&s->own[i]);
	for (size_t i = 0; i < s->n_others; i++)
		boot_file_done(&s->others[i]);
	free(s->others);
	strv_done(&s->names);
	grubcfg_done(&s->cfg);
	ledger_done(&s->ledger);
	free(s->saved);
	free(s->key);
	free(s->word);
	free(s);
}

static void own_state(struct boot_state **s)
{
	grub_free(*s);
}

/* Does grub-mkconfig read drop-ins?  Only that of Debian's family does. */
static bool reads_dropins(const struct root *root)
{
	struct boot_file script = { 0 };
	bool reads;

	if (!root_exists(root, MKCONFIG))
		return root_exists(root, UPDATE_GRUB);
	if (boot_file_look(root, MKCONFIG, BOOT_FILE_MAX, &script, NULL) < 0)
		return false;
	reads = strstr(buf_text(&script.text), "default/grub.d") != NULL;
	boot_file_done(&script);
	return reads;
}

static bool grub_probe(const struct root *root)
{
	struct stat st;

	return root_stat(root, DEFAULTS, &st) == 0 && S_ISREG(st.st_mode) && reads_dropins(root);
}

static bool is_dropin(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 4 &&
	       strcmp(name + len - 4, ".cfg") == 0; /* as the shell's glob has it */
}

static bool is_ours(const struct boot_file *f)
{
	return f->had && strncmp(buf_text(&f->old), MARK, strlen(MARK)) == 0;
}

static int load_other(const struct root *root, struct boot_state *s, const char *path, const char *name,
		      struct err *e)
{
	struct boot_file *file = vec_push(&s->others, &s->n_others);
	int r;

	strv_add(&s->names, name);
	r = boot_file_read_text(root, path, 0644, file, e);
	return r < 0 ? r : places_check(file, PLACE_SHELL, e);
}

static int load_dropins(const struct root *root, struct boot_state *s, struct err *e)
{
	auto_strv struct strv names = { 0 };
	int r = root_list(root, DROPINS, &names);

	if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "'%s': %s", DROPINS, strerror(-r));
	for (size_t i = 0; i < ARRAY_SIZE(own_names); i++) {
		auto_free char *path = xasprintf("%s/%s", DROPINS, own_names[i]);

		r = boot_file_read_text(root, path, 0644, &s->own[i], e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf("%s/%s", DROPINS, names.v[i]);
		bool ours = false;
		struct stat st;

		for (size_t k = 0; k < ARRAY_SIZE(own_names); k++)
			ours = ours || (strcmp(names.v[i], own_names[k]) == 0 && is_ours(&s->own[k]));
		/* The generator passes over a link to nowhere, too. */
		if (!is_dropin(names.v[i]) || ours || root_stat(root, path, &st) < 0)
			continue;
		r = load_other(root, s, path, names.v[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

static void load_menu(const struct root *root, struct boot_state *s)
{
	struct boot_file file = { 0 };

	if (boot_file_look(root, GRUB_CFG, GRUB_CFG_MAX, &file, NULL) == 0) {
		grubcfg_parse(&file.text, &s->cfg);
		s->cfg_known = true;
		boot_file_done(&file);
	}
	if (boot_file_look(root, "/boot/grub/grubenv", BOOT_FILE_MAX, &file, NULL) == 0) {
		s->saved = grubenv_get(&file.text, "saved_entry", NULL);
		boot_file_done(&file);
	}
}

static int grub_load(const struct root *root, struct boot_state **ret, struct err *e)
{
	AUTO(own_state) struct boot_state *s = xcalloc(1, sizeof(*s));
	int r = load_other(root, s, DEFAULTS, "", e);

	s->foreign = !root->host;
	if (r == 0)
		r = load_dropins(root, s, e);
	if (r == 0)
		r = ledger_read(root, "grub", &s->ledger, e);
	if (r < 0)
		return r;
	load_menu(root, s);
	s->update_grub = root_exists(root, UPDATE_GRUB);
	*ret = take_ptr(s);
	return 0;
}

static char *grub_get_default(const struct boot_state *s, const char *key)
{
	const struct grub_entry *entry = grubcfg_default(&s->cfg, s->saved);

	return entry && entry->cmdline ? boot_value(entry->cmdline, key) : NULL;
}

/* --- the drop-in ------------------------------------------------------------------------------- */

/* The words that our drop-in adds now. */
static void own_words(const struct boot_file *f, struct strv *ret)
{
	const char *at = buf_text(&f->text);

	if (!f->keep)
		return;
	while (at && *at) {
		if (strncmp(at, LINE, strlen(LINE)) == 0) {
			at += strlen(LINE);
			strv_take(ret, xstrndup(at, strcspn(at, "\"\n")));
		}
		at = strchr(at, '\n');
		at += at != NULL;
	}
}

/* Make the drop-in hold WORDS; none: it goes. */
static void put_words(struct boot_file *f, const struct strv *words)
{
	auto_buf struct buf text = { 0 };

	if (!words->n) {
		if (f->keep)
			boot_file_drop(f);
		return;
	}
	buf_adds(&text, MARK ": 'crashcfg apply' makes it anew from /etc/sysconfig/crashcfg,\n"
			     "# 'crashcfg remove' takes it off again; make no changes here.\n");
	for (size_t i = 0; i < words->n; i++)
		buf_addf(&text, LINE "%s\"\n", words->v[i]);
	boot_file_set(f, text.data, text.len);
}

/* Take the words of KEY out of both drop-ins; in *ret_rest, if not NULL, is what else they hold. */
static void take_own(struct boot_state *s, const char *key, struct strv *ret_rest)
{
	const size_t len = strlen(key);

	for (size_t i = 0; i < ARRAY_SIZE(s->own); i++) {
		auto_strv struct strv words = { 0 }, keep = { 0 };
		bool any = false;

		if (!is_ours(&s->own[i]) && s->own[i].had)
			continue;
		own_words(&s->own[i], &words);
		for (size_t k = 0; k < words.n; k++) {
			bool it = strncmp(words.v[k], key, len) == 0 && words.v[k][len] == '=';

			any = any || it;
			if (!it)
				strv_add(&keep, words.v[k]);
			if (!it && ret_rest)
				strv_add_once(ret_rest, words.v[k]);
		}
		/* Ours, and changed by hand beyond reading: its head says that this is lost. */
		if (!ret_rest && !any && is_ours(&s->own[i]) && strstr(buf_text(&s->own[i].text), key))
			boot_file_drop(&s->own[i]);
		if (any || ret_rest)
			put_words(&s->own[i], ret_rest ? &(struct strv){ 0 } : &keep);
	}
}

/* The file whose assignment makes void what the drop-in NAME appended; *ret_line is its line.  NULL: none. */
static const struct boot_file *hidden_by(const struct boot_state *s, const char *name,
					 unsigned *ret_line)
{
	for (size_t i = 0; i < s->n_others; i++) {
		const struct buf *text = &s->others[i].text;
		auto_shvars struct shvar_list vars = { 0 };

		if (strcmp(s->names.v[i], name) <= 0)
			continue;
		shvar_scan(text, &vars);
		for (size_t k = 0; k < vars.n; k++) {
			const struct shvar *v = &vars.v[k];
			auto_free char *raw = xstrndup(text->data + v->start, v->end - v->start);

			*ret_line = v->line;
			if (strcmp(v->name, "GRUB_CMDLINE_LINUX_DEFAULT") == 0 && !v->append &&
			    !shvar_uses(raw, v->name))
				return &s->others[i];
		}
	}
	return NULL;
}

static int put_own(struct boot_state *s, const struct strv *words, struct err *e)
{
	const struct boot_file *by = NULL;
	unsigned line = 0;

	for (size_t i = 0; i < ARRAY_SIZE(s->own); i++) {
		if (s->own[i].had && !is_ours(&s->own[i]))
			return err_set(e, EEXIST,
				       "'%s' is in the way: it bears the name of our drop-in but was "
				       "not written"
				       " by us; rename it",
				       s->own[i].path);
		by = hidden_by(s, own_names[i], &line);
		if (!by) {
			put_words(&s->own[i], words);
			return 0;
		}
	}
	return err_set(e, ENOTSUP,
		       "%s:%u sets GRUB_CMDLINE_LINUX_DEFAULT anew behind our drop-in '%s'; write"
		       " \"$GRUB_CMDLINE_LINUX_DEFAULT ...\" there, so that it adds",
		       by->path, line, s->own[ARRAY_SIZE(s->own) - 1].path);
}

/* --- values of another hand -------------------------------------------------------------------- */

static void grub_conflicts(const struct boot_state *s, const char *key, struct boot_conflict **ret,
			   size_t *ret_n)
{
	const char *wanted = s->key && strcmp(s->key, key) == 0 ? s->word : NULL;
	struct boot_conflict *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->n_others; i++) {
		auto_places struct place_list places = { 0 };

		places_find(&s->others[i], PLACE_SHELL, &places);
		for (size_t k = 0; k < places.n; k++) {
			auto_free char *words =
				place_counts(&places.v[k]) ? place_words(&places.v[k], key) : NULL;

			if (words && !(wanted && place_words_all(words, wanted)))
				conflict_add(&found, &n, &places.v[k], words);
		}
	}
	*ret = found;
	*ret_n = n;
}

/* Take the words of KEY out of FILE, noting what stood there. */
static int take_words(struct boot_file *file, struct ledger_arg *arg, const char *word, struct err *e)
{
	auto_places struct place_list places = { 0 };

	places_find(file, PLACE_SHELL, &places);
	for (size_t k = places.n; k--; ) {	/* from the end: the others' bytes keep their place */
		const struct place *p = &places.v[k];
		auto_free char *words = place_counts(p) ? place_words(p, arg->key) : NULL;
		int r;

		if (!words || place_words_all(words, word))
			continue;
		ledger_note(arg, file->path, p->field, p->raw);
		r = place_remove(p, arg->key, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_over(struct boot_state *s, const char *key, const char *value, struct err *e)
{
	struct ledger_arg *arg = ledger_find(&s->ledger, key);
	int r = 0;

	if (!arg)
		arg = ledger_add(&s->ledger, key, value);
	ledger_set_value(&s->ledger, arg, value);
	for (size_t i = 0; i < s->n_others && r == 0; i++)
		r = take_words(&s->others[i], arg, s->word, e);
	s->ledger.changed = true;
	return r;
}

/* Put back what take_words() took, unless someone has set the key there since. */
static int give_back(struct boot_file *file, const struct ledger_arg *arg, struct err *e)
{
	auto_places struct place_list places = { 0 };

	places_find(file, PLACE_SHELL, &places);
	for (size_t k = places.n; k--; ) {
		const struct place *p = &places.v[k];
		const struct ledger_place *note = ledger_place(arg, file->path, p->field);
		auto_free char *words = note ? place_words(p, arg->key) : NULL, *was = NULL,
			       *back = NULL;
		int r = 0;

		if (!note || words || !p->text)
			continue;
		was = place_decode(PLACE_SHELL, note->was);
		back = was ? cmdline_words(was, arg->key) : NULL;
		if (place_is_ours(p, note, arg->key, NULL))
			r = place_put_back(p, note, e);
		else if (back)
			r = place_set(p, arg->key, back, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- what grub.cfg holds ----------------------------------------------------------------------- */

static bool from_generator(const struct grub_entry *entry)
{
	const char *slash = strrchr(entry->script, '/');

	return slash && strncmp(slash, "/10_linux", 9) == 0;
}

/* Is WORD one of LINE's, wherever it stands?  Behind "--" too the kernel itself looks for crashkernel=. */
static bool has_word(const char *line, const char *word)
{
	const size_t len = strlen(word);

	for (const char *p = line; (p = strstr(p, word)); p += len)
		if ((p == line || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

/* Does some normal entry that 10_linux made bear WORD? */
static bool menu_bears(const struct boot_state *s, const char *word)
{
	for (size_t i = 0; i < s->cfg.n; i++)
		if (s->cfg.v[i].cmdline && !s->cfg.v[i].recovery && from_generator(&s->cfg.v[i]) &&
		    has_word(s->cfg.v[i].cmdline, word))
			return true;
	return false;
}

/*
 * A drop-in that went below a foreign root leaves its word in grub.cfg, since the generator cannot be run
 * there.  The ledger remembers it: as VALUE of a key whose one place is this, which no file has.
 */
#define OWED "generator"

static bool is_owed(const struct ledger_arg *arg)
{
	return arg && ledger_place(arg, GRUB_CFG, OWED);
}

/* --- set --------------------------------------------------------------------------------------- */

/* The value that our drop-ins give KEY now, NULL: none; caller frees. */
static char *own_value(const struct boot_state *s, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->own); i++) {
		auto_strv struct strv words = { 0 };

		if (is_ours(&s->own[i]))
			own_words(&s->own[i], &words);
		for (size_t k = 0; k < words.n; k++)
			if (strncmp(words.v[k], key, strlen(key)) == 0 && words.v[k][strlen(key)] == '=')
				return xstrdup(words.v[k] + strlen(key) + 1);
	}
	return NULL;
}

/* What an earlier run owed: is it still, and can it be paid here? */
static void settle_owed(struct boot_state *s, const char *key)
{
	const struct ledger_arg *arg = ledger_find(&s->ledger, key);
	auto_free char *word = is_owed(arg) ? xasprintf("%s=%s", key, arg->value) : NULL;

	s->owed = word && menu_bears(s, word);
	if (word && !(s->owed && s->foreign))
		ledger_drop(&s->ledger, key);
}

/* Does a file of another hand say WORD too, so that it stays in grub.cfg? */
static bool said_by_another(const struct boot_state *s, const char *key, const char *word)
{
	struct boot_conflict *all = NULL;
	bool said = false;
	size_t n = 0;

	grub_conflicts(s, key, &all, &n);
	for (size_t i = 0; i < n; i++)
		said = said || has_word(all[i].text, word);
	boot_conflicts_free(all, n);
	return said;
}

/* KEY is taken off: does grub.cfg hold OLD, its value, until the generator runs on that system? */
static void owe(struct boot_state *s, const char *key, const char *old)
{
	auto_free char *word = old ? xasprintf("%s=%s", key, old) : NULL;

	if (word && s->foreign && menu_bears(s, word) && !said_by_another(s, key, word))
		ledger_note(ledger_add(&s->ledger, key, old), GRUB_CFG, OWED, "");
}

static int unset(struct boot_state *s, const char *key, struct err *e)
{
	const struct ledger_arg *arg = ledger_find(&s->ledger, key);
	auto_free char *old = own_value(s, key);
	int r = 0;

	take_own(s, key, NULL);
	if (is_owed(arg))	/* then nothing else is ours */
		return 0;
	for (size_t i = 0; arg && i < s->n_others && r == 0; i++)
		r = give_back(&s->others[i], arg, e);
	if (r < 0)
		return r;
	ledger_drop(&s->ledger, key);
	owe(s, key, old);
	return 0;
}

static int set(struct boot_state *s, const char *key, const char *value, bool force, struct err *e)
{
	auto_strv struct strv words = { 0 };
	struct boot_conflict *conflicts = NULL;
	size_t n = 0;
	int r = 0;

	grub_conflicts(s, key, &conflicts, &n);
	boot_conflicts_free(conflicts, n);
	if (n && !force) {
		take_own(s, key, NULL);
		return 0;
	}
	if (is_owed(ledger_find(&s->ledger, key)))	/* the drop-in's return asks for the generator itself */
		ledger_drop(&s->ledger, key);
	if (n)
		r = take_over(s, key, value, e);
	if (r < 0)
		return r;
	take_own(s, key, &words);
	strv_add(&words, s->word);
	strv_sort(&words);
	return put_own(s, &words, e);
}

static int grub_set_arg(struct boot_state *s, const char *key, const char *value, bool force,
			struct err *e)
{
	int r = boot_arg_check(key, value, e);

	if (r < 0)
		return r;
	free(s->key);
	free(s->word);
	s->key = xstrdup(key);
	s->word = value ? xasprintf("%s=%s", key, value) : NULL;
	settle_owed(s, key);
	return value ? set(s, key, value, force, e) : unset(s, key, e);
}

/* --- emit -------------------------------------------------------------------------------------- */

static int grub_emit(const struct boot_state *s, struct edit_list *edits, struct err *e)
{
	auto_free char *why = s->word ? xasprintf("%s for every normal entry", s->word) :
					xasprintf("%s=, ours is taken off", s->key ? s->key : "");
	auto_free char *taken = xasprintf("%s, %s",
					  s->word  ? s->word
					  : s->key ? s->key
						   : "",
					  s->word ? "instead of the value set here by hand"
						  : "as it was set here by hand");

	(void)e;
	for (size_t i = 0; i < s->n_others; i++)
		boot_file_emit(&s->others[i], edits, taken);
	for (size_t i = 0; i < ARRAY_SIZE(s->own); i++)
		boot_file_emit(&s->own[i], edits, why);
	ledger_emit(&s->ledger, "grub", edits);
	return 0;
}

/* --- the generator ----------------------------------------------------------------------------- */

/*
 * Does each normal entry that 10_linux made start with WORD ("crashkernel=256M") in force?  A menu whose
 * entries are all of other hands holds what it can: making it anew would change nothing.
 */
static bool menu_holds(const struct boot_state *s, const char *word)
{
	const char *equals = strchr(word, '=');
	auto_free char *key = xstrndup(word, (size_t)(equals - word));
	size_t n = 0, others = 0;

	for (size_t i = 0; i < s->cfg.n; i++) {
		const struct grub_entry *entry = &s->cfg.v[i];
		auto_free char *value = NULL;

		if (!entry->cmdline || entry->recovery)
			continue;
		if (!from_generator(entry)) {
			others++;
			continue;
		}
		value = cmdline_get(entry->cmdline, key);
		if (value ? strcmp(value, equals + 1) != 0 : !has_word(entry->cmdline, word))
			return false;
		n++;
	}
	return n || others;
}

/* grub.cfg is behind when a file is about to change, or it lacks what our drop-in holds, or bears what it held. */
static bool menu_is_behind(const struct boot_state *s)
{
	if (s->owed)
		return true;
	for (size_t i = 0; i < s->n_others; i++)
		if (boot_file_changed(&s->others[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(s->own); i++) {
		auto_strv struct strv words = { 0 };

		if (boot_file_changed(&s->own[i]))
			return true;
		if (is_ours(&s->own[i]))
			own_words(&s->own[i], &words);
		for (size_t k = 0; k < words.n && s->cfg_known; k++)
			if (strchr(words.v[k], '=') && !menu_holds(s, words.v[k]))
				return true;
	}
	return false;
}

static int grub_command(const struct boot_state *s, struct boot_command *ret)
{
	if (!menu_is_behind(s))
		return 1;
	*ret = (struct boot_command){ 0 };
	ret->why = xstrdup("grub.cfg is made anew from " DEFAULTS " and " DROPINS);
	if (s->update_grub) {
		strv_add(&ret->argv, UPDATE_GRUB);
		return 0;
	}
	strv_add(&ret->argv, MKCONFIG);
	strv_add(&ret->argv, "-o");
	strv_add(&ret->argv, GRUB_CFG);
	return 0;
}

bool boot_command_known(const struct strv *argv)
{
	if (argv->n == 1)
		return strcmp(argv->v[0], UPDATE_GRUB) == 0;
	return argv->n == 3 && strcmp(argv->v[0], MKCONFIG) == 0 && strcmp(argv->v[1], "-o") == 0 &&
	       strcmp(argv->v[2], GRUB_CFG) == 0;
}

const struct boot_editor boot_grub = {
	.name = "grub",
	.probe = grub_probe,
	.load = grub_load,
	.get_default = grub_get_default,
	.conflicts = grub_conflicts,
	.set_arg = grub_set_arg,
	.emit = grub_emit,
	.command = grub_command,
	.free = grub_free,
};
