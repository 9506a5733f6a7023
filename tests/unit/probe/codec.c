/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const char *const codecs[] = { "zstd", "xz", "gzip" };

/* Three megabytes that pack well, but are not all one byte. */
static void sample(struct buf *to)
{
	for (unsigned i = 0; to->len < 3u << 20; i++)
		buf_addf(to, "%u %x ", i, i * 2654435761u);
}

static void test_what_was_packed_unpacks(void **state)
{
	auto_buf struct buf plain = { 0 };

	(void)state;
	sample(&plain);
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		auto_buf struct buf packed = { 0 }, again = { 0 }, out = { 0 };

		assert_int_equal(codec_pack(codecs[i], plain.data, plain.len, &packed, NULL), 0);
		assert_true(packed.len < plain.len);
		assert_int_equal(codec_pack(codecs[i], plain.data, plain.len, &again, NULL), 0);
		assert_true(buf_equal(&packed, &again));
		assert_int_equal(codec_unpack(codecs[i], packed.data, packed.len, plain.len, &out, NULL), 0);
		assert_true(buf_equal(&plain, &out));
	}
}

static void test_nothing_packs_and_unpacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		auto_buf struct buf packed = { 0 }, out = { 0 };

		assert_int_equal(codec_pack(codecs[i], "", 0, &packed, NULL), 0);
		assert_true(packed.len > 0);
		assert_int_equal(codec_unpack(codecs[i], packed.data, packed.len, 0, &out, NULL), 0);
		assert_int_equal(out.len, 0);
	}
}

static void test_faults_are_told_and_nothing_is_given(void **state)
{
	auto_buf struct buf plain = { 0 };

	(void)state;
	sample(&plain);
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		auto_buf struct buf packed = { 0 }, out = { 0 };
		const char *codec = codecs[i], *rubbish = "not packed at all";
		const size_t most = plain.len;
		struct err e = { 0 };

		assert_int_equal(codec_pack(codec, plain.data, plain.len, &packed, NULL), 0);
		assert_int_equal(codec_unpack(codec, packed.data, packed.len, most - 1, &out, &e), -EFBIG);
		assert_int_equal(codec_unpack(codec, packed.data, packed.len / 2, most, &out, &e), -EINVAL);
		assert_int_equal(codec_unpack(codec, packed.data, 0, most, &out, &e), -EINVAL);
		assert_int_equal(codec_unpack(codec, rubbish, strlen(rubbish), most, &out, &e), -EINVAL);
		assert_null(out.data);
	}
	assert_int_equal(codec_unpack("lz77", "", 0, 0, &plain, NULL), -ENOTSUP);
}

/* lib/decompress_unxz.c knows no check but CRC32. */
static void test_xz_is_what_the_kernel_unpacks(void **state)
{
	auto_buf struct buf packed = { 0 };

	(void)state;
	assert_int_equal(codec_pack("xz", "abc", 3, &packed, NULL), 0);
	assert_memory_equal(packed.data, "\xfd" "7zXZ\0\0\1", 8);
}

/* The frame's header tells the window that the kernel must set aside (RFC 8878, 3.1.1.1): 128 KiB. */
static void test_zstd_wants_a_small_window(void **state)
{
	auto_buf struct buf plain = { 0 }, packed = { 0 };

	(void)state;
	sample(&plain);
	assert_int_equal(codec_pack("zstd", plain.data, plain.len, &packed, NULL), 0);
	assert_memory_equal(packed.data, "\x28\xb5\x2f\xfd", 4);
	assert_int_equal(packed.data[4] & 0x20, 0);		/* not a single segment */
	assert_int_equal(packed.data[5], (17 - 10) << 3);
}

/* The same bytes as gzip -n, on every system. */
static void test_gzip_tells_nothing_of_this_machine(void **state)
{
	auto_buf struct buf packed = { 0 };

	(void)state;
	assert_int_equal(codec_pack("gzip", "abc", 3, &packed, NULL), 0);
	assert_memory_equal(packed.data, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
}

static void test_a_name_tells_its_codec(void **state)
{
	static const struct { const char *path, *codec; } rows[] = {
		{ "a/ext4.ko", NULL }, { "a/ext4.ko.xz", "xz" }, { "ext4.ko.zst", "zstd" },
		{ "ext4.ko.gz", "gzip" }, { ".xz", NULL }, { "", NULL }, { "xz", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *codec = codec_of(rows[i].path);

		assert_string_equal(codec ? codec : "none", rows[i].codec ? rows[i].codec : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_packed_unpacks),
		cmocka_unit_test(test_nothing_packs_and_unpacks),
		cmocka_unit_test(test_faults_are_told_and_nothing_is_given),
		cmocka_unit_test(test_xz_is_what_the_kernel_unpacks),
		cmocka_unit_test(test_zstd_wants_a_small_window),
		cmocka_unit_test(test_gzip_tells_nothing_of_this_machine),
		cmocka_unit_test(test_a_name_tells_its_codec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
