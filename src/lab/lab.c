/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab.h"
#include "file.h"
#include "guest/guest.h"
#include "hash.h"
#include "initrd.h"
#include "oops.h"
#include "proc.h"
#include "scratch.h"
#include "stream.h"
#include "timeline.h"
#include "verdict.h"
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#define KVM_HELLO_MS 6000		/* a guest under a KVM that works says its first word within 2 s */
#define COLLECT_MS 300000
#define LOOK_MS 120000
#define OUT_SLACK (1ULL << 30)		/* of the out disk, above the guest's memory */
#define TEXT_CAP (64UL << 20)
#define PANIC_SECONDS 10		/* until a kernel that cannot jump into its capture kernel reboots */

/* One run, with the paths below the work folder. */
struct lab {
	const struct lab_request *q;
	const struct recipe_target *target;
	struct strv disk;			/* QEMU's arguments for the scratch disk, crash boot */
	char *qemu, *scratch, *out, *dump_dir, *errors;
	char token[33];
	char image_sha256[HASH_TEXT_MAX];
	long long end;				/* of all of it, now_ms() terms */
	struct timeline timeline;
};

static void lab_done(struct lab *l)
{
	strv_done(&l->disk);
	free(l->qemu);
	free(l->scratch);
	free(l->out);
	free(l->dump_dir);
	free(l->errors);
	timeline_done(&l->timeline);
}

void lab_result_done(struct lab_result *r)
{
	free(r->reason);
	free(r->accel);
	free(r->accel_why);
	free(r->console);
	free(r->collect_console);
	free(r->dump);
	lab_files_free(r->files, r->n_files);
	manifest_free(r->manifest);
	free(r->image_sha256);
	free(r->release);
	free(r->panic);
	memset(r, 0, sizeof(*r));
}

static void set_text(char **to, char *text)
{
	free(*to);
	*to = text;
}

/* --- before the first boot ------------------------------------------------------------------- */

static int make_token(char token[static 33], struct err *e)
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_set(e, errno, "no random number: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int hash_path(const char *path, char text[static HASH_TEXT_MAX], uint64_t *ret_len, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : hash_fd(fd, text, ret_len);

	return r < 0 ? err_set(e, -r, "cannot read '%s': %s", path, strerror(-r)) : 0;
}

static int write_path(const char *path, const struct buf *data, struct err *e)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, data->data, data->len);

	return r < 0 ? err_set(e, -r, "cannot write '%s': %s", path, strerror(-r)) : 0;
}

static int prepare_disk(struct lab *l, struct err *e)
{
	const struct lab_request *q = l->q;
	const struct root *root = q->kernel_root ? q->kernel_root : q->root;
	auto_free char *path = xasprintf("%s/modules.builtin", q->kernel->modules);
	auto_buf struct buf builtin = { 0 };
	int r;

	r = scratch_target(q->recipe, &l->target, e);
	if (r < 0)
		return r;
	root_read(root, path, TEXT_CAP, &builtin, NULL); /* a kernel without one has no drivers built in */
	r = scratch_device(q->recipe, buf_text(&builtin), &l->disk, e);
	if (r < 0)
		return r;
	return scratch_make(l->scratch, l->target, q->memory, e);
}

static int prepare(struct lab *l, struct lab_result *ret, struct err *e)
{
	const struct lab_request *q = l->q;
	int r;

	l->scratch = xasprintf("%s/scratch.img", q->work);
	l->out = xasprintf("%s/out.img", q->work);
	l->dump_dir = xasprintf("%s/dump", q->work);
	l->errors = xasprintf("%s/qemu.log", q->work);
	set_text(&ret->console, xasprintf("%s/console.log", q->work));
	if (!q->kernel->modules)
		return err_set(e, ENOTSUP, "kernel '%s' has no modules", q->kernel->release);
	r = vm_find(&l->qemu, e);
	if (r < 0)
		return r;
	r = make_token(l->token, e);
	if (r < 0)
		return r;
	r = hash_path(q->image, l->image_sha256, NULL, e);
	if (r < 0)
		return r;
	set_text(&ret->image_sha256, xstrdup(l->image_sha256));
	return prepare_disk(l, e);
}

/* --- the boot that crashes ------------------------------------------------------------------- */

static void crash_line(void *ctx, const char *line, long long *deadline)
{
	struct lab *l = ctx;

	timeline_line(&l->timeline, line, now_ms(), deadline);
	if (*deadline > l->end)
		*deadline = l->end;
}

