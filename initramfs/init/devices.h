/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_DEVICES_H
#define CRASHCFG_INIT_DEVICES_H

#include "buf.h"
#include "err.h"
#include "page.h"
#include "recipe.h"

/*
 * Block devices, as kernel events name them.  Nothing sleeps and nothing scans: a
 * device is opened and asked for its file system once an event named it.
 */
#define TYPE_BYTES 32		/* "linux_raid_member" is no short word */
struct device {
	char name[DEVNAME_MAX];		/* "vda1", below /dev */
	bool asked;
	bool gone;			/* removed; the next "add" is that of a new one */
	char fstype[TYPE_BYTES], uuid[64], label[64];	/* "" where it bears none of the wanted file systems */
	char partuuid[64];		/* of the partition, where a raw: target asks for it */
	uint64_t size;			/* bytes */
};

struct devices {
	const struct recipe *recipe;
	struct page *page;
	int fd;				/* netlink socket */
	struct device *list;
	size_t n;
};

/*
 * Listen for events; to be called before modules are loaded. Those that are there already are
 * announced again.
 */
int devices_open(struct devices *d, const struct recipe *r, struct page *p, struct err *e);

/*
 * Wait until a device is there that bears T's file system by UUID or label, at most MS
 * milliseconds, and return it, open for reading, as *ret_fd, to be held while it is mounted.  SEEN: how
 * many of the matching ones to pass over, since mounting them failed (btrfs on several
 * devices: the last to come makes it whole).  Identity and size are asked of the open device.
 * -ENODEV: none came; -EMEDIUMTYPE: it is there but not what the recipe knows, the text says how.
 */
int devices_wait(struct devices *d, const struct recipe_target *t, long long ms, size_t seen, int *ret_fd,
		 char path[static DEVNAME_MAX + 8], struct err *e);

/* The line of the console that a target's device was found. */
void devices_say(const char *path, const struct recipe_target *t);
/*
 * What the open device bears, of all that libblkid knows: "ext4", "crypto_LUKS"; "" nothing.
 * -EIO: it cannot be told.
 */
int devices_content(int fd, char type[static TYPE_BYTES]);
/*
 * Paths of the devices that are here now and bear TYPE with UUID: "linux_raid_member" and the like.
 */
void devices_bearing(struct devices *d, const char *type, const char *uuid, struct strv *ret);
/* Wait at most MS milliseconds for something to happen to any device.  False: nothing did. */
bool devices_more(struct devices *d, long long ms);

#endif
