/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"

#include "cmdline.h"
#include "crashkernel.h"
#include "facts.h"
#include "file.h"
#include "num.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

/* linux/kexec.h */
#define FILE_UNLOAD 0x1ul
#define FILE_ON_CRASH 0x2ul

#define LOADED_FLAG "/sys/kernel/kexec_crash_loaded"
/* Purgatory, boot parameters, the ELF header of the old memory: some 100 KiB. */
#define BESIDE (UINT64_C(1) << 20)
#define KEXEC_DEADLINE_MS 60000
#define IMAGE_MAX ((size_t)512 << 20)

/* --- what a failure means ---------------------------------------------------------------------- */

static void explain_memory(const struct kexec_seen *seen, struct buf *to)
{
	char have[SIZE_TEXT_MAX], need[SIZE_TEXT_MAX];

	if (seen->reserved == 0 && seen->asked)
		buf_addf(to,
			 "the running kernel was booted with crashkernel=%s and reserved nothing: it "
			 "found no free range of that size; set a smaller CRASHKERNEL, run 'crashcfg "
			 "apply' and reboot",
			 seen->asked);
	else if (seen->reserved == 0)
		buf_adds(to, "no memory is reserved for a capture kernel; run 'crashcfg apply' and reboot");
	else if (seen->reserved > 0 && seen->need)
		buf_addf(to,
			 "the %s that are reserved do not hold kernel and image, which take %s to load "
			 "and more to run; set a larger CRASHKERNEL (or auto), run 'crashcfg apply' and "
			 "reboot",
			 size_human((uint64_t)seen->reserved, have), size_human(seen->need, need));
	else
		buf_adds(to, "the reserved memory does not hold kernel and image; set a larger "
			     "CRASHKERNEL (or auto), run 'crashcfg apply' and reboot");
}

static void explain_permission(const struct kexec_seen *seen, struct buf *to)
{
	if (!seen->privileged)
		buf_adds(to, "only root may load a kernel; run this as root");
	else if (seen->disabled == YES)
		buf_adds(to, "kernel.kexec_load_disabled is 1, and stays so until the next boot; load "
			     "before it is set (systemd-sysctl), or do not set it");
	else if (seen->lockdown && strcmp(seen->lockdown, "none") != 0)
		buf_addf(to,
			 "the running kernel is locked down (%s) and loads no kernel whose signature it "
			 "cannot check; use the distribution's signed kernel as '%s'",
			 seen->lockdown, seen->kernel);
	else
		buf_adds(to, "the kernel does not permit it (a container, a security module, or "
			     "kernel.kexec_load_limit_panic)");
}

void kexec_explain(int code, const struct kexec_seen *seen, struct buf *to)
{
	switch (code) {
	case EADDRNOTAVAIL:
		explain_memory(seen, to);
		break;
	case ENOMEM:
		if (seen->reserved == 0)
			explain_memory(seen, to);
		else
			buf_adds(to, "there is not enough free memory to read kernel and image; free "
				     "some and try again");
		break;
	case EPERM:
	case EACCES:
		explain_permission(seen, to);
		break;
	case EKEYREJECTED:
	case ENOKEY:
	case ENODATA:
	case EBADMSG:
	case ENOPKG:
		buf_addf(to,
			 "'%s' is %s, and this kernel (Secure Boot, lockdown) loads none but signed "
			 "ones; use the distribution's signed kernel, or enrol the key that yours is "
			 "signed with (mokutil)",
			 seen->kernel,
			 code == ENODATA ? "not signed" :
			 code == EBADMSG ? "signed, but damaged" :
					   "signed with a key that is not trusted here");
		break;
	case EBUSY:
		buf_adds(to, "another program is loading a kernel at this moment; try again");
		break;
	case ENOEXEC:
	case ELIBBAD:
		buf_addf(to,
			 "'%s' is not a kernel that can be loaded here; a distribution's "
			 "'/boot/vmlinuz-VERSION' is one",
			 seen->kernel);
		break;
	case ENOSYS:
		buf_adds(to,
			 "the running kernel was built without kexec (CONFIG_KEXEC_FILE, CONFIG_CRASH_DUMP)");
		break;
	case EINVAL:
		if (seen->reserved == 0)
			explain_memory(seen, to);
		else
			buf_addf(to,
				 "the kernel refuses '%s' or its command line (too long, or a kernel of "
				 "another machine)",
				 seen->kernel);
		break;
	default:
		buf_adds(to, strerror(code));
	}
}

/* --- loading ----------------------------------------------------------------------------------- */

struct load {
	const struct root *root;
	const struct load_request *q;
	int kernel, image;		/* descriptors */
	int whole;			/* image and secrets; -1: no secrets */
	struct kernel_fact head;
	uint64_t kernel_size, image_size;
	char *cmdline;			/* the running kernel's */
	char *asked, *lockdown;
	struct kexec_seen seen;
};

static void own_load(struct load *l)
{
	own_close(&l->kernel);
	own_close(&l->image);
	own_close(&l->whole);
	free(l->cmdline);
	free(l->asked);
	free(l->lockdown);
}

