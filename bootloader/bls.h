/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_BLS_H
#define CRASHCFG_BLS_H

#include "bootloader.h"
#include "grubcfg.h"
#include "ledger.h"

/* The state of the editor boot_bls: blsload.c reads it, bls.c changes it. */
struct bls_file {
	char *id;		/* file name without ".conf" */
	struct boot_file file;
	bool normal;		/* of this system, and no rescue entry: may be edited */
};

struct boot_state {
	struct bls_file *entries;
	size_t n_entries;
	struct boot_file cmdline, defaults, env;
	struct grubcfg cfg;
	struct ledger ledger;
	char *key, *word;	/* of the last set_arg: "crashkernel", "crashkernel=256M" (NULL: taken off) */
};

bool bls_probe(const struct root *root);
int bls_load(const struct root *root, struct boot_state **ret, struct err *e);
void bls_free(struct boot_state *s);
char *bls_get_default(const struct boot_state *s, const char *key);
/* The entry that starts by itself, as the files stand on disk; NULL: not known. */
const struct bls_file *bls_default_entry(const struct boot_state *s);

#endif
