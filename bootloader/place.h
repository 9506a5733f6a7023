/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_PLACE_H
#define CRASHCFG_PLACE_H

#include "bootfile.h"
#include "bootloader.h"
#include "ledger.h"

/*
 * A place is one kernel command line (or part of one) within a file: an options
 * line of an entry, a line of /etc/kernel/cmdline, the value of a shell variable,
 * kernelopts in grubenv.  What can be done to it does not depend on where it lies.
 */
enum place_kind {
	PLACE_OPTIONS, /* the options lines of a boot loader entry */
	PLACE_LINES,   /* each line that is no comment */
	PLACE_SHELL,		/* each assignment and word of a shell file; the two variables are editable */
	PLACE_ENV, /* kernelopts in grubenv */
};

struct place {
	struct boot_file *file;
	enum place_kind kind;
	char *field; /* "options", the second one "options#1"; "": a word of a shell command */
	size_t start, len;	/* in file->text; PLACE_ENV: unused */
	unsigned line;
	char *raw;		/* the bytes */
	char *text; /* the command line they mean; NULL: beyond us, may be looked at but not edited */
};

struct place_list {
	struct place *v;
	size_t n;
};

void place_list_done(struct place_list *l);
#define auto_places AUTO(place_list_done)
/* All places of the file's wanted text. */
void places_find(struct boot_file *f, enum place_kind kind, struct place_list *ret);

/* -EFBIG: the file holds more of them than any real one. */
int places_check(struct boot_file *f, enum place_kind kind, struct err *e);

/* The words KEY=... in it, joined by blanks; for a place beyond us what looks like one.  NULL: none. */
char *place_words(const struct place *p, const char *key);
/* Are they all WORD? */
bool place_words_all(const char *words, const char *word);
/* Make TEXT of it; places behind it in the file must be found anew then.  Errors name file and line. */
int place_put(const struct place *p, const char *text, struct err *e);
/* As cmdline_set() and cmdline_remove(). */
int place_set(const struct place *p, const char *key, const char *words, struct err *e);
int place_remove(const struct place *p, const char *key, struct err *e);

/* The text that RAW means at a place of this kind; NULL: beyond us.  Caller frees. */
char *place_decode(enum place_kind kind, const char *raw);
/* Does what NOTE says become P as it is now when NEW_WORDS are put in (NULL: when KEY is taken off)? */
bool place_is_ours(const struct place *p, const struct ledger_place *note, const char *key,
		   const char *new_words);
/* Put the noted bytes back; only where place_is_ours(). */
int place_put_back(const struct place *p, const struct ledger_place *note, struct err *e);

/* Is PLACE one that decides what Linux boots with?  The settings for Xen and for recovery entries do not. */
bool place_counts(const struct place *p);
void conflict_add(struct boot_conflict **v, size_t *n, const struct place *p, const char *words);

/* What a kernel with this command line obeys for KEY; NULL: nothing.  Caller frees. */
char *boot_value(const char *line, const char *key);

/* KEY and VALUE can stand unquoted in every file that is edited; else -EINVAL. */
int boot_arg_check(const char *key, const char *value, struct err *e);

#endif
