/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_RECIPE_H
#define CRASHCFG_RECIPE_H

#include "buf.h"
#include "err.h"

#include <stdint.h>

/*
 * The capture recipe: all that capture-init knows of the host.  `build` writes
 * it into the image as /etc/crashcfg/recipe.json, capture-init reads it; this
 * codec is its only home.  recipe_decode(recipe_encode(x)) is x.
 */
#define RECIPE_PATH "/etc/crashcfg/recipe.json"
/* What ssh reads in the image; the key is put there at load. */
#define SSH_KNOWN_PATH "/etc/crashcfg/known_hosts"
#define SSH_KEY_PATH "/etc/crashcfg/ssh_key"
#define RECIPE_MAX (4U << 20)	/* bytes; nothing larger is read */
/* What iscsid reads: in an image without secrets; `load` appends it with them. */
#define ISCSID_CONF_PATH "/etc/iscsi/iscsid.conf"
/* What unlocks encrypted layers; never in the image, `load` appends it. */
#define LUKS_KEY_PATH "/etc/crashcfg/luks.key"

/* A dump_level above makedumpfile's 0 to 31: no page of memory, the log and the record alone. */
#define DUMP_LEVEL_LOG 32

enum end_action { END_REBOOT, END_POWEROFF, END_HALT, END_SHELL };

/* A module in the image.  Listed in load order: what it depends on comes before it. */
struct recipe_module {
	char *name;		/* "virtio_blk", underscores only */
	char *path;		/* in the image: "/lib/modules/6.1.0-50-amd64/kernel/.../virtio_blk.ko" */
	char *options;		/* module parameters, "" when none */
	struct strv needs;	/* names of modules that must be in before it (hard and soft "pre") */
	struct strv aliases;	/* what request_module() calls it ("fs-ext4", "crypto-crc32c") */
	int wanted;		/* load it at start; otherwise only when the kernel asks */
};

enum target_kind { TARGET_FILE, TARGET_FS, TARGET_RAW, TARGET_NFS, TARGET_SSH, TARGET_HUB };

enum layer_kind { LAYER_MD, LAYER_LVM, LAYER_LUKS };

/*
 * What has to be set up between disks and a file system: found again by what its members bear, never by
 * their names.  Listed bottom up.  Multipath is none: the capture takes one path after the other.
 */
struct recipe_layer {
	enum layer_kind kind;
	char *name;		/* MD: "md127"; LVM: "vg/lv"; LUKS: of the mapping, "crypt-dump" */
	char *uuid;		/* MD, LUKS: that members bear, as libblkid prints it; LVM: of the mapping, "LVM-..." */
	struct strv members;	/* LVM: UUIDs of the physical volumes that it lies on; else empty */
	unsigned count;		/* MD: members when the array is whole */
	uint64_t memory;	/* LUKS: bytes that deriving the key takes, by the header (argon2); 0 next to none */
};

/* A place for the dump, resolved: nothing is left to be found out but the device's name of that day. */
struct recipe_target {
	enum target_kind kind;
	char *url;		/* as the settings have it, for messages and the manifest */
	char *fstype;		/* "ext4", "xfs", "btrfs"; raw: what it bore, "swap" or "" */
	char *uuid;		/* of the file system, as libblkid prints it; "" unknown */
	char *label;		/* of the file system; "" unknown */
	char *device;		/* "/dev/vda2": a hint that is never trusted alone; "" unknown */
	char *partuuid;		/* raw: of the partition; "" none, then UUID or label tell the swap */
	int force;		/* raw: what the device bears may be overwritten, whatever it is */
	uint64_t size;		/* bytes of the block device; 0: unknown, not checked */
	char *options;		/* mount options for the file system ("subvolid=256"), "" when none */
	struct recipe_layer *layers;	/* below that file system; none on a disk or partition */
	size_t n_layers;
	/* Network targets; elsewhere "" and 0. */
	char *host;		/* as DNS knows it; a numeric address stays one */
	char *address;		/* what it was when the image was built: "192.0.2.7" */
	unsigned port;		/* 0: the protocol's own */
	char *user;		/* ssh */
	char *known;		/* ssh: the name in known_hosts, "web" or "[web]:2222" */
	unsigned net;		/* index in nets */
	char *dir;		/* dump folder in that file system ("/var/crash"), passes no symbolic link */
	/*
	 * A disk that the recipe's bringer brings up.  address: what of it lies in a network, "" nothing; net: the
	 * way there.
	 */
	int brought;
};

enum link_kind { LINK_HARDWARE, LINK_VLAN, LINK_BOND, LINK_BRIDGE };

