/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libkmod knows depmod's indices, soft dependencies and the files of modprobe.d.
 * It opens them itself and follows links, out of a foreign root too, so it is
 * handed descriptors ("/proc/self/fd/N") that were opened below the root, and
 * indices that have been looked through.  The modules' own files are opened here.
 */
#include "probe.h"

#include "codec.h"
#include "elffile.h"
#include "modindex.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <string.h>

#define INDEX_MAX (64u << 20)
#define MODULE_MAX (256u << 20)
#define CONFIGS_MAX 256
#define CONFIG_FD 100		/* three digits: libkmod sorts the files by the last part of their paths */

struct resolver {
	const struct root *root;
	const char *folder;		/* "/lib/modules/6.1.0-50-amd64" */
	int fd;				/* of the folder */
	char dir[32];			/* "/proc/self/fd/N": what libkmod takes it for */
	struct strv configs;		/* likewise, files of modprobe.d */
	struct kmod_ctx *kmod;
	struct strv seen;		/* names that are in the set or on their way into it */
	struct module_set set;
};

static void own_resolver(struct resolver *r)
{
	for (size_t i = 0; i < r->configs.n; i++)
		close(CONFIG_FD + (int)i);
	strv_done(&r->configs);
	strv_done(&r->seen);
	kmod_unref(r->kmod);
	own_close(&r->fd);
	module_set_done(&r->set);
}

static void own_kmod_list(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}
#define auto_kmod_list AUTO(own_kmod_list)

static void own_kmod_module(struct kmod_module **m)
{
	kmod_module_unref(*m);
}
#define auto_kmod_module AUTO(own_kmod_module)

void module_set_done(struct module_set *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].name);
		free(m->v[i].path);
		free(m->v[i].options);
		strv_done(&m->v[i].needs);
		strv_done(&m->v[i].aliases);
	}
	free(m->v);
	strv_done(&m->firmware);
	*m = (struct module_set){ 0 };
}

static void be_silent(void *data, int priority, const char *file, int line, const char *fn,
		      const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

static const char *const indices[] = {
	"modules.dep.bin", "modules.alias.bin", "modules.symbols.bin", "modules.builtin.bin",
	"modules.builtin.alias.bin",
};
static const char *const softdeps[] = { "modules.softdep", "modules.weakdep" };
static const char *const config_dirs[] = {
	"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
	"/lib/modprobe.d",
};

static bool ends_in_conf(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

/* As modprobe.d(5): a file hides those of the same name in later folders; the order is that of names. */
static void find_configs(const struct root *root, struct strv *ret)
{
	auto_strv struct strv names = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(config_dirs); i++) {
		auto_strv struct strv found = { 0 };

		root_list(root, config_dirs[i], &found);
		for (size_t k = 0; k < found.n; k++)
			if (ends_in_conf(found.v[k]))
				strv_add_once(&names, found.v[k]);
	}
	strv_sort(&names);
	for (size_t k = 0; k < names.n; k++)
		for (size_t i = 0; i < ARRAY_SIZE(config_dirs); i++) {
			auto_free char *path = xasprintf("%s/%s", config_dirs[i], names.v[k]);

			if (root_exists(root, path)) {
				strv_add(ret, path);
				break;
			}
		}
}

void modules_inputs(const struct root *root, const char *modules, struct strv *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(indices); i++)
		strv_addf(ret, "%s/%s", modules, indices[i]);
	for (size_t i = 0; i < ARRAY_SIZE(softdeps); i++)
		strv_addf(ret, "%s/%s", modules, softdeps[i]);
	find_configs(root, ret);
}

/* Every index that libkmod will open is a whole one, and a file of this folder. */
static int check_indices(const struct resolver *r, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(indices); i++) {
		auto_free char *path = xasprintf("%s/%s", r->folder, indices[i]);
		auto_buf struct buf b = { 0 };
		struct stat st;
		int ret;

		if (root_lstat(r->root, path, &st) < 0) {
			if (i == 0)
				return err_set(e, ENOENT, "'%s' is missing: run depmod for this kernel",
					       path);
			continue;
		}
		if (!S_ISREG(st.st_mode))
			return err_set(e, EINVAL, "'%s' is not a regular file: run depmod for this kernel",
				       path);
		ret = root_read(r->root, path, INDEX_MAX, &b, e);
		if (ret < 0)
			return ret;
		if (modindex_check(buf_text(&b), b.len, e) < 0)
			return err_wrap(e, "'%s' (depmod writes it anew)", path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(softdeps); i++) {
		auto_free char *path = xasprintf("%s/%s", r->folder, softdeps[i]);
		struct stat st;

		if (root_lstat(r->root, path, &st) == 0 && !S_ISREG(st.st_mode))
			return err_set(e, EINVAL, "'%s' is not a regular file: run depmod for this kernel",
				       path);
	}
	return 0;
}

