/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grubcfg.h"

#include <string.h>

#define NESTING_MAX 32

struct parser {
	const char *s;
	size_t len, at;
	struct strv words;		/* of the command at hand */
	char *script;
	size_t menu[NESTING_MAX];	/* entry that each open brace belongs to */
	unsigned depth;
	struct grubcfg *out;
};

void grubcfg_done(struct grubcfg *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].title);
		free(c->v[i].id);
		free(c->v[i].cmdline);
		free(c->v[i].script);
	}
	for (size_t i = 0; i < c->n_sets; i++) {
		free(c->sets[i].name);
		free(c->sets[i].value);
	}
	free(c->v);
	free(c->sets);
	*c = (struct grubcfg){ 0 };
}

/* --- words ------------------------------------------------------------------------------------- */

static void copy_variable(struct parser *p, struct buf *to)
{
	size_t n = 1;

	if (p->at + 1 < p->len && p->s[p->at + 1] == '{')
		while (p->at + n < p->len && p->s[p->at + n - 1] != '}' && p->s[p->at + n] != '\n')
			n++;
	buf_add(to, p->s + p->at, n);
	p->at += n;
}

static void copy_quoted(struct parser *p, char quote, struct buf *to)
{
	p->at++;
	while (p->at < p->len && p->s[p->at] != quote) {
		if (quote == '"' && p->s[p->at] == '$') {
			copy_variable(p, to);
			continue;
		}
		if (quote == '"' && p->s[p->at] == '\\' && p->at + 1 < p->len &&
		    strchr("\"\\$", p->s[p->at + 1]))
			p->at++;
		buf_addc(to, p->s[p->at++]);
	}
	p->at++;
}

static char *take_word(struct parser *p)
{
	auto_buf struct buf word = { 0 };

	while (p->at < p->len && !strchr(" \t\r\n;&|<>{}", p->s[p->at])) {
		char c = p->s[p->at];

		if (c == '\'' || c == '"') {
			copy_quoted(p, c, &word);
		} else if (c == '$') {
			copy_variable(p, &word);
		} else {
			if (c == '\\' && p->at + 1 < p->len)
				c = p->s[++p->at];
			if (c != '\n')
				buf_addc(&word, c);
			p->at++;
		}
	}
	return buf_take(&word);
}

/* --- commands ---------------------------------------------------------------------------------- */

static bool is_command(const struct parser *p, const char *name)
{
	return p->words.n && strcmp(p->words.v[0], name) == 0;
}

/* menuentry and submenu: TITLE [OPTION [VALUE]]...; the generator writes $menuentry_id_option for --id. */
static size_t open_entry(struct parser *p)
{
	struct grub_entry *entry = vec_push(&p->out->v, &p->out->n);
	const char *id = "";

	for (size_t i = 2; i + 1 < p->words.n; i++)
		if (strcmp(p->words.v[i], "$menuentry_id_option") == 0 ||
		    strcmp(p->words.v[i], "--id") == 0 ||
		    strcmp(p->words.v[i], "${menuentry_id_option}") == 0)
			id = p->words.v[i + 1];
	*entry = (struct grub_entry){
		.title = xstrdup(p->words.n > 1 ? p->words.v[1] : ""),
		.id = xstrdup(id),
		.script = xstrdup(p->script ? p->script : ""),
		.parent = p->depth ? p->menu[p->depth - 1] : GRUB_TOP,
		.submenu = is_command(p, "submenu"),
	};
	entry->recovery = strstr(entry->id, "-recovery-") || strstr(entry->title, "(recovery mode)");
	return p->out->n - 1;
}

/* linux IMAGE WORD...: a word with a blank reaches the kernel in quotes. */
static void note_linux(struct parser *p)
{
	struct grub_entry *entry = p->depth && p->menu[p->depth - 1] != GRUB_TOP ?
				   &p->out->v[p->menu[p->depth - 1]] : NULL;
	auto_buf struct buf line = { 0 };

	if (!entry || entry->submenu)
		return;
	for (size_t i = 2; i < p->words.n; i++) {
		bool quote = strchr(p->words.v[i], ' ') && !strchr(p->words.v[i], '"');

		buf_addf(&line, "%s%s%s%s", i > 2 ? " " : "", quote ? "\"" : "", p->words.v[i],
			 quote ? "\"" : "");
		entry->recovery = entry->recovery || strcmp(p->words.v[i], "single") == 0 ||
				  strcmp(p->words.v[i], "recovery") == 0;
	}
	free(entry->cmdline);
	entry->cmdline = buf_take(&line);
}

