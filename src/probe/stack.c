/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack.h"

#include "crypt.h"
#include "num.h"
#include "superblock.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define DEPTH_MAX 16		/* no sane host piles up so much; a fixture whose links go round ends here */
#define LVM_ID 32		/* of a volume group and of a volume, each, in "LVM-..." */

/* One look at everything below a device. */
struct walk {
	const struct root *root;
	struct stack out;
	struct strv seen;	/* paths in sysfs */
};

static void own_walk(struct walk *w)
{
	stack_done(&w->out);
	strv_done(&w->seen);
}

void stack_done(struct stack *s)
{
	for (size_t i = 0; i < s->n_layers; i++)
		recipe_layer_done(&s->layers[i]);
	free(s->layers);
	strv_done(&s->modaliases);
	strv_done(&s->drivers);
	strv_done(&s->notes);
	free(s->remote_what);
	for (size_t i = 0; i < s->n_sessions; i++)
		iscsi_session_done(&s->sessions[i]);
	free(s->sessions);
	*s = (struct stack){ 0 };
}

static char *read_attr(const struct root *root, const struct block_dev *b, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", b->disk, name);
	char *line = root_read_line(root, path);

	return line ? line : xstrdup("");
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int descend(struct walk *w, const struct block_dev *b, unsigned depth, struct err *e);

/* --- what a device lies on ----------------------------------------------------------------------- */

static int list_slaves(const struct root *root, const struct block_dev *b, struct strv *ret, struct err *e)
{
	auto_free char *path = xasprintf("%s/slaves", b->disk);

	if (root_list(root, path, ret) < 0 || !ret->n)
		return err_set(e, ENOTSUP, "'%s', of which sysfs does not tell what it lies on", b->node);
	return 0;
}

static int descend_slaves(struct walk *w, const struct block_dev *b, unsigned depth, struct err *e)
{
	auto_strv struct strv names = { 0 };
	int r = list_slaves(w->root, b, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_block struct block_dev slave = { 0 };

		r = block_by_name(w->root, names.v[i], &slave, e);
		if (r == 0)
			r = descend(w, &slave, depth + 1, e);
	}
	return r;
}

static struct recipe_layer *push_layer(struct walk *w, enum layer_kind kind, const char *name, const char *uuid)
{
	struct recipe_layer *l = vec_push(&w->out.layers, &w->out.n_layers);

	l->kind = kind;
	l->name = xstrdup(name);
	l->uuid = xstrdup(uuid);
	return l;
}

/* --- MD ---------------------------------------------------------------------------------------------- */

static const char *array_driver(const char *level)
{
	static const struct {
		const char *level, *driver;
	} known[] = {
		{ "raid0", "raid0" }, { "raid1", "raid1" }, { "raid10", "raid10" }, { "linear", "linear" },
		{ "raid4", "raid456" }, { "raid5", "raid456" }, { "raid6", "raid456" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i].level, level) == 0)
			return known[i].driver;
	return NULL;
}

/* What all members bear, asked of the first that tells. */
static int array_uuid(const struct root *root, const struct block_dev *b, char **ret, struct err *e)
{
	auto_strv struct strv names = { 0 };
	int r = list_slaves(root, b, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_block struct block_dev member = { 0 };

		if (block_by_name(root, names.v[i], &member, e) == 0 &&
		    superblock_member(root, &member, "linux_raid_member", ret, e) == 0)
			return 0;
		r = i + 1 < names.n ? 0 : -e->code;
	}
	return r;
}

static int descend_array(struct walk *w, const struct block_dev *b, unsigned depth, struct err *e)
{
	auto_free char *level = read_attr(w->root, b, "md/level"), *disks = read_attr(w->root, b, "md/raid_disks");
	auto_free char *format = read_attr(w->root, b, "md/metadata_version"), *uuid = NULL;
	const char *name = base_name(b->disk), *driver = array_driver(level);
	struct err why = { 0 };
	uint64_t count;
	int r;

	if (!driver)
		return err_set(e, ENOTSUP, "MD array '%s' (%s)", name, *level ? level : "level not known");
	if (!isdigit((unsigned char)format[0]))
		return err_set(e, ENOTSUP, "MD array '%s' (%s), whose metadata is '%s'", name, level, format);
	if (strspn(name + 2, "0123456789") != strlen(name + 2))
		return err_set(e, ENOTSUP, "MD array '%s' without a number in its name", name);
	if (num_parse(disks, 4096, &count) < 0 || !count)
		return err_set(e, ENOTSUP, "MD array '%s' of '%s' disks", name, disks);
	r = descend_slaves(w, b, depth, e);
	if (r < 0)
		return r;
	r = array_uuid(w->root, b, &uuid, &why);
	if (r < 0)
		return err_set(e, why.code, "MD array '%s' (%s), whose UUID is not told: %s", name, level, why.text);
	push_layer(w, LAYER_MD, name, uuid)->count = (unsigned)count;
	strv_add_once(&w->out.drivers, "md_mod");
	strv_add_once(&w->out.drivers, driver);
	return 0;
}

/* --- LVM ---------------------------------------------------------------------------------------------- */

