/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory CRASHKERNEL=auto asks for: a sum of parts, each with its ground, and never a table by
 * the machine's size alone.  tests/bench/estimate.sh holds it against what is measured.
 */
#include "plan.h"

#include "crashkernel.h"
#include "num.h"

#include <stdarg.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

#define KERNEL_BYTES (64 * MIB)		/* init_size of Debian's: 5.10 59, 6.1 64, 6.12 56 MB */
#define RUNNING_BYTES (18 * MIB)	/* measured: up to init, beside its own and its initramfs */
#define COLLECTOR_BYTES (4 * MIB)	/* makedumpfile's resident memory without its bitmaps */
#define BITMAP_MAX (64 * MIB)		/* from there on it works in cycles */
#define IMAGE_BYTES (10 * MIB)		/* unpacked, where no image could be planned yet */
#define THREAD_BYTES (3 * MIB)		/* another processor with its areas, a thread with its buffers */
#define LAYERS_BYTES (16 * MIB)		/* cryptsetup or lvm at work, and stripes of an array */
#define NETWORK_BYTES (12 * MIB)	/* measured with 6.1, virtio_net, where phases end: NFS 3, SSH 6 MB; */
#define SSH_BYTES (8 * MIB)		/* more while they are at work, and real adapters have larger rings */
#define PAGE_STRUCTS 64			/* of so many bytes one tells about the others: 64 for each 4096 */
#define STEP (8 * MIB)
#define LEAST (96 * MIB)

#define SPARE (8 * MIB)			/* that a capture should leave */
#define SHRINK_SEEN 3			/* captures that must agree before less is asked for */

/* --- the machine's part ----------------------------------------------------------------------- */

/* Adapters whose drivers are known to take far more than others, even in a capture kernel. */
static const struct {
	const char *module;
	uint64_t bytes;
} hungry[] = {
	{ "mlx5_core", 350 * MIB }, /* as seen in the field with many queues */
	{ "qla2xxx", 96 * MIB },
	{ "lpfc", 96 * MIB },
	{ "bnx2x", 96 * MIB },
};

