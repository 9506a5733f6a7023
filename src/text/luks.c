/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "luks.h"

#include "json.h"

#include <errno.h>
#include <string.h>

#define MAGIC "LUKS\xba\xbe"
#define MAGIC_LEN 6
#define UUID_AT 168
#define UUID_LEN 40

/* LUKS1 */
#define CIPHER_AT 8
#define MODE_AT 40
#define NAME_LEN 32
#define SLOTS_AT 208
#define SLOT_LEN 48
#define SLOTS_1 8
#define SLOT_ACTIVE 0x00ac71f3

/* LUKS2 */
#define SIZE_AT 8
#define JSON_AT 4096

void luks_done(struct luks *l)
{
	strv_done(&l->ciphers);
	*l = (struct luks){ 0 };
}

static uint64_t number(const char *at, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | (unsigned char)at[i];
	return v;
}

static unsigned version_of(const char *data, size_t len)
{
	return len >= LUKS_HEADER_LEAST && memcmp(data, MAGIC, MAGIC_LEN) == 0 ?
		       (unsigned)number(data + MAGIC_LEN, 2) : 0;
}

size_t luks_header_size(const char *data, size_t len)
{
	unsigned version = version_of(data, len);
	uint64_t size = version == 2 ? number(data + SIZE_AT, 8) : LUKS_HEADER_LEAST;

	return version && version <= 2 && size > JSON_AT && size <= LUKS_HEADER_MAX ? (size_t)size :
	       version == 1 ? LUKS_HEADER_LEAST : 0;
}

static void read_v1(const char *data, struct luks *l)
{
	strv_addf(&l->ciphers, "%.*s-%.*s", (int)strnlen(data + CIPHER_AT, NAME_LEN), data + CIPHER_AT,
		  (int)strnlen(data + MODE_AT, NAME_LEN), data + MODE_AT);
	for (unsigned i = 0; i < SLOTS_1; i++)
		if (number(data + SLOTS_AT + i * SLOT_LEN, 4) == SLOT_ACTIVE)
			l->slots[l->n_slots++] = (struct luks_slot){ .number = i };
}

static void read_slot(const struct json *slot, unsigned i, struct luks *l)
{
	const struct json *kdf = js_get(slot, "kdf");
	const char *type = js_get_text(kdf, "type"), *cipher = js_get_text(js_get(slot, "area"), "encryption");
	int64_t kib = js_get_int(kdf, "memory", 0), priority = js_get_int(slot, "priority", 1);
	bool argon2 = type && strncmp(type, "argon2", 6) == 0;

	if (cipher)
		strv_add_once(&l->ciphers, cipher);
	if (priority > 0)	/* 0: never tried unless it is asked for */
		l->slots[l->n_slots++] = (struct luks_slot){
			.number = i,
			.preferred = priority > 1,
			.argon2 = argon2,
			.memory = argon2 && kib > 0 && kib <= UINT32_MAX ? (uint64_t)kib * 1024 : 0,
		};
}

static int read_v2(const char *data, size_t len, struct luks *l, struct err *e)
{
	auto_json struct json *j = NULL;
	const struct json *segments, *slots;
	int r = js_parse(data + JSON_AT, strnlen(data + JSON_AT, len - JSON_AT), &j, e);

	if (r < 0)
		return err_wrap(e, "damaged LUKS2 header");
	segments = js_get(j, "segments");
	slots = js_get(j, "keyslots");
	for (unsigned i = 0; i < LUKS_SLOTS; i++) {
		char name[12];
		const struct json *part;
		const char *cipher;

		snprintf(name, sizeof(name), "%u", i);
		part = js_get(segments, name);
		cipher = js_get_text(part, "encryption");
		if (cipher)
			strv_add_once(&l->ciphers, cipher);
		l->integrity |= js_get(part, "integrity") != NULL;
		if (js_get(slots, name))
			read_slot(js_get(slots, name), i, l);
	}
	return 0;
}

int luks_read(const char *data, size_t len, struct luks *ret, struct err *e)
{
	AUTO(luks_done) struct luks l = { .version = version_of(data, len) };
	size_t size = luks_header_size(data, len);
	int r = 0;

	if (!size)
		return err_set(e, EINVAL, "this is no LUKS header");
	if (len < size)
		return err_set(e, EINVAL, "the LUKS header is cut off: %zu of %zu bytes", len, size);
	memcpy(l.uuid, data + UUID_AT, UUID_LEN);
	if (l.version == 1)
		read_v1(data, &l);
	else
		r = read_v2(data, size, &l, e);
	if (r < 0)
		return r;
	*ret = l;
	l = (struct luks){ 0 };
	return 0;
}

const struct luks_slot *luks_costliest(const struct luks *l)
{
	const struct luks_slot *most = NULL;

	for (size_t i = 0; i < l->n_slots; i++) {
		const struct luks_slot *s = &l->slots[i];

		if (!most || s->preferred > most->preferred ||
		    (s->preferred == most->preferred && s->memory > most->memory))
			most = s;
	}
	return most;
}
