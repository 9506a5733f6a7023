/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_FACTS_H
#define CRASHCFG_FACTS_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

enum known { UNKNOWN = -1, NO = 0, YES = 1 };

struct kernel_fact {
	char *release;		/* "6.1.0-50-amd64" */
	char *image;		/* "/boot/vmlinuz-6.1.0-50-amd64" below the root */
	char *modules;		/* "/lib/modules/6.1.0-50-amd64", NULL: it has none */
};

/* What is true of the system below the root.  Memory, CPUs, sysfs and the running kernel are known
 * below "/" only, or where the root holds proc and sys (fixtures do): else 0, NULL or UNKNOWN. */
struct facts {
	char *host;		/* /etc/hostname or uname; "localhost" when there is none */
	char *machine_id;	/* "" when there is none */
	char *os_id;		/* ID= of os-release, "linux" when there is none */
	char *os_pretty;
	struct kernel_fact *kernels;	/* newest last, by version order */
	size_t n_kernels;
	char *running;		/* uname -r of that system, NULL unknown */
	char *cmdline;		/* /proc/cmdline, NULL unknown */
	char *boot_id;		/* NULL unknown */
	uint64_t mem_total;	/* bytes the kernel sees as System RAM (/proc/iomem, else MemTotal); 0 unknown */
	unsigned cpus;		/* 0 unknown */
	int64_t crash_size;	/* /sys/kernel/kexec_crash_size in bytes; -1 unknown */
	enum known crash_loaded;	/* /sys/kernel/kexec_crash_loaded */
	enum known kexec_disabled;	/* sysctl kernel.kexec_load_disabled */
	char *lockdown;		/* "none", "integrity", "confidentiality"; NULL unknown */
};

void facts_free(struct facts *f);	/* accepts NULL */
static inline void own_facts(struct facts **f)
{
	facts_free(*f);
}
#define auto_facts AUTO(own_facts)

/* The kernel named RELEASE, or with NULL the running one if it is installed, else the newest; NULL: none. */
const struct kernel_fact *facts_kernel(const struct facts *f, const char *release);

#endif
