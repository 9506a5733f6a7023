/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets that are not this host's own: what storage_find() and network_find() would say of scratch ones. */
#include "keys.h"
#include "labparts.h"
#include "scratch.h"

#include <errno.h>
#include <string.h>

#define SIZE_MIN (2ULL << 30)
#define LAB_UUID "c0ffee00-1ab0-4d15-8000-00000000da7a"
#define LAB_LABEL "crashlab"
#define LAB_MD_UUID "c0ffee00-1ab0-4d15-8000-0000000000%02zx"
#define LAB_LUKS_UUID "c0ffee00-1ab0-4d15-8000-0000000001%02zx"
/* lvm's ids are letters and digits: of the group, of a volume, and of the physical volumes. */
#define LAB_LVM_UUID "LVM-CrashcfgTestGroup0000000000000%02zxCrashcfgTestVolume000000000000%02zx"
#define LAB_PV_UUID "Crashc-fgTe-st00-0000-0000-00%02zx-0000%02zx"
#define LAB_SERVER "192.0.2.1"		/* RFC 5737: for documentation, routed nowhere */

int lab_storage(const char *fstype, const char *dir, uint64_t size, struct storage *ret, struct err *e)
{
	if (!scratch_knows(fstype))
		return err_set(e, EINVAL,
			       "'%s' is no file system that the test can make (ext4, xfs, btrfs)", fstype);
	*ret = (struct storage){
		.target = {
			.kind = TARGET_FS, .url = xasprintf("fs:UUID=%s:%s", LAB_UUID, dir),
			.fstype = xstrdup(fstype), .uuid = xstrdup(LAB_UUID), .label = xstrdup(LAB_LABEL),
			.device = xstrdup("/dev/vda"),
			.size = size ? size : SIZE_MIN, .options = xstrdup(""), .dir = xstrdup(dir),
		},
	};
	strv_add(&ret->modaliases, "virtio:d00000002v00001AF4");
	strv_add(&ret->modaliases, "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00");
	strv_add(&ret->drivers, "virtio_blk");
	strv_add(&ret->drivers, "virtio_pci");
	strv_add(&ret->drivers, fstype);
	return 0;
}

/* --- layers ------------------------------------------------------------------------------------------ */

static const struct stack_kind {
	const char *name;
	enum layer_kind kind;
	unsigned members;		/* disks of an array, volumes of a group */
	const char *drivers[3];
} stack_kinds[] = {
	{ "raid0", LAYER_MD, 2, { "md_mod", "raid0" } },
	{ "raid1", LAYER_MD, 2, { "md_mod", "raid1" } },
	{ "raid5", LAYER_MD, 3, { "md_mod", "raid456" } },
	{ "raid10", LAYER_MD, 4, { "md_mod", "raid10" } },
	{ "lvm", LAYER_LVM, 1, { "dm_mod" } },
	{ "thin", LAYER_LVM, 1, { "dm_mod", "dm_thin_pool" } },
	{ "luks", LAYER_LUKS, 1, { "dm_mod", "dm_crypt" } },
};

static const struct stack_kind *kind_of(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(stack_kinds); i++)
		if (strlen(stack_kinds[i].name) == len && strncmp(stack_kinds[i].name, name, len) == 0)
			return &stack_kinds[i];
	return NULL;
}

static void add_layer(const struct stack_kind *k, struct storage *to)
{
	size_t n = to->target.n_layers;
	struct recipe_layer *l = vec_push(&to->target.layers, &to->target.n_layers);

	l->kind = k->kind;
	for (size_t i = 0; i < ARRAY_SIZE(k->drivers) && k->drivers[i]; i++)
		strv_add_once(&to->drivers, k->drivers[i]);
	switch (k->kind) {
	case LAYER_MD:
		l->name = xasprintf("md%zu", 127 - n);
		l->uuid = xasprintf(LAB_MD_UUID, n);
		l->count = k->members;
		break;
	case LAYER_LVM:
		l->name = xasprintf("crashlab%zu/dump", n);
		l->uuid = xasprintf(LAB_LVM_UUID, n, n);
		for (size_t i = 0; i < k->members; i++)
			strv_addf(&l->members, LAB_PV_UUID, n, i);
		break;
	case LAYER_LUKS:
		l->name = xasprintf("crashlab-crypt%zu", n);
		l->uuid = xasprintf(LAB_LUKS_UUID, n);
		strv_add_once(&to->modaliases, "aes_generic");
		strv_add_once(&to->modaliases, "xts");
		strv_add_once(&to->modaliases, "ecb");
		break;
	}
}

