/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static char release[] = "6.1.0-50-amd64", virtio[] = "virtio_blk", sas[] = "mpt3sas", mlx5[] = "mlx5_core";
static char x86[] = "x86_64";

static void auto_fits_the_machine(void **state)
{
	static const struct {
		uint64_t memory;
		uint64_t init_size;
		char *driver;
		uint64_t unpacked;
		const char *value;	/* NULL: refused */
	} rows[] = {
		{ 1 * GIB, 64 * MIB, virtio, 8 * MIB, "120M" },
		{ 512 * MIB, 64 * MIB, virtio, 8 * MIB, "120M" },
		{ 239 * MIB, 64 * MIB, virtio, 8 * MIB, NULL },
		{ 1 * GIB, 30 * MIB, virtio, 2 * MIB, "96M" },
		{ 32 * GIB, 64 * MIB, virtio, 8 * MIB, "120M" },
		{ 32 * GIB, 64 * MIB, virtio, 40 * MIB, "176M" },
		{ 32 * GIB, 64 * MIB, sas, 9 * MIB, "168M" },
		{ 64 * GIB, 64 * MIB, sas, 9 * MIB, "176M" },
		{ 1024 * GIB, 64 * MIB, sas, 9 * MIB, "256M" },
		{ 12288 * GIB, 64 * MIB, sas, 9 * MIB, "328M" },
		{ 64 * GIB, 96 * MIB, sas, 9 * MIB, "208M" },
		{ 64 * GIB, 64 * MIB, mlx5, 9 * MIB, "560M,high" },
		{ 64 * GIB, 0, NULL, 0, "176M" },
		{ 0, 0, NULL, 0, "168M" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kernel_fact kernel = { .release = release, .init_size = rows[i].init_size };
		struct facts f = { .kernels = &kernel, .n_kernels = 1, .mem_total = rows[i].memory,
				   .machine = x86 };
		struct recipe_module module = { .name = rows[i].driver, .wanted = 1 };
		struct recipe recipe = { .kernel = release, .modules = &module, .n_modules = 1 };
		struct image_plan image = { .recipe = &recipe, .unpacked = rows[i].unpacked };
		auto_free char *value = reserve_auto(&f, rows[i].driver ? &image : NULL, NULL);

		if (strcmp(rows[i].value ? rows[i].value : "none", value ? value : "none") != 0)
			fail_msg("row %zu: %s", i, value ? value : "none");
	}
}

static void the_parts_are_the_sum_and_the_value_covers_it(void **state)
{
	(void)state;
	for (uint64_t memory = 0; memory < 4096 * GIB; memory = memory * 2 + GIB) {
		struct facts f = { .mem_total = memory };
		struct reserve_sum sum;
		uint64_t total = 0;

		reserve_compute(&f, NULL, NULL, &sum);
		for (size_t i = 0; i < sum.n_parts; i++)
			total += (uint64_t)sum.parts[i].bytes;
		assert_int_equal(total, sum.need);
		assert_true(sum.value >= sum.need && sum.value >= 96 * MIB && sum.value % (8 * MIB) == 0);
	}
}

/* A virtual machine with Debian 12's kernel; what its parts are is not the question. */
static void compute(const struct reserve_history *h, const struct recipe_target *t, unsigned threads, bool network,
		    struct reserve_sum *ret)
{
	struct kernel_fact kernel = { .release = release, .init_size = 64 * MIB };
	struct facts f = { .kernels = &kernel, .n_kernels = 1, .mem_total = 4 * GIB };
	struct recipe_module module = { .name = virtio, .wanted = 1 };
	struct recipe_target target = t ? *t : (struct recipe_target){ 0 };
	struct recipe_net net = { 0 };
	struct recipe recipe = { .kernel = release, .modules = &module, .n_modules = 1, .targets = &target, .n_targets = 1,
				 .threads = threads, .nets = &net, .n_nets = network };
	struct image_plan image = { .recipe = &recipe, .unpacked = 8 * MIB };

	reserve_compute(&f, &image, h, ret);
}

static void every_burden_of_a_target_counts(void **state)
{
	static char ext4[] = "ext4", xfs[] = "xfs", btrfs[] = "btrfs";
	struct recipe_layer lvm = { .kind = LAYER_LVM }, luks = { .kind = LAYER_LUKS, .memory = 1 * GIB };
	const struct {
		struct recipe_target target;
		unsigned threads;
		bool network;
		const char *part;
		int64_t bytes;		/* of it */
	} rows[] = {
		{ { .fstype = ext4 }, 1, false, "file system", 0 },
		{ { .fstype = xfs }, 1, false, "file system", 2 * MIB },
		{ { .fstype = btrfs }, 1, false, "file system", 3 * MIB },
		{ { .fstype = ext4, .layers = &lvm, .n_layers = 1 }, 1, false, "layers", 16 * MIB },
		{ { .fstype = ext4, .layers = &lvm, .n_layers = 1 }, 1, false, "key slot", 0 },
		{ { .fstype = ext4, .layers = &luks, .n_layers = 1 }, 1, false, "key slot", 1 * GIB },
		{ { .kind = TARGET_NFS }, 1, true, "network", 12 * MIB },
		{ { .kind = TARGET_SSH }, 1, true, "network", 20 * MIB },
		{ { .fstype = ext4 }, 1, false, "threads", 0 },
		{ { .fstype = ext4 }, 4, false, "threads", 12 * MIB },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reserve_sum sum;
		int64_t bytes = 0;

		compute(NULL, &rows[i].target, rows[i].threads, rows[i].network, &sum);
		for (size_t k = 0; k < sum.n_parts; k++)
			if (strcmp(sum.parts[k].name, rows[i].part) == 0)
				bytes = sum.parts[k].bytes;
		if (bytes != rows[i].bytes)
			fail_msg("row %zu: %s has %lld bytes", i, rows[i].part, (long long)bytes);
	}
}

static void one_capture_asks_for_more_and_three_for_less(void **state)
{
	static struct reserve_seen few[] = { { 192 * MIB, 120 * MIB, true } };
	static struct reserve_seen many[] = {
		{ 192 * MIB, 110 * MIB, true }, { 192 * MIB, 120 * MIB, true }, { 192 * MIB, 118 * MIB, true },
	};
	static struct reserve_seen cut[] = {
		{ 192 * MIB, 110 * MIB, true }, { 192 * MIB, 120 * MIB, false }, { 192 * MIB, 118 * MIB, true },
	};
	static struct reserve_seen tight[] = { { 120 * MIB, 1 * MIB, false } };
	static struct reserve_seen tiny[] = {
		{ 192 * MIB, 180 * MIB, true }, { 192 * MIB, 180 * MIB, true }, { 192 * MIB, 180 * MIB, true },
	};
	static const struct {
		struct reserve_history history;
		int change;		/* of the value */
	} rows[] = {
		{ { NULL, 0 }, 0 }, { { few, 1 }, 0 }, { { cut, 3 }, 0 },
		{ { many, 3 }, -1 }, { { tight, 1 }, 1 }, { { tiny, 3 }, -1 },
	};
	struct reserve_sum plain, sum;

	(void)state;
	compute(NULL, NULL, 1, false, &plain);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t total = 0;
		int change;

		compute(&rows[i].history, NULL, 1, false, &sum);
		change = sum.value > plain.value ? 1 : sum.value < plain.value ? -1 : 0;
		if (change != rows[i].change)
			fail_msg("row %zu: %llu MB, %llu without", i, (unsigned long long)(sum.value / MIB),
				 (unsigned long long)(plain.value / MIB));
		for (size_t k = 0; k < sum.n_parts; k++)
			total += (uint64_t)sum.parts[k].bytes;
		assert_int_equal(total, sum.need);
		/* Nothing that was learned takes away what a kernel needs until its init runs. */
		assert_true(sum.need >= sum.kernel + 8 * MIB);
	}
}

static void a_reservation_that_is_enough_is_kept(void **state)
{
	static const struct {
		const char *current;
		bool keeps;
	} rows[] = {
		{ "120M", true }, { "128M", true }, { "184M", true }, { "192M", false }, { "112M", false }, { "184M,high", true },
		{ "1G-:160M", true }, { "8G-:160M", false }, { "128M@16M", false }, { "banana", false }, { "", false },
	};
	struct reserve_sum sum = { .need = 118 * MIB, .value = 120 * MIB };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (reserve_keeps(&sum, rows[i].current, 4 * GIB) != rows[i].keeps)
			fail_msg("row %zu: '%s'", i, rows[i].current);
	/* Memory that nobody knows, below a foreign root. */
	assert_true(reserve_keeps(&sum, "128M", 0));
	assert_false(reserve_keeps(&sum, "248M", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_fits_the_machine),
		cmocka_unit_test(the_parts_are_the_sum_and_the_value_covers_it),
		cmocka_unit_test(every_burden_of_a_target_counts),
		cmocka_unit_test(one_capture_asks_for_more_and_three_for_less),
		cmocka_unit_test(a_reservation_that_is_enough_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