/* The first words that QEMU itself wrote, for a message. */
static char *qemu_said(const struct lab *l)
{
	auto_close int fd = open(l->errors, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf text = { 0 };

	if (fd >= 0)
		fd_read_all(fd, 1 << 20, &text);
	return xstrndup(buf_text(&text), strcspn(buf_text(&text), "\n"));
}

static void drive(struct strv *to, const char *id, const char *path)
{
	/* An error shall reach the guest, as a real disk's would, and not stop the machine. */
	strv_add(to, "-drive");
	strv_addf(to, "if=none,id=%s,file=%s,format=raw,cache=unsafe,werror=report,rerror=report", id, path);
}

static int boot_once(struct lab *l, const char *accel, long long hello_ms, const char *initrd,
		     struct lab_result *ret, struct err *e)
{
	auto_free char *kernel =
		root_path(l->q->kernel_root ? l->q->kernel_root : l->q->root, l->q->kernel->image);
	auto_free char *append = xasprintf("console=ttyS0 quiet panic=%d crashkernel=%s", PANIC_SECONDS,
					   l->q->crashkernel);
	auto_strv struct strv devices = { 0 };
	struct vm vm = {
		.accel = accel, .memory = l->q->memory, .kernel = kernel, .initrd = initrd, .append = append,
		.devices = &devices, .more = l->q->qemu_args, .console = ret->console, .errors = l->errors,
		.stop_fd = l->q->stop_fd, .line = crash_line, .ctx = l,
	};
	int r;

	timeline_done(&l->timeline);
	l->timeline = (struct timeline){
		.recipe = l->q->recipe, .emulated = strcmp(accel, "tcg") == 0, .boot_ms = hello_ms,
		.event = l->q->event, .ctx = l->q->ctx,
	};
	drive(&devices, "scratch", l->scratch);
	for (size_t i = 0; i < l->disk.n; i++)
		strv_add(&devices, l->disk.v[i]);
	timeline_start(&l->timeline, now_ms(), &vm.deadline);
	if (vm.deadline > l->end)
		vm.deadline = l->end;
	r = vm_run(l->qemu, &vm, e);
	set_text(&ret->accel, xstrdup(accel));
	if (r == -ETIMEDOUT && l->timeline.halts) {	/* as it was told to; vm_run() has ended it */
		vm.ended = l->timeline.ending_at;
		vm.status = 0;
		r = 0;
	}
	if (r == 0 && l->timeline.stage >= STAGE_PANIC) {
		auto_free char *text = NULL;

		ret->panic_to_reset = (double)(vm.ended - l->timeline.panic_at) / 1000;
		if (l->timeline.capture_at)
			ret->capture_to_reset = (double)(vm.ended - l->timeline.capture_at) / 1000;
		text = xasprintf("%.1f s after the panic", ret->panic_to_reset);
		timeline_event(&l->timeline, vm.ended, l->timeline.halts ? "halt" : "reboot", -1, text);
	}
	if (r == 0 && vm.status != 0) {
		auto_free char *said = qemu_said(l);

		return err_set(e, EIO, "QEMU ended with %d: %s", vm.status, *said ? said : "it said nothing");
	}
	return r;
}

/*
 * /dev/kvm can be there and yet no guest run under it: it may refuse a register,
 * or loop for ever.  So "auto" asks the guest itself to say hello in a few
 * seconds, and goes on without KVM when it does not.
 */
static int boot_crash(struct lab *l, const char *initrd, struct lab_result *ret, struct err *e)
{
	const char *accel = l->q->accel;
	struct err why = { 0 };
	int r;

	if (strcmp(accel, "auto") != 0)
		return boot_once(l, accel, 0, initrd, ret, e);
	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		set_text(&ret->accel_why, xasprintf("'/dev/kvm': %s", strerror(errno)));
		return boot_once(l, "tcg", 0, initrd, ret, e);
	}
	r = boot_once(l, "kvm", KVM_HELLO_MS, initrd, ret, &why);
	if (l->timeline.stage > STAGE_START || r == -EINTR) {
		if (r < 0)
			err_set(e, why.code, "%s", why.text);
		return r;
	}
	set_text(&ret->accel_why,
		 r == -ETIMEDOUT ? xasprintf("a guest under KVM said nothing for %d s", KVM_HELLO_MS / 1000)
				 : xasprintf("KVM: %s", r < 0 ? why.text : "the guest ended at once"));
	return boot_once(l, "tcg", 0, initrd, ret, e);
}

