/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory CRASHKERNEL=auto asks for: a sum of parts, each with its
 * ground, and never a table by the machine's size alone.  Debian's 6.1 with this
 * image saves its dump on a virtio disk from 84 MB on; the sum for it is 118 MB.
 */
#include "plan.h"

#include "num.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

#define KERNEL_BYTES (64 * MIB)		/* init_size of Debian's: 5.10 59, 6.1 64, 6.12 56 MB */
#define RUNNING_BYTES (20 * MIB)	/* measured with 6.1: up to init, beside its own and its initramfs */
#define COLLECTOR_BYTES (4 * MIB)	/* makedumpfile's resident memory without its bitmaps */
#define BITMAP_MAX (64 * MIB)		/* from there on it works in cycles */
#define IMAGE_BYTES (10 * MIB)		/* unpacked, where no image could be planned yet */
#define LAYERS_BYTES (16 * MIB)		/* cryptsetup or lvm at work, and stripes of an array */
#define NETWORK_BYTES (12 * MIB)
#define SSH_BYTES (8 * MIB)
#define STEP (16 * MIB)
#define LEAST (128 * MIB)

/* Is the disk one that a hypervisor offers?  Then no adapter wants queues and firmware. */
static bool is_virtual(const struct image_plan *image)
{
	static const char *const prefixes[] = { "virtio_", "xen_", "hv_", "vmw_" };

	if (!image || !image->recipe)
		return false;
	for (size_t i = 0; i < image->recipe->n_modules; i++)
		for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++)
			if (strncmp(image->recipe->modules[i].name, prefixes[k], strlen(prefixes[k])) == 0)
				return true;
	return false;
}

/* Adapters' queues and buffers grow with the machine that they are sold for. */
static uint64_t device_bytes(const struct facts *f, const struct image_plan *image)
{
	if (is_virtual(image))
		return 8 * MIB;
	if (f->mem_total > 1024 * GIB)
		return 128 * MIB;
	return f->mem_total > 64 * GIB ? 64 * MIB : 48 * MIB;
}

/* Two bitmaps with one bit for each page of 4096 bytes. */
static uint64_t bitmap_bytes(const struct facts *f)
{
	uint64_t bytes = f->mem_total / 4096 / 8 * 2;

	return bytes > BITMAP_MAX ? BITMAP_MAX : bytes;
}

/* Packed it has about two fifths of the size: 2.5 of 7.6 MB, modules and programs together. */
static uint64_t image_bytes(const struct image_plan *image)
{
	uint64_t unpacked = image && image->unpacked ? image->unpacked : IMAGE_BYTES;

	return unpacked + unpacked * 2 / 5;
}

/* The programs that set up layers below a target work one after the other; dm and md keep buffers. */
static uint64_t layer_bytes(const struct image_plan *image)
{
	const struct recipe *r = image ? image->recipe : NULL;
	uint64_t most = 0;
	bool any = false;

	for (size_t i = 0; r && i < r->n_targets; i++)
		for (size_t k = 0; k < r->targets[i].n_layers; k++) {
			any = true;
			if (r->targets[i].layers[k].memory > most)
				most = r->targets[i].layers[k].memory;
		}
	return any ? LAYERS_BYTES + most : 0;
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

static void add_part(struct reserve_sum *sum, const char *name, uint64_t bytes, const char *why)
{
	sum->parts[sum->n_parts++] = (struct reserve_part){ .name = name, .bytes = bytes, .why = why };
	sum->need += bytes;
}

void reserve_compute(const struct facts *f, const struct image_plan *image, struct reserve_sum *ret)
{
	const char *release = image && image->recipe ? image->recipe->kernel : NULL;
	const struct kernel_fact *kernel = facts_kernel(f, release);
	struct reserve_sum sum = { 0 };

	if (kernel && kernel->init_size)
		add_part(&sum, "kernel", kernel->init_size, "what its image says it needs to start");
	else
		add_part(&sum, "kernel", KERNEL_BYTES,
			 "usual for a distribution's kernel; this one does not say");
	add_part(&sum, "running", RUNNING_BYTES, "what a kernel allocates until its init runs");
	add_part(&sum, "image", image_bytes(image), "packed and unpacked, both are there for a moment");
	add_part(&sum, "collector", COLLECTOR_BYTES + bitmap_bytes(f),
		 "makedumpfile, and two bits for each page of memory");
	add_part(&sum, "devices", device_bytes(f, image),
		 is_virtual(image) ? "drivers of a virtual machine" :
				     "drivers of real adapters, with their queues");
	if (layer_bytes(image))
		add_part(&sum, "layers", layer_bytes(image), "LVM, RAID, encryption with its key slot");
	if (network_bytes(image))
		add_part(&sum, "network", network_bytes(image), "its buffers, and the programs that speak to the target");
	add_part(&sum, "margin", sum.need / 10, "one tenth");
	sum.value = (sum.need + STEP - 1) / STEP * STEP;
	if (sum.value < LEAST)
		sum.value = LEAST;
	*ret = sum;
}

char *reserve_auto(const struct facts *f, const struct image_plan *image)
{
	char text[SIZE_TEXT_MAX];
	struct reserve_sum sum;

	reserve_compute(f, image, &sum);
	if (f->mem_total && sum.value > f->mem_total / 2)
		return NULL;
	return xstrdup(size_format(sum.value, text));
}
