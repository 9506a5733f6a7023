/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "faults.h"
#include "image.h"

#include "dumpsize.h"
#include "num.h"
#include "probe.h"

#include <errno.h>
#include <string.h>

/* What the settings demand of this host's storage and of its kernel's modules. */

/* The largest file that vfat holds: a size of 32 bits. */
#define VFAT_FILE_MAX UINT32_MAX
/* What the capture takes beside a key slot's memory: its kernel, the image, dm-crypt. */
#define CAPTURE_LEAST (UINT64_C(96) << 20)
/* There where the kernel can hand keys of encrypted devices over (CRASH_DM_CRYPT, Linux 6.16). */
#define CRASH_KEYS "/sys/kernel/config/crash_dm_crypt_keys"

uint64_t faults_dump_bytes(const struct root *root, const struct settings *s)
{
	auto_buf struct buf meminfo = { 0 };

	return root_read_proc(root, "/proc/meminfo", &meminfo, NULL) == 0 ?
		       dump_estimate(buf_text(&meminfo), s->dump_level, s->compress != COMPRESS_NONE) : 0;
}

static void check_raw_size(const struct root *root, const struct settings *s, const struct storage *found,
			   struct fault_list *faults)
{
	uint64_t want = faults_dump_bytes(root, s), have = found->target.size;
	char have_text[SIZE_TEXT_MAX], want_text[SIZE_TEXT_MAX];

	if (have && want > have)
		settings_fault(s, SET_DUMP_TARGETS, FAULT_WARNING, faults,
			       "'%s' has %s, and a dump now would have about %s (name a larger device, "
			       "or a second target for when it does not fit)",
			       found->target.url, size_human(have, have_text), size_human(want, want_text));
}

static void check_raw(const struct root *root, const struct settings *s, const struct storage *found,
		      struct fault_list *faults)
{
	if (found->bears && !s->raw_force)
		settings_fault(s, SET_DUMP_TARGETS, FAULT_ERROR, faults,
			       "'%s' bears '%s', which a dump would destroy (name another device, or set "
			       "DUMP_RAW_FORCE to yes)", found->target.device, found->bears);
	else
		check_raw_size(root, s, found, faults);
}

/* What else this kernel knows, for whoever looks for another way than a key in a file. */
static const char *crash_keys(const struct root *root)
{
	return root_exists(root, CRASH_KEYS) ?
		       "; this kernel could hand the capture the key of the volume itself, to be had without a key slot "
		       "(CRASH_DM_CRYPT), but crashcfg does not make use of that yet" : "";
}

/* A key is handed over only where the settings name it, and then it is told. */
static void check_key(const struct root *root, const struct settings *s, const struct storage *found,
		      const struct recipe_layer *l, struct strv *notes, struct fault_list *faults)
{
	auto_free char *told = NULL;

	if (!s->luks_key_file) {
		settings_fault(s, SET_DUMP_TARGETS, FAULT_ERROR, faults,
			       "'%s' lies on the encrypted device '%s', and the capture opens it only with a key that "
			       "is named for it (write LUKS_KEY_FILE)%s", found->target.url, l->name, crash_keys(root));
		return;
	}
	told = xasprintf("the key in '%s' (LUKS_KEY_FILE) is appended to the image in memory whenever it is loaded, and "
			 "stored in no image: by it the capture opens '%s' (UUID %s)", s->luks_key_file, l->name, l->uuid);
	if (notes)
		strv_add_once(notes, told);
}

static void check_layers(const struct root *root, const struct settings *s, const struct facts *facts,
			 const struct storage *found, struct strv *notes, struct fault_list *faults)
{
	char takes[SIZE_TEXT_MAX], has[SIZE_TEXT_MAX];

	for (size_t i = 0; i < found->target.n_layers; i++) {
		const struct recipe_layer *l = &found->target.layers[i];

		if (l->kind == LAYER_LUKS)
			check_key(root, s, found, l, notes, faults);
		if (facts->crash_size > 0 && l->memory && l->memory + CAPTURE_LEAST > (uint64_t)facts->crash_size)
			settings_fault(s, SET_CRASHKERNEL, FAULT_WARNING, faults,
				       "'%s': the key slot of the encrypted device '%s' takes %s, more than the capture "
				       "has of the %s that are reserved now (a key slot of pbkdf2 takes none)%s",
				       found->target.url, l->name, size_human(l->memory, takes),
				       size_human((uint64_t)facts->crash_size, has), crash_keys(root));
	}
	for (size_t i = 0; i < found->notes.n; i++)
		settings_fault(s, SET_DUMP_TARGETS, FAULT_WARNING, faults, "'%s': %s", found->target.url,
			       found->notes.v[i]);
}

