/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "importparts.h"

#include "cmdline.h"
#include "num.h"

#include <errno.h>
#include <string.h>

/* What rows of several dialects do with a line. */

void take_value(struct import *im, struct import_line *l)
{
	if (import_put(im, l, l->row->to, l->read.value) == 0 && l->row->text)
		import_note(im, l, IMPORT_NEAR, "%s", l->row->text);
}

int import_yes(struct import *im, const struct import_line *l, bool *ret)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(l->read.value, words[i]) == 0) {
			*ret = i & 1;
			return 0;
		}
	import_note(im, l, IMPORT_UNREAD, "neither yes nor no");
	return -EINVAL;
}

void take_bool(struct import *im, struct import_line *l)
{
	bool yes;

	if (import_yes(im, l, &yes) == 0)
		import_put(im, l, l->row->to, yes ? "yes" : "no");
}

void take_none(struct import *im, struct import_line *l)
{
	import_note(im, l, IMPORT_NONE, "%s", l->row->text);
}

void take_unneeded(struct import *im, struct import_line *l)
{
	import_note(im, l, IMPORT_UNNEEDED, "%s", l->row->text);
}

void take_seconds(struct import *im, struct import_line *l)
{
	auto_free char *span = xasprintf("%ss", l->read.value);

	if (import_put(im, l, l->row->to, span) == 0 && l->row->text)
		import_note(im, l, IMPORT_NEAR, "%s", l->row->text);
}

void import_words(const char *value, struct strv *ret)
{
	while (*value) {
		auto_buf struct buf word = { 0 };
		char quote = '\0';
		bool any = false;

		value += strspn(value, " \t");
		for (; *value && (quote || (*value != ' ' && *value != '\t')); value++) {
			any = true;
			if (*value == quote)
				quote = '\0';
			else if (!quote && (*value == '"' || *value == '\''))
				quote = *value;
			else
				buf_addc(&word, *value);
		}
		if (any)
			strv_add(ret, buf_text(&word));
	}
}

void import_kept(struct import *im, enum import_dialect d)
{
	struct import_line l;

	if (im->values[SET_DUMP_KEEP])
		return;
	l = import_about(im, im->first[d]);
	import_note(im, &l, IMPORT_UNSET,
		    "all dumps stayed there; here DUMP_KEEP=\"%s\" and DUMP_KEEP_DAYS=\"%s\" hold "
		    "(0: no limit)",
		    setting_default(SET_DUMP_KEEP), setting_default(SET_DUMP_KEEP_DAYS));
}

/* --- programs ----------------------------------------------------------------------------------- */

void import_program(struct import *im, const struct import_line *l, enum setting_key k, const char *path,
		    bool arguments)
{
	if (import_put_word(im, l, k, path) < 0)
		return;
	if (arguments)
		import_note(im, l, IMPORT_NEAR, "its arguments are not taken over");
	import_note(im, l, IMPORT_NEAR, k == SET_DUMP_POST ? "it is called with 'saved' or 'failed'"
							   : "its failure holds nothing up");
}

void take_program(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	if (strstr(l->read.value, "fence_kdump_send"))
		import_note(im, l, IMPORT_NONE, "fence_kdump is not spoken");
	else if (!words.n || words.v[0][0] != '/' || strpbrk(l->read.value, ";|&<>"))
		import_note(im, l, IMPORT_NONE,
			    "a program's path is wanted, and no shell runs in the image (put the command "
			    "into a program of its own, and name it in %s)",
			    setting_name(l->row->to));
	else
		import_program(im, l, l->row->to, words.v[0], words.n > 1);
}

void take_programs_needed(struct import *im, struct import_line *l)
{
	import_note(im, l, IMPORT_NONE,
		    "programs of DUMP_PRE and DUMP_POST bring their libraries and interpreter, and nothing "
		    "else is put into the image");
}

/* --- kernels and their command lines ------------------------------------------------------------- */

void take_kernel(struct import *im, struct import_line *l)
{
	const char *slash = strrchr(l->read.value, '/'), *name = slash ? slash + 1 : l->read.value;
	const char *dash = strchr(name, '-');

	if (!slash) {
		take_value(im, l);
		return;
	}
	if ((strncmp(name, "vmlinu", 6) == 0 || strncmp(name, "bzImage", 7) == 0 ||
	     strncmp(name, "Image", 5) == 0) &&
	    dash && dash[1] >= '0' && dash[1] <= '9')
		import_put(im, l, SET_CAPTURE_KERNEL, dash + 1);
	else
		import_note(im, l, IMPORT_NONE,
			    "kernels are named by their release, not by a path (set CAPTURE_KERNEL to what "
			    "'uname -r' prints for it)");
}

