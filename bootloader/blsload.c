/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bls.h"

#include "blsentry.h"
#include "cmdline.h"
#include "grubenv.h"
#include "kv.h"
#include "place.h"
#include "shvar.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define ENTRIES "/boot/loader/entries"
#define DEFAULTS "/etc/default/grub"
#define GRUB_CFG "/boot/grub2/grub.cfg"
#define GRUB_CFG_MAX (16u << 20)

/* --- which entries are this system's ----------------------------------------------------------- */

struct identity {
	char *machine_id, *name, *os_id;
	bool entries_bear_it;	/* one of the entries is named after our machine id */
};

static void identity_done(struct identity *id)
{
	free(id->machine_id);
	free(id->name);
	free(id->os_id);
}

static void identity_read(const struct root *root, struct identity *ret)
{
	auto_buf struct buf text = { 0 };
	auto_kv struct kv_file kv = { 0 };

	ret->machine_id = root_read_line(root, "/etc/machine-id");
	if (root_read(root, "/etc/os-release", BOOT_FILE_MAX, &text, NULL) < 0)
		return;
	kv_split(buf_text(&text), text.len, &kv);
	for (size_t i = 0; i < kv.n_lines; i++) {
		char **to = strcmp(kv.lines[i].key, "NAME") == 0 ? &ret->name :
			    strcmp(kv.lines[i].key, "ID") == 0 ? &ret->os_id : NULL;

		if (to && !*to)
			*to = xstrdup(kv.lines[i].value);
	}
}

/* "0123456789abcdef0123456789abcdef-..." */
static bool bears_machine_id(const char *id)
{
	return strspn(id, "0123456789abcdef") == 32 && id[32] == '-';
}

static bool bears(const char *id, const char *machine_id)
{
	return machine_id && strlen(machine_id) == 32 && strncmp(id, machine_id, 32) == 0 &&
	       id[32] == '-';
}

static bool has_modules(const struct root *root, const struct bls_file *e)
{
	auto_free char *version = bls_get(&e->file.text, "version");
	auto_free char *path = NULL;

	if (!version || !*version || strchr(version, '/') || version[0] == '.')
		return false;
	path = xasprintf("/lib/modules/%s", version);
	return root_exists(root, path);
}

static bool is_rescue(const struct bls_file *e)
{
	auto_free char *version = bls_get(&e->file.text, "version");

	return strstr(e->id, "-0-rescue") || strncmp(e->id, "0-rescue", 8) == 0 ||
	       (version && strncmp(version, "0-rescue", 8) == 0);
}

/*
 * Several systems may share /boot.  The machine id in the name or in the entry
 * tells ours from theirs.  Images are often made with another id than they boot with: where no entry bears
 * ours, an entry is ours when its kernel's modules are here.  A name without
 * any id must fit os-release, or have its modules here.
 */
static bool is_this_system(const struct root *root, const struct bls_file *e, const struct identity *me)
{
	auto_free char *machine = bls_get(&e->file.text, "machine-id"),
		       *title = bls_get(&e->file.text, "title");
	auto_free char *class = bls_get(&e->file.text, "grub_class");

	if (bears(e->id, me->machine_id))
		return true;
	if (machine && me->machine_id)
		return strcmp(machine, me->machine_id) == 0;
	if (bears_machine_id(e->id))
		return !me->entries_bear_it && has_modules(root, e);
	return has_modules(root, e) ||
	       (title && me->name && *me->name && strncmp(title, me->name, strlen(me->name)) == 0) ||
	       (class && me->os_id && *me->os_id && strcmp(class, me->os_id) == 0);
}

static bool is_editable(struct bls_file *e)
{
	auto_free char *kernel = bls_get(&e->file.text, "linux");

	return kernel && !memchr(buf_text(&e->file.text), '\0', e->file.text.len) &&
	       places_check(&e->file, PLACE_OPTIONS, NULL) == 0;
}

/* --- load -------------------------------------------------------------------------------------- */

void bls_free(struct boot_state *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_entries; i++) {
		free(s->entries[i].id);
		boot_file_done(&s->entries[i].file);
	}
	free(s->entries);
	boot_file_done(&s->cmdline);
	boot_file_done(&s->defaults);
	boot_file_done(&s->env);
	grubcfg_done(&s->cfg);
	ledger_done(&s->ledger);
	free(s->key);
	free(s->word);
	free(s);
}

