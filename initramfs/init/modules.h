/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_MODULES_H
#define CRASHCFG_INIT_MODULES_H

#include "err.h"
#include "page.h"
#include "recipe.h"

/* Make /sbin/modprobe (this program) the kernel's helper for request_module(). */
void modules_answer_kernel(void);
/*
 * Load the watchdog's module and all wanted ones, from page->next_module on.  A file is
 * unlinked once its module is in: its memory is needed.  One that fails does not hold the
 * others up: -EIO, the text names the first and how many more.
 */
int modules_load(const struct recipe *r, struct page *p, struct err *e);
/* Load one of the recipe's modules with these parameters, not its own.  -ENOENT: the recipe has none of that name. */
int modules_load_with(const struct recipe *r, const char *name, const char *options, struct err *e);
/* No driver will ask for its firmware any more: the memory is needed.  An image by dracut keeps its own. */
void modules_drop_firmware(const struct recipe *r);
/* This program called as modprobe: `modprobe -q -- NAME`.  Returns an exit code. */
int modprobe_main(int argc, char *argv[]);

#endif
