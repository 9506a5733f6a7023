/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layers.h"

#include "layerparts.h"
#include "proc.h"
#include "run.h"
#include "say.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_MS 60000	/* for one run of mdadm, lvm or cryptsetup */
#define CRYPT_REJECTED 2	/* exit code of cryptsetup(8): "no permission (bad passphrase)" */
#define LVM_UUID_LEN 68		/* "LVM-" and two ids; longer ones are those of parts */

void layer_attr(const char *device, const char *name, char text[static ATTR_MAX])
{
	auto_free char *path = xasprintf("/sys/class/block/%s/%s", device, name);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, ATTR_MAX - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

bool layers_is_part(const char *name)
{
	static const char *const parts[] = { "_rimage_", "_rmeta_", "_mimage_", "_corig", "_cdata", "_cmeta",
					     "_tdata", "_tmeta", "_wcorig", "_iorig" };
	char uuid[ATTR_MAX], mapping[ATTR_MAX];

	if (strncmp(name, "dm-", 3) != 0)
		return false;
	layer_attr(name, "dm/uuid", uuid);
	layer_attr(name, "dm/name", mapping);
	if (strncmp(uuid, "LVM-", 4) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strstr(mapping, parts[i]))
			return true;
	return strlen(uuid) > LVM_UUID_LEN;
}

static bool is_layer(const char *name, const struct recipe_layer *l)
{
	char text[ATTR_MAX];

	if (l->kind == LAYER_MD) {
		/* An array, or a partition of one. */
		layer_attr(name, "md/level", text);
		if (!text[0])
			layer_attr(name, "../md/level", text);
		return text[0] != '\0';
	}
	layer_attr(name, "dm/uuid", text);
	return l->kind == LAYER_LVM ? strncmp(text, l->uuid, strlen(l->uuid)) == 0 : strncmp(text, "CRYPT-LUKS", 10) == 0;
}

bool layers_bear(const struct recipe_target *t, const char *name)
{
	for (size_t i = 0; i < t->n_layers; i++)
		if (is_layer(name, &t->layers[i]))
			return true;
	return t->n_layers == 0;
}

/* Is there a mapping whose uuid begins with TEXT? */
static bool is_mapped(const char *text)
{
	auto_closedir DIR *dir = opendir("/sys/class/block");
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		char uuid[ATTR_MAX], suspended[ATTR_MAX];

		if (strncmp(de->d_name, "dm-", 3) != 0)
			continue;
		layer_attr(de->d_name, "dm/uuid", uuid);
		layer_attr(de->d_name, "dm/suspended", suspended);
		if (strncmp(uuid, text, strlen(text)) == 0 && strcmp(suspended, "1") != 0)
			return true;
	}
	return false;
}

int layer_run(struct capture *c, const char *const *argv, struct err *e)
{
	struct run r = { .argv = argv, .folder = -1, .out_fd = -1, .deadline_ms = PROGRAM_MS };
	int err = run_check(&r, e);

	page_beat(c->page);
	return err;
}

/* --- LVM ------------------------------------------------------------------------------------------------ */

/*
 * One device for each physical volume: of several paths to it any will do.  Some are better than none: a mirrored
 * volume lives without the others, and whether this one does is LVM's to say.
 */
static int wait_for_volumes(struct capture *c, const struct recipe_layer *l, long long ms, struct strv *ret,
			    struct err *e)
{
	long long end = now_ms() + ms;

	for (;;) {
		const char *missing = NULL;
		long long left = end - now_ms();

		strv_done(ret);
		for (size_t i = 0; i < l->members.n; i++) {
			auto_strv struct strv found = { 0 };

			devices_bearing(&c->devices, "LVM2_member", l->members.v[i], &found);
			if (found.n)
				strv_add(ret, found.v[0]);
			else
				missing = l->members.v[i];
		}
		if (!missing)
			return 0;
		if (left > 0 && devices_more(&c->devices, left))
			continue;
		err_set(e, ENODEV, "%zu of %zu physical volumes of %s came within %lld s; %s is missing", ret->n,
			l->members.n, l->name, ms / 1000, missing);
		return ret->n ? 0 : -ENODEV;
	}
}

