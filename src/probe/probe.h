/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_PROBE_H
#define CRASHCFG_PROBE_H

#include "efilog.h"
#include "err.h"
#include "facts.h"
#include "recipe.h"
#include "root.h"
#include "settings.h"

/*
 * Readers of the world below a root; none of them writes.  One file for each:
 * settings.c (libconfuse), facts.c, storage.c (libmount, libblkid, sysfs),
 * modules.c (libkmod), collector.c (makedumpfile).
 */

#define SETTINGS_PATH "/etc/sysconfig/crashcfg"
#define SETTINGS_DIR "/etc/sysconfig/crashcfg.d"

/*
 * Read SETTINGS_PATH and SETTINGS_DIR/x.conf in order and check every value by
 * the schema.  All faults go to FAULTS.  *ret is given even then, with the
 * default where a value was wrong, so that a caller may report more faults;
 * act on it only when faults->errors is 0.  Negative only when nothing can be told.
 */
int settings_read(const struct root *root, struct settings **ret, struct fault_list *faults, struct err *e);
/* The same for one file's bytes, on top of what S holds; what keys demand of each other is not checked. */
void settings_read_text(const char *file, const char *data, size_t len, struct settings *s, struct fault_list *faults);
/* The files that the settings name: are they there, readable by the right ones, able to run? */
void settings_check_files(const struct root *root, const struct settings *s, struct fault_list *faults);

/*
 * Does the file system that PATH leads to answer?  Servers and FUSE programs that hang take along whoever
 * looks there.  The answer is yes at once where no mount of such a kind is in the table; else a child looks, and is
 * given 2 s, once for each path and run.  -ETIMEDOUT: no; the text names the mount.
 */
int path_answers(const struct root *root, const char *path, struct err *e);
/* The same for all files that the settings name. */
int settings_files_answer(const struct root *root, const struct settings *s, struct err *e);
/* Is in the text of /proc/PID/mountinfo a file system that waits for a server or a program? */
bool mounts_may_hang(const char *table);

int facts_read(const struct root *root, struct facts **ret, struct err *e);

/* Disks that drivers alone do not make appear; block.h tells them. */
enum remote_disk { REMOTE_NONE, REMOTE_ISCSI, REMOTE_FCOE, REMOTE_NVME, REMOTE_DASD, REMOTE_ZFCP, REMOTE_DISKS };

/* A session of this host with an iSCSI target, by sysfs. */
struct iscsi_session {
	char *name;		/* "session1" */
	char *target;		/* "iqn.2004-10.com.example:dumps" */
	char *address;		/* of the portal, numeric */
	unsigned port;
	char *initiator;	/* "iqn.1993-08.org.debian:01:abc" */
	bool chap;		/* it proved who it is by a secret */
};
void iscsi_session_done(struct iscsi_session *s);
/*
 * The session that the disk at the path DISK of sysfs came by.  -ENOENT: it came by none; -ENOTSUP: a name that
 * holds what no name of iSCSI may (RFC 3722), the text tells it.
 */
int iscsi_session_read(const struct root *root, const char *disk, struct iscsi_session *ret, struct err *e);
/*
 * Lines for iscsid.conf by which S proves who it is, from what the kernel knows; nothing without CHAP.  They are
 * secrets.  -EACCES: not root.
 */
int iscsi_session_proof(const struct root *root, const struct iscsi_session *s, struct buf *to, struct err *e);

/*
 * Where a target lies: its file system and the hardware below, found out from
 * mounts and sysfs.  For fs: targets the superblock is probed.
 */
struct storage {
	struct recipe_target target;	/* all members set */
	struct strv modaliases;		/* of every device on the way to the disk, deepest first ("virtio:d00000002v00001AF4") */
	char *bears;			/* raw: a signature that a dump would destroy, "ext4"; NULL: none, or a swap's */
	struct strv drivers;		/* modules by name: drivers in use there, file system, dm and md parts */
	struct strv notes;		/* for people, one sentence each */
	enum remote_disk remote;	/* what has to bring up a disk below it */
	char *remote_what;		/* "iSCSI disk 'sda'"; NULL: REMOTE_NONE */
	struct iscsi_session *sessions;	/* of the iSCSI disks below it */
	size_t n_sessions;
};
void storage_done(struct storage *s);
#define auto_storage AUTO(storage_done)
/* -ENOENT: no such file system here; -ENOTSUP: storage that the native builder does not know, text names it. */
int storage_find(const struct root *root, const struct target *t, struct storage *ret, struct err *e);

/*
 * The log of a crash whose capture found no target, from EFI variables (efilog.h).  -ENOENT: none,
 * or no EFI.
 */
int efivars_log(const struct root *root, struct efilog *ret, struct err *e);
/* The ways to network targets, gathered over all of them. */
struct network {
	struct recipe_link *links;
	size_t n_links;
	struct recipe_net *nets;
	size_t n_nets;
};
void network_done(struct network *net);
/*
 * The same for nfs: and ssh:, from the running kernel's route to the host, which is why there is no such
 * answer below a foreign root (-ENOTSUP).  A name is resolved.
 */
int network_find(const struct root *root, const struct settings *s, const struct target *t, struct network *net,
		 struct storage *ret, struct err *e);

/*
 * The way to the numeric ADDRESS of what serves a disk: an index into NET's networks.  Modules go to MODALIASES
 * and DRIVERS.
 */
int network_way(const struct root *root, const struct settings *s, const char *address, struct network *net,
		unsigned *ret_net, struct strv *modaliases, struct strv *drivers, struct err *e);

/* The collector on this system, told by its own bytes: it is not run. */
struct collector {
	char *path;		/* "/usr/bin/makedumpfile" below the root */
	char *version;		/* "1.7.2", "" unknown */
	bool zlib, lzo, snappy, zstd;	/* what it was built with */
};
void collector_done(struct collector *c);
int collector_read(const struct root *root, struct collector *ret, struct err *e);

/*
 * Modules of one kernel (MODULES is "/lib/modules/RELEASE" below the root), by libkmod.
 * Wanted: modaliases and names.  Result: every module needed, in load order, paths as in that
 * folder; built-in ones are left out.  needs holds hard and soft dependencies, aliases only
 * those under which the kernel itself asks (as written: "crypto-crc32c-intel").
 * wanted is set for what was asked for; the rest only serves it.
 * -ENOENT: no such folder, no indices, or a name that is neither module nor built in.
 */
struct module_set {
	struct recipe_module *v;
	size_t n;
	struct strv firmware;	/* names as the modules tell them, "bnx2/bnx2-mips-09-6.2.1b.fw" */
};
void module_set_done(struct module_set *m);
#define auto_modules AUTO(module_set_done)
int modules_resolve(const struct root *root, const char *modules, const char *release, const struct strv *modaliases,
		    const struct strv *names, struct module_set *ret, struct err *e);
/*
 * Files below the root that decide a resolution, beside the modules themselves:
 * indices and the files of modprobe.d that are in force (the running kernel's
 * command line, "module.option=", is read by libkmod as well).
 */
void modules_inputs(const struct root *root, const char *modules, struct strv *ret);

#endif
