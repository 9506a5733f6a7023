/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "importparts.h"

#include "kv.h"

#include <errno.h>
#include <string.h>

/* How lines come in, get their notes and put values; what each key means is the dialects' own affair. */

static const struct import_dialect_row *const dialects[IMPORT_DIALECTS] = {
	[IMPORT_LKCD] = &import_lkcd,
	[IMPORT_KDUMP_CONF] = &import_kdump_conf,
	[IMPORT_KDUMP_SYSCONFIG] = &import_kdump_sysconfig,
	[IMPORT_SUSE] = &import_suse,
	[IMPORT_DEBIAN] = &import_debian,
};

#define TEXT_MAX 16384	/* bytes of a note's text; more is not put behind it */
#define VALUE_MAX 8192	/* bytes of a value; no setting holds more */
#define TARGETS_MAX 64
#define ROWS_MAX 64	/* keys of a dialect; a unit test counts them */
#define UNTOLD IMPORT_FATES	/* of a note that was not given yet */

struct import *import_new(void)
{
	struct import *im = xcalloc(1, sizeof(*im));

	im->scratch = settings_new();
	return im;
}

void import_free(struct import *im)
{
	if (!im)
		return;
	for (size_t i = 0; i < im->n_notes; i++) {
		free(im->notes[i].file);
		free(im->notes[i].key);
		free(im->notes[i].value);
		free(im->notes[i].text);
	}
	for (size_t i = 0; i < im->n_lines; i++) {
		free(im->lines[i].read.key);
		free(im->lines[i].read.value);
		free(im->lines[i].read.trouble);
	}
	for (size_t i = 0; i < im->n_targets; i++)
		target_done(&im->targets[i].target);
	for (unsigned k = 0; k < SETTING_COUNT; k++)
		free(im->values[k]);
	free(im->notes);
	free(im->lines);
	free(im->targets);
	strv_done(&im->files);
	settings_free(im->scratch);
	free(im);
}

/* --- which dialect ------------------------------------------------------------------------------ */

static const struct import_row *find_row(enum import_dialect d, const char *key)
{
	for (const struct import_row *r = dialects[d]->rows; r->key; r++)
		if (strcmp(r->key, key) == 0)
			return r;
	return NULL;
}

/* How many lines of the file are this dialect's own; commented ones count where there is no other. */
static size_t score(enum import_dialect d, const char *data, size_t len)
{
	auto_foreign struct foreign_file f = { 0 };
	size_t n = 0, off = 0;

	foreign_split(dialects[d]->syntax, data, len, &f);
	for (size_t i = 0; i < f.n; i++)
		if (find_row(d, f.lines[i].key))
			*(f.lines[i].kind == FOREIGN_OFF ? &off : &n) += 1;
	return n * 1000 + off;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* The best of those called NAME, or with NULL of all; the file's usual place decides between equals. */
static enum import_dialect best_of(const char *name, const char *file, const char *data, size_t len)
{
	enum import_dialect best = IMPORT_DIALECTS;
	size_t most = 0;

	for (unsigned d = 0; d < IMPORT_DIALECTS; d++) {
		size_t n;

		if (name && strcmp(dialects[d]->name, name) != 0)
			continue;
		n = 2 * score(d, data, len) + ends_with(file, dialects[d]->path);
		if (n > most) {
			most = n;
			best = (enum import_dialect)d;
		}
	}
	return best;
}

enum import_dialect import_detect(const char *file, const char *data, size_t len)
{
	return best_of(NULL, file, data, len);
}

enum import_dialect import_named(const char *name, const char *file, const char *data, size_t len)
{
	enum import_dialect best = best_of(name, file, data, len);

	for (unsigned d = 0; d < IMPORT_DIALECTS && best == IMPORT_DIALECTS; d++)
		if (strcmp(dialects[d]->name, name) == 0)
			best = (enum import_dialect)d;
	return best;
}

/* --- notes -------------------------------------------------------------------------------------- */

static bool is_secret(const struct import_line *l)
{
	static const char *const words[] = { "PASS", "SECRET", "TOKEN" };

	if (l->row && l->row->secret)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(l->read.key, words[i]) ||
		    (l->read.kind == FOREIGN_BAD && strcasestr(l->read.value, words[i])))
			return true;
	return false;
}

