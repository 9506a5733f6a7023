/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "initrd.h"
#include "cpio.h"
#include "file.h"
#include "guest/guest.h"
#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>

#define FILE_CAP (256UL << 20)

void initrd_done(struct initrd *i)
{
	buf_done(&i->bytes);
	strv_done(&i->folders);
	strv_done(&i->files);
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
	strv_add(&i->files, path);
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
	if (l->r == 0 && info->dlpi_name[0] == '/' && !strv_has(&l->initrd->files, info->dlpi_name))
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

int initrd_add_program(struct initrd *i, const char *path, struct err *e)
{
	static const char *const nss[] = { "/lib/x86_64-linux-gnu/libnss_files.so.2", "/lib64/libnss_files.so.2" };
	auto_strv struct strv paths = { 0 }, sources = { 0 }, opened = { 0 };
	auto_root struct root here = { .fd = -1 };
	int r = root_open(&here, "/", e);

	/* Before 2.34 the C library read /etc/passwd by a library of its own. */
	if (access(nss[0], F_OK) == 0 || access(nss[1], F_OK) == 0)
		strv_add(&opened, "libnss_files.so.2");
	if (r == 0)
		r = image_program(&here, path, &opened, &paths, &sources, e);
	for (size_t n = 0; r == 0 && n < paths.n; n++)
		if (!strv_has(&i->files, paths.v[n]))
			r = initrd_add_file(i, paths.v[n], 0755, sources.v[n], e);
	return r;
}

int initrd_add_script(struct initrd *i, const struct script *s, struct buf *plan, struct err *e)
{
	int r = script_check(s, e);

	for (size_t n = 0; r == 0 && n < s->programs.n; n++)
		r = initrd_add_program(i, s->programs.v[n], e);
	buf_add(plan, buf_text(&s->plan), s->plan.len);
	return r;
}

/* --- what all guests have ------------------------------------------------------------------- */

int initrd_add_init(struct initrd *i, const struct lab_request *q, struct err *e)
{
	auto_free char *init = xasprintf("%s/lab-init", q->tool_dir);

	return initrd_add_file(i, "/init", 0755, init, e);
}

int initrd_add_modules(struct initrd *i, const struct lab_request *q, const struct strv *names, struct buf *plan,
		       struct err *e)
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

void initrd_finish(struct initrd *i, const struct buf *plan, struct buf *ret)
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

/* --- the guest that crashes --------------------------------------------------------------------- */

static void crash_modules(const struct initrd_spec *spec, struct strv *names)
{
	const struct recipe *recipe = spec->q->recipe;

	for (size_t i = 0; i < recipe->n_modules; i++)
		if (recipe->modules[i].wanted)
			strv_add_once(names, recipe->modules[i].name);
	strv_add_once(names, spec->t->fstype);
}

/* What the guest's settings say otherwise than the host's. */
static void add_more_settings(struct initrd *i, const struct initrd_spec *spec)
{
	auto_buf struct buf text = { 0 };

	if (spec->q->target_url)
		buf_addf(&text, "DUMP_TARGETS=\"%s\"\n", spec->q->target_url);
	if (spec->t->kind == TARGET_SSH)
		buf_adds(&text, "SSH_KEY=\"" GUEST_SSH_KEY "\"\n");
	if (spec->layers)
		buf_adds(&text, "LUKS_KEY_FILE=\"" LAYERS_KEY "\"\n");
	if (text.len)
		initrd_add(i, GUEST_SETTINGS, 0644, text.data, text.len);
}

/* The scratch server's own key, in the place of the one that the image pins. */
static void add_known(struct initrd *i, const char *known, struct buf *plan)
{
	auto_buf struct buf archive = { 0 };
	unsigned inode = 0;

	cpio_add(&archive, &inode, &SSH_KNOWN_PATH[1], 0100644, known, strlen(known), 0, 0);
	cpio_end(&archive);
	initrd_add(i, GUEST_APPEND, 0600, archive.data, archive.len);
	buf_adds(plan, "run --append\nrun " GUEST_APPEND "\n");
}

static int add_network_target(struct initrd *i, const struct initrd_spec *spec, struct buf *plan, struct err *e)
{
	auto_free char *key = xasprintf("%s/" KEYS_USER, spec->q->work);

	if (spec->t->kind != TARGET_SSH)
		return 0;
	if (spec->known)
		add_known(i, spec->known, plan);
	return initrd_add_file(i, GUEST_SSH_KEY, 0600, key, e);
}

/* The file system that takes the dump: on one disk, or made of some. */
static int add_disk_target(struct initrd *i, const struct initrd_spec *spec, const struct script *s,
			   const char *disk, struct buf *plan, struct err *e)
{
	const struct layers *l = spec->layers;

	buf_addf(plan, "fstype %s\noptions %s\ndir %s\n", spec->t->fstype, spec->t->options, spec->t->dir);
	if (!l) {
		buf_addf(plan, "disk %s\n", disk);
		return 0;
	}
	buf_addf(plan, "disks %u\ndevice %s\n", l->disks, l->node);
	initrd_add(i, LAYERS_LVM_CONF, 0644, layers_lvm_conf, strlen(layers_lvm_conf));
	/* As good as any other: what it locks is thrown away. */
	initrd_add(i, LAYERS_KEY, 0600, spec->token, strlen(spec->token));
	return initrd_add_script(i, s, plan, e);
}

int initrd_crash(const struct initrd_spec *spec, struct buf *ret, struct err *e)
{
	const struct lab_request *q = spec->q;
	auto_initrd struct initrd i = { 0 };
	auto_buf struct buf plan = { 0 };
	auto_strv struct strv names = { 0 };
	auto_free char *image = xasprintf("%s/%s/%s", IMAGE_DIR, q->capture->release, IMAGE_NAME);
	auto_free char *kernel = xasprintf("/boot/vmlinuz-%s", q->capture->release);
	auto_free char *from = root_path(q->kernel_root ? q->kernel_root : q->root, q->capture->image);
	int r;

	buf_addf(&plan, "mode crash\nimage %s\ntoken %s\n", image, spec->token);
	buf_addf(&plan, "run %s\nrun load\nrun --kernel\nrun %s\n", GUEST_SELF, q->capture->release);
	crash_modules(spec, &names);
	r = initrd_add_init(&i, q, e);
	r = r < 0 ? r : add_self(&i, q->self, e);
	r = r < 0 ? r : initrd_add_file(&i, image, 0600, q->image, e);
	r = r < 0 ? r : initrd_add_file(&i, kernel, 0644, from, e);
	r = r < 0 ? r : add_settings(&i, q->root, e);
	if (r == 0)
		add_more_settings(&i, spec);
	if (r == 0)
		r = target_is_remote(spec->t->kind) ? add_network_target(&i, spec, &plan, e) :
			add_disk_target(&i, spec, spec->layers ? &spec->layers->make : NULL, "any", &plan, e);
	r = r < 0 ? r : initrd_add_modules(&i, q, &names, &plan, e);
	if (r < 0)
		return r;
	initrd_finish(&i, &plan, ret);
	return 0;
}

/* --- the one that hands the dump out -------------------------------------------------------------- */

int initrd_collect(const struct initrd_spec *spec, struct buf *ret, struct err *e)
{
	auto_initrd struct initrd i = { 0 };
	auto_buf struct buf plan = { 0 };
	auto_strv struct strv names = { 0 };
	int r;

	buf_adds(&plan, "mode collect\nout " SERIAL_OUT "\n");
	strv_add(&names, "virtio_pci");
	strv_add(&names, "virtio_blk");
	if (spec->layers)
		crash_modules(spec, &names);
	strv_add_once(&names, spec->t->fstype);
	r = initrd_add_init(&i, spec->q, e);
	r = r < 0 ? r : add_disk_target(&i, spec, spec->layers ? &spec->layers->open : NULL, SERIAL_SCRATCH "0",
					&plan, e);
	r = r < 0 ? r : initrd_add_modules(&i, spec->q, &names, &plan, e);
	if (r < 0)
		return r;
	initrd_finish(&i, &plan, ret);
	return 0;
}
