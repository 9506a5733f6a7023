/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "luks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEADER 16384

/* A LUKS2 header of HEADER bytes around JSON. */
static void put_v2(char *data, const char *json)
{
	memset(data, 0, HEADER);
	memcpy(data, "LUKS\xba\xbe\0\2\0\0\0\0\0\0\x40\0", 16);
	strcpy(data + 168, "11111111-2222-3333-4444-555555555555");
	strcpy(data + 4096, json);
}

static void a_header_of_the_first_kind_tells_cipher_and_slots(void **state)
{
	auto_luks struct luks l = { 0 };
	char data[592] = "LUKS\xba\xbe\0\1";

	(void)state;
	strcpy(data + 8, "aes");
	strcpy(data + 40, "cbc-essiv:sha256");
	strcpy(data + 168, "11111111-2222-3333-4444-555555555555");
	memcpy(data + 208 + 48, "\x00\xac\x71\xf3", 4);
	assert_int_equal(luks_header_size(data, sizeof(data)), 592);
	assert_int_equal(luks_read(data, sizeof(data), &l, NULL), 0);
	assert_int_equal(l.version, 1);
	assert_string_equal(l.uuid, "11111111-2222-3333-4444-555555555555");
	assert_string_equal(l.ciphers.v[0], "aes-cbc-essiv:sha256");
	assert_int_equal(l.n_slots, 1);
	assert_int_equal(luks_costliest(&l)->number, 1);
	assert_int_equal(luks_costliest(&l)->memory, 0);
}

static void the_slot_that_is_tried_first_tells_the_memory(void **state)
{
	static const struct {
		const char *slots;
		int number;
		uint64_t memory;
	} rows[] = {
		{ "\"0\":{\"kdf\":{\"type\":\"argon2id\",\"memory\":1048576}}", 0, 1ULL << 30 },
		{ "\"0\":{\"kdf\":{\"type\":\"argon2id\",\"memory\":64}},\"7\":{\"kdf\":{\"type\":\"argon2i\",\"memory\":65}}",
		  7, 65 << 10 },
		{ "\"0\":{\"kdf\":{\"type\":\"argon2id\",\"memory\":1048576}},\"1\":{\"priority\":2,\"kdf\":{\"type\":\"pbkdf2\"}}",
		  1, 0 },
		{ "\"0\":{\"priority\":0,\"kdf\":{\"type\":\"argon2id\",\"memory\":1048576}}", -1, 0 },
		{ "\"0\":{\"kdf\":{\"type\":\"argon2id\",\"memory\":-1}}", 0, 0 },
		{ "\"0\":{\"kdf\":{\"type\":\"argon2id\",\"memory\":9000000000}}", 0, 0 },
		{ "\"0\":7,\"x\":{}", 0, 0 },
		{ "", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_luks struct luks l = { 0 };
		const struct luks_slot *slot;
		char data[HEADER], json[1024];

		snprintf(json, sizeof(json), "{\"keyslots\":{%s}, \"segments\":{\"0\":{\"encryption\":\"aes-xts-plain64\"}}}",
			 rows[i].slots);
		put_v2(data, json);
		assert_int_equal(luks_read(data, sizeof(data), &l, NULL), 0);
		assert_string_equal(l.ciphers.v[0], "aes-xts-plain64");
		assert_false(l.integrity);
		slot = luks_costliest(&l);
		assert_int_equal(slot ? (int)slot->number : -1, rows[i].number);
		assert_true(!slot || slot->memory == rows[i].memory);
	}
}

static void what_is_no_header_is_told(void **state)
{
	auto_luks struct luks l = { 0 };
	char data[HEADER];
	struct err e = { 0 };

	(void)state;
	put_v2(data, "{\"segments\":{\"0\":{\"integrity\":{}}}}");
	assert_int_equal(luks_read(data, sizeof(data), &l, NULL), 0);
	assert_true(l.integrity);
	luks_done(&l);
	assert_int_equal(luks_read(data, sizeof(data) - 1, &l, &e), -EINVAL);
	assert_non_null(strstr(e.text, "cut off: 16383 of 16384"));
	put_v2(data, "{\"segments\":");
	assert_int_equal(luks_read(data, sizeof(data), &l, &e), -EINVAL);
	assert_non_null(strstr(e.text, "damaged LUKS2 header"));
	data[7] = 3;
	assert_int_equal(luks_header_size(data, sizeof(data)), 0);
	assert_int_equal(luks_read(data, sizeof(data), &l, &e), -EINVAL);
	assert_int_equal(luks_read("", 0, &l, &e), -EINVAL);
	data[7] = 2;
	data[8] = 1;		/* a header of 72 petabytes */
	assert_int_equal(luks_header_size(data, sizeof(data)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_of_the_first_kind_tells_cipher_and_slots),
		cmocka_unit_test(the_slot_that_is_tried_first_tells_the_memory),
		cmocka_unit_test(what_is_no_header_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