/* VALUE for people: passwords of URLs, and of "user:password@host", as "***".  Caller frees. */
static char *masked(const char *value)
{
	auto_free char *text = setting_shown("", value);
	const char *at = strchr(text, '@'), *colon = at ? memrchr(text, ':', (size_t)(at - text)) : NULL;

	if (!colon || memchr(colon, '/', (size_t)(at - colon)) || memchr(colon, ' ', (size_t)(at - colon)))
		return take_ptr(text);
	return xasprintf("%.*s***%s", (int)(colon + 1 - text), text, at);
}

static size_t add_note(struct import *im, const char *file, unsigned line, const char *key, char *value)
{
	struct import_note *n = vec_push(&im->notes, &im->n_notes);

	n->fate = UNTOLD;
	n->file = xstrdup(file);
	n->line = line;
	n->key = xstrdup(key);
	n->value = value;
	n->text = xstrdup("");
	return im->n_notes - 1;
}

/* What is true of a line of which one part fared so and another so. */
static enum import_fate combined(enum import_fate a, enum import_fate b)
{
	bool made = a <= IMPORT_NEAR || b <= IMPORT_NEAR;

	if (a == UNTOLD || a == b)
		return b;
	if (a == IMPORT_UNNEEDED || b == IMPORT_UNNEEDED)
		return a == IMPORT_UNNEEDED ? b : a;
	return made ? IMPORT_NEAR : IMPORT_NONE;
}

static void add_text(struct import_note *n, enum import_fate fate, const char *text)
{
	n->fate = combined(n->fate, fate);
	if (*text && strlen(n->text) < TEXT_MAX) {
		char *all = *n->text ? xasprintf("%s; %s", n->text, text) : xstrdup(text);

		free(n->text);
		n->text = all;
	}
}

void import_note(struct import *im, const struct import_line *l, enum import_fate fate, const char *fmt, ...)
{
	auto_buf struct buf text = { 0 };
	auto_free char *shown = NULL;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	shown = setting_shown("", buf_text(&text));
	add_text(&im->notes[l->note], fate, shown);
}

struct import_line import_about(struct import *im, const char *file)
{
	return (struct import_line){ .note = add_note(im, file, 0, "", xstrdup("")) };
}

const struct import_note *import_notes(const struct import *im, size_t *ret_n)
{
	*ret_n = im->n_notes;
	return im->notes;
}

/* --- values ------------------------------------------------------------------------------------- */

const char *import_value(const struct import *im, enum setting_key k)
{
	return im->values[k];
}

/* Would a settings file take it?  The reason goes to *e. */
static int judge(struct import *im, enum setting_key k, const char *value, struct err *e)
{
	const struct schema_row *row = &schema_rows[k];
	auto_buf struct buf quoted = { 0 };

	if (!*value)
		return err_set(e, EINVAL, "it is empty");
	if (!kv_quote(value, &quoted))
		return err_set(e, EINVAL, "no quoting can hold it in a settings file");
	return row->type->parse(row, value, im->scratch, e);
}

/* What N had put for K is another line's now. */
static void lose(struct import_note *n, const struct import_note *to, enum setting_key k)
{
	auto_free char *text = xasprintf("line %u decides %s", to->line, setting_name(k));
	bool left = false;

	n->made[k] = false;
	for (unsigned i = 0; i < SETTING_COUNT; i++)
		left |= n->made[i];
	if (!left && n->fate <= IMPORT_NEAR)
		n->fate = UNTOLD;
	add_text(n, IMPORT_OVERRIDDEN, text);
}

