/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_H
#define CRASHCFG_LAB_H

#include "image.h"

/*
 * The laboratory: a QEMU guest that boots a host's kernel, is armed by the
 * shipped `crashcfg load`, is crashed by sysrq, and whose dump is then opened.
 */
struct lab_request {
	const struct root *root;
	const struct kernel_fact *kernel;
	const struct root *kernel_root;
	const char *image;		/* the capture image, a file */
	const struct recipe *recipe;	/* what it names: the scratch disk takes that identity */
	const char *self;		/* path of the crashcfg program that runs inside */
	const char *tool_dir;		/* lab-init lies there */
	const char *work;		/* scratch folder for disk, console log, initramfs; made and removed by the caller */
	uint64_t memory;		/* bytes of the guest */
	const char *crashkernel;	/* value for the first kernel */
	const char *accel;		/* "auto", "kvm", "tcg" */
	int timeout_ms;
	/* One call per event of the timeline: "boot", "armed", "panic", "capture", "dmesg", "vmcore", "renamed", "reboot". */
	void (*event)(void *ctx, const char *name, double seconds, const char *text);
	void *ctx;
};

struct lab_result {
	bool pass;
	char *reason;			/* why not */
	char *accel;			/* what was used */
	char *console;			/* path of the console log */
	char *dump;			/* path of the vmcore copied out of the scratch disk */
	struct manifest *manifest;
	char *panic;			/* panic line found in the dump's own log */
	uint64_t pages, bytes;
	double panic_to_reset;		/* seconds */
};
void lab_result_done(struct lab_result *r);

/* 0: it ran, look at pass.  -ENOENT: QEMU or a tool is missing, text names the package. */
int lab_run(const struct lab_request *q, struct lab_result *ret, struct err *e);

/* storage_find()'s answer for a scratch virtio disk with file system FSTYPE. */
int lab_storage(const char *fstype, const char *dir, struct storage *ret, struct err *e);

#endif
