/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_SCRATCH_H
#define CRASHCFG_LAB_SCRATCH_H

#include "lab.h"
#include "tools.h"

/* A sparse file of SIZE bytes.  0 or negative. */
int scratch_file(const char *path, uint64_t size, struct err *e);
/* A scratch disk in PATH that is, to all who look, the target T; for a T without size, one that fits MEMORY. */
int scratch_make(const char *path, const struct recipe_target *t, uint64_t memory, struct err *e);
/* Can it make such a file system? */
bool scratch_knows(const char *fstype);
/* Bytes of the disk that scratch_make() makes. */
uint64_t scratch_size(const struct recipe_target *t, uint64_t memory);
/* mkfs for T on NODE, in a guest. */
void scratch_mkfs(struct script *s, const struct recipe_target *t, const char *node);
/* Is the driver NAME among those that the recipe loads? */
bool scratch_has_driver(const struct recipe *recipe, const char *name);
/* The first target of the recipe that can be played, by scratch disks or a scratch server.  -ENOTSUP: none,
 * text says why and names a way out. */
int scratch_target(const struct recipe *recipe, const struct recipe_target **ret, struct err *e);
/*
 * QEMU's arguments for N disks of the kind that the recipe's drivers are for.
 * BUILTIN is the kernel's modules.builtin.  -ENOTSUP: QEMU has none such.
 */
int scratch_devices(const struct recipe *recipe, const char *builtin, unsigned n, struct strv *ret, struct err *e);

#endif
