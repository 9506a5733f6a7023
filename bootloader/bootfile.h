/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_BOOTFILE_H
#define CRASHCFG_BOOTFILE_H

#include "edit.h"
#include "err.h"
#include "root.h"

/* One file that an editor reads: as it stands, and as it shall stand. */
struct boot_file {
	char *path;		/* below the root, no part of it a symbolic link */
	bool had, keep;		/* it was there; it shall be there */
	struct buf old, text;
	mode_t mode;		/* for a file that is not there yet */
};

#define BOOT_FILE_MAX (1u << 20)	/* 1 MiB: no real one comes near */

void boot_file_done(struct boot_file *f);
/*
 * Read PATH, following links within the root.  A file that is not there is no
 * failure: had and keep are false then.  -EFBIG, -EISDIR, -EACCES ...
 */
int boot_file_read(const struct root *root, const char *path, mode_t mode, struct boot_file *ret,
		   struct err *e);
/* As above, to be looked at only and of any size up to CAP. */
int boot_file_look(const struct root *root, const char *path, size_t cap, struct boot_file *ret,
		   struct err *e);
/* As boot_file_read(); -EINVAL for a file that holds a NUL byte and so cannot be text. */
int boot_file_read_text(const struct root *root, const char *path, mode_t mode, struct boot_file *ret,
			struct err *e);

/* Replace LEN bytes at START of the wanted text. */
void boot_file_splice(struct boot_file *f, size_t start, size_t len, const char *by, size_t by_len);
void boot_file_set(struct boot_file *f, const char *data, size_t len);
void boot_file_drop(struct boot_file *f);	/* it shall not be there */

bool boot_file_changed(const struct boot_file *f);
void boot_file_emit(const struct boot_file *f, struct edit_list *edits, const char *why);

/* PATH with every symbolic link on the way replaced by what it leads to; the last parts need not exist. */
int boot_path_resolve(const struct root *root, const char *path, char **ret);

#endif