static void end_command(struct parser *p)
{
	const char *equals = p->words.n == 2 ? strchr(p->words.v[1], '=') : NULL;

	if (is_command(p, "linux") || is_command(p, "linux16") || is_command(p, "linuxefi"))
		note_linux(p);
	if (is_command(p, "set") && equals)
		*vec_push(&p->out->sets, &p->out->n_sets) = (struct grub_set){
			.name = xstrndup(p->words.v[1], (size_t)(equals - p->words.v[1])),
			.value = xstrdup(equals + 1),
		};
	strv_done(&p->words);
}

static void open_brace(struct parser *p)
{
	size_t menu = p->depth ? p->menu[p->depth - 1] : GRUB_TOP;

	if (is_command(p, "menuentry") || is_command(p, "submenu"))
		menu = open_entry(p);
	strv_done(&p->words);
	if (p->depth < NESTING_MAX)
		p->menu[p->depth++] = menu;
}

/* "### BEGIN /etc/grub.d/10_linux ###" is grub-mkconfig's own comment. */
static void take_comment(struct parser *p)
{
	static const char begin[] = "### BEGIN ", end[] = "### END ";
	const char *at = p->s + p->at;
	size_t len = strcspn(at, "\n");

	if (strncmp(at, begin, strlen(begin)) == 0) {
		at += strlen(begin);
		free(p->script);
		p->script = xstrndup(at, strcspn(at, " \n"));
	} else if (strncmp(at, end, strlen(end)) == 0) {
		free(p->script);
		p->script = NULL;
	}
	p->at += len;
}

void grubcfg_parse(const struct buf *text, struct grubcfg *ret)
{
	struct parser p = { .s = buf_text(text), .len = strlen(buf_text(text)), .out = ret };

	while (p.at < p.len) {
		char c = p.s[p.at];

		if (c == '#') {
			take_comment(&p);
		} else if (c == '\\' && p.s[p.at + 1] == '\n') {
			p.at += 2;
		} else if (c == '{') {
			open_brace(&p);
			p.at++;
		} else if (c == '}') {
			end_command(&p);
			p.depth -= p.depth > 0;
			p.at++;
		} else if (strchr("\n;&|<>", c)) {
			end_command(&p);
			p.at++;
		} else if (strchr(" \t\r", c)) {
			p.at++;
		} else {
			strv_take(&p.words, take_word(&p));
		}
	}
	end_command(&p);
	free(p.script);
}

const char *grubcfg_var(const struct grubcfg *c, const char *name)
{
	for (size_t i = c->n_sets; i--; )
		if (strcmp(c->sets[i].name, name) == 0)
			return c->sets[i].value;
	return NULL;
}

/* --- which entry starts ------------------------------------------------------------------------ */

/* Is NAME the first part of SPEC ("a>b"; ">>" is a ">" that parts nothing)?  *ret_rest: behind that part. */
static bool part_equal(const char *name, const char *spec, const char **ret_rest)
{
	while (*spec && (*spec != '>' || spec[1] == '>')) {
		spec += *spec == '>';
		if (*name++ != *spec++)
			return false;
	}
	if (*name)
		return false;
	*ret_rest = *spec == '>' ? spec + 1 : spec;
	return true;
}

/* The entry of menu PARENT that the first part of SPEC names, by number, title or id. */
static const struct grub_entry *pick(const struct grubcfg *c, size_t parent, const char *spec,
				     const char **ret_rest)
{
	size_t digits = strspn(spec, "0123456789"), at = 0;
	bool number = digits && digits < 10 && strchr(">", spec[digits]);
	unsigned long wanted = number ? strtoul(spec, NULL, 10) : 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct grub_entry *entry = &c->v[i];

		if (entry->parent != parent)
			continue;
		if (number && at++ == wanted) {
			*ret_rest = spec + digits + (spec[digits] == '>');
			return entry;
		}
		if (!number && (part_equal(entry->title, spec, ret_rest) ||
				(*entry->id && part_equal(entry->id, spec, ret_rest))))
			return entry;
	}
	return NULL;
}

const struct grub_entry *grubcfg_default(const struct grubcfg *c, const char *saved)
{
	const char *spec = "0", *rest = "";
	const struct grub_entry *entry;
	size_t parent = GRUB_TOP;

	/* next_entry is for one boot only. */
	for (size_t i = 0; i < c->n_sets; i++)
		if (strcmp(c->sets[i].name, "default") == 0 && !strstr(c->sets[i].value, "next_entry"))
			spec = c->sets[i].value;
	if (strcmp(spec, "${saved_entry}") == 0 || strcmp(spec, "$saved_entry") == 0)
		spec = saved && *saved ? saved : "0";
	for (;;) {
		entry = pick(c, parent, spec, &rest);
		/* GRUB starts the first entry when the default names none. */
		if (!entry && parent == GRUB_TOP)
			entry = pick(c, parent, "0", &rest);
		if (!entry || !entry->submenu)
			return entry;
		if (!*rest)
			return NULL;
		parent = (size_t)(entry - c->v);
		spec = rest;
	}
}