/* Words of a command line for programs that are not in the image. */
static bool is_for_userland(const char *key)
{
	static const char *const prefixes[] = { "rd.", "rd_", "udev.", "systemd.", "plymouth." };
	static const char *const keys[] = { "root",	 "ip",	    "ifname", "bootdev",
					    "net_delay", "nfsroot", "init",   "initramfs_options" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

/* Words of a line by what becomes of them. */
struct sorted {
	struct import *im;
	const struct import_line *l;
	struct buf userland, threads, anyway;
};

static void add_to(struct buf *to, const char *word)
{
	buf_addf(to, "%s%s", to->len ? " " : "", word);
}

static void tell(struct sorted *s, struct buf *words, enum import_fate fate, const char *what)
{
	if (words->len)
		import_note(s->im, s->l, fate, "'%s' %s", buf_text(words), what);
	buf_done(words);
}

static int sort_word(void *ctx, const char *word, const char *key, const char *value)
{
	struct sorted *s = ctx;

	(void)value;
	if (strcmp(key, "nr_cpus") == 0 || strcmp(key, "maxcpus") == 0)
		add_to(&s->threads, word);
	else if (s->im->host->line_has && s->im->host->line_has(word))
		add_to(&s->anyway, word);
	else if (is_for_userland(key))
		add_to(&s->userland, word);
	else
		import_put_word(s->im, s->l, SET_CAPTURE_CMDLINE_ADD, word);
	return 0;
}

void take_cmdline_add(struct import *im, struct import_line *l)
{
	struct sorted s = { .im = im, .l = l };

	if (cmdline_each_word(l->read.value, sort_word, &s) < 0)
		import_note(im, l, IMPORT_UNREAD, "a double quote is left open");
	if (strstr(l->read.value, "-- "))
		import_note(im, l, IMPORT_NONE, "what stands behind '--' is for programs");
	tell(&s, &s.userland, IMPORT_NONE, "is for programs that are not in the image");
	tell(&s, &s.threads, IMPORT_UNNEEDED, "is decided by DUMP_THREADS");
	tell(&s, &s.anyway, IMPORT_UNNEEDED, "is there anyway");
}

void take_cmdline_remove(struct import *im, struct import_line *l)
{
	struct sorted s = { .im = im, .l = l };
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++)
		if (im->host->line_drops && im->host->line_drops(words.v[i]))
			add_to(&s.anyway, words.v[i]);
		else
			import_put_word(im, l, SET_CAPTURE_CMDLINE_REMOVE, words.v[i]);
	tell(&s, &s.anyway, IMPORT_UNNEEDED, "is never there");
}

/* --- makedumpfile -------------------------------------------------------------------------------- */

/* Options of makedumpfile(8).  One with ARG takes a value. */
static const struct option {
	const char *name;
	bool arg;
	enum import_fate fate;
	const char *text;
} options[] = {
	{ "d", true, IMPORT_BECAME, NULL },
	{ "c", false, IMPORT_BECAME, "zlib" },
	{ "l", false, IMPORT_BECAME, "lzo" },
	{ "p", false, IMPORT_BECAME, "snappy" },
	{ "z", false, IMPORT_BECAME, "zstd" },
	{ "-num-threads", true, IMPORT_BECAME, NULL },
	{ "F", false, IMPORT_UNNEEDED, "it is chosen where the target needs it" },
	{ "f", false, IMPORT_UNNEEDED, "no dump is written over another" },
	{ "i", true, IMPORT_UNNEEDED, "the crashed kernel tells it" },
	{ "x", true, IMPORT_NONE, "the crashed kernel tells what makedumpfile must know" },
	{ "D", false, IMPORT_NONE, "the record tells each phase" },
	{ "E", false, IMPORT_NONE, "dumps are in makedumpfile's own format" },
	{ "X", false, IMPORT_NONE, "Xen is not supported" },
	{ "e", false, IMPORT_NONE, "unused vmemmap pages are kept" },
	{ "L", true, IMPORT_NONE, "no dump is cut at a size" },
	{ "b", true, IMPORT_NONE, "the buffer is makedumpfile's own choice" },
	{ "g", true, IMPORT_NONE, "it makes no dump" },
	{ "R", false, IMPORT_NONE, "it makes no dump" },
	{ "v", false, IMPORT_NONE, "it makes no dump" },
	{ "h", false, IMPORT_NONE, "it makes no dump" },
	{ "-message-level", true, IMPORT_UNNEEDED, "crashcfg chooses what it reads of makedumpfile" },
	{ "-show-stats", false, IMPORT_UNNEEDED, "the record tells each phase" },
	{ "-split", false, IMPORT_NONE, "a dump is one file" },
	{ "-cyclic-buffer", true, IMPORT_NONE, "the buffer is makedumpfile's own choice" },
	{ "-splitblock-size", true, IMPORT_NONE, "a dump is one file" },
	{ "-work-dir", true, IMPORT_NONE, "makedumpfile works in memory" },
	{ "-non-cyclic", false, IMPORT_NONE, "makedumpfile works in memory" },
	{ "-non-mmap", false, IMPORT_NONE, "reading is makedumpfile's own choice" },
	{ "-config", true, IMPORT_NONE, "no filter is taken" },
	{ "-eppic", true, IMPORT_NONE, "no filter is taken" },
	{ "-xen-syms", true, IMPORT_NONE, "Xen is not supported" },
	{ "-xen-vmcoreinfo", true, IMPORT_NONE, "Xen is not supported" },
	{ "-xen_phys_start", true, IMPORT_NONE, "Xen is not supported" },
	{ "-dump-dmesg", false, IMPORT_NONE, "the log is saved anyway (DUMP_LEVEL=\"log\": it alone)" },
	{ "-dry-run", false, IMPORT_NONE, "it makes no dump" },
};

static const struct option *find_option(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
			return &options[i];
	return NULL;
}

struct collector_words {
	struct import *im;
	const struct import_line *l;
	char *level, *threads;		/* NULL: not said */
	const char *compress;
};

static void use_option(struct collector_words *c, const struct option *o, const char *value)
{
	if (o->fate != IMPORT_BECAME) {
		import_note(c->im, c->l, o->fate, "'-%s': %s", o->name, o->text);
	} else if (o->text) {
		c->compress = o->text;
	} else if (strcmp(o->name, "d") == 0) {
		size_t len = strcspn(value, ",");

		free(c->level);
		c->level = xstrndup(value, len);
		if (value[len])
			import_note(c->im, c->l, IMPORT_NEAR,
				    "of the levels '%.20s' the first is taken", value);
	} else {
		free(c->threads);
		c->threads = xstrdup(value);
	}
}

/* One word that begins with "-"; NEXT is the one behind it.  True: NEXT was its value. */
static bool read_option(struct collector_words *c, const char *word, const char *next)
{
	bool is_long = word[1] == '-';
	const char *p = word + 1, *equals = is_long ? strchr(p, '=') : NULL;

	while (*p) {
		size_t len = !is_long ? 1 : equals ? (size_t)(equals - p) : strlen(p);
		const struct option *o = find_option(p, len);
		const char *value = equals ? equals + 1 : p + len;

		if (!o) {
			import_note(c->im, c->l, IMPORT_NONE, "'%.40s' is not known", word);
			return false;
		}
		if (o->arg && !*value && !next) {
			import_note(c->im, c->l, IMPORT_UNREAD, "'%.40s' lacks its value", word);
			return false;
		}
		use_option(c, o, *value || !next ? value : next);
		if (o->arg)
			return !*value;
		if (is_long)
			return false;
		p += len;
	}
	return false;
}

void import_collector(struct import *im, const struct import_line *l, const struct strv *words, size_t first,
		      bool whole)
{
	struct collector_words c = { .im = im, .l = l };
	auto_free char *level = NULL, *threads = NULL;

	for (size_t i = first; i < words->n; i++) {
		const char *next = i + 1 < words->n ? words->v[i + 1] : NULL;

		if (words->v[i][0] != '-' || !words->v[i][1])
			import_note(im, l, IMPORT_NONE, "'%.40s' is not an option", words->v[i]);
		else
			i += read_option(&c, words->v[i], next);
	}
	level = c.level;
	threads = c.threads;
	if (level || whole)
		import_put(im, l, SET_DUMP_LEVEL, level ? level : "0");
	if (c.compress || whole)
		import_put(im, l, SET_DUMP_COMPRESS, c.compress ? c.compress : "none");
	if (threads)
		import_put(im, l, SET_DUMP_THREADS, threads);
}

void take_makedumpfile(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	import_collector(im, l, &words, 0, false);
}
