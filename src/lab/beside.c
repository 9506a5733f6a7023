/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/guest.h"
#include "labparts.h"
#include "proc.h"
#include "stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define MEMORY (512ULL << 20)
#define BOOT_MS 240000		/* without KVM, on a busy machine */
#define READY_MS 180000
#define COLLECT_MS 300000

/* Start it under ACCEL and wait for its first word. */
static int start(struct lab *l, const char *accel, long long hello_ms, int wire, struct err *e)
{
	auto_free char *kernel =
		root_path(l->q->kernel_root ? l->q->kernel_root : l->q->root, l->q->kernel->image);
	auto_free char *initrd = xasprintf("%s/server.cpio", l->q->work);
	auto_free char *console = xasprintf("%s/server.log", l->q->work);
	auto_free char *errors = xasprintf("%s/server-qemu.log", l->q->work);
	auto_strv struct strv devices = { 0 };
	struct vm vm = {
		.accel = accel, .memory = MEMORY, .kernel = kernel, .initrd = initrd,
		.append = "console=ttyS0 quiet panic=-1 net.ifnames=0", .devices = &devices,
		.console = console, .errors = errors, .wire_fd = wire, .deadline = now_ms() + hello_ms,
	};
	int r;

	disks_attach_all(l, &devices);
	wire_server_card(wire, &devices);
	r = server_start(&l->server, l->qemu, &vm, l->end + COLLECT_MS, e);
	return r < 0 ? r : server_wait(&l->server, GUEST_BOOT, vm.deadline, l->q->stop_fd, e);
}

/* A pair of its own for each try: what one machine has left in it is not for the next. */
static int try_accel(struct lab *l, const char *accel, long long hello_ms, int *ret_wire, struct err *e)
{
	auto_close int own = -1, other = -1;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(e, errno, "cannot make a wire between the guests: %s", strerror(errno));
	own = ends[0];
	other = ends[1];
	r = start(l, accel, hello_ms, other, e);
	if (r < 0) {
		server_stop(&l->server);
		return r;
	}
	*ret_wire = take_fd(own);
	return 0;
}

/* As boot_disk() does: KVM is asked by a guest, not by looking at /dev/kvm. */
static int choose_accel(struct lab *l, struct lab_result *ret, int *ret_wire, struct err *e)
{
	const char *accel = l->q->accel;
	struct err why = { 0 };
	int r;

	if (strcmp(accel, "auto") == 0 && access("/dev/kvm", R_OK | W_OK) < 0) {
		set_text(&ret->accel_why, xasprintf("'/dev/kvm': %s", strerror(errno)));
		accel = "tcg";
	}
	if (strcmp(accel, "auto") == 0) {
		r = try_accel(l, "kvm", LAB_KVM_HELLO_MS, ret_wire, &why);
		if (r == 0 || r == -EINTR) {
			set_text(&ret->accel, xstrdup("kvm"));
			return r < 0 ? err_set(e, why.code, "%s", why.text) : 0;
		}
		set_text(&ret->accel_why,
			 r == -ETIMEDOUT ? xasprintf("a guest under KVM said nothing for %d s", LAB_KVM_HELLO_MS / 1000) :
					   xasprintf("KVM: %s", why.text));
		accel = "tcg";
	}
	set_text(&ret->accel, xstrdup(accel));
	return try_accel(l, accel, BOOT_MS, ret_wire, e);
}

int beside_start(struct lab *l, struct lab_result *ret, int *ret_wire, struct err *e)
{
	auto_free char *path = xasprintf("%s/server.cpio", l->q->work);
	auto_buf struct buf cpio = { 0 };
	auto_close int wire = -1;
	int r;

	set_text(&ret->collect_console, xasprintf("%s/server.log", l->q->work));
	r = server_initrd(l->q, l->target, &l->wire, &cpio, e);
	r = r < 0 ? r : lab_write(path, &cpio, e);
	r = r < 0 ? r : choose_accel(l, ret, &wire, e);
	r = r < 0 ? r : server_wait(&l->server, GUEST_READY, now_ms() + READY_MS, l->q->stop_fd, e);
	if (r < 0)
		return r;
	*ret_wire = take_fd(wire);
	return 0;
}

int beside_collect(struct lab *l, struct lab_result *ret, struct err *e)
{
	int r = server_end(&l->server, e);

	r = r < 0 ? r : server_wait(&l->server, GUEST_COLLECTED, now_ms() + COLLECT_MS, l->q->stop_fd, e);
	server_stop(&l->server);
	return r < 0 ? r : stream_unpack(l->out, l->dump_dir, &ret->files, &ret->n_files, e);
}
