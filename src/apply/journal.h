/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_JOURNAL_H
#define CRASHCFG_JOURNAL_H

#include "apply.h"
#include "hash.h"

/*
 * How a set of files is changed so that a crash of the program or of the machine
 * at any point leaves all old files or all new ones, after apply_recover():
 *
 *	STAGING		The journal names every file.  New files are written beside
 *			their targets (".NAME.crashcfg-new"), and each old one gets a
 *			second link, or a copy where there are no links
 *			(".NAME.crashcfg-old").  Nobody reads these names.
 *	RENAMING	All of that is on the disk.  The new files are renamed over the
 *			old ones, what others point to first.
 *	RUNNING		The generator of the boot loader's files is run.
 *	DONE		The new state stands; the second links go.
 *
 * Before DONE the way is back, from DONE on it is forward.
 */
enum journal_state { JOURNAL_STAGING, JOURNAL_RENAMING, JOURNAL_RUNNING, JOURNAL_DONE };

/* One file on its way.  Hashes tell whether it is the old or the new one, "" where there is none. */
struct change {
	char *path;				/* below the root */
	bool had, keep, link;			/* as in struct edit */
	mode_t mode;				/* for a file that did not exist */
	char old_hash[HASH_TEXT_MAX], new_hash[HASH_TEXT_MAX];
	const struct buf *text;			/* borrowed; not in the journal */
	size_t step;				/* of the plan, SIZE_MAX: none; not in the journal */
};

struct journal {
	enum journal_state state;
	struct change *v;			/* in the order of the renames */
	size_t n;
	struct strv folders;			/* made on the way, each after its parent */
	struct strv command;			/* RUNNING: the generator */
	bool removing;				/* folders of ours go too */
};

void journal_done(struct journal *j);
#define auto_journal AUTO(journal_done)

int journal_write(const struct root *root, const struct journal *j, struct err *e);
/* 0: there is none; 1: *ret is filled; -EINVAL: damaged. */
int journal_read(const struct root *root, struct journal *ret, struct err *e);
/* Strike the journal out: what it told of is over. */
int journal_end(const struct root *root, struct err *e);

/* stage.c: each returns 0, or a negative errno value with the text set. */
int stage_folder(const struct root *root, const char *path, struct err *e);
int stage_files(const struct root *root, const struct journal *j, struct err *e);
int commit_files(const struct root *root, const struct journal *j, struct err *e);
/* Put back the old files, and take off what was staged.  A file that somebody else changed since stays. */
int take_back_files(const struct root *root, const struct journal *j, struct err *e);
/* Take off what was kept of the old files. */
int clean_files(const struct root *root, const struct journal *j, struct err *e);
/* Hash of a file's content or a link's text; "" for nothing.  -EINVAL: it is of another type. */
int change_look(const struct root *root, const char *path, bool link, char hash[static HASH_TEXT_MAX]);

/*
 * settle.c: a boot loader replays no file system journal, so what it reads must
 * lie in its place before the old file's blocks may be used again.
 */
void settle_boot(const struct root *root, const struct journal *j);

#endif
