/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include "blsentry.h"
#include "cmdline.h"
#include "crashkernel.h"
#include "grubenv.h"
#include "shvar.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

void place_list_done(struct place_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].field);
		free(l->v[i].raw);
		free(l->v[i].text);
	}
	free(l->v);
	*l = (struct place_list){ 0 };
}

/* Places of a file that is sane; a command line has one, a file of odd ones a few. */
#define PLACES_MAX 256

static struct place *add_place(struct place_list *l, struct boot_file *f, enum place_kind kind,
			       const char *name, size_t nth)
{
	struct place *p = vec_push(&l->v, &l->n);

	p->file = f;
	p->kind = kind;
	p->field = nth ? xasprintf("%s#%zu", name, nth) : xstrdup(name);
	return p;
}

static struct place *add_span(struct place_list *l, struct boot_file *f, enum place_kind kind,
			      const char *name, size_t nth, const struct place *at)
{
	struct place *p = add_place(l, f, kind, name, nth);

	p->start = at->start;
	p->len = at->len;
	p->line = at->line;
	p->raw = xstrndup(f->text.data + at->start, at->len);
	return p;
}

static void find_options(struct boot_file *f, struct place_list *ret)
{
	struct bls_line line = { 0 };

	while (bls_next(&f->text, &line)) {
		struct place at = { .start = line.value, .len = line.value_len, .line = line.line };
		struct place *p;

		if (!bls_key_is(&f->text, &line, "options"))
			continue;
		p = add_span(ret, f, PLACE_OPTIONS, "options", ret->n, &at);
		p->text = xstrdup(p->raw);
	}
}

static void find_lines(struct boot_file *f, struct place_list *ret)
{
	const char *s = buf_text(&f->text);
	struct place at = { 0 };

	for (; at.start < f->text.len; at.start += at.len + 1) {
		size_t blanks = strspn(s + at.start, " \t\r");
		struct place *p;

		at.len = strcspn(s + at.start, "\n");
		at.line++;
		if (blanks >= at.len || s[at.start + blanks] == '#')
			continue;
		p = add_span(ret, f, PLACE_LINES, "line", ret->n, &at);
		p->text = xstrdup(p->raw);
	}
}

/* The two variables can be edited, what else mentions an argument is only looked at. */
static void find_shell(struct boot_file *f, struct place_list *ret)
{
	static const char *const names[] = { "GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT" };
	size_t seen[ARRAY_SIZE(names)] = { 0 };
	auto_shvars struct shvar_list vars = { 0 };

	shvar_scan(&f->text, &vars);
	for (size_t i = 0; i < vars.n; i++) {
		const struct shvar *v = &vars.v[i];
		struct place at = { .start = v->start, .len = v->end - v->start, .line = v->line }, *p;
		size_t nth = 0;
		bool edit = false;

		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			if (strcmp(v->name, names[k]) == 0) {
				edit = v->plain;
				nth = seen[k]++;
			}
		p = add_span(ret, f, PLACE_SHELL, v->name, nth, &at);
		p->text = edit ? place_decode(PLACE_SHELL, p->raw) : NULL;
	}
}

static void find_env(struct boot_file *f, struct place_list *ret)
{
	unsigned line = 0;
	char *value = grubenv_get(&f->text, "kernelopts", &line);
	struct place *p;

	if (!value)
		return;
	p = add_place(ret, f, PLACE_ENV, "kernelopts", 0);
	p->line = line;
	p->raw = xstrdup(value);
	p->text = value;
}

void places_find(struct boot_file *f, enum place_kind kind, struct place_list *ret)
{
	if (!f->keep)
		return;
	switch (kind) {
	case PLACE_OPTIONS:
		find_options(f, ret);
		break;
	case PLACE_LINES:
		find_lines(f, ret);
		break;
	case PLACE_SHELL:
		find_shell(f, ret);
		break;
	case PLACE_ENV:
		find_env(f, ret);
		break;
	}
}

int places_check(struct boot_file *f, enum place_kind kind, struct err *e)
{
	auto_places struct place_list places = { 0 };
	size_t editable = 0;

	places_find(f, kind, &places);
	for (size_t i = 0; i < places.n; i++)
		editable += places.v[i].text != NULL;
	if (editable > PLACES_MAX)
		return err_set(e, EFBIG,
			       "'%s' holds %zu command lines, at most %d are expected; mend it", f->path,
			       editable, PLACES_MAX);
	return 0;
}

/* KEY=... in text that we do not understand: up to the next blank or quote. */
static char *words_like(const char *raw, const char *key)
{
	auto_free char *want = xasprintf("%s=", key);

	for (const char *p = strstr(raw, want); p; p = strstr(p + 1, want))
		if (p == raw || !(isalnum((unsigned char)p[-1]) || strchr("_-.", p[-1])))
			return xstrndup(p, strcspn(p, " \t\r\n\"'`;)"));
	return NULL;
}

char *place_words(const struct place *p, const char *key)
{
	char *words = p->text ? cmdline_words(p->text, key) : NULL;

	return words || p->text ? words : words_like(p->raw, key);
}

