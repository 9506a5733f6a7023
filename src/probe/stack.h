/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_STACK_H
#define CRASHCFG_STACK_H

#include "block.h"
#include "recipe.h"

/* What lies below a block device, down to the hardware. */
struct stack {
	struct recipe_layer *layers;	/* bottom up, as recipe_target has them */
	size_t n_layers;
	struct strv modaliases;		/* of every device on the way to every disk, deepest first */
	struct strv drivers;		/* modules by name: those of the disks, and of dm and md */
	struct strv notes;		/* for people: what will cost memory in the capture */
	enum remote_disk remote;	/* as struct storage has them */
	char *remote_what;
	struct iscsi_session *sessions;
	size_t n_sessions;
};

void stack_done(struct stack *s);
#define auto_stack AUTO(stack_done)

/*
 * Found out from sysfs below the root: device-mapper by the prefix that each tool gives its uuids
 * (lib/activate/dev_manager.c of LVM, lib/libdevmapper.c of cryptsetup, libmultipath/devmapper.h), MD by its
 * folder "md" (Documentation/admin-guide/md.rst).  What the members bear is asked of them, or of udev's database.
 * -ENOTSUP: there is something below that the native builder does not know, the text begins with what it is.
 */
int stack_find(const struct root *root, const struct block_dev *b, struct stack *ret, struct err *e);

#endif