static int open_configs(struct resolver *r, struct err *e)
{
	auto_strv struct strv paths = { 0 };

	find_configs(r->root, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		auto_close int fd = root_openat(r->root, paths.v[i], O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
		auto_close int high = -1;
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			continue;	/* a link to /dev/null is how one is switched off */
		if (r->configs.n >= CONFIGS_MAX)
			return err_set(e, E2BIG, "more than %d files in '%s' and its like", CONFIGS_MAX,
				       config_dirs[0]);
		high = fcntl(fd, F_DUPFD_CLOEXEC, CONFIG_FD + (int)r->configs.n);
		if (high != CONFIG_FD + (int)r->configs.n)
			return err_set(e, high < 0 ? errno : EMFILE, "too many files are open");
		strv_addf(&r->configs, "/proc/self/fd/%d", take_fd(high));
	}
	return 0;
}

static int resolver_open(struct resolver *r, const char *release, struct err *e)
{
	static const char *const none[] = { NULL };
	int ret;

	r->fd = root_openat(r->root, r->folder, O_RDONLY | O_DIRECTORY, 0);
	if (r->fd < 0)
		return err_set(e, -r->fd, "'%s': %s; the modules of kernel '%s' belong there", r->folder,
			       strerror(-r->fd), release);
	ret = check_indices(r, e);
	if (ret < 0)
		return ret;
	ret = open_configs(r, e);
	if (ret < 0)
		return ret;
	snprintf(r->dir, sizeof(r->dir), "/proc/self/fd/%d", r->fd);
	r->kmod = kmod_new(r->dir, r->configs.n ? (const char *const *)r->configs.v : none);
	if (!r->kmod)
		return err_set(e, ENOMEM, "libkmod cannot start");
	kmod_set_log_fn(r->kmod, be_silent, NULL);
	ret = kmod_load_resources(r->kmod);
	if (ret < 0)
		return err_set(e, -ret, "libkmod cannot read the indices in '%s' (is /proc mounted?): %s",
			       r->folder, strerror(-ret));
	return 0;
}

/* The name with the underscores that the kernel shows. */
static char *underscored(const char *name)
{
	char *copy = xstrdup(name);

	for (char *c = copy; *c; c++)
		if (*c == '-')
			*c = '_';
	return copy;
}

/*
 * Is it a name under which the kernel calls request_module()?  Those of devices
 * are asked for by user space, after a uevent, and all have a colon ("pci:v...",
 * "cpu:type:..."); of the kernel's own only "devname:" has one.
 */
static bool kernel_asks(const char *alias)
{
	return !strchr(alias, ':') || strncmp(alias, "devname:", 8) == 0;
}

/* What only the module's own file tells: aliases and firmware. */
static int read_modinfo(struct resolver *r, struct recipe_module *m, struct err *e)
{
	auto_buf struct buf file = { 0 }, plain = { 0 };
	auto_strv struct strv info = { 0 };
	const char *codec = codec_of(m->path);
	const struct buf *elf = codec ? &plain : &file;
	int ret = root_read(r->root, m->path, MODULE_MAX, &file, e);

	if (ret < 0)
		return ret;
	if (codec)
		ret = codec_unpack(codec, buf_text(&file), file.len, MODULE_MAX, &plain, e);
	if (ret == 0)
		ret = elf_modinfo(buf_text(elf), elf->len, &info, e);
	if (ret < 0)
		return err_wrap(e, "module '%s'", m->path);
	for (size_t i = 0; i < info.n; i++) {
		const char *text = info.v[i];

		if (strncmp(text, "alias=", 6) == 0 && kernel_asks(text + 6))
			strv_add_once(&m->aliases, text + 6);
		if (strncmp(text, "firmware=", 9) == 0)
			strv_add_once(&r->set.firmware, text + 9);
	}
	return 0;
}

enum reason {
	WANTED,		/* asked for by name or by a device */
	NEEDED,		/* another module does not load without it */
	USEFUL,		/* a soft dependency */
};

static int add(struct resolver *r, struct kmod_module *mod, enum reason why, struct err *e);

static struct recipe_module *in_set(const struct resolver *r, const char *name)
{
	for (size_t i = 0; i < r->set.n; i++)
		if (strcmp(r->set.v[i].name, name) == 0)
			return &r->set.v[i];
	return NULL;
}

/*
 * Add a list of modules; the names of those that stand in the set then go to NEEDS,
 * if not NULL.  (Soft dependencies may run in a circle: a module that is still on
 * its way in is nobody's need.)
 */
static int add_list(struct resolver *r, struct kmod_list *list, enum reason why, struct strv *needs,
		    struct err *e)
{
	struct kmod_list *item;

	kmod_list_foreach(item, list) {
		auto_kmod_module struct kmod_module *mod = kmod_module_get_module(item);
		auto_free char *name = underscored(kmod_module_get_name(mod));
		int ret = add(r, mod, why, e);

		if (ret < 0)
			return ret;
		if (needs && in_set(r, name))
			strv_add_once(needs, name);
	}
	return 0;
}

/* Crypto by an accelerator card is not worth its driver: a soft dependency on "sha256" names all that can. */
static bool worth_it(const char *path, enum reason why)
{
	return why != USEFUL || !strstr(path, "/drivers/crypto/");
}

static int add(struct resolver *r, struct kmod_module *mod, enum reason why, struct err *e)
{
	auto_kmod_list struct kmod_list *pre = NULL, *post = NULL, *hard = NULL;
	auto_free char *name = underscored(kmod_module_get_name(mod));
	const char *path = kmod_module_get_path(mod), *options;
	auto_strv struct strv needs = { 0 };
	struct recipe_module *m;
	size_t dir_len = strlen(r->dir);
	int ret;

	if (!path || strncmp(path, r->dir, dir_len) != 0 || !worth_it(path, why))
		return 0;		/* built in */
	if (strv_has(&r->seen, name)) {
		m = in_set(r, name);
		if (m && why == WANTED)
			m->wanted = 1;
		return 0;
	}
	strv_add(&r->seen, name);
	kmod_module_get_softdeps(mod, &pre, &post);
	hard = kmod_module_get_dependencies(mod);
	ret = add_list(r, pre, USEFUL, &needs, e);
	if (ret == 0)
		ret = add_list(r, hard, NEEDED, &needs, e);
	if (ret < 0)
		return ret;

	m = vec_push(&r->set.v, &r->set.n);
	options = kmod_module_get_options(mod);
	m->name = xstrdup(name);
	m->path = xasprintf("%s%s", r->folder, path + dir_len);
	m->options = xstrdup(options ? options : "");
	m->needs = needs;
	needs = (struct strv){ 0 };
	m->wanted = why == WANTED;
	ret = read_modinfo(r, m, e);
	if (ret < 0)
		return ret;
	return add_list(r, post, why == WANTED ? WANTED : USEFUL, NULL, e);
}

static int add_modalias(struct resolver *r, const char *alias, struct err *e)
{
	auto_kmod_list struct kmod_list *found = NULL, *allowed = NULL;

	/* A device without a driver, or an odd alias, is no reason to go without a dump. */
	if (kmod_module_new_from_lookup(r->kmod, alias, &found) < 0)
		return 0;
	if (kmod_module_apply_filter(r->kmod, KMOD_FILTER_BLACKLIST, found, &allowed) < 0)
		return 0;
	return add_list(r, allowed, WANTED, NULL, e);
}

static int add_name(struct resolver *r, const char *name, struct err *e)
{
	auto_kmod_list struct kmod_list *found = NULL;
	int ret = kmod_module_new_from_lookup(r->kmod, name, &found);

	if (ret < 0 || !found)
		return err_set(e, ENOENT, "module '%s' is neither in '%s' nor built into that kernel", name,
			       r->folder);
	return add_list(r, found, WANTED, NULL, e);
}

int modules_resolve(const struct root *root, const char *modules, const char *release,
		    const struct strv *modaliases, const struct strv *names, struct module_set *ret,
		    struct err *e)
{
	AUTO(own_resolver) struct resolver r = { .root = root, .folder = modules, .fd = -1 };
	int code = resolver_open(&r, release, e);

	for (size_t i = 0; code == 0 && i < modaliases->n; i++)
		code = add_modalias(&r, modaliases->v[i], e);
	for (size_t i = 0; code == 0 && i < names->n; i++)
		code = add_name(&r, names->v[i], e);
	if (code < 0)
		return code;
	*ret = r.set;
	r.set = (struct module_set){ 0 };
	return 0;
}
