/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/guest.h"
#include "file.h"
#include "labparts.h"
#include "proc.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define COLLECT_MS 300000
#define PANIC_SECONDS 10		/* until a kernel that cannot jump into its capture kernel reboots */

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

static int boot_once(struct lab *l, const char *accel, long long hello_ms, int wire, const char *initrd,
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
		.wire_fd = wire,
	};
	int r = wire ? wire_cards(&l->wire, wire, &devices, e) : 0;

	if (r < 0)
		return r;

	timeline_done(&l->timeline);
	l->timeline = (struct timeline){
		.recipe = l->q->recipe, .emulated = strcmp(accel, "tcg") == 0, .boot_ms = hello_ms,
		.event = l->q->event, .ctx = l->q->ctx,
	};
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
static int boot_disk(struct lab *l, const char *initrd, struct lab_result *ret, struct err *e)
{
	const char *accel = l->q->accel;
	struct err why = { 0 };
	int r;

	if (strcmp(accel, "auto") != 0)
		return boot_once(l, accel, 0, 0, initrd, ret, e);
	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		set_text(&ret->accel_why, xasprintf("'/dev/kvm': %s", strerror(errno)));
		return boot_once(l, "tcg", 0, 0, initrd, ret, e);
	}
	r = boot_once(l, "kvm", LAB_KVM_HELLO_MS, 0, initrd, ret, &why);
	if (l->timeline.stage > STAGE_START || r == -EINTR) {
		if (r < 0)
			err_set(e, why.code, "%s", why.text);
		return r;
	}
	set_text(&ret->accel_why,
		 r == -ETIMEDOUT ? xasprintf("a guest under KVM said nothing for %d s", LAB_KVM_HELLO_MS / 1000)
				 : xasprintf("KVM: %s", r < 0 ? why.text : "the guest ended at once"));
	return boot_once(l, "tcg", 0, 0, initrd, ret, e);
}

/* The server is up first; the accelerator that it runs under will do for both. */
static int boot_remote(struct lab *l, const char *initrd, struct lab_result *ret, struct err *e)
{
	auto_close int wire = -1;
	auto_free char *accel = NULL;
	int r = beside_start(l, ret, &wire, e);

	if (r < 0)
		return r;
	accel = xstrdup(ret->accel);
	return boot_once(l, accel, 0, wire, initrd, ret, e);
}

int boot_crash(struct lab *l, const char *initrd, struct lab_result *ret, struct err *e)
{
	return l->remote ? boot_remote(l, initrd, ret, e) : boot_disk(l, initrd, ret, e);
}

char *boot_reason(const struct lab *l, int r, const struct err *e)
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

int boot_collect(struct lab *l, struct lab_result *ret, struct err *e)
{
	auto_free char *kernel =
		root_path(l->q->kernel_root ? l->q->kernel_root : l->q->root, l->q->kernel->image);
	auto_free char *initrd = xasprintf("%s/collect.cpio", l->q->work), *failed = NULL;
	struct initrd_spec spec = lab_spec(l);
	auto_buf struct buf cpio = { 0 };
	auto_strv struct strv devices = { 0 };
	struct collect c = { 0 };
	struct vm vm = {
		.accel = ret->accel, .memory = l->q->memory, .kernel = kernel, .initrd = initrd,
		/* One processor does, and cannot wait for another that QEMU forgot to wake. */
		.append = "console=ttyS0 quiet panic=-1 nr_cpus=1", .devices = &devices, .errors = l->errors,
		.stop_fd = l->q->stop_fd, .line = collect_line, .ctx = &c, .deadline = now_ms() + COLLECT_MS,
	};
	int r;

	set_text(&ret->collect_console, xasprintf("%s/collect.log", l->q->work));
	vm.console = ret->collect_console;
	disks_attach_all(l, &devices);
	r = initrd_collect(&spec, &cpio, e);
	r = r < 0 ? r : lab_write(initrd, &cpio, e);
	r = r < 0 ? r : vm_run(l->qemu, &vm, e);
	failed = c.failed;
	if (r < 0)
		return err_wrap(e, "the boot after the crash");
	if (!c.done)
		return err_set(e, EIO, "the boot after the crash: %s",
			       failed ? failed : "it handed nothing out");
	return stream_unpack(l->out, l->dump_dir, &ret->files, &ret->n_files, e);
}