/*
 * A network interface on the way to a target, as the host has it.  Listed so that what it lies on,
 * and the bond or bridge that it belongs to, comes before it.
 */
struct recipe_link {
	enum link_kind kind;
	char *name;		/* on the host; in the capture hardware keeps the name that it gets there */
	char *permanent;	/* hardware: the address by which it is found, "52:54:00:12:34:56" */
	char *driver;		/* hardware: "virtio_net", where several bear that address; "" unknown */
	char *address;		/* the address to be set, "" none */
	unsigned mtu;		/* 0: the default */
	char *lower;		/* VLAN: name of the link below */
	unsigned vlan, vlan_protocol;	/* VLAN: id; 0x8100, 0x88a8 */
	char *master;		/* name of the bond or bridge that it belongs to, "" none */
	struct strv options;	/* bond, bridge: files of its folder in sysfs, "bonding/mode=1" */
};

enum net_method { NET_STATIC, NET_DHCP, NET_AUTO };	/* auto: IPv6 by router advertisements */

/* A way to network targets: the address on one of the links. */
struct recipe_net {
	char *link;		/* name of a recipe_link */
	enum net_method method;
	char *address;		/* static: "192.0.2.7/24" */
	char *gateway;		/* "" none: the target is on the link, or the method tells */
	struct strv dns;	/* name servers */
	unsigned wait;		/* seconds for link and address to come */
};

enum listener_kind { LISTENER_SYSLOG, LISTENER_NETCONSOLE };

/* Who hears of the capture's progress by the network, beside the console. */
struct recipe_listener {
	enum listener_kind kind;
	char *host, *address;	/* as a target's */
	unsigned port;		/* never 0 */
	unsigned net;		/* index in nets */
	char *mac;		/* netconsole: of the next hop where the settings tell it; "" it is asked for */
};

struct recipe {
	char *host;
	char *machine_id;
	char *kernel;		/* release that the image was built for */
	unsigned dump_level;	/* 0 to 31, or DUMP_LEVEL_LOG */
	unsigned level_most;	/* the same where there is too little room: the most that this makedumpfile can leave out */
	char *compress;		/* makedumpfile's option: "-l", "-z", "-c" (zlib), "-p" (snappy) or "" */
	unsigned threads;	/* 1: no --num-threads; fewer where too few processors came up */
	unsigned deadline;	/* seconds for the whole capture; 0: by progress, see stall */
	unsigned stall;		/* seconds without a byte of progress that end a phase */
	unsigned grace;		/* seconds after the deadline until the watchdog is fed no more */
	enum end_action on_success, on_failure;
	unsigned shell_timeout;	/* seconds */
	uint64_t hash_max;	/* sha256 is computed in the capture up to so many bytes of vmcore */
	char *watchdog;		/* module of the host's active watchdog, "" none */
	/* From the COUNTth crash within SPAN seconds on, only the log and the record are saved; 0: no
	 * brake. */
	unsigned loop_count, loop_span;
	/* What brings up disks that drivers alone do not make appear: a program of the image, "" none; and its seconds. */
	char *bringer;
	unsigned bringer_wait;
	struct strv pre, post;	/* programs to run, paths in the image: before the dump; when all is over */
	struct recipe_module *modules;
	size_t n_modules;
	struct recipe_target *targets;
	size_t n_targets;
	struct recipe_link *links;
	size_t n_links;
	struct recipe_net *nets;
	size_t n_nets;
	struct recipe_listener *listeners;
	size_t n_listeners;
};

/* Free what they own; the structs themselves stay. */
void recipe_layer_done(struct recipe_layer *l);
void recipe_link_done(struct recipe_link *l);
void recipe_net_done(struct recipe_net *n);
void recipe_listener_done(struct recipe_listener *l);
void recipe_free(struct recipe *r);	/* accepts NULL */
static inline void own_recipe(struct recipe **r)
{
	recipe_free(*r);
}
#define auto_recipe AUTO(own_recipe)

void recipe_encode(const struct recipe *r, struct buf *to);
/* -EINVAL: not a recipe of this version; the text names the member. */
int recipe_decode(const char *text, size_t len, struct recipe **ret, struct err *e);

/* FROM into the zeroed TO, which owns the copy. */
void recipe_layer_copy(struct recipe_layer *to, const struct recipe_layer *from);

const char *layer_kind_name(enum layer_kind k);		/* "md" */
const char *end_action_name(enum end_action a);		/* "reboot" */
const char *target_kind_name(enum target_kind k);	/* "file" */

#endif