static bool has_module(const struct image_plan *image, const char *prefix)
{
	for (size_t i = 0; image && image->recipe && i < image->recipe->n_modules; i++)
		if (strncmp(image->recipe->modules[i].name, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

/* Is the adapter one that a hypervisor offers?  Then none wants queues and firmware. */
static bool is_virtual(const struct image_plan *image)
{
	static const char *const prefixes[] = { "virtio_", "xen_", "hv_", "vmw_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (has_module(image, prefixes[i]))
			return true;
	return false;
}

static uint64_t hungry_bytes(const struct image_plan *image)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < ARRAY_SIZE(hungry); i++)
		if (has_module(image, hungry[i].module))
			bytes += hungry[i].bytes;
	return bytes;
}

/* Adapters' queues and buffers grow with the machine that they are sold for. */
static uint64_t device_bytes(const struct facts *f, const struct image_plan *image)
{
	uint64_t usual = 48 * MIB;

	if (f->mem_total > 64 * GIB)
		usual = f->mem_total > 1024 * GIB ? 128 * MIB : 64 * MIB;
	if (hungry_bytes(image))
		return hungry_bytes(image) + usual;
	return is_virtual(image) ? 8 * MIB : usual;
}

/* Two bitmaps with one bit for each page of 4096 bytes. */
static uint64_t bitmap_bytes(const struct facts *f)
{
	uint64_t bytes = f->mem_total / 4096 / 8 * 2;

	return bytes > BITMAP_MAX ? BITMAP_MAX : bytes;
}

/* --- the target's part ------------------------------------------------------------------------- */

/* Packed it has about two fifths of the size: 2.5 of 7.6 MB, modules and programs together. */
static uint64_t image_bytes(const struct image_plan *image)
{
	uint64_t unpacked = image && image->unpacked ? image->unpacked : IMAGE_BYTES;

	return unpacked + unpacked * 2 / 5;
}

/*
 * What mounting takes after a crash: the log is replayed; xfs keeps buffers, btrfs trees and a pool of
 * threads.  With 92 MB for Debian's 6.1 a capture to xfs left 17.9 MB, one to btrfs 12.6.
 */
static uint64_t filesystem_bytes(const struct image_plan *image)
{
	static const struct {
		const char *fstype;
		uint64_t bytes;
	} known[] = { { "xfs", 2 * MIB }, { "btrfs", 3 * MIB }, { "f2fs", 3 * MIB } };
	const struct recipe *r = image ? image->recipe : NULL;
	uint64_t most = 0;

	for (size_t i = 0; r && i < r->n_targets; i++)
		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			if (r->targets[i].fstype &&
			    strcmp(r->targets[i].fstype, known[k].fstype) == 0 && known[k].bytes > most)
				most = known[k].bytes;
	return most;
}

/* The programs that set up layers below a target work one after the other; dm and md keep buffers. */
static uint64_t layer_bytes(const struct image_plan *image, uint64_t *ret_key)
{
	const struct recipe *r = image ? image->recipe : NULL;
	bool any = false;

	*ret_key = 0;
	for (size_t i = 0; r && i < r->n_targets; i++)
		for (size_t k = 0; k < r->targets[i].n_layers; k++) {
			any = true;
			if (r->targets[i].layers[k].memory > *ret_key)
				*ret_key = r->targets[i].layers[k].memory;
		}
	return any ? LAYERS_BYTES : 0;
}

/* Buffers of one adapter and its protocols, what NFS keeps until it is written; ssh, its
 * libraries and the process that serves its files. */
static uint64_t network_bytes(const struct image_plan *image)
{
	const struct recipe *r = image ? image->recipe : NULL;
	uint64_t bytes = r && r->n_nets ? NETWORK_BYTES : 0;

	for (size_t i = 0; r && i < r->n_targets; i++)
		if (r->targets[i].kind == TARGET_SSH && bytes < NETWORK_BYTES + SSH_BYTES)
			bytes = NETWORK_BYTES + SSH_BYTES;
	return bytes;
}

static uint64_t thread_bytes(const struct image_plan *image)
{
	unsigned threads = image && image->recipe ? image->recipe->threads : 0;

	return threads > 1 ? threads * THREAD_BYTES : 0;
}

/* --- the sum ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 4, 5)))
static void add_part(struct reserve_sum *sum, const char *name, int64_t bytes, const char *why, ...)
{
	struct reserve_part *p = &sum->parts[sum->n_parts++];
	va_list ap;

	p->name = name;
	p->bytes = bytes;
	va_start(ap, why);
	vsnprintf(p->why, sizeof(p->why), why, ap);
	va_end(ap);
	sum->need += (uint64_t)bytes;
}

static void add_kernel(struct reserve_sum *sum, const struct facts *f, const struct image_plan *image)
{
	const char *release = image && image->recipe ? image->recipe->kernel : NULL;
	const struct kernel_fact *kernel = facts_kernel(f, release);

	if (kernel && kernel->init_size)
		add_part(sum, "kernel", (int64_t)kernel->init_size,
			 "what its image says it needs to start");
	else
		add_part(sum, "kernel", KERNEL_BYTES,
			 "usual for a distribution's kernel; this one does not say");
	add_part(sum, "running", RUNNING_BYTES, "what a kernel allocates until its init runs");
	sum->kernel = sum->need;
}

static void add_target(struct reserve_sum *sum, const struct image_plan *image)
{
	uint64_t key, layers = layer_bytes(image, &key);

	if (filesystem_bytes(image))
		add_part(sum, "file system", (int64_t)filesystem_bytes(image),
			 "replay of its log, and what it keeps");
	if (layers)
		add_part(sum, "layers", (int64_t)layers, "LVM, RAID or encryption, and their programs");
	if (key)
		add_part(sum, "key slot", (int64_t)key,
			 "argon2 takes it to unlock; a slot with pbkdf2 takes next to none");
	if (network_bytes(image))
		add_part(sum, "network", (int64_t)network_bytes(image),
			 "its buffers, and the programs that speak to the target");
}

/*
 * What captures have shown.  One that left little asks for more; to ask for less takes several, and what
 * a kernel needs until its init runs stays: no capture has seen that moment.
 */
static void add_learned(struct reserve_sum *sum, const struct image_plan *image,
			const struct reserve_history *h)
{
	uint64_t most = 0, least = sum->kernel + image_bytes(image), wanted;
	unsigned whole = 0;

	for (size_t i = 0; h && i < h->n; i++) {
		uint64_t used = h->v[i].reserved > h->v[i].low ? h->v[i].reserved - h->v[i].low : 0;

		whole += h->v[i].whole;
		if (used > most)
			most = used;
	}
	wanted = most + SPARE > least ? most + SPARE : least;
	if (!most || (wanted < sum->need && whole < SHRINK_SEEN) || wanted == sum->need)
		return;
	add_part(sum, "learned", (int64_t)(wanted - sum->need), "%zu capture%s took up to %llu MB",
		 h->n, h->n > 1 ? "s" : "", (unsigned long long)(most / MIB));
}

void reserve_compute(const struct facts *f, const struct image_plan *image,
		     const struct reserve_history *h, struct reserve_sum *ret)
{
	struct reserve_sum sum = { 0 };

	add_kernel(&sum, f, image);
	add_part(&sum, "image", (int64_t)image_bytes(image),
		 "packed and unpacked, both are there for a moment");
	add_part(&sum, "collector", (int64_t)(COLLECTOR_BYTES + bitmap_bytes(f)),
		 "makedumpfile, and two bits for each page of memory");
	if (thread_bytes(image))
		add_part(&sum, "threads", (int64_t)thread_bytes(image), "%u, with as many processors",
			 image->recipe->threads);
	add_part(&sum, "devices", (int64_t)device_bytes(f, image),
		 hungry_bytes(image) ? "drivers of adapters that are known to take much"
		 : is_virtual(image) ? "drivers of a virtual machine"
				     : "drivers of real adapters, with their queues");
	add_target(&sum, image);
	add_learned(&sum, image, h);
	add_part(&sum, "page structs", (int64_t)(sum.need / (PAGE_STRUCTS - 1)),
		 "64 bytes for each 4096 of what is reserved");
	add_part(&sum, "margin", (int64_t)(sum.need / 10), "one tenth");
	sum.value = (sum.need + STEP - 1) / STEP * STEP;
	if (sum.value < LEAST)
		sum.value = LEAST;
	*ret = sum;
}

/* --- the value ---------------------------------------------------------------------------------- */

char *reserve_auto(const struct facts *f, const struct image_plan *image,
		   const struct reserve_history *h)
{
	struct reserve_sum sum;

	reserve_compute(f, image, h, &sum);
	if (f->mem_total && sum.value > f->mem_total / 2)
		return NULL;
	return crashkernel_spell(f->machine, sum.value, f->mem_total);
}

bool reserve_keeps(const struct reserve_sum *sum, const char *current, uint64_t mem_total)
{
	auto_crashkernel struct crashkernel c = { 0 };
	uint64_t size;

	if (crashkernel_parse(current, &c, NULL) < 0 || c.has_offset)
		return false;
	size = crashkernel_size(&c, mem_total ? mem_total : INT64_MAX);
	return size >= sum->need && size <= sum->value + RESERVE_SLACK;
}

/* Is the value that the default entry boots with another hand's? */
static bool is_foreign(const struct world *have)
{
	auto_free char *text = xasprintf("crashkernel=%s", have->boot_value);
	struct boot_conflict *all = NULL;
	bool foreign = false;
	size_t n = 0;

	have->editor->conflicts(have->boot, "crashkernel", &all, &n);
	for (size_t i = 0; i < n; i++)
		foreign |= strcmp(all[i].text, text) == 0;
	boot_conflicts_free(all, n);
	return foreign;
}

char *reserve_wanted(const struct settings *want, const struct world *have)
{
	auto_free char *value = NULL;
	struct reserve_sum sum;

	if (want->crashkernel)
		return xstrdup(want->crashkernel);
	value = reserve_auto(have->facts, have->image, &have->history);
	if (!value || !have->boot_value || strcmp(value, have->boot_value) == 0)
		return take_ptr(value);
	reserve_compute(have->facts, have->image, &have->history, &sum);
	if (reserve_keeps(&sum, have->boot_value, have->facts->mem_total) && !is_foreign(have))
		return xstrdup(have->boot_value);
	return take_ptr(value);
}

uint64_t reserve_need(const struct settings *want, const struct world *have)
{
	struct reserve_sum sum;

	reserve_compute(have->facts, have->image, &have->history, &sum);
	return want->crashkernel ? sum.kernel : sum.need;
}
