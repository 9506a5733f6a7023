/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_GRUBCFG_H
#define CRASHCFG_GRUBCFG_H

#include "buf.h"

/*
 * What grub.cfg, the script that GRUB runs, offers in its menu (GRUB manual,
 * "Shell-like scripting").  Nothing is executed: entries of both branches of an
 * "if" are listed, variables stay as they are written.
 */
struct grub_entry {
	char *title, *id;	/* id "": it has none */
	char *cmdline;		/* what the kernel is given; NULL: it starts no Linux */
	char *script;		/* "/etc/grub.d/10_linux", the part that made it; "" unknown */
	size_t parent;		/* the submenu that holds it, GRUB_TOP: none */
	bool submenu;
	bool recovery;		/* single user, "recovery mode" */
};
#define GRUB_TOP ((size_t)-1)

struct grub_set {
	char *name, *value;	/* "set NAME=VALUE", quotes taken off */
};

struct grubcfg {
	struct grub_entry *v;
	size_t n;
	struct grub_set *sets;
	size_t n_sets;
};

void grubcfg_done(struct grubcfg *c);
#define auto_grubcfg AUTO(grubcfg_done)
/* Never fails: what is not understood is passed over. */
void grubcfg_parse(const struct buf *text, struct grubcfg *ret);
/* The value of the last "set NAME="; borrowed; NULL: none. */
const char *grubcfg_var(const struct grubcfg *c, const char *name);
/* The entry that starts by itself; SAVED is saved_entry of grubenv, or NULL.  NULL: not known. */
const struct grub_entry *grubcfg_default(const struct grubcfg *c, const char *saved);

#endif
