/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_IMPORT_H
#define CRASHCFG_IMPORT_H

#include "buf.h"
#include "settings.h"

#include <stdbool.h>

/*
 * Settings files of other dump tools become settings of ours.  Pure: bytes in, settings and one note for
 * each line out.  Nothing of a file is executed or expanded, and no line goes without a note.  The keys of
 * each dialect stand in one table each (import_lkcd.c, import_kdump_utils.c, import_suse.c,
 * import_debian.c), taken from the tools' own manuals.
 */
enum import_dialect {
	IMPORT_LKCD,		/* /etc/sysconfig/dump */
	IMPORT_KDUMP_CONF,	/* /etc/kdump.conf of Fedora, RHEL and their kin */
	IMPORT_KDUMP_SYSCONFIG,	/* /etc/sysconfig/kdump of the same */
	IMPORT_SUSE,		/* /etc/sysconfig/kdump of SUSE */
	IMPORT_DEBIAN,		/* /etc/default/kdump-tools */
	IMPORT_DIALECTS
};

enum import_fate {
	IMPORT_BECAME,		/* settings of ours that do the same */
	IMPORT_NEAR,		/* likewise, but something differs, and text says what */
	IMPORT_UNNEEDED,	/* crashcfg does so anyway, or has no need of it */
	IMPORT_NONE,		/* no counterpart */
	IMPORT_UNREAD,		/* the line or its value cannot be taken over, text says why */
	IMPORT_OVERRIDDEN,	/* a later line sets the same */
	IMPORT_OFF,		/* commented out there */
	IMPORT_UNSET,		/* not set there, and text says what that meant */
	IMPORT_FATES
};

/* What became of one line. */
struct import_note {
	enum import_fate fate;
	char *file;
	unsigned line;		/* 0: about no line of it */
	char *key, *value;	/* "" likewise; passwords are masked */
	char *text;		/* "" where the settings say all */
	bool made[SETTING_COUNT];	/* settings that hold something of it */
};

/* What the files do not tell, and the caller may.  All may be empty. */
struct import_host {
	const char *identity;		/* root's SSH key that is there, NULL: none is known */
	struct strv pre, post;		/* programs in kdump-utils' pre.d and post.d folders, in order */
	bool (*line_has)(const char *word);	/* the capture kernel's command line has it anyway */
	bool (*line_drops)(const char *key);	/* it never has it */
};

struct import;
struct import *import_new(void);
void import_free(struct import *im);		/* accepts NULL */
static inline void own_import(struct import **im)
{
	import_free(*im);
}
#define auto_import AUTO(own_import)

/* Which dialect it is, by the keys in it and the file's name; IMPORT_DIALECTS: none of them. */
enum import_dialect import_detect(const char *file, const char *data, size_t len);
/* The dialect that --from names, for this file ("kdump-utils" has two); IMPORT_DIALECTS: no such name. */
enum import_dialect import_named(const char *name, const char *file, const char *data, size_t len);
#define IMPORT_NAMES "lkcd kdump-utils suse debian"

/* Take a file in.  Several are one configuration, in which the later line wins. */
void import_add(struct import *im, enum import_dialect d, const char *file, const char *data, size_t len);
/* After the last file: settings and notes are there.  HOST NULL: nothing is known of it. */
void import_finish(struct import *im, const struct import_host *host);

const struct import_note *import_notes(const struct import *im, size_t *ret_n);
/* NULL: the default holds. */
const char *import_value(const struct import *im, enum setting_key k);
const char *import_fate_name(enum import_fate f);		/* "no-counterpart" */
/* "FILE:LINE: KEY = 'VALUE': became DUMP_LEVEL="31"": one line, without its end. */
void import_note_format(const struct import *im, const struct import_note *n, struct buf *to);
/*
 * The settings file: the notes as comments, then the settings in the schema's order.  The same files
 * give the same bytes; settings_read_text() takes every line of it.
 */
#define IMPORT_MARK "# Made by 'crashcfg import'"
void import_text(const struct import *im, struct buf *to);

#endif