/*
 * lvm.conf(5): no udev, no daemons, no files of its own but its locks in memory; it may look at the physical volumes
 * that are needed and at nothing else.  thin_check and its like are not in the image: the kernel checks what it reads.
 * OWNER: the host that the group belongs to (lvmsystemid(7)), "" none.
 */
static char *lvm_config(const struct strv *volumes, const char *owner)
{
	struct buf out = { 0 };

	if (*owner)
		buf_addf(&out, "global/system_id_source=\"lvmlocal\" local/system_id=\"%s\" ", owner);

	buf_adds(&out, "global { use_lvmpolld=0 use_lvmlockd=0 thin_check_executable=\"\" cache_check_executable=\"\" "
		       "umask=63 } activation { activation_mode=\"degraded\" udev_sync=0 udev_rules=0 monitoring=0 reserved_stack=64 "
		       "reserved_memory=1024 } backup { backup=0 archive=0 } "
		       "devices { dir=\"/dev\" scan=[\"/dev\"] use_devicesfile=0 obtain_device_list_from_udev=0 "
		       "external_device_info_source=\"none\" hints=\"none\" scan_lvs=0 multipath_component_detection=0 "
		       "md_component_detection=0 global_filter=[");
	for (size_t i = 0; i < volumes->n; i++)
		buf_addf(&out, "\"a|^%s$|\",", volumes->v[i]);
	buf_adds(&out, "\"r|.*|\"] }");
	return buf_take(&out);
}

static void keep_output(void *ctx, int stream, const char *data, size_t len)
{
	struct buf *out = ctx;

	if (stream == STDOUT_FILENO && out->len + len <= ATTR_MAX)
		buf_add(out, data, len);
}

/* The host that the group of L belongs to, as its volumes tell it; "" none.  Caller frees. */
static char *find_owner(const struct recipe_layer *l, const char *config)
{
	auto_free char *group = xstrndup(l->name, strcspn(l->name, "/"));
	const char *const argv[] = { "lvm", "vgs", "-q", "--foreign", "--noheadings", "-o", "systemid", "--config",
				     config, group, NULL };
	auto_buf struct buf out = { 0 };
	struct run r = { .argv = argv, .folder = -1, .out_fd = -1, .deadline_ms = PROGRAM_MS, .heard = keep_output,
			 .ctx = &out };
	const char *text;

	if (run_check(&r, NULL) < 0)
		return xstrdup("");
	text = buf_text(&out) + strspn(buf_text(&out), " \t\n");
	/* The characters that LVM allows there; none of them means anything to its settings. */
	return xstrndup(text, strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:"));
}

static int activate(struct capture *c, const struct recipe_layer *l, const char *config, struct err *e)
{
	return layer_run(c, (const char *const[]){ "lvm", "lvchange", "-q", "-ay", "--ignoreactivationskip", "--config",
						   config, l->name, NULL }, e);
}

static int open_volume(struct capture *c, const struct recipe_layer *l, long long ms, struct err *e)
{
	auto_strv struct strv volumes = { 0 };
	auto_free char *config = NULL;
	struct err missing = { 0 };
	int r = wait_for_volumes(c, l, ms, &volumes, &missing);

	if (r < 0)
		return err_set(e, missing.code, "%s", missing.text);
	config = lvm_config(&volumes, "");
	r = activate(c, l, config, e);
	if (r < 0) {
		auto_free char *owner = find_owner(l, config);

		free(config);
		config = lvm_config(&volumes, owner);
		r = *owner ? activate(c, l, config, e) : r;
	}
	if (r < 0 && missing.code)
		return err_set(e, ENODEV, "%s", missing.text);
	if (r < 0)
		return err_wrap(e, "volume %s", l->name);
	if (missing.code)
		page_remark(c->page, "volume %s is up, but %s", l->name, missing.text);
	if (!is_mapped(l->uuid))
		return err_set(e, EMEDIUMTYPE,
			       "volume %s is not the one that the recipe knows: build the image again", l->name);
	say(CONSOLE_DEVICE, "volume %s is up on %zu physical volume%s", l->name, volumes.n, volumes.n == 1 ? "" : "s");
	return 0;
}

/* --- LUKS ----------------------------------------------------------------------------------------------- */

/* "CRYPT-LUKS2-" and the UUID without its dashes, as cryptsetup names the mapping. */
static bool is_unlocked(const struct recipe_layer *l)
{
	static const char *const kinds[] = { "CRYPT-LUKS1-", "CRYPT-LUKS2-" };
	auto_buf struct buf hex = { 0 };

	for (const char *c = l->uuid; *c; c++)
		if (*c != '-')
			buf_addc(&hex, *c);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		auto_free char *prefix = xasprintf("%s%s-", kinds[i], buf_text(&hex));

		if (is_mapped(prefix))
			return true;
	}
	return false;
}