/* Why the first boot did not get through its capture; NULL: it did. */
static char *boot_reason(const struct lab *l, int r, const struct err *e)
{
	const struct timeline *t = &l->timeline;
	const char *last = t->last ? t->last : "none";

	if (t->failed)
		return xasprintf("%s%s%s", t->failed, t->said ? ": " : "", t->said ? t->said : "");
	if (r == -ETIMEDOUT && now_ms() >= l->end)
		return xasprintf("the time for the whole test is over (last line: '%s')", last);
	if (r == -ETIMEDOUT) {
		auto_free char *waited = timeline_waited_for(t);

		return xasprintf("%s (last line: '%s')", waited, last);
	}
	if (r < 0)
		return xstrdup(e->text);
	if (t->stage < STAGE_ARMED)
		return xasprintf("the guest ended before it was armed (last line: '%s')", last);
	if (t->stage < STAGE_PANIC)
		return xasprintf("the guest ended without a panic (last line: '%s')", last);
	if (t->capture_panic)
		return xasprintf("the capture kernel panicked: %s", t->capture_panic);
	if (t->stage < STAGE_CAPTURE)
		return xasprintf("the machine was reset before capture-init spoke (last line: '%s')", last);
	if (t->stage < STAGE_ENDING)
		return xasprintf("the machine was reset before the capture had ended (last line: '%s')", last);
	return NULL;
}

/* --- the boot that hands the dump out -------------------------------------------------------- */

struct collect {
	char *failed;
	bool done;
};

static void collect_line(void *ctx, const char *line, long long *deadline)
{
	struct collect *c = ctx;
	const char *words = strstr(line, GUEST_MARK);

	(void)deadline;
	words = words ? words + strlen(GUEST_MARK) : "";
	if (strncmp(words, GUEST_FAILED " ", strlen(GUEST_FAILED) + 1) == 0)
		set_text(&c->failed, xstrdup(words + strlen(GUEST_FAILED) + 1));
	if (strncmp(words, GUEST_COLLECTED " ", strlen(GUEST_COLLECTED) + 1) == 0)
		c->done = true;
}

static int boot_collect(struct lab *l, struct lab_result *ret, struct err *e)
{
	auto_free char *kernel =
		root_path(l->q->kernel_root ? l->q->kernel_root : l->q->root, l->q->kernel->image);
	auto_free char *initrd = xasprintf("%s/collect.cpio", l->q->work), *failed = NULL;
	auto_buf struct buf cpio = { 0 };
	auto_strv struct strv devices = { 0 };
	struct collect c = { 0 };
	struct vm vm = {
		.accel = ret->accel, .memory = l->q->memory, .kernel = kernel, .initrd = initrd,
		.append = "console=ttyS0 quiet panic=-1", .devices = &devices, .errors = l->errors,
		.stop_fd = l->q->stop_fd, .line = collect_line, .ctx = &c, .deadline = now_ms() + COLLECT_MS,
	};
	int r;

	set_text(&ret->collect_console, xasprintf("%s/collect.log", l->q->work));
	vm.console = ret->collect_console;
	drive(&devices, "scratch", l->scratch);
	drive(&devices, "out", l->out);
	strv_add(&devices, "-device");
	strv_add(&devices, "virtio-blk-pci,drive=scratch,serial=" SERIAL_SCRATCH);
	strv_add(&devices, "-device");
	strv_add(&devices, "virtio-blk-pci,drive=out,serial=" SERIAL_OUT);
	r = initrd_collect(l->q, l->target, &cpio, e);
	r = r < 0 ? r : write_path(initrd, &cpio, e);
	r = r < 0 ? r : scratch_file(l->out, l->q->memory + OUT_SLACK, e);
	r = r < 0 ? r : vm_run(l->qemu, &vm, e);
	failed = c.failed;
	if (r < 0)
		return err_wrap(e, "the boot after the crash");
	if (!c.done)
		return err_set(e, EIO, "the boot after the crash: %s",
			       failed ? failed : "it handed nothing out");
	return stream_unpack(l->out, l->dump_dir, &ret->files, &ret->n_files, e);
}