int lab_stack(const char *kinds, struct storage *to, struct err *e)
{
	for (const char *at = kinds; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");
		const struct stack_kind *k = kind_of(at, len);

		if (!k)
			return err_set(e, EINVAL, "'%.*s' is no layer that the test can make (raid0, raid1, raid5, "
				       "raid10, lvm, thin, luks; from the disk upwards, separated by ',')", (int)len, at);
		add_layer(k, to);
		at += len;
	}
	return *kinds ? 0 : err_set(e, EINVAL, "no layer is named (raid1, lvm, luks, ...)");
}

/* --- by network -------------------------------------------------------------------------------------- */

static void fill_remote(const struct target *t, const char *options, const struct ipaddr *server,
			struct storage *ret)
{
	bool nfs = t->kind == TARGET_NFS;
	char text[IPADDR_TEXT_MAX];

	*ret = (struct storage){
		.target = {
			.kind = t->kind, .url = xstrdup(t->url), .fstype = xstrdup(nfs ? "nfs" : "fuse"),
			.uuid = xstrdup(""), .label = xstrdup(""), .device = xstrdup(""),
			.options = xstrdup(nfs ? options : ""), .dir = xstrdup(t->dir), .host = xstrdup(t->host),
			.address = xstrdup(ipaddr_text(server, text)), .port = t->port,
			.user = xstrdup(t->user ? t->user : ""),
			.known = t->port && t->port != 22 ? xasprintf("[%s]:%u", t->host, t->port) : xstrdup(t->host),
		},
	};
	strv_add(&ret->modaliases, "virtio:d00000001v00001AF4");
	strv_add(&ret->modaliases, "pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00");
	if (server->family != 2)
		strv_add(&ret->modaliases, "net-pf-10");
	strv_add(&ret->drivers, "virtio_net");
	strv_add(&ret->drivers, "virtio_pci");
	strv_add(&ret->drivers, nfs ? "nfs" : "fuse");
	if (nfs) {
		strv_add(&ret->drivers, "nfsv4");
		strv_add(&ret->drivers, "nfsv3");
	}
}

int lab_remote(const char *url, const char *kinds, const char *nfs_options, const char *work,
	       struct storage *ret, struct network *ret_net, struct err *e)
{
	const char *full = strcmp(url, "nfs") == 0 ? "nfs://" LAB_SERVER "/srv/crash" :
			   strcmp(url, "ssh") == 0 ? "ssh://crash@" LAB_SERVER "/srv/crash" : url;
	struct target t = { 0 };
	struct ipaddr server;
	int r = target_parse(full, &t, e);

	if (r < 0)
		return r;
	if (t.kind == TARGET_NFS || t.kind == TARGET_SSH) {
		bool named = !ipaddr_parse(t.host, &server);

		if (named)
			ipaddr_parse(LAB_SERVER, &server);
		fill_remote(&t, nfs_options, &server, ret);
		r = netkinds_fill(kinds, &server, named, ret_net, ret, e);
		if (r == 0 && t.kind == TARGET_SSH)
			r = keys_make(work, ret->target.known, e);
		if (r < 0) {
			storage_done(ret);
			network_done(ret_net);
		}
	} else {
		r = err_set(e, EINVAL, "'%s' is not a target that the test makes a server for (nfs, ssh, nfs://HOST/DIR, "
			    "ssh://USER@HOST/DIR)", url);
	}
	target_done(&t);
	return r;
}
