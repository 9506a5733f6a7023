/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_SYSCTL_H
#define CRASHCFG_SYSCTL_H

#include "settings.h"

/*
 * PANIC_* and LOG_*: what the running kernel is told, and the drop-ins that tell it at each boot.  Pure.
 * A switch that is "no" by default is left as it is; one that is set to "no" is set to 0.
 */
#define SYSCTL_PATH "/etc/sysctl.d/60-crashcfg.conf"
#define MODPROBE_PATH "/etc/modprobe.d/crashcfg.conf"		/* netconsole's parameter */
#define MODULES_LOAD_PATH "/etc/modules-load.d/crashcfg.conf"	/* and that it is loaded at boot */
#define DROPINS 3

struct sysctl {
	const char *name;	/* "kernel.panic_on_oops" */
	char value[16];
	bool optional;		/* not every kernel was built with it */
};

/* Every key that may be set, and what S wants of them; *ret_n of them. */
#define SYSCTLS_MAX 10
void sysctls_wanted(const struct settings *s, struct sysctl list[static SYSCTLS_MAX], size_t *ret_n);
const char *const *sysctl_names(size_t *ret_n);
/* "kernel.printk" is "/proc/sys/kernel/printk".  Caller frees. */
char *sysctl_path(const char *name);
/* Is NOW, as read from /proc, what VALUE sets?  Of several numbers the first counts. */
bool sysctl_is(const char *now, const char *value);

/* The Ith drop-in: its path, and its content by S; empty: it shall not be there. */
const char *dropin_path(size_t i);
void dropin_text(const struct settings *s, size_t i, struct buf *to);

#endif
