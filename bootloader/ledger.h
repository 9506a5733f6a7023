/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LEDGER_H
#define CRASHCFG_LEDGER_H

#include "bootfile.h"

/*
 * What we put into files that others write too, so that our values can be told
 * from those of another hand and be taken out again: for each argument the value
 * that we set, and for each place what stood there before.  What a place holds
 * now is not kept: it is computed from these two and compared, so an edit that
 * someone made since shows, and survives.
 */
#define LEDGER_PATH "/var/lib/crashcfg/bootloader.json"

struct ledger_place {
	char *path,
		*field; /* file below the root; which value in it: "options", "GRUB_CMDLINE_LINUX#1" */
	char *was;		/* its bytes before us, quotes and escapes included */
};

struct ledger_arg {
	char *key, *value;	/* "crashkernel", "256M" */
	struct strv former;	/* values that we set before: what was copied from ours since may bear one */
	struct ledger_place *v;
	size_t n;
};

struct ledger {
	struct boot_file file;
	struct ledger_arg *v;
	size_t n;
	bool changed;		/* since it was read */
};

void ledger_done(struct ledger *l);
/* Absent: an empty one.  One that another loader's editor wrote counts as absent.  -EINVAL: damaged. */
int ledger_read(const struct root *root, const char *loader, struct ledger *ret, struct err *e);
void ledger_emit(const struct ledger *l, const char *loader, struct edit_list *edits);

struct ledger_arg *ledger_find(const struct ledger *l, const char *key);	/* NULL: none */
struct ledger_arg *ledger_add(struct ledger *l, const char *key, const char *value);
/* VALUE is ours from now on; the one before is kept as a former one. */
void ledger_set_value(struct ledger *l, struct ledger_arg *a, const char *value);
void ledger_drop(struct ledger *l, const char *key);
const struct ledger_place *ledger_place(const struct ledger_arg *a, const char *path, const char *field);
/* Note what stands at a place, instead of an older note.  The caller tells ledger->changed. */
void ledger_note(struct ledger_arg *a, const char *path, const char *field, const char *was);

#endif
