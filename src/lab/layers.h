/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_LAYERS_H
#define CRASHCFG_LAB_LAYERS_H

#include "recipe.h"
#include "tools.h"

/*
 * What lies between a target's file system and its disks, made of scratch disks by the guest itself, with the
 * identities that the recipe names: nothing is set up on this machine.
 */
#define LAYERS_KEY "/lab/luks.key"		/* in the guest: what locks and unlocks encrypted layers */
#define LAYERS_LVM_CONF "/etc/lvm/lvm.conf"
extern const char layers_lvm_conf[];

struct layers {
	unsigned disks;
	uint64_t disk_size;		/* bytes of each */
	char *node;			/* what bears the file system, in the guest */
	struct script make, open;	/* the first boot's orders, and those of the one that hands out */
};
void layers_done(struct layers *l);
#define auto_layers AUTO(layers_done)
/* SIZE: bytes of what bears the file system, at least.  -ENOTSUP: it cannot be played. */
int layers_plan(const struct recipe *recipe, const struct recipe_target *t, uint64_t size, struct layers *ret,
		struct err *e);

#endif
