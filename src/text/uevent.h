/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_UEVENT_H
#define CRASHCFG_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A kernel event as NETLINK_KOBJECT_UEVENT brings it (lib/kobject_uevent.c):
 * "add@/devices/...\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=vda1\0...".
 */
struct uevent {
	char action[16];	/* "add", "change", "remove" */
	char subsystem[16];	/* "block" */
	char devname[64];	/* "vda1", below /dev; "" none, or too long or unfit to be a path there */
};
/* False: no such event (or one of udev's, which begin with "libudev"). */
bool uevent_parse(const char *data, size_t len, struct uevent *ret);

#endif