int import_put(struct import *im, const struct import_line *l, enum setting_key k, const char *value)
{
	struct err e = { 0 };

	if (judge(im, k, value, &e) < 0) {
		import_note(im, l, IMPORT_UNREAD, "%s: %s", setting_name(k), e.text);
		return -EINVAL;
	}
	for (size_t i = 0; i < im->n_notes; i++)
		if (im->notes[i].made[k] && i != l->note)
			lose(&im->notes[i], &im->notes[l->note], k);
	free(im->values[k]);
	im->values[k] = xstrdup(value);
	im->notes[l->note].made[k] = true;
	import_note(im, l, IMPORT_BECAME, "%s", "");
	return 0;
}

int import_put_more(struct import *im, const struct import_line *l, enum setting_key k, const char *all)
{
	struct err e = { 0 };

	if (judge(im, k, all, &e) < 0) {
		import_note(im, l, IMPORT_UNREAD, "%s: %s", setting_name(k), e.text);
		return -EINVAL;
	}
	free(im->values[k]);
	im->values[k] = xstrdup(all);
	im->notes[l->note].made[k] = true;
	import_note(im, l, IMPORT_BECAME, "%s", "");
	return 0;
}

int import_put_word(struct import *im, const struct import_line *l, enum setting_key k, const char *word)
{
	auto_free char *all = im->values[k] ? xasprintf("%s %s", im->values[k], word) : xstrdup(word);

	return import_put_more(im, l, k, all);
}

int import_put_target(struct import *im, const struct import_line *l, const char *url)
{
	struct target made = { 0 };
	struct import_target *t;
	struct err e = { 0 };

	if (target_parse(url, &made, &e) < 0) {
		import_note(im, l, IMPORT_UNREAD, "%s", e.text);
		return -EINVAL;
	}
	for (size_t i = 0; i < im->n_targets; i++)
		if (target_equal(&im->targets[i].target, &made)) {
			target_done(&made);
			im->notes[l->note].made[SET_DUMP_TARGETS] = true;
			import_note(im, l, IMPORT_BECAME, "%s", "");
			return 0;
		}
	if (im->n_targets == TARGETS_MAX) {
		target_done(&made);
		import_note(im, l, IMPORT_UNREAD, "more than %d targets", TARGETS_MAX);
		return -EINVAL;
	}
	t = vec_push(&im->targets, &im->n_targets);
	*t = (struct import_target){ .target = made, .note = l->note };
	import_note(im, l, IMPORT_BECAME, "%s", "");
	return 0;
}

/* All targets, in their order, as one value. */
static void put_targets(struct import *im)
{
	auto_buf struct buf urls = { 0 };
	struct err e = { 0 };
	bool good;

	for (size_t i = 0; i < im->n_targets; i++)
		buf_addf(&urls, "%s%s", i ? " " : "", im->targets[i].target.url);
	if (!im->n_targets)
		return;
	good = judge(im, SET_DUMP_TARGETS, buf_text(&urls), &e) == 0;
	for (size_t i = 0; i < im->n_targets; i++) {
		struct import_note *n = &im->notes[im->targets[i].note];

		n->made[SET_DUMP_TARGETS] = good;
		if (!good)
			add_text(n, IMPORT_UNREAD, e.text);
	}
	if (good)
		im->values[SET_DUMP_TARGETS] = buf_take(&urls);
}

/* --- lines -------------------------------------------------------------------------------------- */

static void add_line(struct import *im, enum import_dialect d, const char *file, struct foreign_line *read)
{
	const struct import_row *row = find_row(d, read->key);
	struct import_line *l;

	if (read->kind == FOREIGN_OFF && !row)
		return;		/* prose */
	l = vec_push(&im->lines, &im->n_lines);
	l->read = *read;
	*read = (struct foreign_line){ 0 };
	l->row = row;
	l->file = file;
	l->dialect = d;
	l->note = add_note(im, file, l->read.line, l->read.key,
			   is_secret(l) ? xstrdup(*l->read.value ? "***" : "") : masked(l->read.value));
	switch (l->read.kind) {
	case FOREIGN_BAD:
		import_note(im, l, IMPORT_UNREAD, "%s", l->read.trouble);
		return;
	case FOREIGN_OFF:
		import_note(im, l, IMPORT_OFF, "%s", "");
		return;
	case FOREIGN_SET:
	case FOREIGN_MORE:
		if (!row)
			import_note(im, l, IMPORT_NONE, "%s knows no such key", dialects[d]->title);
		return;
	}
}