/* --- judging --------------------------------------------------------------------------------- */

static bool is_called(const struct lab_file *f, const char *name)
{
	const char *slash = strrchr(f->name, '/');

	return strcmp(slash ? slash + 1 : f->name, name) == 0;
}

/* Path of the file called NAME that lies in the newest dump; NULL: none. */
static char *dump_file(const struct lab *l, const struct lab_result *res, const char *name)
{
	const struct lab_file *best = NULL;

	for (size_t i = 0; i < res->n_files; i++)
		if (is_called(&res->files[i], name) && (!best || strcmp(res->files[i].name, best->name) > 0))
			best = &res->files[i];
	return best ? xasprintf("%s/%s", l->dump_dir, best->name) : NULL;
}

static int read_text(const char *path, struct buf *to)
{
	auto_close int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	return fd < 0 ? -ENOENT : fd_read_all(fd, TEXT_CAP, to);
}

static void read_manifest(const struct lab *l, struct lab_result *ret)
{
	auto_free char *path = dump_file(l, ret, MANIFEST_NAME);
	auto_buf struct buf text = { 0 };

	if (read_text(path, &text) == 0)
		manifest_decode(buf_text(&text), text.len, &ret->manifest, NULL);
}

static void judge(struct lab *l, struct lab_result *ret)
{
	auto_free char *dmesg_path = dump_file(l, ret, "dmesg.txt");
	auto_vmcore_look struct vmcore_look look = { 0 };
	auto_buf struct buf dmesg = { 0 };
	char sum[HASH_TEXT_MAX] = "";
	struct err why = { 0 };
	struct evidence ev = {
		.release = l->q->kernel->release, .token = l->token, .memory = l->q->memory,
		.log_only = l->q->recipe->dump_level == DUMP_LEVEL_LOG, .hash_max = l->q->recipe->hash_max, .sha256_image = l->image_sha256,
		.sha256_armed = l->timeline.image_sha256, .sha256 = sum,
	};

	read_manifest(l, ret);
	ev.manifest = ret->manifest;
	if (read_text(dmesg_path, &dmesg) == 0)
		ev.dmesg = buf_text(&dmesg);
	ret->dump = dump_file(l, ret, "vmcore");
	if (ret->dump && hash_path(ret->dump, sum, &ret->bytes, &why) == 0 &&
	    vmcore_look(ret->dump, LOOK_MS, &look, &why) == 0) {
		ev.look = &look;
		ret->pages = look.pages;
		ret->release = xstrdup(look.release);
		ret->panic = oops_panic_line(look.log, strlen(look.log));
	}
	ev.bytes = ret->bytes;
	ev.look_error = why.text;
	if (!ret->reason)
		ret->reason = verdict(&ev);
}

/* All that follows the preparation.  The reason for a "no" goes into *ret; negative: there is no answer. */
static int play(struct lab *l, struct lab_result *ret, struct err *e)
{
	auto_free char *initrd = xasprintf("%s/crash.cpio", l->q->work);
	auto_buf struct buf cpio = { 0 };
	struct err why = { 0 };
	int r;

	r = initrd_crash(l->q, l->target, l->token, &cpio, e);
	r = r < 0 ? r : write_path(initrd, &cpio, e);
	if (r < 0)
		return r;
	buf_done(&cpio);
	r = boot_crash(l, initrd, ret, &why);
	if (r == -EINTR || (r < 0 && r != -ETIMEDOUT && l->timeline.stage == STAGE_START))
		return err_set(e, -r, "%s", why.text);
	ret->reason = boot_reason(l, r, &why);
	if (l->timeline.stage < STAGE_PANIC)
		return 0;
	r = boot_collect(l, ret, &why);
	if (r == -EINTR)
		return err_set(e, EINTR, "%s", why.text);
	if (r < 0 && !ret->reason)
		ret->reason = xstrdup(why.text);
	if (r == 0)
		judge(l, ret);
	return 0;
}

int lab_run(const struct lab_request *q, struct lab_result *ret, struct err *e)
{
	struct lab l = { .q = q, .end = now_ms() + q->timeout_ms };
	int r;

	r = prepare(&l, ret, e);
	if (r == 0)
		r = play(&l, ret, e);
	if (r == 0) {
		ret->pass = !ret->reason;
		if (!ret->reason)
			ret->reason = xstrdup("");
	}
	lab_done(&l);
	return r;
}
