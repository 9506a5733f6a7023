/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_IMPORTPARTS_H
#define CRASHCFG_IMPORTPARTS_H

#include "foreign.h"
#include "import.h"
#include "schema.h"

/*
 * What the dialects of import share.  A key is a row; its function gives the line its note and puts
 * values.  Values that depend on several keys are gathered in struct import and put by the dialect's
 * finish function, when every line has been seen.
 */
struct import_line;

struct import_row {
	const char *key;
	void (*take)(struct import *im, struct import_line *l);
	const char *text;		/* for the functions that say something */
	enum setting_key to;		/* for those that put one setting */
	bool secret;			/* its value is never shown */
	bool many;			/* it may stand there several times */
};

struct import_line {
	struct foreign_line read;
	const struct import_row *row;	/* NULL: not a key of that tool */
	const char *file;		/* borrowed from struct import */
	enum import_dialect dialect;
	size_t note;			/* its index */
};

struct import_target {
	struct target target;
	size_t note;
};

struct import {
	struct import_note *notes;
	size_t n_notes;
	struct import_line *lines;	/* in order; they stay where they are once all files are in */
	size_t n_lines;
	struct strv files;		/* "PATH (TITLE)" and PATH in turn */
	const char *first[IMPORT_DIALECTS];	/* file of that dialect, borrowed; NULL: none */
	const struct import_host *host;
	struct settings *scratch;	/* judges values */
	char *values[SETTING_COUNT];
	struct import_target *targets;
	size_t n_targets;
	/* Lines that count only together with others; NULL: not there. */
	struct import_line *dir, *key, *level, *format, *fallback, *device, *flags, *pre, *post;
	struct import_line *network[8];
	size_t n_network;
};

struct import_dialect_row {
	const char *name;		/* of --from */
	const char *title;
	const char *path;		/* where the tool has it */
	enum foreign_syntax syntax;
	const struct import_row *rows;	/* ends with key NULL */
	void (*finish)(struct import *im);	/* NULL: nothing is left to do */
};
extern const struct import_dialect_row import_lkcd, import_kdump_conf, import_kdump_sysconfig, import_suse,
	import_debian;

/* --- notes and values -------------------------------------------------------------------------- */

/* Give the line its note; the first word on it stands, later ones are put behind it. */
void import_note(struct import *im, const struct import_line *l, enum import_fate fate, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * Put a value and mark the line's note as IMPORT_BECAME (or leave it, where it says more).  -EINVAL: the
 * schema refuses it, and the note says so.
 */
int import_put(struct import *im, const struct import_line *l, enum setting_key k, const char *value);
/* Put ALL, which is what is there and something of this line.  -EINVAL as above. */
int import_put_more(struct import *im, const struct import_line *l, enum setting_key k, const char *all);
/* Put a word behind those that the setting has. */
int import_put_word(struct import *im, const struct import_line *l, enum setting_key k, const char *word);
/* Put a target behind those that are there.  -EINVAL as above; secrets of URL are not shown. */
int import_put_target(struct import *im, const struct import_line *l, const char *url);
/* A new note about FILE as a whole, as a line that the functions above take. */
struct import_line import_about(struct import *im, const char *file);

/* --- functions for rows ------------------------------------------------------------------------ */

void take_value(struct import *im, struct import_line *l);	/* the same value under row->to */
void take_bool(struct import *im, struct import_line *l);	/* likewise, 1 0 true false yes no */
void take_none(struct import *im, struct import_line *l);	/* no counterpart, row->text says more */
void take_unneeded(struct import *im, struct import_line *l);
/* A tool's own program: a path is taken into row->to, words behind it and shell code are not. */
void take_program(struct import *im, struct import_line *l);
void take_programs_needed(struct import *im, struct import_line *l);
void take_kernel(struct import *im, struct import_line *l);	/* release, or path of a kernel */
void take_cmdline_add(struct import *im, struct import_line *l);
void take_cmdline_remove(struct import *im, struct import_line *l);
void take_seconds(struct import *im, struct import_line *l);	/* seconds as a span under row->to */
void take_makedumpfile(struct import *im, struct import_line *l);	/* its options */

/* Put a program, and say in what its calls differ here.  ARGUMENTS: it had some there. */
void import_program(struct import *im, const struct import_line *l, enum setting_key k, const char *path,
		    bool arguments);
/* makedumpfile's options in WORDS from FIRST on.  WHOLE: what they do not say is its default. */
void import_collector(struct import *im, const struct import_line *l, const struct strv *words, size_t first,
		      bool whole);
/* VALUE's words, cut at blanks, double quotes around some taken off. */
void import_words(const char *value, struct strv *ret);
/* Yes or no, or -EINVAL with the note given. */
int import_yes(struct import *im, const struct import_line *l, bool *ret);

/* Where nothing says how many dumps stay: say that they all did there. */
void import_kept(struct import *im, enum import_dialect d);

/* --- targets (import_targets.c) ---------------------------------------------------------------- */

/* TEXT as a part of a target's URL. */
void import_url_add(const char *text, struct buf *to);
/* "A/B": two absolute folders, one below the other; NULL and "" are the top. */
char *import_below(const char *a, const char *b);
int import_local(struct import *im, const struct import_line *l, const char *dir);
/* "host:/export" and a folder below it. */
int import_nfs(struct import *im, const struct import_line *l, const char *spec, const char *dir);
/* "user@host" and a folder. */
int import_ssh(struct import *im, const struct import_line *l, const char *spec, const char *dir);
/* "/dev/x", "UUID=x", "LABEL=x", "PARTUUID=x", "PARTLABEL=x", and a folder on it. */
int import_fs(struct import *im, const struct import_line *l, const char *spec, const char *dir);
int import_raw(struct import *im, const struct import_line *l, const char *device);
/* Put SSH_KEY as PATH, if a target is ssh: and none is put yet. */
void import_default_key(struct import *im, const char *path, const char *whose);
bool import_has_kind(const struct import *im, enum target_kind kind);

#endif
