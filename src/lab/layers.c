/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layers.h"
#include "guest/guest.h"
#include "scratch.h"

#include <errno.h>
#include <string.h>

#define OVERHEAD (512ULL << 20)		/* of superblocks, metadata and rounding, for all layers */
#define LVM_ID 32
#define POOL "crashcfg-test-pool"
#define LVM_BACKUP "/run/lvm-metadata"
#define DISKS_MAX 26

/* No udev, no daemons, no files of its own, as in the capture. */
const char layers_lvm_conf[] =
	"global { use_lvmpolld=0 use_lvmlockd=0 thin_check_executable=\"\" cache_check_executable=\"\" umask=63 }\n"
	"activation { udev_sync=0 udev_rules=0 monitoring=0 }\n"
	"backup { backup=0 archive=0 }\n"
	"devices { dir=\"/dev\" scan=[\"/dev\"] use_devicesfile=0 obtain_device_list_from_udev=0\n"
	"external_device_info_source=\"none\" hints=\"none\" multipath_component_detection=0 }\n";

void layers_done(struct layers *l)
{
	free(l->node);
	script_done(&l->make);
	script_done(&l->open);
	*l = (struct layers){ 0 };
}

/* The plan as it grows, bottom up. */
struct building {
	const struct recipe *recipe;
	struct layers *to;
	uint64_t size;
	struct strv free;	/* nodes of layers that none lies on yet */
};

/* One device that the next layer takes: a free node, or a new disk. */
static void add_device(struct building *b, size_t taken, unsigned disk, struct script *s)
{
	if (taken < b->free.n)
		script_arg(s, b->free.v[taken]);
	else
		script_disk(s, disk);
}

/* N devices for both scripts, what is free first; TAKE says whether anything free is taken. */
static void add_devices(struct building *b, size_t n, bool take)
{
	size_t from = take ? 0 : b->free.n;

	for (size_t i = 0; i < n; i++) {
		unsigned disk = b->to->disks;

		add_device(b, from + i, disk, &b->to->make);
		add_device(b, from + i, disk, &b->to->open);
		if (from + i >= b->free.n)
			b->to->disks++;
	}
}

/* What has been taken is no more free; NODE is. */
static void put_node(struct building *b, bool taken, char *node)
{
	if (taken)
		strv_done(&b->free);
	strv_take(&b->free, node);
}

/* --- MD ------------------------------------------------------------------------------------------ */

static const struct {
	const char *driver, *level;
	unsigned least;
} levels[] = {
	{ "raid1", "1", 2 }, { "raid456", "5", 3 }, { "raid10", "10", 2 }, { "raid0", "0", 1 }, { "linear", "linear", 1 },
};

static const char *level_of(const struct recipe *recipe, unsigned count)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (scratch_has_driver(recipe, levels[i].driver) && count >= levels[i].least)
			return levels[i].level;
	return NULL;
}

static int add_array(struct building *b, const struct recipe_layer *l, struct err *e)
{
	const char *level = level_of(b->recipe, l->count);
	bool take = b->free.n == l->count;
	char *node = xasprintf("/dev/%s", l->name);

	if (!level || l->count > DISKS_MAX) {
		free(node);
		return err_set(e, ENOTSUP, "the array '%s' of %u members is of a level that the test cannot make "
			       "(use --stack raid1)", l->name, l->count);
	}
	script_do(&b->to->make, "mdadm", "--create", node, "--run", "--force", "--metadata=1.2", "--bitmap=none",
		  "--homehost=any");
	/* Nothing lies on it yet that would have to agree; parity that disagrees is written anew. */
	if (strcmp(level, "0") != 0 && strcmp(level, "linear") != 0)
		script_arg(&b->to->make, "--assume-clean");
	script_argf(&b->to->make, "--level=%s", level);
	script_argf(&b->to->make, "--uuid=%s", l->uuid);
	script_argf(&b->to->make, "--raid-devices=%u", l->count);
	script_do(&b->to->open, "mdadm", "--assemble", node, "--config=none", "--run");
	script_argf(&b->to->open, "--uuid=%s", l->uuid);
	add_devices(b, l->count, take);
	put_node(b, take, node);
	return 0;
}

/* --- LUKS ---------------------------------------------------------------------------------------- */

