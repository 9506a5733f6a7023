/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumps.h"

#include "file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define DAY 86400
#define DELETING ".deleting-"
#define COLLECTING ".collecting-"

/* --- which ------------------------------------------------------------------------------------------ */

/* The panic line with its numbers masked: the kind of a crash.  NULL: not known.  Caller frees. */
static char *kind_of(const struct dump *d)
{
	char *text = d->manifest && *d->manifest->panic ? xstrdup(d->manifest->panic) : NULL, *to = text;

	for (const char *p = text; p && *p;) {
		size_t hex = strspn(p, "0123456789abcdefABCDEFx");

		/* A word of hex digits that holds a decimal one is a number; "dead" and "bad" are words. */
		if (hex && (p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[hex]) &&
		    strcspn(p, "0123456789") < hex) {
			*to++ = '#';
			p += hex;
		} else {
			*to++ = *p++;
		}
	}
	if (to)
		*to = '\0';
	return text;
}

struct planning {
	const struct dump_list *l;
	struct retained *ret;
	char **kinds;
	size_t safe;		/* index of the newest whole dump; l->n: none */
	unsigned firsts;	/* that were stripped, now or before */
	uint64_t free;
};

static bool is_first(const struct planning *p, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (p->kinds[k] && p->kinds[i] && strcmp(p->kinds[k], p->kinds[i]) == 0)
			return false;
	return p->kinds[i] != NULL;
}

/* Has nothing large any more: taken out of it by an earlier run. */
static bool is_stripped(const struct dump *d)
{
	return d->manifest && d->manifest->state == MANIFEST_LOG_ONLY && !d->vmcore;
}

static void let_go(struct planning *p, size_t i, const char *why)
{
	const struct dump *d = &p->l->v[i];

	if (i == p->safe || p->ret[i].action != RETAIN_KEEP)
		return;
	if (d->manifest && is_first(p, i) && p->firsts < RETAIN_FIRSTS) {
		p->firsts++;
		if (is_stripped(d))
			return;
		p->ret[i].action = RETAIN_STRIP;
	} else {
		p->ret[i].action = RETAIN_DELETE;
	}
	p->ret[i].why = why;
	p->free += d->bytes;
}

static void plan_kept(struct planning *p, const struct retain_rules *rules)
{
	size_t n = 0, excess;

	for (size_t i = 0; i < p->l->n; i++)
		n += !is_stripped(&p->l->v[i]);
	excess = rules->keep && n > rules->keep ? n - rules->keep : 0;
	for (size_t i = 0; i < p->l->n && excess; i++) {
		if (is_stripped(&p->l->v[i]))
			continue;
		let_go(p, i, "DUMP_KEEP");
		excess -= p->ret[i].action != RETAIN_KEEP;
	}
}

void retain_plan(const struct dump_list *l, const struct retain_rules *rules, struct retained *ret)
{
	struct planning p = { .l = l, .ret = ret, .safe = l->n, .free = rules->free };

	p.kinds = xcalloc(l->n + 1, sizeof(*p.kinds));
	for (size_t i = 0; i < l->n; i++) {
		ret[i] = (struct retained){ .action = RETAIN_KEEP, .why = "" };
		p.kinds[i] = kind_of(&l->v[i]);
		if (l->v[i].whole)
			p.safe = i;
	}
	plan_kept(&p, rules);
	for (size_t i = 0; i < l->n && rules->keep_days; i++)
		if (l->v[i].when < rules->now - (int64_t)rules->keep_days * DAY)
			let_go(&p, i, "DUMP_KEEP_DAYS");
	for (size_t i = 0; i < l->n && p.free < rules->min_free; i++)
		let_go(&p, i, "DUMP_MIN_FREE");
	for (size_t i = 0; i < l->n; i++)
		free(p.kinds[i]);
	free(p.kinds);
}

/* --- doing it ------------------------------------------------------------------------------------------ */

/* Delete folder NAME with the files in it.  A folder within is somebody else's, and stays with all. */
static int drop(int parent, const char *name)
{
	auto_close int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int copy = dir < 0 ? -1 : dup(dir);
	auto_closedir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *de;
	int r = 0;

	if (!list)
		return -errno;
	while ((de = readdir(list)))
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0 &&
		    unlinkat(dir, de->d_name, 0) < 0 && r == 0)
			r = -errno;
	return r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : r;
}

/* Under another name first: what is half deleted never looks like a dump. */
static int delete(int parent, const char *name)
{
	auto_free char *going = xasprintf(DELETING "%s", name);

	if (renameat(parent, name, parent, going) < 0)
		return -errno;
	return drop(parent, going);
}

static int strip(const struct root *root, const struct dump *d, int parent)
{
	auto_close int dir = openat(parent, d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct manifest *m = d->manifest;
	auto_buf struct buf text = { 0 };
	int r;

	(void)root;
	if (dir < 0)
		return -errno;
	m->state = MANIFEST_LOG_ONLY;
	m->checked = false;
	free(m->check);
	m->check = xstrdup("the vmcore was deleted by retention; the first dump of its kind keeps the rest");
	manifest_encode(m, &text);
	/* The record first: it never tells of a vmcore that is gone. */
	r = file_replace_at(dir, MANIFEST_NAME, text.data, text.len, 0600);
	if (r == 0 && unlinkat(dir, DUMP_VMCORE, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && unlinkat(dir, DUMP_VMCORE_PART, 0) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

int retain_do(const struct root *root, const struct dump *d, enum retain_action action, struct err *e)
{
	auto_close int parent = root_openat(root, d->dir, O_RDONLY | O_DIRECTORY, 0);
	int r = parent;

	if (r >= 0)
		r = action == RETAIN_DELETE ? delete(parent, d->name) : action == RETAIN_STRIP ? strip(root, d, parent) : 0;
	return r < 0 ? err_set(e, -r, "cannot %s '%s/%s': %s", action == RETAIN_STRIP ? "take the vmcore out of" : "delete",
			       d->dir, d->name, strerror(-r)) : 0;
}

void retain_clean(const struct root *root, const char *dir)
{
	auto_close int parent = root_openat(root, dir, O_RDONLY | O_DIRECTORY, 0);
	auto_strv struct strv names = { 0 };

	if (parent < 0 || root_list(root, dir, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++)
		if (strncmp(names.v[i], DELETING, strlen(DELETING)) == 0 ||
		    strncmp(names.v[i], COLLECTING, strlen(COLLECTING)) == 0)
			drop(parent, names.v[i]);
}