static void check_file_size(const struct root *root, const struct settings *s, const struct storage *found,
			    struct fault_list *faults)
{
	uint64_t want = strcmp(found->target.fstype, "vfat") == 0 ? faults_dump_bytes(root, s) : 0;
	char text[SIZE_TEXT_MAX];

	if (want > VFAT_FILE_MAX)
		settings_fault(s, SET_DUMP_TARGETS, FAULT_WARNING, faults,
			       "'%s' lies on vfat, which holds no file of 4 GB, and a dump now would have about %s "
			       "(name a target on another file system, or this one after it)",
			       found->target.url, size_human(want, text));
}

static void check_found(const struct root *root, const struct settings *s, const struct facts *facts,
			const struct storage *found, struct strv *notes, struct fault_list *faults)
{
	if (found->target.kind == TARGET_RAW)
		return check_raw(root, s, found, faults);
	check_layers(root, s, facts, found, notes, faults);
	check_file_size(root, s, found, faults);
}

/* Who will make the image, and has that one all that it needs? */
static void check_builder(const struct root *root, const struct settings *s, const struct storage *found,
			  struct strv *notes, struct fault_list *faults)
{
	auto_strv struct strv said = { 0 };
	struct err why = { 0 };
	bool dracut = false;

	if (image_builder(root, s, found, &dracut, &said, &why) < 0)
		settings_fault(s, SET_CAPTURE_BUILDER, FAULT_ERROR, faults, "%s", why.text);
	for (size_t i = 0; notes && i < said.n; i++)
		strv_add_once(notes, said.v[i]);
}

/* A folder may lie on what is mounted later; all else is wrong, or not for this user to see. */
static enum fault_level level_of(const struct target *t, int code)
{
	return code == EACCES || (t->kind == TARGET_FILE && code != ENOTSUP) ? FAULT_WARNING : FAULT_ERROR;
}

void faults_check_storage(const struct root *root, const struct settings *s, const struct facts *facts,
			  struct strv *notes, struct fault_list *faults)
{
	for (size_t i = 0; i < s->n_targets && root->host; i++) {
		auto_storage struct storage found = { 0 };
		enum target_kind kind = s->targets[i].kind;
		struct err why = { 0 };

		if (kind != TARGET_RAW && kind != TARGET_FILE && kind != TARGET_FS)
			continue;
		if (storage_find(root, &s->targets[i], &found, &why) < 0)
			settings_fault(s, SET_DUMP_TARGETS, level_of(&s->targets[i], why.code), faults, "%s", why.text);
		else
			check_found(root, s, facts, &found, notes, faults);
		if (found.target.url)
			check_builder(root, s, &found, notes, faults);
	}
}

void faults_check_modules(const struct root *root, const struct settings *s, const struct facts *facts,
			  struct fault_list *faults)
{
	const struct kernel_fact *kernel = facts_kernel(facts, s->capture_kernel);

	for (size_t i = 0; kernel && kernel->modules && i < s->capture_modules.n; i++) {
		struct strv none = { 0 }, name = { 0 };
		struct module_set found = { 0 };
		struct err why = { 0 };

		strv_add(&name, s->capture_modules.v[i]);
		if (modules_resolve(root, kernel->modules, kernel->release, &none, &name, &found, &why) < 0)
			settings_fault(s, SET_CAPTURE_MODULES, FAULT_ERROR, faults,
				       "%s (write names as 'modinfo' knows them)", why.text);
		module_set_done(&found);
		strv_done(&name);
	}
}
