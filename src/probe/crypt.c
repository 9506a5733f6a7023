/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crypt.h"

#include "luks.h"
#include "num.h"
#include "superblock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define HEX_LEN 32
#define MEMORY_NOTED (UINT64_C(64) << 20)	/* from here on a key slot's memory is worth a word */

/* "CRYPT-LUKS2-0123...cdef-name" tells the header's UUID without its dashes.  Caller frees; NULL: it does not. */
static char *uuid_of(const char *mapping)
{
	static const char *const prefixes[] = { "CRYPT-LUKS1-", "CRYPT-LUKS2-" };
	const char *hex = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(mapping, prefixes[i], strlen(prefixes[i])) == 0)
			hex = mapping + strlen(prefixes[i]);
	for (size_t i = 0; hex && i < HEX_LEN; i++)
		if (!isxdigit((unsigned char)hex[i]))
			return NULL;
	return hex ? xasprintf("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20) : NULL;
}

static int read_header(const struct root *root, const struct block_dev *b, struct luks *ret, struct err *e)
{
	auto_close int fd = root_openat(root, b->node, O_RDONLY | O_NONBLOCK, 0);
	auto_buf struct buf data = { 0 };
	size_t want = LUKS_HEADER_LEAST;

	if (fd < 0)
		return err_set(e, -fd == EPERM ? EACCES : -fd, "'%s': %s%s", b->node, strerror(-fd),
			       geteuid() ? "; run this as root" : "");
	while (data.len < want) {
		ssize_t n = pread(fd, buf_room(&data, want - data.len), want - data.len, (off_t)data.len);

		if (n <= 0)
			break;
		data.len += (size_t)n;
		if (data.len >= LUKS_HEADER_LEAST && luks_header_size(data.data, data.len))
			want = luks_header_size(data.data, data.len);
	}
	return luks_read(buf_text(&data), data.len, ret, e);
}

/* Modules of "aes-xts-plain64": cipher, mode and the hash of its ESSIV, and what is faster on this machine. */
static void add_cipher(const struct root *root, const char *spec, struct strv *aliases)
{
	static const struct {
		const char *part, *modules[4];
	} known[] = {
		{ "aes", { "aes_generic", "aesni_intel", "aes_ce_blk", "vaes" } },
		{ "xts", { "xts", "ecb" } }, { "cbc", { "cbc" } }, { "essiv", { "essiv" } },
		{ "sha256", { "sha256_generic", "sha256_ssse3" } }, { "adiantum", { "adiantum", "nhpoly1305" } },
		{ "serpent", { "serpent_generic" } }, { "twofish", { "twofish_generic" } },
		{ "camellia", { "camellia_generic" } }, { "chacha20", { "chacha_generic", "chacha20_x86_64" } },
		{ "xchacha12", { "chacha_generic", "chacha20_x86_64" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		for (size_t k = 0; strstr(spec, known[i].part) && k < 4 && known[i].modules[k]; k++) {
			auto_free char *loaded = xasprintf("/sys/module/%s", known[i].modules[k]);

			/* The first is the plain one; others only where this machine can run them. */
			if (k == 0 || strcmp(known[i].modules[k], "ecb") == 0 || root_exists(root, loaded))
				strv_add_once(aliases, known[i].modules[k]);
		}
}

static void note_memory(const char *name, const struct luks_slot *slot, struct strv *notes)
{
	char size[SIZE_TEXT_MAX];

	if (slot && slot->memory >= MEMORY_NOTED)
		strv_addf(notes,
			  "to open the encrypted device '%s' by its key slot %u takes %s in the capture (argon2); give the "
			  "key a slot without: cryptsetup luksAddKey --pbkdf pbkdf2, then cryptsetup config --priority "
			  "prefer --key-slot N",
			  name, slot->number, size_human(slot->memory, size));
}

static int use_header(const struct luks *l, const char *name, const char *uuid, struct err *e)
{
	if (strcasecmp(l->uuid, uuid) != 0)
		return err_set(e, ENOTSUP, "encrypted device '%s', whose header lies elsewhere", name);
	if (l->integrity)
		return err_set(e, ENOTSUP, "encrypted device '%s' with integrity", name);
	if (!l->n_slots)
		return err_set(e, ENOTSUP, "encrypted device '%s', whose header has no key slot in use", name);
	return 0;
}

int crypt_layer(const struct root *root, const struct block_dev *below, const char *uuid, const char *name,
		struct recipe_layer *ret, struct strv *drivers, struct strv *aliases, struct strv *notes,
		struct err *e)
{
	auto_free char *id = uuid_of(uuid);
	auto_luks struct luks l = { 0 };
	const struct luks_slot *slot;
	int r = 0;

	if (!id)
		return err_set(e, ENOTSUP, "encrypted device '%s', which has no LUKS header", name);
	if (root->host)
		r = read_header(root, below, &l, e);
	if (r == -EINVAL)
		return err_set(e, ENOTSUP, "encrypted device '%s', whose header lies elsewhere", name);
	if (r < 0)
		return err_wrap(e, "encrypted device '%s'", name);
	r = root->host ? use_header(&l, name, id, e) : 0;
	if (r < 0)
		return r;
	slot = luks_costliest(&l);
	for (size_t i = 0; i < l.ciphers.n; i++)
		add_cipher(root, l.ciphers.v[i], aliases);
	if (!root->host)
		add_cipher(root, "aes-xts-plain64", aliases);
	strv_add_once(drivers, "dm_mod");
	strv_add_once(drivers, "dm_crypt");
	note_memory(name, slot, notes);
	*ret = (struct recipe_layer){
		.kind = LAYER_LUKS, .name = xstrdup(name), .uuid = take_ptr(id), .memory = slot ? slot->memory : 0,
	};
	return 0;
}

/* Is the mapping in the folder DIR of sysfs that of the encrypted device UUID? */
static bool is_mapping_of(const struct root *root, const char *dir, const char *uuid)
{
	auto_free char *path = xasprintf("%s/dm/uuid", dir), *mapping = root_read_line(root, path);
	auto_free char *id = mapping ? uuid_of(mapping) : NULL;

	return id && strcasecmp(id, uuid) == 0;
}

int crypt_below(const struct root *root, const char *uuid, struct block_dev *ret, struct err *e)
{
	static const char top[] = "/sys/class/block";
	auto_strv struct strv names = { 0 };

	root_list(root, top, &names);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *dir = xasprintf("%s/%s", top, names.v[i]), *slaves = xasprintf("%s/slaves", dir);
		auto_strv struct strv below = { 0 };

		if (is_mapping_of(root, dir, uuid) && root_list(root, slaves, &below) == 0 && below.n == 1)
			return block_by_name(root, below.v[0], ret, e);
	}
	return err_set(e, ENODEV, "no mapping of the encrypted device with the UUID %s is open here", uuid);
}
