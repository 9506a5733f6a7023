/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static char release[] = "6.1.0-50-amd64", virtio[] = "virtio_blk", sas[] = "mpt3sas";

static void auto_fits_the_machine(void **state)
{
	static const struct {
		uint64_t memory;
		uint64_t init_size;
		char *driver;
		uint64_t unpacked;
		const char *value;	/* NULL: refused */
	} rows[] = {
		{ 1 * GIB, 64 * MIB, virtio, 8 * MIB, "128M" },
		{ 512 * MIB, 64 * MIB, virtio, 8 * MIB, "128M" },
		{ 255 * MIB, 64 * MIB, virtio, 8 * MIB, NULL },
		{ 32 * GIB, 64 * MIB, virtio, 8 * MIB, "128M" },
		{ 32 * GIB, 64 * MIB, virtio, 40 * MIB, "176M" },
		{ 32 * GIB, 64 * MIB, sas, 9 * MIB, "176M" },
		{ 64 * GIB, 64 * MIB, sas, 9 * MIB, "176M" },
		{ 1024 * GIB, 64 * MIB, sas, 9 * MIB, "256M" },
		{ 12288 * GIB, 64 * MIB, sas, 9 * MIB, "336M" },
		{ 64 * GIB, 96 * MIB, sas, 9 * MIB, "208M" },
		{ 64 * GIB, 0, NULL, 0, "176M" },
		{ 0, 0, NULL, 0, "176M" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kernel_fact kernel = { .release = release, .init_size = rows[i].init_size };
		struct facts f = { .kernels = &kernel, .n_kernels = 1, .mem_total = rows[i].memory };
		struct recipe_module module = { .name = rows[i].driver, .wanted = 1 };
		struct recipe recipe = { .kernel = release, .modules = &module, .n_modules = 1 };
		struct image_plan image = { .recipe = &recipe, .unpacked = rows[i].unpacked };
		auto_free char *value = reserve_auto(&f, rows[i].driver ? &image : NULL);

		if (rows[i].value)
			assert_string_equal(value, rows[i].value);
		else
			assert_null(value);
	}
}

static void the_parts_are_the_sum_and_the_value_covers_it(void **state)
{
	(void)state;
	for (uint64_t memory = 0; memory < 4096 * GIB; memory = memory * 2 + GIB) {
		struct facts f = { .mem_total = memory };
		struct reserve_sum sum;
		uint64_t total = 0;

		reserve_compute(&f, NULL, &sum);
		for (size_t i = 0; i < sum.n_parts; i++)
			total += sum.parts[i].bytes;
		assert_int_equal(total, sum.need);
		assert_true(sum.value >= sum.need && sum.value >= 128 * MIB && sum.value % (16 * MIB) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_fits_the_machine),
		cmocka_unit_test(the_parts_are_the_sum_and_the_value_covers_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