static void own_state(struct boot_state **s)
{
	bls_free(*s);
}

static bool is_entry_name(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

static int load_entries(const struct root *root, struct boot_state *s, struct err *e)
{
	auto_strv struct strv names = { 0 };
	struct identity me = { 0 };
	int r = root_list(root, ENTRIES, &names);

	if (r < 0)
		return err_set(e, -r, "'%s': %s", ENTRIES, strerror(-r));
	identity_read(root, &me);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		auto_free char *path = xasprintf("%s/%s", ENTRIES, names.v[i]);
		struct bls_file *entry;

		if (!is_entry_name(names.v[i]))
			continue;
		me.entries_bear_it = me.entries_bear_it || bears(names.v[i], me.machine_id);
		entry = vec_push(&s->entries, &s->n_entries);
		entry->id = xstrndup(names.v[i], strlen(names.v[i]) - 5);
		r = boot_file_read(root, path, 0644, &entry->file, e);
	}
	for (size_t i = 0; i < s->n_entries && r == 0; i++)
		s->entries[i].normal = is_editable(&s->entries[i]) && !is_rescue(&s->entries[i]) &&
				       is_this_system(root, &s->entries[i], &me);
	/* A link among the entries: the same file by another name is changed once. */
	for (size_t i = 1; i < s->n_entries && r == 0; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->entries[i].file.path, s->entries[k].file.path) == 0)
				s->entries[i].normal = false;
	identity_done(&me);
	return r;
}

/* Only get_default() looks into grub.cfg, and does with less where it cannot be read. */
static void load_cfg(const struct root *root, struct grubcfg *ret)
{
	struct boot_file file = { 0 };

	if (boot_file_look(root, GRUB_CFG, GRUB_CFG_MAX, &file, NULL) < 0)
		return;
	grubcfg_parse(&file.text, ret);
	boot_file_done(&file);
}

int bls_load(const struct root *root, struct boot_state **ret, struct err *e)
{
	AUTO(own_state) struct boot_state *s = xcalloc(1, sizeof(*s));
	int r = load_entries(root, s, e);

	if (r == 0)
		r = boot_file_read_text(root, "/etc/kernel/cmdline", 0644, &s->cmdline, e);
	if (r == 0)
		r = places_check(&s->cmdline, PLACE_LINES, e);
	if (r == 0)
		r = boot_file_read_text(root, DEFAULTS, 0644, &s->defaults, e);
	if (r == 0)
		r = places_check(&s->defaults, PLACE_SHELL, e);
	if (r == 0)
		r = boot_file_read(root, "/boot/grub2/grubenv", 0600, &s->env, e);
	if (r == 0)
		r = ledger_read(root, "bls", &s->ledger, e);
	if (r < 0)
		return r;
	load_cfg(root, &s->cfg);
	*ret = take_ptr(s);
	return 0;
}

/* GRUB_ENABLE_BLSCFG decides what grub2-mkconfig writes; without it, grub.cfg itself tells. */
static bool grub_reads_entries(const struct root *root)
{
	struct boot_file defaults = { 0 }, cfg = { 0 };
	auto_shvars struct shvar_list vars = { 0 };
	auto_free char *told = NULL;
	bool found = false;

	if (boot_file_read_text(root, DEFAULTS, 0644, &defaults, NULL) == 0)
		shvar_scan(&defaults.text, &vars);
	for (size_t i = 0; i < vars.n; i++)
		if (strcmp(vars.v[i].name, "GRUB_ENABLE_BLSCFG") == 0) {
			auto_free char *raw = xstrndup(defaults.text.data + vars.v[i].start,
						       vars.v[i].end - vars.v[i].start);

			free(told);
			told = NULL;
			if (shvar_decode(raw, &told) < 0)
				told = xstrdup("");
		}
	boot_file_done(&defaults);
	if (told)
		return strcmp(told, "true") == 0 && root_exists(root, "/boot/grub2");
	if (boot_file_look(root, GRUB_CFG, GRUB_CFG_MAX, &cfg, NULL) == 0)
		for (const char *at = strstr(buf_text(&cfg.text), "blscfg"); at && !found;
		     at = strstr(at + 1, "blscfg"))
			found = (at == cfg.text.data || strchr("\n\t ", at[-1])) &&
				strchr("\n\t ;", at[6]);
	boot_file_done(&cfg);
	return found;
}

