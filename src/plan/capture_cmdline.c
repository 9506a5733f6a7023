/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capture kernel's command line: that of the running kernel, since consoles,
 * PCI, ACPI and IOMMU quirks of this machine hold for it too, without what is
 * meant for the full system, and with what makes a kernel live in little memory
 * on hardware that nobody shut down.
 */
#include "plan.h"

#include "cmdline.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/*
 * COMMAND_LINE_SIZE of x86 is 2048 with the NUL, and the kernel itself adds "elfcorehdr=0x..."
 * for which it keeps 30 bytes (arch/x86/kernel/kexec-bzimage64.c: MAX_ELFCOREHDR_STR_LEN).
 */
#define LINE_MAX_BYTES (2047 - 31)

/* Words that are not for the capture kernel; "x*" means all that begin with x. */
static const char *const removed[] = {
	/* the boot loader's, the root file system's and the full system's init */
	"BOOT_IMAGE", "initrd", "noinitrd", "initrdmem", "retain_initrd", "bootconfig", "root",
	"rootflags", "rootfstype", "rootwait", "rootdelay", "ro", "rw", "init", "rdinit",
	"nfsroot", "netroot", "ip", "ifname", "resume", "resume_offset", "resumewait",
	"resumedelay", "noresume", "hibernate", "single", "emergency", "rescue", "dm",
	"dm-mod.create", "md", "raid", "fcoe", "iscsi_*", "systemd.*", "rd.*", "rd_*", "luks.*",
	"plymouth.*", "vconsole.*", "locale.*", "fsck.*", "quotacheck.*", "ignition.*", "ostree",
	"ds", "cloud-*", "splash", "rhgb", "showopts", "vt.handoff", "autorelabel", "enforcing",
	"netconsole",
	/* a dump in which nothing can be read is worse than a noisy console */
	"quiet",
	/* memory: taken from what the crashed kernel had plenty of, or counted from its size */
	"crashkernel", "elfcorehdr", "mem", "memmap", "add_efi_memmap", "efi_fake_mem",
	"reserve_mem", "hugepages", "hugepagesz", "default_hugepagesz", "hugepage_alloc_threads",
	"hugetlb_*", "cma", "cma_pernuma", "numa_cma", "transparent_hugepage", "thp_anon",
	"log_buf_len", "kernelcore", "movablecore", "movable_node", "memhp_default_state",
	"memory_hotplug.*", "swiotlb", "zswap.*", "cgroup_enable", "swapaccount", "psi",
	"audit_backlog_limit", "ima", "ima_*", "evm", "memtest", "slub_debug", "slab_debug",
	"page_owner", "page_poison", "debug_pagealloc", "kmemleak", "kasan*", "kfence.*",
	/* tracing: rings for each CPU */
	"ftrace*", "trace_*", "tp_printk*", "kprobe_event", "stacktrace*",
	/* processors: the capture kernel has its own number */
	"nr_cpus", "maxcpus", "possible_cpus", "additional_cpus", "isolcpus", "nohz_full",
	"rcu_nocb*", "irqaffinity", "kthread_cpus", "numa", "numa_balancing", "disable_cpu_apicid",
	/* what would end the capture, or stop it and wait for somebody */
	"panic", "panic_*", "oops", "hung_task_panic", "softlockup_panic", "unknown_nmi_panic",
	"mce", "crash_kexec_post_notifiers", "kgdb*", "ekgdboc", "kdb*",
	/* ours, put back below */
	"irqpoll", "reset_devices", "novmcoredd", "acpi_no_memhotplug", "hest_disable", "kaslr",
	"nokaslr", "pcie_ports", "crashcfg.*",
};

/*
 * Added.  Most are what kdump-utils, kdump and kdump-tools have come to over the years:
 *
 *	irqpoll nr_cpus=1 reset_devices		one processor, or as many as threads need; devices and interrupts are as the crash left them
 *	cgroup_disable=memory numa=off transparent_hugepage=never novmcoredd cma=0 hugetlb_cma=0
 *	acpi_no_memhotplug kfence.sample_interval=0
 *						memory that a capture has no use for
 *	cgroup.memory=nokmem			4 MB less: cgroup_disable= leaves that accounting on
 *	mce=off hest_disable			errors that the crash left in banks must not end the capture
 *	nokaslr					where the kernel lies is settled by the reservation
 *	pcie_ports=compat			no services of PCIe ports: hot-plug, error reports
 *	panic=10				a capture kernel that panics itself still ends in a reboot
 *	rootfstype=ramfs			the image may fill memory, not half of it only as in a tmpfs
 *	cryptomgr.notests			half of the time that this kernel takes to its init
 *	initcall_blacklist=tracer_init_tracefs	10 MB less: no inode for each file of each trace event,
 *						which kernels up to 6.5 make at boot; a kernel under
 *						lockdown runs so too
 */