/* Any path to the device will do. */
static int wait_for_locked(struct capture *c, const struct recipe_layer *l, long long ms, struct strv *ret,
			   struct err *e)
{
	long long end = now_ms() + ms, left;

	do {
		devices_bearing(&c->devices, "crypto_LUKS", l->uuid, ret);
		if (ret->n)
			return 0;
		left = end - now_ms();
	} while (left > 0 && devices_more(&c->devices, left));
	return err_set(e, ENODEV, "the encrypted device of '%s' (%s) did not come within %lld s", l->name, l->uuid,
		       ms / 1000);
}

/* What the key's derivation will find: argon2 without its memory fails after a while, or is killed. */
static void explain_memory(const struct capture *c, const struct recipe_layer *l, struct err *e)
{
	page_sample_memory(c->page);
	if (l->memory > c->page->mem_low)
		err_wrap(e, "the key slot takes %llu MB of which %llu MB were free (a pbkdf2 slot takes none)",
			 (unsigned long long)l->memory >> 20, (unsigned long long)c->page->mem_low >> 20);
}

/*
 * Have DEVICE opened as NAME, NULL: the key is tried and no more.  The key stays in this kernel: no keyring, no lock
 * files, and no work queues that a lone CPU gains nothing by.
 */
static int run_cryptsetup(struct capture *c, const struct recipe_layer *l, const char *device, const char *name,
			  struct err *e)
{
	struct run r = {
		.argv = (const char *const[]){ "cryptsetup", "open", "--type", "luks", "--key-file", LUKS_KEY_PATH,
					       "--batch-mode", "--disable-locks", "--disable-keyring", device,
					       name ? name : "--test-passphrase", NULL },
		.folder = -1, .out_fd = -1, .deadline_ms = PROGRAM_MS,
	};
	int err = run_check(&r, e);

	page_beat(c->page);
	if (err < 0)
		explain_memory(c, l, e);
	return err < 0 && !r.timed_out && r.status == CRYPT_REJECTED ? -EKEYREJECTED : err;
}

int layer_unlocks(struct capture *c, const struct recipe_layer *l, const char *device, struct err *e)
{
	return run_cryptsetup(c, l, device, NULL, e);
}

static int open_locked(struct capture *c, const struct recipe_layer *l, long long ms, struct err *e)
{
	auto_strv struct strv devices = { 0 };
	int r;

	if (access(LUKS_KEY_PATH, R_OK) < 0)
		return err_set(e, ENOKEY, "the key of the encrypted device '%s' was not handed over: 'crashcfg load' "
					  "does, from the file that LUKS_KEY_FILE names", l->name);
	r = wait_for_locked(c, l, ms, &devices, e);
	if (r < 0)
		return r;
	r = run_cryptsetup(c, l, devices.v[0], l->name, e);
	if (r < 0)
		return err_wrap(e, "encrypted device '%s'", l->name);
	say(CONSOLE_DEVICE, "%s is unlocked", l->name);
	return 0;
}

/* --- each in its turn ------------------------------------------------------------------------------------ */

static int open_layer(struct capture *c, const struct recipe_layer *l, long long ms, struct err *e)
{
	switch (l->kind) {
	case LAYER_MD:
		return array_open(c, l, ms, e);
	case LAYER_LVM:
		return is_mapped(l->uuid) ? 0 : open_volume(c, l, ms, e);
	case LAYER_LUKS:
		return is_unlocked(l) ? 0 : open_locked(c, l, ms, e);
	}
	return err_set(e, ENOTSUP, "a layer of kind '%s' is not known to this capture-init", layer_kind_name(l->kind));
}

int layers_open(struct capture *c, const struct recipe_target *t, long long ms, struct err *e)
{
	for (size_t i = 0; i < t->n_layers; i++) {
		int r = open_layer(c, &t->layers[i], ms, e);

		if (r < 0)
			return r;
	}
	return 0;
}
