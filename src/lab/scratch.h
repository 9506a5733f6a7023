/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_SCRATCH_H
#define CRASHCFG_LAB_SCRATCH_H

#include "lab.h"

/* A sparse file of SIZE bytes.  0 or negative. */
int scratch_file(const char *path, uint64_t size, struct err *e);
/* A scratch disk in PATH that is, to all who look, the target T; for a T without size, one that fits MEMORY. */
int scratch_make(const char *path, const struct recipe_target *t, uint64_t memory, struct err *e);
/* The target of the recipe that a scratch disk can play.  -ENOTSUP: none, text says why and names --fs. */
int scratch_target(const struct recipe *recipe, const struct recipe_target **ret, struct err *e);
/*
 * QEMU's arguments for a disk of the kind that the recipe's drivers are for.
 * BUILTIN is the kernel's modules.builtin.  -ENOTSUP: QEMU has none such.
 */
int scratch_device(const struct recipe *recipe, const char *builtin, struct strv *ret, struct err *e);

#endif
