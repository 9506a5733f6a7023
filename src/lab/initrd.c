/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initrd.h"
#include "cpio.h"
#include "elffile.h"
#include "file.h"
#include "guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>

#define FILE_CAP (256UL << 20)

void initrd_done(struct initrd *i)
{
	buf_done(&i->bytes);
	strv_done(&i->folders);
}

static void add_folders(struct initrd *i, const char *path)
{
	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		auto_free char *folder = xstrndup(path, (size_t)(end - path));

		if (strv_has(&i->folders, folder))
			continue;
		strv_add(&i->folders, folder);
		cpio_add(&i->bytes, &i->inode, folder + 1, 040755, NULL, 0, 0, 0);
	}
}

void initrd_add(struct initrd *i, const char *path, uint32_t mode, const void *data, size_t len)
{
	add_folders(i, path);
	cpio_add(&i->bytes, &i->inode, path + 1, 0100000 | mode, data, len, 0, 0);
}

int initrd_add_file(struct initrd *i, const char *path, uint32_t mode, const char *from, struct err *e)
{
	auto_close int fd = open(from, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf data = { 0 };
	int r = fd < 0 ? -errno : fd_read_all(fd, FILE_CAP, &data);

	if (r < 0)
		return err_set(e, -r, "cannot read '%s': %s", from, strerror(-r));
	initrd_add(i, path, mode, data.data, data.len);
	return 0;
}

static int add_rooted(struct initrd *i, const struct root *root, const char *path, uint32_t mode,
		      struct err *e)
{
	auto_buf struct buf data = { 0 };
	int r = root_read(root, path, FILE_CAP, &data, e);

	if (r == 0)
		initrd_add(i, path, mode, data.data, data.len);
	return r;
}

/* --- the program that arms the guest: this very one, with the libraries that it runs on ------ */

struct libraries {
	struct initrd *initrd;
	struct err *e;
	int r;
};

static int add_library(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct libraries *l = ctx;

	(void)size;
	if (l->r == 0 && info->dlpi_name[0] == '/' && !strv_has(&l->initrd->folders, info->dlpi_name))
		l->r = initrd_add_file(l->initrd, info->dlpi_name, 0755, info->dlpi_name, l->e);
	return 0;
}

/* The paths are those by which the loader found them, so it will find them there again. */
static int add_self(struct initrd *i, const char *self, struct err *e)
{
	struct libraries l = { .initrd = i, .e = e };
	int r = initrd_add_file(i, GUEST_SELF, 0755, self, e);

	if (r < 0)
		return r;
	dl_iterate_phdr(add_library, &l);
	return l.r;
}

/* --- what both guests have ------------------------------------------------------------------- */

static int add_init(struct initrd *i, const struct lab_request *q, struct err *e)
{
	auto_free char *init = xasprintf("%s/lab-init", q->tool_dir);

	return initrd_add_file(i, "/init", 0755, init, e);
}

static int add_modules(struct initrd *i, const struct lab_request *q, const struct strv *names,
		       struct buf *plan, struct err *e)
{
	auto_modules struct module_set set = { 0 };
	const struct root *root = q->kernel_root ? q->kernel_root : q->root;
	struct strv none = { 0 };
	int r;

	r = modules_resolve(root, q->kernel->modules, q->kernel->release, &none, names, &set, e);
	if (r < 0)
		return err_wrap(e, "kernel '%s'", q->kernel->release);
	for (size_t m = 0; m < set.n; m++) {
		r = add_rooted(i, root, set.v[m].path, 0644, e);
		if (r < 0)
			return r;
		buf_addf(plan, "module %s %s\n", set.v[m].path, set.v[m].options ? set.v[m].options : "");
	}
	return 0;
}

static void finish(struct initrd *i, const struct buf *plan, struct buf *ret)
{
	initrd_add(i, GUEST_PLAN, 0644, plan->data, plan->len);
	cpio_end(&i->bytes);
	*ret = i->bytes;
	i->bytes = (struct buf){ 0 };
}

/* The settings that `crashcfg load` reads in the guest are the host's own. */
static int add_settings(struct initrd *i, const struct root *root, struct err *e)
{
	auto_strv struct strv names = { 0 };
	int r;

	if (root_exists(root, SETTINGS_PATH)) {
		r = add_rooted(i, root, SETTINGS_PATH, 0644, e);
		if (r < 0)
			return r;
	}
	if (root_list(root, SETTINGS_DIR, &names) < 0)
		return 0;
	for (size_t n = 0; n < names.n; n++) {
		auto_free char *path = xasprintf("%s/%s", SETTINGS_DIR, names.v[n]);
		size_t len = strlen(names.v[n]);

		if (len < 5 || strcmp(names.v[n] + len - 5, ".conf") != 0)
			continue;
		r = add_rooted(i, root, path, 0644, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static void crash_modules(const struct lab_request *q, const struct recipe_target *t, struct strv *names)
{
	for (size_t i = 0; i < q->recipe->n_modules; i++)
		if (q->recipe->modules[i].wanted)
			strv_add_once(names, q->recipe->modules[i].name);
	strv_add_once(names, t->fstype);
}

int initrd_crash(const struct lab_request *q, const struct recipe_target *t, const char *token,
		 struct buf *ret, struct err *e)
{
	auto_initrd struct initrd i = { 0 };
	auto_buf struct buf plan = { 0 };
	auto_strv struct strv names = { 0 };
	auto_free char *image = xasprintf("%s/%s/%s", IMAGE_DIR, q->capture->release, IMAGE_NAME);
	auto_free char *kernel = xasprintf("/boot/vmlinuz-%s", q->capture->release);
	auto_free char *from = root_path(q->kernel_root ? q->kernel_root : q->root, q->capture->image);
	int r;

	buf_addf(&plan, "mode crash\ndisk any\nfstype %s\noptions %s\nimage %s\ntoken %s\n", t->fstype,
		 t->options, image, token);
	buf_addf(&plan, "run %s\nrun load\nrun --kernel\nrun %s\n", GUEST_SELF, q->capture->release);
	crash_modules(q, t, &names);
	r = add_init(&i, q, e);
	r = r < 0 ? r : add_self(&i, q->self, e);
	r = r < 0 ? r : initrd_add_file(&i, image, 0600, q->image, e);
	r = r < 0 ? r : initrd_add_file(&i, kernel, 0644, from, e);
	r = r < 0 ? r : add_settings(&i, q->root, e);
	r = r < 0 ? r : add_modules(&i, q, &names, &plan, e);
	if (r < 0)
		return r;
	finish(&i, &plan, ret);
	return 0;
}

int initrd_collect(const struct lab_request *q, const struct recipe_target *t, struct buf *ret, struct err *e)
{
	auto_initrd struct initrd i = { 0 };
	auto_buf struct buf plan = { 0 };
	auto_strv struct strv names = { 0 };
	int r;

	buf_addf(&plan, "mode collect\ndisk %s\nout %s\nfstype %s\noptions %s\ndir %s\n", SERIAL_SCRATCH,
		 SERIAL_OUT, t->fstype, t->options, t->dir);
	strv_add(&names, "virtio_pci");
	strv_add(&names, "virtio_blk");
	strv_add(&names, t->fstype);
	r = add_init(&i, q, e);
	r = r < 0 ? r : add_modules(&i, q, &names, &plan, e);
	if (r < 0)
		return r;
	finish(&i, &plan, ret);
	return 0;
}
