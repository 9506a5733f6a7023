/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_H
#define CRASHCFG_LAB_H

#include "image.h"
#include "manifest.h"

/*
 * The laboratory: a QEMU guest that boots a host's kernel, is armed by the
 * shipped `crashcfg load`, is crashed by sysrq, and whose dump is then opened.
 *
 * Three things run in turn: the guest that crashes and captures; a second boot
 * that mounts the scratch disk as the host's next boot would and hands the dump
 * out (so no privilege is needed here, whatever the file system is); and a
 * child process that reads the dump.  No network, no host file is written but
 * those below the work folder, and all of it dies with the caller.
 */

/* One line of the timeline. */
struct lab_event {
	/* "boot", "armed", "panic", "capture", "modules", "device", "dmesg", "vmcore", "check", "renamed",
	 * "failed", "end", "reboot" (QEMU has ended: the machine was reset, or is off) or "halt" */
	const char *name;
	double seconds;		/* since QEMU was started */
	double percent;		/* "vmcore" alone, while it is written; else -1 */
	const char *text;	/* what there is to say, "" nothing */
};

struct lab_request {
	const struct root *root;	/* its settings files go into the guest */
	const struct kernel_fact *kernel;	/* the one that crashes */
	const struct kernel_fact *capture;	/* the one that captures; often the same */
	const struct root *kernel_root;		/* where both lie; NULL: root */
	const char *image;		/* the capture image, a file */
	const struct recipe *recipe;	/* what it names: the scratch disk takes that identity */
	/* DUMP_TARGETS in the guest, where that target is not the host's own; NULL: what its settings say */
	const char *target_url;
	const char *self;		/* path of the crashcfg program that runs inside: this very one */
	const char *tool_dir;		/* lab-init lies there */
	const char *work;		/* scratch folder for disks and logs, made and removed by the caller */
	uint64_t memory;		/* bytes of the guest */
	const char *crashkernel;	/* value for the first kernel */
	const char *accel;		/* "auto", "kvm", "tcg" */
	const struct strv *qemu_args;	/* more arguments for QEMU; NULL: none */
	int timeout_ms;			/* for all of it */
	int stop_fd;			/* readable: end at once (-EINTR); -1: none */
	void (*event)(void *ctx, const struct lab_event *ev);	/* NULL: none */
	void *ctx;
};

struct lab_file {
	char *name;		/* "localhost/20261121T001200Z-6f1e2a3b/dmesg.txt" */
	uint64_t size;
};

struct lab_result {
	bool pass;
	char *reason;			/* why not; "" when it passed */
	char *accel;			/* what was used: "kvm", "tcg" */
	char *accel_why;		/* why not KVM where that was tried, "" */
	char *console;			/* path of the console log */
	char *collect_console;		/* of the second boot; NULL: there was none */
	char *dump;			/* path of the vmcore copied out of the scratch disk; NULL: none */
	struct lab_file *files;		/* all that lies in the dump folder */
	size_t n_files;
	struct manifest *manifest;	/* NULL: none came */
	char *image_sha256;		/* of the capture image, the same in the guest */
	char *release;			/* kernel release that the dump tells, NULL */
	char *panic;			/* panic line found in the dump's own log, NULL */
	uint64_t pages, bytes;		/* of the dump */
	double panic_to_reset;		/* seconds, also to a poweroff or halt; 0: there was no panic or no end */
	struct strv differs;		/* in what this was not the host: a sentence each */
	double capture_to_reset;	/* likewise, from the first word of capture-init */
};
void lab_result_done(struct lab_result *r);
#define auto_lab_result AUTO(lab_result_done)

/*
 * 0: it ran, look at pass.  -ENOENT: QEMU or a tool is missing, text names the package.
 * -ENOTSUP: a disk or machine that cannot be played.  -EINTR: it was told to stop.
 * *ret holds what there is even on failure (the console log's path).
 */
int lab_run(const struct lab_request *q, struct lab_result *ret, struct err *e);

/* storage_find()'s answer for a scratch virtio disk of SIZE bytes (0: 2 GiB) with file system FSTYPE. */
int lab_storage(const char *fstype, const char *dir, uint64_t size, struct storage *ret, struct err *e);

/*
 * Put layers between that disk and its file system.  KINDS: "raid1,lvm", from the disk upwards.  -EINVAL: text tells
 * those that there are.
 */
int lab_stack(const char *kinds, struct storage *to, struct err *e);

/*
 * network_find()'s answer for a scratch server that URL names: "nfs", "ssh", or a whole one.  KINDS: the way to it,
 * "bond,vlan,dhcp" from the card upwards; "" one card with a fixed address.  For ssh the keys that are to be SSH_KEY and
 * SSH_KNOWN_HOSTS are made in WORK, by the names below.  -EINVAL: text tells what there is.
 */
#define LAB_SSH_KEY "ssh_key"
#define LAB_SSH_KNOWN "known_hosts"
int lab_remote(const char *url, const char *kinds, const char *nfs_options, const char *work,
	       struct storage *ret, struct network *ret_net, struct err *e);

#endif