static int open_file(const struct root *root, const char *path, const char *what, int *ret_fd,
		     uint64_t *ret_size, struct err *e)
{
	auto_close int fd = root_openat(root, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, fd < 0 ? -fd : errno, "%s '%s': %s", what, path,
			       strerror(fd < 0 ? -fd : errno));
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return err_set(e, EINVAL, "%s '%s' is %s", what, path,
			       S_ISREG(st.st_mode) ? "empty" : "not a regular file");
	*ret_fd = take_fd(fd);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static enum known read_flag(const struct root *root, const char *path)
{
	auto_free char *line = root_read_line(root, path);

	return !line ? UNKNOWN : strcmp(line, "0") == 0 ? NO : YES;
}

static char *read_lockdown(const struct root *root)
{
	auto_free char *text = root_read_line(root, "/sys/kernel/security/lockdown");

	return text ? lockdown_parse(text) : NULL;
}

/* Look at everything that the kernel will look at, as far as it can be seen from here. */
static void look(struct load *l)
{
	char head[KERNEL_HEAD];

	if (pread(l->kernel, head, sizeof(head), 0) == (ssize_t)sizeof(head))
		kernel_head_read(head, sizeof(head), &l->head);
	l->cmdline = root_read_line(l->root, "/proc/cmdline");
	l->asked = l->cmdline ? crashkernel_in_force(l->cmdline) : NULL;
	l->lockdown = read_lockdown(l->root);
	l->seen = (struct kexec_seen){
		.kernel = l->q->kernel,
		.asked = l->asked,
		.lockdown = l->lockdown,
		.privileged = geteuid() == 0,
		.reserved = crash_size_get(l->root),
		.need = l->head.init_size ? l->head.init_size + l->image_size + BESIDE : 0,
		.disabled = read_flag(l->root, "/proc/sys/kernel/kexec_load_disabled"),
	};
}

static int fail(const struct load *l, int code, struct err *e)
{
	auto_buf struct buf why = { 0 };

	kexec_explain(code, &l->seen, &why);
	return err_set(e, code == ENOSYS ? ENOTSUP : code, "cannot load the capture kernel: %s",
		       buf_text(&why));
}

/* What is known to fail is not tried: the kernel gives up the old capture kernel before it looks at the new
 * one. */
static int check(const struct load *l, struct err *e)
{
	const struct kexec_seen *seen = &l->seen;

	if (!seen->privileged || seen->disabled == YES)
		return fail(l, EPERM, e);
	if (seen->reserved < 0)
		return fail(l, ENOSYS, e);
#ifdef __x86_64__
	if (!l->head.cmdline_max) /* the only format that kexec_file_load(2) takes there is bzImage */
		return fail(l, ENOEXEC, e);
#endif
	if (seen->reserved == 0 || (seen->need && seen->need > (uint64_t)seen->reserved))
		return fail(l, EADDRNOTAVAIL, e);
	if (l->head.cmdline_max && strlen(l->q->cmdline) > l->head.cmdline_max)
		return err_set(e, E2BIG,
			       "the capture kernel's command line has %zu bytes and '%s' takes at most "
			       "%u; name words to leave out in CAPTURE_CMDLINE_REMOVE",
			       strlen(l->q->cmdline), l->q->kernel, l->head.cmdline_max);
	return 0;
}

/* The whole image is read: a damaged one would be found out by nobody until the crash. */
static int check_image(const struct load *l, struct err *e)
{
	auto_buf struct buf bytes = { 0 };
	int r = fd_read_all(l->image, IMAGE_MAX, &bytes);

	if (r < 0)
		return err_set(e, -r, "capture image '%s': %s", l->q->image, strerror(-r));
	if (image_check(buf_text(&bytes), bytes.len, e) < 0)
		return err_wrap(e, "capture image '%s'", l->q->image);
	return lseek(l->image, 0, SEEK_SET) < 0 ? err_set(e, errno, "capture image '%s': %s", l->q->image,
							  strerror(errno)) : 0;
}

/* "kexec -p" by the older kexec_load(2), for kernels without the newer call. */
static int load_by_program(const struct load *l, struct err *e)
{
	static const char *const places[] = { "/usr/sbin/kexec", "/sbin/kexec" };
	auto_free char *initrd = l->whole < 0 ? xasprintf("--initrd=%s", l->q->image) :
						xasprintf("--initrd=/proc/self/fd/%d", l->whole);
	auto_free char *cmdline = xasprintf("--command-line=%s", l->q->cmdline);
	const char *program = root_exists(l->root, places[0]) ? places[0] : places[1];
	const char *const argv[] = { program, "--kexec-syscall", "-p", initrd, cmdline, l->q->kernel, NULL };
	auto_proc struct proc p = { .argv = argv, .deadline_ms = KEXEC_DEADLINE_MS, .keep_fd = l->whole };

	if (!root_exists(l->root, program))
		return err_set(e, ENOENT,
			       "the running kernel has no kexec_file_load, and '%s' is not there to do "
			       "without; install the package kexec-tools",
			       places[0]);
	return proc_check(&p, e) < 0 ? err_wrap(e, "cannot load the capture kernel") : 0;
}

/* 0 or -errno of the call. */
static int load_files(int kernel, int image, const char *cmdline)
{
	return syscall(SYS_kexec_file_load, kernel, image, strlen(cmdline) + 1, cmdline, FILE_ON_CRASH) < 0 ?
		       -errno :
		       0;
}

static int load(const struct load *l, struct err *e)
{
	int r = load_files(l->kernel, l->whole < 0 ? l->image : l->whole, l->q->cmdline);

	if (r == -ENOSYS)
		r = load_by_program(l, e);
	else if (r < 0)
		r = fail(l, -r, e);
	if (r == 0 && read_flag(l->root, LOADED_FLAG) == NO)
		r = err_set(e, EIO, "the kernel took the capture kernel and says that none is loaded");
	return r;
}

/* The kernel gave up the old capture kernel for one that it then refused: put the old one back, by what was
 * written down of it. */
static bool load_former(const struct root *root, const struct loaded *former, const struct buf *secrets)
{
	auto_close int kernel_fd = -1, image_fd = -1, whole = -1;
	uint64_t size;

	if (!former->kernel || open_file(root, former->kernel, "kernel", &kernel_fd, &size, NULL) < 0 ||
	    open_file(root, former->image, "image", &image_fd, &size, NULL) < 0)
		return false;
	if (secrets && secrets->len)
		whole = secrets_append(image_fd, secrets);
	return load_files(kernel_fd, whole < 0 ? image_fd : whole, former->cmdline) == 0;
}

int capture_load(const struct root *root, const struct load_request *q, struct err *e)
{
	AUTO(own_load) struct load l = { .root = root, .q = q, .kernel = -1, .image = -1, .whole = -1 };
	auto_loaded struct loaded former = { 0 };
	struct err why = { 0 };
	bool was_loaded;
	int r;

	if (!root->host)
		return err_set(e, EOPNOTSUPP,
			       "nothing can be loaded for '%s': it is not the system that runs", root->path);
	r = open_file(root, q->kernel, "kernel", &l.kernel, &l.kernel_size, e);
	if (r < 0)
		return r;
	r = open_file(root, q->image, "capture image", &l.image, &l.image_size, e);
	if (r < 0)
		return r;
	if (q->secrets && q->secrets->len) {
		l.whole = secrets_append(l.image, q->secrets);
		if (l.whole < 0)
			return err_set(e, -l.whole, "cannot put the keys behind '%s': %s", q->image,
				       strerror(-l.whole));
		l.image_size += q->secrets->len;
	}
	look(&l);
	r = check(&l, e);
	if (r == 0)
		r = check_image(&l, e);
	if (r < 0)
		return r;
	was_loaded = read_flag(root, LOADED_FLAG) == YES;
	if (was_loaded)
		loaded_read(root, &former);
	r = load(&l, &why);
	if (r == 0) {
		loaded_record(root, q);
		return 0;
	}
	if (!was_loaded || read_flag(root, LOADED_FLAG) != NO)
		return err_set(e, why.code, "%s", why.text);
	if (load_former(root, &former, q->secrets))
		return err_set(e, why.code, "%s (the one that was loaded before is loaded again)", why.text);
	loaded_forget(root);
	return err_set(e, why.code, "%s (the one that was loaded before is gone: this host is not armed)",
		       why.text);
}

static int unload_by_program(const struct root *root, struct err *e)
{
	static const char *const argv[] = { "/usr/sbin/kexec", "--kexec-syscall", "-p", "-u", NULL };
	static const char *const other[] = { "/sbin/kexec", "--kexec-syscall", "-p", "-u", NULL };
	auto_proc struct proc p = { .argv = root_exists(root, argv[0]) ? argv : other,
				    .deadline_ms = KEXEC_DEADLINE_MS };

	return proc_check(&p, e) < 0 ? err_wrap(e, "cannot unload the capture kernel") : 0;
}

int capture_unload(const struct root *root, struct err *e)
{
	struct kexec_seen seen = {
		.kernel = "", .reserved = -1, .privileged = geteuid() == 0,
		.disabled = read_flag(root, "/proc/sys/kernel/kexec_load_disabled"),
	};
	auto_buf struct buf why = { 0 };
	int r = 0, code;

	if (!root->host)
		return err_set(e, EOPNOTSUPP,
			       "nothing can be unloaded for '%s': it is not the system that runs",
			       root->path);
	if (read_flag(root, LOADED_FLAG) != YES) {
		loaded_forget(root);
		return 0;
	}
	if (syscall(SYS_kexec_file_load, -1, -1, 0ul, NULL, FILE_UNLOAD | FILE_ON_CRASH) < 0) {
		code = errno;
		if (code == ENOSYS) {
			r = unload_by_program(root, e);
		} else {
			kexec_explain(code, &seen, &why);
			r = err_set(e, code, "cannot unload the capture kernel: %s", buf_text(&why));
		}
	}
	if (r == 0)
		loaded_forget(root);
	return r;
}