bool place_words_all(const char *words, const char *word)
{
	const size_t len = strlen(word);

	while (strncmp(words, word, len) == 0 && words[len] == ' ')
		words += len + 1;
	return strcmp(words, word) == 0;
}

int place_put(const struct place *p, const char *text, struct err *e)
{
	auto_free char *raw = NULL;
	int r = 0;

	if (p->kind == PLACE_ENV)
		r = grubenv_set(&p->file->text, "kernelopts", text);
	else if (p->kind == PLACE_SHELL)
		r = shvar_encode(p->raw, text, &raw);
	else
		raw = xstrdup(text);
	if (r == -ENOSPC)
		return err_set(
			e, ENOSPC,
			"%s:%u: kernelopts has no room for '%s' in the %zu bytes of GRUB's environment"
			" block; unset what is not needed there (grub2-editenv)",
			p->file->path, p->line, text, p->file->text.len);
	if (r < 0)
		return err_set(e, ENOTSUP,
			       "%s:%u: '%s' is too complex to be edited safely; make it a plain"
			       " NAME=\"value\" line",
			       p->file->path, p->line, p->raw);
	if (raw)
		boot_file_splice(p->file, p->start, p->len, raw, strlen(raw));
	return 0;
}

static int beyond_us(const struct place *p, int r, struct err *e)
{
	if (r == -EINVAL)
		return err_set(e, EINVAL, "%s:%u: a double quote is left open in '%s'; close it",
			       p->file->path, p->line, p->raw);
	return err_set(e, ENOTSUP,
		       "%s:%u: '%s' is not a plain GRUB_CMDLINE_LINUX= or GRUB_CMDLINE_LINUX_DEFAULT="
		       " line; edit it by hand",
		       p->file->path, p->line, p->raw);
}

int place_set(const struct place *p, const char *key, const char *words, struct err *e)
{
	auto_free char *text = NULL;
	int r = p->text ? cmdline_set(p->text, key, words, &text) : -ENOTSUP;

	return r < 0 ? beyond_us(p, r, e) : place_put(p, text, e);
}

int place_remove(const struct place *p, const char *key, struct err *e)
{
	auto_free char *text = NULL;
	int r = p->text ? cmdline_remove(p->text, key, &text) : -ENOTSUP;

	return r < 0 ? beyond_us(p, r, e) : place_put(p, text, e);
}

char *place_decode(enum place_kind kind, const char *raw)
{
	char *text = NULL;

	if (kind != PLACE_SHELL)
		return xstrdup(raw);
	return shvar_decode(raw, &text) == 0 ? text : NULL;
}

bool place_is_ours(const struct place *p, const struct ledger_place *note, const char *key,
		   const char *new_words)
{
	auto_free char *was = place_decode(p->kind, note->was), *text = NULL, *raw = NULL;
	int r;

	if (!was || !p->text)
		return false;
	r = new_words ? cmdline_set(was, key, new_words, &text) : cmdline_remove(was, key, &text);
	if (r == 0 && p->kind == PLACE_SHELL)
		r = shvar_encode(note->was, text, &raw);
	return r == 0 && strcmp(raw ? raw : text, p->raw) == 0;
}

int place_put_back(const struct place *p, const struct ledger_place *note, struct err *e)
{
	if (p->kind == PLACE_ENV)
		return place_put(p, note->was, e);
	boot_file_splice(p->file, p->start, p->len, note->was, strlen(note->was));
	return 0;
}

bool place_counts(const struct place *p)
{
	static const char *const others[] = { "GRUB_CMDLINE_LINUX_RECOVERY", "GRUB_CMDLINE_XEN",
					      "GRUB_CMDLINE_LINUX_XEN_REPLACE" };

	if (p->kind != PLACE_SHELL)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strncmp(p->field, others[i], strlen(others[i])) == 0)
			return false;
	return true;
}

void conflict_add(struct boot_conflict **v, size_t *n, const struct place *p, const char *words)
{
	*vec_push(v, n) = (struct boot_conflict){
		.path = xstrdup(p->file->path), .line = p->line, .text = xstrdup(words),
	};
}

int boot_arg_check(const char *key, const char *value, struct err *e)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	const char *odd;

	if (!*key || key[strspn(key, safe)])
		return err_set(
			e, EINVAL,
			"'%s' is not the name of a kernel argument (letters, digits, '_', '.', '-')",
			key);
	if (!value)
		return 0;
	/* What several crashkernel= are together goes in as one. */
	for (odd = value; *odd && (strchr(safe, *odd) || strchr(",:@+%=/", *odd) ||
				   (strcmp(key, "crashkernel") == 0 && strncmp(odd, " crashkernel=", 13) == 0));
	     odd++)
		;
	if (*odd)
		return err_set(
			e, EINVAL,
			"%s='%s': the character at '%.10s' cannot be put into a boot loader's files"
			" (letters, digits and _.,:@+%%=/- can)",
			key, value, odd);
	return 0;
}

char *boot_value(const char *line, const char *key)
{
	return strcmp(key, "crashkernel") == 0 ? crashkernel_in_force(line) : cmdline_get(line, key);
}
