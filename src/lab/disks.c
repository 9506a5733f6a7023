/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest/guest.h"
#include "keys.h"
#include "file.h"
#include "labparts.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define BUILTIN_CAP (64UL << 20)
#define OUT_SLACK (1ULL << 30)		/* of the out disk, above the guest's memory */

/* A comma ends a value, two of them are one in it. */
static char *quoted(const char *path)
{
	struct buf out = { 0 };

	for (const char *c = path; *c; c++)
		buf_adds(&out, *c == ',' ? ",," : (char[]){ *c, '\0' });
	return buf_take(&out);
}

static void attach(struct strv *to, const char *id, const char *path)
{
	auto_free char *file = quoted(path);

	/* An error shall reach the guest, as a real disk's would, and not stop the machine. */
	strv_add(to, "-drive");
	strv_addf(to, "if=none,id=%s,file=%s,format=raw,cache=unsafe,werror=report,rerror=report", id, file);
}

static void attach_scratch(const struct lab *l, struct strv *ret)
{
	for (unsigned i = 0; i < l->disks; i++) {
		auto_free char *id = xasprintf("scratch%u", i), *path = lab_disk(l, i);

		attach(ret, id, path);
	}
}

void disks_attach_all(const struct lab *l, struct strv *ret)
{
	attach_scratch(l, ret);
	attach(ret, "out", l->out);
	for (unsigned i = 0; i < l->disks; i++) {
		strv_add(ret, "-device");
		strv_addf(ret, "virtio-blk-pci,drive=scratch%u,serial=" SERIAL_SCRATCH "%u", i, i);
	}
	strv_add(ret, "-device");
	strv_add(ret, "virtio-blk-pci,drive=out,serial=" SERIAL_OUT);
}

/* The disks that the crashing guest sees. */
static int attach_hosts(struct lab *l, struct err *e)
{
	const struct lab_request *q = l->q;
	const struct root *root = q->kernel_root ? q->kernel_root : q->root;
	auto_free char *path = xasprintf("%s/modules.builtin", q->kernel->modules);
	auto_buf struct buf builtin = { 0 };

	root_read(root, path, BUILTIN_CAP, &builtin, NULL); /* a kernel without one has no drivers built in */
	attach_scratch(l, &l->disk);
	return scratch_devices(q->recipe, buf_text(&builtin), l->disks, &l->disk, e);
}

/* The guest makes the layers and the file system on them by itself. */
static int prepare_layers(struct lab *l, struct err *e)
{
	int r = layers_plan(l->q->recipe, l->target, scratch_size(l->target, l->q->memory), &l->layers, e);

	l->disks = r < 0 ? 0 : l->layers.disks;
	for (unsigned i = 0; r == 0 && i < l->disks; i++) {
		auto_free char *path = lab_disk(l, i);

		r = scratch_file(path, l->layers.disk_size, e);
	}
	return r < 0 ? r : attach_hosts(l, e);
}

static int prepare_plain(struct lab *l, struct err *e)
{
	auto_free char *path = lab_disk(l, 0);
	int r;

	l->disks = 1;
	r = attach_hosts(l, e);
	return r < 0 ? r : scratch_make(path, l->target, l->q->memory, e);
}

/* What the image pins is the real server's key: the scratch server's takes its place when it is loaded. */
static int prepare_keys(struct lab *l, struct err *e)
{
	auto_free char *path = xasprintf("%s/" KEYS_KNOWN, l->q->work);
	auto_close int fd = -1;
	auto_buf struct buf text = { 0 };
	int r;

	if (access(path, F_OK) == 0)	/* the image was made for these keys */
		return 0;
	r = keys_make(l->q->work, l->target->known, e);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : fd_read_all(fd, 65536, &text);
	if (r < 0)
		return err_set(e, -r, "cannot read '%s': %s", path, strerror(-r));
	l->known = buf_take(&text);
	return 0;
}

/* The disk is the server's. */
static int prepare_remote(struct lab *l, struct err *e)
{
	char ext4[] = "ext4", label[] = "server", none[] = "";
	const struct recipe_target disk = { .fstype = ext4, .label = label, .uuid = none };
	auto_free char *path = lab_disk(l, 0);
	int r;

	l->disks = 1;
	r = wire_find(l->q->recipe, l->target, &l->wire, e);
	if (r == 0 && l->target->kind == TARGET_SSH)
		r = prepare_keys(l, e);
	return r < 0 ? r : scratch_make(path, &disk, l->q->memory, e);
}

int disks_prepare(struct lab *l, struct err *e)
{
	int r = scratch_target(l->q->recipe, &l->target, e);

	if (r < 0)
		return r;
	l->remote = target_is_remote(l->target->kind);
	r = scratch_file(l->out, l->q->memory + OUT_SLACK, e);
	if (r < 0)
		return r;
	if (l->remote)
		return prepare_remote(l, e);
	return l->target->n_layers ? prepare_layers(l, e) : prepare_plain(l, e);
}
