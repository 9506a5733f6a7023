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
	uint64_t init_size;	/* bytes that it says it needs to start (kernel_head_read()); 0 unknown */
	uint32_t cmdline_max;	/* longest command line that it takes, without the NUL; 0 unknown */
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
	char *machine;		/* uname -m, "x86_64"; NULL unknown */
	char *running;		/* uname -r of that system, NULL unknown */
	char *cmdline;		/* /proc/cmdline, NULL unknown */
	char *boot_id;		/* NULL unknown */
	uint64_t mem_total;	/* bytes the kernel sees as System RAM (iomem, else MemTotal); 0 unknown */
	unsigned cpus;		/* online, 0 unknown */
	int64_t boot_apicid;	/* x86: APIC id of the CPU that the machine boots with; -1 unknown */
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

/*
 * Which kernel is newer: negative, 0 or positive as strcmp(3).  Digits compare as numbers of any
 * length; a pre-release ("6.12-rc3", "6.12~rc3") comes before its release; 0 for equal texts only.
 */
int version_compare(const char *a, const char *b);

/*
 * The pure halves of facts_read(): text as the kernel or a distribution writes it, of any content.
 * Memory by /proc/iomem: iomem.h.
 */
/* Memory of the machine from /proc/meminfo and the bytes reserved beside it: what the kernel took for
 * itself at boot is not in MemTotal, so this is the next multiple of 256 MiB above it.  0 unknown. */
uint64_t meminfo_ram(const char *text, uint64_t reserved);
/* CPUs in a list such as "0-3,8" (sysfs); 0: not such a list. */
unsigned cpu_list_count(const char *text);
/* Value of KEY in os-release(5), unquoted as a shell would; NULL: none.  Caller frees. */
char *os_release_get(const char *text, const char *key);
/* The word in brackets of /sys/kernel/security/lockdown; NULL: none.  Caller frees. */
char *lockdown_parse(const char *text);
/* "initial apicid" of the first CPU of /proc/cpuinfo; -1: none. */
int64_t cpuinfo_boot_apicid(const char *text);

/* Bytes at the start of a kernel that kernel_head_read() wants. */
#define KERNEL_HEAD 0x270
/*
 * init_size and cmdline_size of an x86 bzImage (Documentation/arch/x86/boot.rst: "HdrS" at 0x202,
 * cmdline_size at 0x238 from protocol 2.06, init_size at 0x260 from 2.10).  Anything else: both are 0.
 */
void kernel_head_read(const void *head, size_t len, struct kernel_fact *ret);

#endif
