/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_TOOLS_H
#define CRASHCFG_LAB_TOOLS_H

#include "buf.h"
#include "err.h"

/*
 * Programs of this machine, for its own use or for a guest.  An administrator's PATH need not hold the sbin
 * folders, so they are looked for where they are installed.  -ENOENT: text names the package.
 */
int tool_find(const char *program, char **ret, struct err *e);

/*
 * What a guest shall run, as lines of its plan, and the programs that it needs for it.  The first fault
 * is kept, and told at the end.
 */
struct script {
	struct buf plan;
	struct strv programs;	/* paths on this machine, the same in the guest */
	struct err e;
};
void script_done(struct script *s);
#define auto_script AUTO(script_done)

/* "do" or "stay" a program of this machine, with its arguments; "do" a word of lab-init's own. */
#define script_do(s, ...) script_program(s, "do", (const char *const[]){ __VA_ARGS__, NULL })
#define script_stay(s, ...) script_program(s, "stay", (const char *const[]){ __VA_ARGS__, NULL })
#define script_own(s, ...) script_words(s, "do", (const char *const[]){ __VA_ARGS__, NULL })
void script_program(struct script *s, const char *key, const char *const *argv);
void script_words(struct script *s, const char *key, const char *const *argv);
/* More arguments of the last. */
void script_arg(struct script *s, const char *word);
void script_argf(struct script *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The guest's N-th disk as an argument. */
void script_disk(struct script *s, unsigned n);
/* 0, or the first fault. */
int script_check(const struct script *s, struct err *e);

#endif
