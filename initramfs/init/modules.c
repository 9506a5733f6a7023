/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules.h"

#include "file.h"
#include "own.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODPROBE "/sbin/modprobe"
#define FIRMWARE "/lib/firmware"
#define COMPRESSED_FILE 4	/* MODULE_INIT_COMPRESSED_FILE (linux/module.h, since 5.17) */
#define DEPTH_MAX 32		/* no chain of modules is so long: a recipe that needs itself ends here */

void modules_answer_kernel(void)
{
	auto_close int fd = -1;

	if (access(MODPROBE, X_OK) < 0) {
		mkdir("/sbin", 0755);
		if (symlink("/init", MODPROBE) < 0)
			return;
	}
	fd = open("/proc/sys/kernel/modprobe", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, MODPROBE, strlen(MODPROBE)) < 0)
		say(CONSOLE_FAILED, "cannot become the kernel's modprobe: %s", strerror(errno));
}

/* As modprobe has it: "-" and "_" are one letter. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return *a == *b;
}

static const struct recipe_module *find(const struct recipe *r, const char *name)
{
	for (size_t i = 0; i < r->n_modules; i++)
		if (same_name(r->modules[i].name, name))
			return &r->modules[i];
	return NULL;
}

static bool is_packed(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (strcmp(dot, ".xz") == 0 || strcmp(dot, ".zst") == 0 || strcmp(dot, ".gz") == 0);
}

/*
 * 0: it is in, now or since before.  Its file goes then, but not where a bringer calls the real modprobe: that takes a
 * module for one without dependencies when the file of any of them is missing (libkmod, kmod_module_parse_depline()).
 */
static int insert(const struct recipe *r, const struct recipe_module *m, struct err *e)
{
	auto_close int fd = open(m->path, O_RDONLY | O_CLOEXEC);

	/* Its file went when it was loaded. */
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set(e, errno, "module '%s': %s", m->name, strerror(errno));
	if (syscall(SYS_finit_module, fd, m->options, is_packed(m->path) ? COMPRESSED_FILE : 0) < 0 &&
	    errno != EEXIST)
		return err_set(e, errno, "module '%s': %s", m->name, strerror(errno));
	if (!r->bringer || !r->bringer[0])
		unlink(m->path);
	return 0;
}

static int load(const struct recipe *r, const struct recipe_module *m, unsigned depth, struct err *e)
{
	if (depth > DEPTH_MAX)
		return err_set(e, ELOOP, "module '%s' needs itself", m->name);
	if (access(m->path, F_OK) < 0)
		return 0;
	for (size_t i = 0; i < m->needs.n; i++) {
		const struct recipe_module *need = find(r, m->needs.v[i]);

		/*
		 * One that is not there may be built in, or only a wish; the kernel tells by an
		 * unknown symbol.
		 */
		if (need)
			load(r, need, depth + 1, NULL);
	}
	return insert(r, m, e);
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	/* What does not go takes memory, and nothing else. */
	if (type != FTW_DP && type != FTW_D)
		unlink(path);
	return 0;
}

void modules_drop_firmware(const struct recipe *r)
{
	if (!r->bringer || !r->bringer[0])
		nftw(FIRMWARE, drop, 8, FTW_PHYS | FTW_MOUNT);
}

int modules_load_with(const struct recipe *r, const char *name, const char *options, struct err *e)
{
	const struct recipe_module *m = find(r, name);
	auto_free char *copy = xstrdup(options);
	struct recipe_module with;

	if (!m)
		return err_set(e, ENOENT, "the image has no module '%s'", name);
	with = *m;
	with.options = copy;
	return load(r, &with, 0, e);
}

int modules_load(const struct recipe *r, struct page *p, struct err *e)
{
	const struct recipe_module *dog = r->watchdog[0] ? find(r, r->watchdog) : NULL;
	struct err first = { 0 };
	unsigned done = 0, failed = 0;

	/* A running watchdog bites when nobody opens it in time: its driver goes in before all others. */
	if (dog && !p->dog_tried) {
		p->dog_tried = true;
		if (load(r, dog, 0, &first) < 0)
			failed++;
	}
	for (; p->next_module < r->n_modules;) {
		const struct recipe_module *m = &r->modules[p->next_module++];

		if (!m->wanted)
			continue;
		page_beat(p);
		if (load(r, m, 0, failed ? NULL : &first) < 0)
			failed++;
		else
			done++;
	}
	say(CONSOLE_MODULES, "%u loaded%s%s", done, failed ? ", failed: " : "", failed ? first.text : "");
	if (failed > 1)
		return err_set(e, EIO, "%s, and %u more", first.text, failed - 1);
	return failed ? err_set(e, first.code, "%s", first.text) : 0;
}

int modprobe_main(int argc, char *argv[])
{
	auto_recipe struct recipe *r = NULL;
	auto_buf struct buf text = { 0 };
	auto_close int fd = open(RECIPE_PATH, O_RDONLY | O_CLOEXEC);
	const char *name = argc > 1 ? argv[argc - 1] : NULL;
	int ret = 1;

	if (!name || name[0] == '-' || fd < 0 || fd_read_all(fd, RECIPE_MAX, &text) < 0 ||
	    recipe_decode(text.data, text.len, &r, NULL) < 0)
		return 1;
	for (size_t i = 0; i < r->n_modules; i++) {
		const struct recipe_module *m = &r->modules[i];
		bool asked = same_name(m->name, name);

		for (size_t a = 0; a < m->aliases.n && !asked; a++)
			asked = same_name(m->aliases.v[a], name);
		if (asked && load(r, m, 0, NULL) == 0)
			ret = 0;
	}
	return ret;
}