/* The cipher is told by the modules that the capture has for it. */
static const char *cipher_of(const struct recipe *recipe)
{
	static const struct {
		const char *driver, *cipher;
	} known[] = {
		{ "adiantum", "xchacha12,aes-adiantum-plain64" }, { "serpent_generic", "serpent-xts-plain64" },
		{ "twofish_generic", "twofish-xts-plain64" }, { "camellia_generic", "camellia-xts-plain64" },
		{ "essiv", "aes-cbc-essiv:sha256" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (scratch_has_driver(recipe, known[i].driver))
			return known[i].cipher;
	return "aes-xts-plain64";
}

static void add_locked(struct building *b, const struct recipe_layer *l)
{
	struct script *make = &b->to->make, *open = &b->to->open;
	bool take = b->free.n == 1;
	unsigned disk = b->to->disks;

	script_do(make, "cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--disable-locks",
		  "--key-file", LAYERS_KEY, "--uuid", l->uuid, "--cipher", cipher_of(b->recipe));
	/* The memory that the host's slot wants is what the capture must have. */
	if (l->memory) {
		script_arg(make, "--pbkdf=argon2id");
		script_arg(make, "--pbkdf-parallel=1");
		script_arg(make, "--pbkdf-force-iterations=4");
		script_argf(make, "--pbkdf-memory=%llu", (unsigned long long)l->memory >> 10);
	} else {
		script_arg(make, "--pbkdf=pbkdf2");
		script_arg(make, "--pbkdf-force-iterations=1000");
	}
	add_device(b, take ? 0 : b->free.n, disk, make);
	script_do(make, "cryptsetup", "open", "--type", "luks", "--batch-mode", "--disable-locks",
		  "--disable-keyring", "--key-file", LAYERS_KEY);
	script_do(open, "cryptsetup", "open", "--type", "luks", "--batch-mode", "--disable-locks",
		  "--disable-keyring", "--key-file", LAYERS_KEY);
	add_devices(b, 1, take);
	script_arg(make, l->name);
	script_arg(open, l->name);
	put_node(b, take, xasprintf("/dev/mapper/%s", l->name));
}

/* --- LVM ----------------------------------------------------------------------------------------- */

/* Each physical volume with the UUID by which it is found. */
static void add_physical(struct building *b, const struct recipe_layer *l)
{
	for (size_t i = 0; i < l->members.n; i++) {
		script_do(&b->to->make, "lvm", "pvcreate", "-q", "-y", "-ff", "--norestorefile", "--uuid",
			  l->members.v[i]);
		add_device(b, i, b->to->disks + (unsigned)(i < b->free.n ? 0 : i - b->free.n), &b->to->make);
	}
}

static void add_group(struct building *b, const struct recipe_layer *l, const char *group)
{
	size_t taken = b->free.n < l->members.n ? b->free.n : l->members.n;

	script_do(&b->to->make, "lvm", "vgcreate", "-q", "-y", group);
	for (size_t i = 0; i < l->members.n; i++)
		add_device(b, i, b->to->disks + (unsigned)(i < taken ? 0 : i - taken), &b->to->make);
	b->to->disks += (unsigned)(l->members.n - taken);
}

static void add_logical(struct building *b, const char *group, const char *volume)
{
	struct script *s = &b->to->make;

	if (!scratch_has_driver(b->recipe, "dm_thin_pool")) {
		script_do(s, "lvm", "lvcreate", "-q", "-y", "-an", "-Zn", "-Wn", "-l", "100%FREE", "-n", volume,
			  group);
		return;
	}
	script_do(s, "lvm", "lvcreate", "-q", "-y", "--type", "thin", "-Wn", "-l", "90%FREE", "--thinpool", POOL,
		  "-n", volume);
	script_arg(s, "-V");
	/* Room for a header that is put on it. */
	script_argf(s, "%llum", (unsigned long long)(b->size + OVERHEAD / 2) >> 20);
	script_arg(s, group);
	script_do(s, "lvm", "vgchange", "-q", "-an", group);
}

/* lvm names groups and volumes by ids that it makes: those of the host are put in by way of a backup. */
static int add_volume(struct building *b, const struct recipe_layer *l, struct err *e)
{
	const char *slash = strchr(l->name, '/'), *ids = l->uuid + strlen("LVM-");
	auto_free char *group = slash ? xstrndup(l->name, (size_t)(slash - l->name)) : NULL;
	auto_free char *group_id = NULL, *volume_id = NULL;
	struct script *make = &b->to->make;

	if (!slash || strlen(l->uuid) != strlen("LVM-") + 2 * LVM_ID || !l->members.n ||
	    l->members.n > DISKS_MAX || b->free.n > l->members.n)
		return err_set(e, ENOTSUP, "the volume '%s' (%s) cannot be made by the test (use --stack lvm)",
			       l->name, l->uuid);
	group_id = xstrndup(ids, LVM_ID);
	volume_id = xstrdup(ids + LVM_ID);
	add_physical(b, l);
	add_group(b, l, group);
	add_logical(b, group, slash + 1);
	script_do(make, "lvm", "vgcfgbackup", "-q", "-f", LVM_BACKUP, group);
	script_own(make, GUEST_LVM_IDS, LVM_BACKUP, group_id, slash + 1, volume_id);
	script_do(make, "lvm", "vgcfgrestore", "-q", "--force", "-f", LVM_BACKUP, group);
	script_do(make, "lvm", "vgchange", "-q", "-ay", group);
	script_do(&b->to->open, "lvm", "vgchange", "-q", "-ay", group);
	put_node(b, true, xasprintf("/dev/%s", l->name));
	return 0;
}

/* --- all of it ------------------------------------------------------------------------------------ */

static int add_layer(struct building *b, const struct recipe_layer *l, struct err *e)
{
	switch (l->kind) {
	case LAYER_MD:
		return add_array(b, l, e);
	case LAYER_LVM:
		return add_volume(b, l, e);
	case LAYER_LUKS:
		add_locked(b, l);
		return 0;
	}
	return err_set(e, ENOTSUP, "a layer of kind '%s' cannot be made by the test", layer_kind_name(l->kind));
}

int layers_plan(const struct recipe *recipe, const struct recipe_target *t, uint64_t size, struct layers *ret,
		struct err *e)
{
	auto_layers struct layers l = { .disk_size = size + OVERHEAD };
	struct building b = { .recipe = recipe, .to = &l, .size = size };
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n_layers; i++)
		r = add_layer(&b, &t->layers[i], e);
	if (r == 0 && b.free.n != 1)
		r = err_set(e, ENOTSUP, "the layers below '%s' do not end in one device: the test cannot make them "
			    "(use --fs ext4)", t->url);
	if (r == 0)
		l.node = xstrdup(b.free.v[0]);
	strv_done(&b.free);
	if (r < 0)
		return r;
	scratch_mkfs(&l.make, t, l.node);
	r = script_check(&l.make, e);
	r = r < 0 ? r : script_check(&l.open, e);
	if (r < 0)
		return r;
	*ret = l;
	l = (struct layers){ 0 };
	return 0;
}
