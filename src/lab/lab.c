/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab.h"
#include "file.h"
#include "labparts.h"
#include "oops.h"
#include "proc.h"
#include "stream.h"
#include "verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#define LOOK_MS 120000
#define TEXT_CAP (64UL << 20)

static void lab_done(struct lab *l)
{
	server_stop(&l->server);
	layers_done(&l->layers);
	wire_done(&l->wire);
	strv_done(&l->disk);
	free(l->known);
	free(l->qemu);
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
	strv_done(&r->differs);
	memset(r, 0, sizeof(*r));
}

char *lab_disk(const struct lab *l, unsigned n)
{
	return xasprintf("%s/scratch%u.img", l->q->work, n);
}

struct initrd_spec lab_spec(const struct lab *l)
{
	return (struct initrd_spec){
		.q = l->q, .t = l->target, .layers = l->layers.disks ? &l->layers : NULL, .token = l->token,
		.known = l->known,
	};
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

int lab_write(const char *path, const struct buf *data, struct err *e)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, data->data, data->len);

	return r < 0 ? err_set(e, -r, "cannot write '%s': %s", path, strerror(-r)) : 0;
}

static int prepare(struct lab *l, struct lab_result *ret, struct err *e)
{
	const struct lab_request *q = l->q;
	int r;

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
	return disks_prepare(l, e);
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
	struct initrd_spec spec = lab_spec(l);
	auto_buf struct buf cpio = { 0 };
	struct err why = { 0 };
	int r;

	r = initrd_crash(&spec, &cpio, e);
	r = r < 0 ? r : lab_write(initrd, &cpio, e);
	if (r < 0)
		return r;
	buf_done(&cpio);
	r = boot_crash(l, initrd, ret, &why);
	if (r == -EINTR || (r < 0 && r != -ETIMEDOUT && l->timeline.stage == STAGE_START))
		return err_set(e, -r, "%s", why.text);
	ret->reason = boot_reason(l, r, &why);
	if (l->timeline.stage < STAGE_PANIC)
		return 0;
	r = l->remote ? beside_collect(l, ret, &why) : boot_collect(l, ret, &why);
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
	struct lab l = { .q = q, .server = { .input = -1, .words = -1 }, .end = now_ms() + q->timeout_ms };
	int r;

	r = prepare(&l, ret, e);
	if (r == 0)
		differs_tell(&l, &ret->differs);
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
