/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_BOOTLOADER_H
#define CRASHCFG_BOOTLOADER_H

#include "edit.h"
#include "err.h"
#include "root.h"

#include <stdbool.h>

/* What a boot loader's files hold, read once; each editor has its own. */
struct boot_state;

/* A program that must run after the files changed: the generator of grub.cfg. */
struct boot_command {
	struct strv argv;	/* argv[0] is an absolute path */
	char *why;
};

/* What stands in the way of an edit: a value that the user set by hand. */
struct boot_conflict {
	char *path;
	unsigned line;
	char *text;		/* "crashkernel=512M" */
};

struct boot_editor {
	const char *name;	/* "grub", "bls", "none" */
	/* Does this loader start the system below ROOT?  Looks, never writes. */
	bool (*probe)(const struct root *root);
	int (*load)(const struct root *root, struct boot_state **ret, struct err *e);
	/*
	 * The value of KEY ("crashkernel") that the default entry boots with, as the files stand
	 * on disk, whatever was set since load().  NULL: none, or not known.  Caller frees.
	 */
	char *(*get_default)(const struct boot_state *s, const char *key);
	/*
	 * Places where KEY stands by another hand than ours; after set_arg(KEY, VALUE), only those
	 * that differ from VALUE: what is in the way of it.  boot_conflicts_free() them.
	 */
	void (*conflicts)(const struct boot_state *s, const char *key, struct boot_conflict **ret,
			  size_t *ret_n);
	/*
	 * KEY=VALUE for every normal entry (rescue and foreign ones are left alone), VALUE NULL:
	 * take ours off again and put back what was forced away.  Without FORCE a value of another
	 * hand stays as it is and rules.  -EINVAL, -ENOTSUP, -ENOSPC, -EEXIST: the text names the
	 * place and what to do; S is of no further use then.
	 */
	int (*set_arg)(struct boot_state *s, const char *key, const char *value, bool force, struct err *e);
	/* The changed files, and the ledger of what we changed; unchanged state gives no edit. */
	int (*emit)(const struct boot_state *s, struct edit_list *edits, struct err *e);
	/*
	 * The command that makes the edits count.  0: *ret filled: edits are pending, or an earlier
	 * run of it failed (grub.cfg lacks what our drop-in holds).  1: none is needed.
	 */
	int (*command)(const struct boot_state *s, struct boot_command *ret);
	void (*free)(struct boot_state *s);	/* accepts NULL */
};

extern const struct boot_editor boot_grub, boot_bls, boot_none;

/* The editor whose probe says yes, by priority; boot_none when no other does. */
const struct boot_editor *boot_detect(const struct root *root);

void boot_command_done(struct boot_command *c);
/* Is it one that an editor here gives?  No other is ever run, whatever a journal on disk says. */
bool boot_command_known(const struct strv *argv);
void boot_conflicts_free(struct boot_conflict *v, size_t n);

#endif
