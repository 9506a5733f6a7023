/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_APPLY_H
#define CRASHCFG_APPLY_H

#include "plan.h"

/*
 * The only writer.  One lock, one journal (IMAGE_DIR/journal): every new file is
 * staged beside its target, fsynced, and only then are the renames done, the
 * image first and what points to it last.  An apply that was interrupted is
 * taken back, or where only cleaning up was left completed, by the next
 * apply_recover().
 */
struct apply_report {
	size_t changed;		/* steps done that changed something */
	struct strv done;	/* one line each */
	struct strv deferred;
};
void apply_report_done(struct apply_report *r);
#define auto_report AUTO(apply_report_done)

/* The lock ends with *ret_fd.  EWOULDBLOCK: another run holds it; the text names its pid. */
int apply_lock(const struct root *root, int *ret_fd, struct err *e);
/* The descriptor of the lock that this process took last, for a program that must hold it too; -1: none. */
int apply_lock_held(void);
/* Needs the lock.  0: nothing was left; 1: an interrupted run was completed or taken back. */
int apply_recover(const struct root *root, struct err *e);
/*
 * Needs the lock; marks the steps that it did.  On failure the old state stands,
 * or the text says what does not.
 */
int plan_apply(const struct root *root, struct plan *p, const struct image_spec *spec,
	       const struct image_plan *image, struct apply_report *report, struct err *e);

/*
 * kexec_file_load(2) of kernel and image, as the capture kernel.  It is loaded over the one that
 * was there.  The kernel gives that one up before it looks at the new one, so all that can be known
 * to fail is looked at first, and if it refuses nevertheless the old one is loaded again by
 * LOADED_PATH.  ENOSYS falls back on "kexec -p"; a refusal for a signature or lockdown never does.
 * -EOPNOTSUPP: not the host's own root.
 */
struct load_request {
	const char *kernel;	/* path of the kernel's image */
	const char *image;
	const char *cmdline;	/* of the capture kernel */
	const struct buf *secrets;	/* what secrets_collect() gave; NULL: none */
};
int capture_load(const struct root *root, const struct load_request *q, struct err *e);
/*
 * Keys for the targets' hosts: an archive that goes behind the image when it is loaded, and nowhere else.
 * Empty where none is needed.  On failure *ret has those that could be read.
 */
int secrets_collect(const struct root *root, const struct settings *s, struct buf *ret, struct err *e);
void secrets_done(struct buf *archive);	/* overwrites it */
#define auto_secrets AUTO(secrets_done)
/* IMAGE's bytes and ARCHIVE in a file without a name.  A descriptor or -errno. */
int secrets_append(int image, const struct buf *archive);
/* Nothing loaded: 0 all the same. */
int capture_unload(const struct root *root, struct err *e);

/*
 * Memory that is reserved for the capture kernel, given back to the running system: until the next boot
 * there is no way back.  Needs the lock.  What is loaded must go first; if it is ours it is loaded again, with SECRETS.
 * *ret tells at every return what the host holds now.  -EBUSY: what is loaded is not ours, so it could not be
 * loaded again; nothing was done.  Else the text says how far it came.
 */
struct shrink {
	int64_t before, after;		/* bytes by /sys/kernel/kexec_crash_size; -1: not known */
	bool was_loaded, loaded;	/* a capture kernel */
};
int capture_shrink(const struct root *root, uint64_t bytes, const struct buf *secrets, struct shrink *ret,
		   struct err *e);
/* Write that file, and down in RELEASED_PATH that memory was given back.  The kernel rounds up to pages. */
int crash_size_set(const struct root *root, uint64_t bytes, struct err *e);
/* What it says; -1: not known. */
int64_t crash_size_get(const struct root *root);
/* What LOADED_PATH tells of the capture kernel that this boot loaded; all NULL: nothing. */
struct loaded {
	char *kernel, *image, *cmdline;	/* paths, and the line */
};
void loaded_read(const struct root *root, struct loaded *ret);
void loaded_done(struct loaded *l);
#define auto_loaded AUTO(loaded_done)

/* What was seen when loading failed. */
struct kexec_seen {
	const char *kernel;	/* path, for the text */
	int64_t reserved;	/* bytes; -1 not known */
	uint64_t need;		/* bytes that kernel and image take there; 0 not known */
	const char *asked;	/* value of crashkernel= that the running kernel was booted with; NULL: none */
	enum known disabled;	/* kernel.kexec_load_disabled */
	const char *lockdown;	/* "none", "integrity", ...; NULL not known */
	bool privileged;	/* the caller is root */
};
/* What a failed kexec_file_load means and what to do: pure, from errno and what was seen. */
void kexec_explain(int code, const struct kexec_seen *seen, struct buf *to);

/*
 * What was loaded last in this boot, in LOADED_PATH: the kernel does not tell, so
 * capture_load() writes it down and capture_unload() strikes it out.  On the
 * host only; failing to write costs one load more at the next apply, no more.
 */
void loaded_record(const struct root *root, const struct load_request *q);
void loaded_forget(const struct root *root);

/*
 * The kernel's switches (sysctl.h of the plan).  Set one, keeping in SYSCTLS_PATH what it was when this boot saw
 * it first; set all that WANT has and the kernel does not: a failure of one does not keep
 * the others; forget what was kept.
 */
int sysctl_set(const struct root *root, const char *name, const char *value, struct err *e);
int sysctl_set_all(const struct root *root, const struct settings *want, struct err *e);
void sysctl_forget(const struct root *root);

#endif