#define ONE_CPU "nr_cpus=1"
static const char *const added[] = {
	"irqpoll", ONE_CPU, "reset_devices", "cgroup_disable=memory", "cgroup.memory=nokmem",
	"mce=off", "numa=off", "novmcoredd", "acpi_no_memhotplug", "transparent_hugepage=never",
	"nokaslr", "hest_disable", "cma=0", "hugetlb_cma=0", "pcie_ports=compat",
	"kfence.sample_interval=0", "rootfstype=ramfs", "cryptomgr.notests",
	"initcall_blacklist=tracer_init_tracefs", "panic=10",
};

static bool same_letter(char a, char b)
{
	return (a == '-' ? '_' : a) == (b == '-' ? '_' : b);
}

/* Does KEY match PATTERN, "-" and "_" being one letter as they are for the kernel? */
static bool key_matches(const char *key, const char *pattern)
{
	for (; *pattern && !(*pattern == '*' && !pattern[1]); key++, pattern++)
		if (!*key || !same_letter(*key, *pattern))
			return false;
	return *pattern == '*' || !*key;
}

bool capture_cmdline_has(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(added); i++)
		if (strcmp(word, added[i]) == 0)
			return true;
	return false;
}

bool capture_cmdline_drops(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(removed); i++)
		if (key_matches(key, removed[i]))
			return true;
	return false;
}

/* Not for the capture kernel, or a word of ours, which is put back at its place. */
static bool is_removed(const char *word, const char *key)
{
	return capture_cmdline_has(word) || capture_cmdline_drops(key);
}

/* Does CAPTURE_CMDLINE_REMOVE name it: by "key", by "key=value" as it stands, or by "prefix*"? */
static bool is_unwanted(const struct strv *names, const char *word, const char *key)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->v[i];

		if (strchr(name, '=') ? strcmp(word, name) == 0 : key_matches(key, name))
			return true;
	}
	return false;
}

struct line {
	struct strv words;
	struct strv unwanted;
};

static int add_running(void *ctx, const char *word, const char *key, const char *value)
{
	struct line *l = ctx;

	(void)value;
	if (!is_removed(word, key) && !is_unwanted(&l->unwanted, word, key))
		strv_add(&l->words, word);
	return 0;
}

static int add_own(void *ctx, const char *word, const char *key, const char *value)
{
	struct line *l = ctx;

	(void)value;
	if (!is_unwanted(&l->unwanted, word, key))
		strv_add_once(&l->words, word);
	return 0;
}

static int add_wanted(void *ctx, const char *word, const char *key, const char *value)
{
	struct line *l = ctx;

	(void)key, (void)value;
	strv_add(&l->words, word);
	return 0;
}

static int add_unwanted(void *ctx, const char *word, const char *key, const char *value)
{
	struct line *l = ctx;

	(void)key, (void)value;
	strv_add(&l->unwanted, word);
	return 0;
}

typedef int word_fn(void *ctx, const char *word, const char *key, const char *value);

/* The kernel lets a quote that is left open reach to the line's end; so it is closed there. */
static void each_word(const char *text, word_fn *fn, struct line *l)
{
	auto_free char *closed = NULL;
	size_t quotes = 0;

	for (const char *c = text; *c; c++)
		quotes += *c == '"';
	closed = xasprintf("%s%s", text, quotes % 2 ? "\"" : "");
	cmdline_each_word(closed, fn, l);
}

int capture_cmdline(const char *running, const struct settings *s, const char *boot_id,
		    int64_t boot_apicid, unsigned cpus, char **ret, struct err *e)
{
	auto_free char *processors = xasprintf("nr_cpus=%u", cpus);
	auto_buf struct buf text = { 0 };
	struct line l = { 0 };

	each_word(s->cmdline_remove ? s->cmdline_remove : "", add_unwanted, &l);
	each_word(running ? running : "", add_running, &l);
	for (size_t i = 0; i < ARRAY_SIZE(added); i++)
		each_word(strcmp(added[i], ONE_CPU) == 0 ? processors : added[i], add_own, &l);
	if (boot_apicid >= 0) {
		/* An INIT makes the machine's boot CPU reset: never start it.  From 6.9 on kernels know. */
		auto_free char *word = xasprintf("disable_cpu_apicid=%lld", (long long)boot_apicid);

		each_word(word, add_own, &l);
	}
	each_word(s->cmdline_add ? s->cmdline_add : "", add_wanted, &l);
	if (boot_id && *boot_id)
		strv_addf(&l.words, "crashcfg.boot_id=%s", boot_id);

	for (size_t i = 0; i < l.words.n; i++)
		buf_addf(&text, "%s%s", i ? " " : "", l.words.v[i]);
	strv_done(&l.words);
	strv_done(&l.unwanted);
	if (text.len > LINE_MAX_BYTES)
		return err_set(
			e, E2BIG,
			"the capture kernel's command line would have %zu bytes, %zu more than a kernel "
			"takes; name words to leave out in CAPTURE_CMDLINE_REMOVE; it is '%.160s...'",
			text.len, text.len - LINE_MAX_BYTES, text.data);
	*ret = xstrdup(buf_text(&text));
	return 0;
}