/* "vg--a-dumps" is "vg-a/dumps": a single dash parts, a double one is one (dm_split_lvm_name()). */
static char *volume_name(const char *mapping)
{
	auto_buf struct buf out = { 0 };
	bool parted = false;

	for (const char *c = mapping; *c; c++) {
		if (*c == '-' && c[1] == '-')
			buf_addc(&out, *c++);
		else if (*c == '-' && !parted && (parted = true))
			buf_addc(&out, '/');
		else
			buf_addc(&out, *c);
	}
	return parted ? buf_take(&out) : NULL;
}

/*
 * dm_raid asks for MD's driver of the volume's level, which sysfs does not tell: those that are loaded here, which
 * its own is among; where that cannot be seen, all.
 */
static void add_levels(const struct root *root, struct strv *drivers)
{
	static const char *const levels[] = { "raid0", "raid1", "raid10", "raid456" };
	bool seen = false;

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		auto_free char *path = xasprintf("/sys/module/%s", levels[i]);

		if (!root_exists(root, path))
			continue;
		strv_add_once(drivers, levels[i]);
		seen = true;
	}
	for (size_t i = 0; !seen && i < ARRAY_SIZE(levels); i++)
		strv_add_once(drivers, levels[i]);
}

/* The driver of a volume that is part of another, by its name or the ending of its uuid. */
static void add_part_driver(const struct root *root, const char *name, const char *uuid, struct strv *drivers)
{
	static const struct {
		const char *part, *driver;
	} known[] = {
		{ "-tpool", "dm_thin_pool" }, { "_tdata", "dm_thin_pool" }, { "_rimage_", "dm_raid" },
		{ "_rmeta_", "dm_raid" }, { "_mimage_", "dm_mirror" }, { "_corig", "dm_cache" },
		{ "-cow", "dm_snapshot" }, { "_wcorig", "dm_writecache" }, { "_iorig", "dm_integrity" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strstr(name, known[i].part) || strstr(uuid, known[i].part))
			strv_add_once(drivers, known[i].driver);
	if (strv_has(drivers, "dm_raid"))
		add_levels(root, drivers);
}

/* Physical volumes below B, which is a volume of the group GROUP ("LVM-" and its id). */
static int find_volumes(struct walk *w, const struct block_dev *b, const char *group, struct strv *members,
			unsigned depth, struct err *e)
{
	auto_strv struct strv names = { 0 };
	int r = depth > DEPTH_MAX ? err_set(e, ENOTSUP, "too many layers below '%s'", b->node) :
				    list_slaves(w->root, b, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_block struct block_dev slave = { 0 };
		auto_free char *uuid = NULL, *name = NULL, *member = NULL;

		r = block_by_name(w->root, names.v[i], &slave, e);
		if (r < 0)
			return r;
		uuid = read_attr(w->root, &slave, "dm/uuid");
		if (starts(uuid, group)) {
			name = read_attr(w->root, &slave, "dm/name");
			add_part_driver(w->root, name, uuid, &w->out.drivers);
			r = find_volumes(w, &slave, group, members, depth + 1, e);
			continue;
		}
		r = superblock_member(w->root, &slave, "LVM2_member", &member, e);
		if (r == 0) {
			strv_add_once(members, member);
			r = descend(w, &slave, depth + 1, e);
		}
	}
	return r;
}

static int descend_volume(struct walk *w, const struct block_dev *b, const char *mapping, const char *uuid,
			  unsigned depth, struct err *e)
{
	auto_free char *group = xstrndup(uuid, strlen("LVM-") + LVM_ID), *name = volume_name(mapping);
	auto_strv struct strv members = { 0 };
	struct err why = { 0 };
	struct recipe_layer *l;
	int r;

	if (strlen(uuid) != strlen("LVM-") + 2 * LVM_ID || !name)
		return err_set(e, ENOTSUP, "LVM volume '%s', which is part of another one", mapping);
	r = find_volumes(w, b, group, &members, depth, &why);
	if (r == -ENOTSUP && depth < DEPTH_MAX)
		return err_set(e, ENOTSUP, "%s", why.text);
	if (r < 0)
		return err_set(e, why.code, "LVM volume '%s', whose physical volumes are not told: %s", name, why.text);
	l = push_layer(w, LAYER_LVM, name, uuid);
	l->members = members;
	members = (struct strv){ 0 };
	strv_add_once(&w->out.drivers, "dm_mod");
	return 0;
}

/* --- other kinds of device-mapper ----------------------------------------------------------------------- */

/* Which layer B itself is, when it is one that is not known. */
static int refuse_mapped(const char *name, const char *uuid, struct err *e)
{
	static const struct {
		const char *prefix, *what;
	} kinds[] = {
		{ "CRYPT-VERITY-", "verified, read-only device" },
		{ "CRYPT-", "encrypted device without a LUKS header" }, { "DMRAID-", "firmware RAID" },
		{ "VDO-", "VDO volume" }, { "stratis-", "Stratis volume" },
	};
	const char *what = "device-mapper device";

	for (size_t i = ARRAY_SIZE(kinds); i-- > 0;)
		if (starts(uuid, kinds[i].prefix))
			what = kinds[i].what;
	return err_set(e, ENOTSUP, "%s '%s'", what, name);
}

/*
 * The capture uses one path after the other, without a map: it is alone with the disk.  A path that is in
 * stand-by answers to its handler only (scsi_dh_alua, scsi_dh_rdac ...).
 */
static int descend_paths(struct walk *w, const struct block_dev *b, unsigned depth, struct err *e)
{
	auto_strv struct strv names = { 0 };
	int r = list_slaves(w->root, b, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_free char *path = xasprintf("/sys/class/block/%s/device/dh_state", names.v[i]);
		auto_free char *handler = root_read_line(w->root, path);

		if (handler && *handler && strcmp(handler, "detached") != 0)
			strv_addf(&w->out.modaliases, "scsi_dh_%s", handler);
	}
	return r < 0 ? r : descend_slaves(w, b, depth, e);
}

static int descend_locked(struct walk *w, const struct block_dev *b, const char *name, const char *uuid,
			  unsigned depth, struct err *e)
{
	auto_strv struct strv names = { 0 };
	auto_block struct block_dev below = { 0 };
	struct recipe_layer layer = { 0 };
	int r = list_slaves(w->root, b, &names, e);

	if (r == 0 && names.n != 1)
		return err_set(e, ENOTSUP, "encrypted device '%s' on %zu devices", name, names.n);
	if (r == 0)
		r = block_by_name(w->root, names.v[0], &below, e);
	if (r == 0)
		r = crypt_layer(w->root, &below, uuid, name, &layer, &w->out.drivers, &w->out.modaliases,
				&w->out.notes, e);
	if (r < 0)
		return r;
	r = descend(w, &below, depth + 1, e);
	*(struct recipe_layer *)vec_push(&w->out.layers, &w->out.n_layers) = layer;
	return r;
}

static int descend_mapped(struct walk *w, const struct block_dev *b, unsigned depth, struct err *e)
{
	auto_free char *name = read_attr(w->root, b, "dm/name"), *uuid = read_attr(w->root, b, "dm/uuid");
	const char *dash = strchr(uuid, '-');

	if (starts(uuid, "LVM-"))
		return descend_volume(w, b, name, uuid, depth, e);
	/* "part1-mpath-...": kpartx' partitions, which the kernel finds on each path by itself. */
	if (starts(uuid, "mpath-") || (starts(uuid, "part") && dash && starts(dash, "-mpath-")))
		return descend_paths(w, b, depth, e);
	if (starts(uuid, "CRYPT-LUKS"))
		return descend_locked(w, b, name, uuid, depth, e);
	return refuse_mapped(*name ? name : base_name(b->disk), uuid, e);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static bool has_folder(const struct root *root, const struct block_dev *b, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", b->disk, name);

	return root_exists(root, path);
}

/* A disk that has to be brought up: of what drives it only what somebody else brings along is known. */
static int descend_remote(struct walk *w, const struct block_dev *b, struct err *e)
{
	auto_free char *what = NULL;
	enum remote_disk kind = block_remote(w->root, b, &what);
	int r;

	if (!kind)
		return -ENODEV;
	if (w->out.remote && w->out.remote != kind)
		return err_set(e, ENOTSUP, "%s and %s", w->out.remote_what, what);
	if (kind == REMOTE_ISCSI) {
		struct iscsi_session session = { 0 };

		r = iscsi_session_read(w->root, b->disk, &session, e);
		if (r < 0)
			return r;
		*(struct iscsi_session *)vec_push(&w->out.sessions, &w->out.n_sessions) = session;
	}
	/* The SCSI layer attaches it to what comes by a session or a fabric. */
	if (kind != REMOTE_NVME && kind != REMOTE_DASD)
		strv_add_once(&w->out.drivers, "sd_mod");
	w->out.remote = kind;
	if (!w->out.remote_what)
		w->out.remote_what = take_ptr(what);
	return 0;
}

static int descend(struct walk *w, const struct block_dev *b, unsigned depth, struct err *e)
{
	int r;

	if (depth > DEPTH_MAX)
		return err_set(e, ENOTSUP, "too many layers below '%s'", b->node);
	if (strv_has(&w->seen, b->disk))
		return 0;
	strv_add(&w->seen, b->disk);
	if (has_folder(w->root, b, "dm"))
		return descend_mapped(w, b, depth, e);
	if (has_folder(w->root, b, "md"))
		return descend_array(w, b, depth, e);
	r = descend_remote(w, b, e);
	if (r != -ENODEV)
		return r;
	r = block_is_plain(w->root, b, e);
	if (r == 0)
		block_drivers(w->root, b, &w->out.modaliases, &w->out.drivers);
	return r;
}

int stack_find(const struct root *root, const struct block_dev *b, struct stack *ret, struct err *e)
{
	AUTO(own_walk) struct walk w = { .root = root };
	int r = descend(&w, b, 0, e);

	if (r < 0)
		return r;
	*ret = w.out;
	w.out = (struct stack){ 0 };
	return 0;
}