void import_add(struct import *im, enum import_dialect d, const char *file, const char *data, size_t len)
{
	auto_foreign struct foreign_file f = { 0 };

	strv_addf(&im->files, "%s (%s)", file, dialects[d]->title);
	strv_add(&im->files, file);
	file = im->files.v[im->files.n - 1];
	if (!im->first[d])
		im->first[d] = file;
	foreign_split(dialects[d]->syntax, data, len, &f);
	for (size_t i = 0; i < f.n; i++)
		add_line(im, d, file, &f.lines[i]);
}

static bool is_live(const struct import_line *l)
{
	return l->row && (l->read.kind == FOREIGN_SET || l->read.kind == FOREIGN_MORE);
}

/* The place of a line's key in a table of all keys; NULL: it has none, or the key may repeat. */
static struct import_line **place_of(struct import_line *table[IMPORT_DIALECTS][ROWS_MAX],
				     const struct import_line *l)
{
	size_t at = l->row ? (size_t)(l->row - dialects[l->dialect]->rows) : ROWS_MAX;

	return at < ROWS_MAX && !l->row->many ? &table[l->dialect][at] : NULL;
}

/* Move BEFORE's value in front of L's; what is too long already grows no more. */
static void put_in_front(struct foreign_line *before, struct foreign_line *l)
{
	auto_free char *first = take_ptr(before->value), *last = take_ptr(l->value);

	before->value = xstrdup("");
	l->value = xasprintf("%s%s", first, strlen(first) > VALUE_MAX ? "" : last);
}

/* Of the lines of one key the last one counts, and "+=" takes in what was there. */
static void settle_repeated(struct import *im)
{
	struct import_line *last[IMPORT_DIALECTS][ROWS_MAX] = { 0 };

	for (size_t i = 0; i < im->n_lines; i++) {
		struct import_line *l = &im->lines[i], **before = place_of(last, l);

		if (!is_live(l) || !before)
			continue;
		if (*before && l->read.kind == FOREIGN_MORE)
			put_in_front(&(*before)->read, &l->read);
		if (*before)
			import_note(im, *before, IMPORT_OVERRIDDEN, "line %u sets it %s", l->read.line,
				    l->read.kind == FOREIGN_MORE ? "with this in front" : "again");
		*before = l;
	}
	/* There the line that cannot be read would count; here it leaves what stands elsewhere. */
	for (size_t i = 0; i < im->n_lines; i++) {
		const struct import_line *l = &im->lines[i];
		struct import_line **other = place_of(last, l);

		if (l->read.kind == FOREIGN_BAD && other && *other)
			import_note(im, l, IMPORT_UNREAD, "line %u counts", (*other)->read.line);
	}
}

void import_finish(struct import *im, const struct import_host *host)
{
	static const struct import_host unknown;

	im->host = host ? host : &unknown;
	settle_repeated(im);
	for (size_t i = 0; i < im->n_lines; i++) {
		struct import_line *l = &im->lines[i];

		if (!is_live(l) || im->notes[l->note].fate != UNTOLD)
			continue;
		if (*l->read.trouble)
			add_text(&im->notes[l->note], UNTOLD, l->read.trouble);
		if (strlen(l->read.value) > VALUE_MAX)
			import_note(im, l, IMPORT_UNREAD, "the value is longer than any setting");
		else if (*l->read.value)
			l->row->take(im, l);
		else
			import_note(im, l, IMPORT_UNNEEDED, "empty, so the default holds");
	}
	for (unsigned d = 0; d < IMPORT_DIALECTS; d++)
		if (im->first[d] && dialects[d]->finish)
			dialects[d]->finish(im);
	put_targets(im);
	for (size_t i = 0; i < im->n_notes; i++)
		if (im->notes[i].fate == UNTOLD)
			add_text(&im->notes[i], IMPORT_NONE, "nothing here has a use for it");
}