bool bls_probe(const struct root *root)
{
	auto_strv struct strv names = { 0 };
	bool any = false;

	/* OSTree writes the entries anew from its own record with each deployment. */
	if (root_exists(root, "/ostree") || root_exists(root, "/run/ostree-booted"))
		return false;
	if (root_list(root, ENTRIES, &names) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++)
		any = any || is_entry_name(names.v[i]);
	return any && grub_reads_entries(root);
}

/* --- the default entry's value ----------------------------------------------------------------- */

static char *variable(const struct boot_state *s, const char *name)
{
	char *value = grubenv_get(&s->env.old, name, NULL);
	const char *otherwise = value ? NULL : grubcfg_var(&s->cfg, name);

	/* grub.cfg sets kernelopts where grubenv lost it. */
	return value || !otherwise ? value : xstrdup(otherwise);
}

/* $NAME and ${NAME} as blscfg expands them: what is not set is nothing. */
static char *expand(const struct boot_state *s, const char *text)
{
	auto_buf struct buf out = { 0 };

	while (*text) {
		size_t brace = text[0] == '$' && text[1] == '{', n = 0;
		auto_free char *name = NULL, *value = NULL;

		if (*text == '$')
			while (isalnum((unsigned char)text[1 + brace + n]) || text[1 + brace + n] == '_')
				n++;
		if (!n) {
			buf_addc(&out, *text++);
			continue;
		}
		name = xstrndup(text + 1 + brace, n);
		value = variable(s, name);
		buf_adds(&out, value ? value : "");
		text += 1 + brace + n;
		text += brace && *text == '}';
	}
	return buf_take(&out);
}

/* Entries that GRUB shows, in the order of its menu. */
static int menu_order(const void *a, const void *b)
{
	const struct bls_file *const *x = a, *const *y = b;
	int r = bls_compare((*y)->id, (*x)->id);

	return r ? r : strcmp((*x)->id, (*y)->id);
}

const struct bls_file *bls_default_entry(const struct boot_state *s)
{
	auto_free char *saved = grubenv_get(&s->env.old, "saved_entry", NULL);
	/* An array of pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
	auto_free const struct bls_file **menu = xcalloc(s->n_entries, sizeof(*menu));
	const char *set = NULL, *spec = saved ? saved : "";
	size_t n = 0, number = 0;

	for (size_t i = 0; i < s->cfg.n_sets; i++)
		if (strcmp(s->cfg.sets[i].name, "default") == 0 &&
		    !strstr(s->cfg.sets[i].value, "next_entry"))
			set = s->cfg.sets[i].value;
	if (set && !strchr(set, '$'))
		spec = set;
	for (size_t i = 0; i < s->n_entries; i++) {
		const struct bls_file *e = &s->entries[i];
		auto_free char *title = bls_get(&e->file.old, "title"),
			       *kernel = bls_get(&e->file.old, "linux");

		if (!kernel)
			continue;
		if (strcmp(e->id, spec) == 0 || (title && strcmp(title, spec) == 0))
			return e;
		menu[n++] = e;
	}
	/* NOLINTNEXTLINE(bugprone-sizeof-expression) */
	qsort(menu, n, sizeof(*menu), menu_order);
	if (*spec && strlen(spec) < 10 && strspn(spec, "0123456789") == strlen(spec))
		number = strtoul(spec, NULL, 10);
	/* GRUB starts the first one when the default names none. */
	return n ? menu[number < n ? number : 0] : NULL;
}

char *bls_get_default(const struct boot_state *s, const char *key)
{
	const struct bls_file *e = bls_default_entry(s);
	auto_free char *options = e ? bls_get(&e->file.old, "options") : NULL, *line = NULL;

	if (e && !options)
		options = variable(s, "default_kernelopts");
	if (!options)
		return NULL;
	line = expand(s, options);
	return boot_value(line, key);
}
