/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever an index holds, it is refused, or libkmod can be let loose on it: the
 * library reads it here as modules_resolve() would have it read.
 */
#include "modindex.h"

#include "own.h"

#include <fcntl.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/crashcfg-modindex-XXXXXX";

static void remove_dir(void)
{
	char command[sizeof(dir) + 16];

	snprintf(command, sizeof(command), "rm -rf -- %s", dir);
	if (system(command) != 0)
		abort();
}

static void put(const char *name, const uint8_t *data, size_t size)
{
	char path[sizeof(dir) + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void be_silent(void *ctx, int priority, const char *file, int line, const char *fn, const char *format,
		      va_list args)
{
	(void)ctx, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

static void look_up(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_list *list = NULL, *item;

	if (kmod_module_new_from_lookup(ctx, name, &list) < 0)
		return;
	kmod_list_foreach(item, list) {
		struct kmod_module *mod = kmod_module_get_module(item);

		kmod_module_get_path(mod);
		kmod_module_unref_list(kmod_module_get_dependencies(mod));
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "modules.dep.bin", "modules.alias.bin",
					     "modules.builtin.alias.bin", "modules.symbols.bin",
					     "modules.builtin.bin" };
	static const char *const none[] = { NULL };
	static bool ready;
	struct kmod_ctx *ctx;

	if (!ready && (!mkdtemp(dir) || atexit(remove_dir) != 0))
		abort();
	ready = true;
	if (modindex_check((const char *)data, size, NULL) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		put(names[i], data, size);
	ctx = kmod_new(dir, none);
	if (!ctx)
		abort();
	kmod_set_log_fn(ctx, be_silent, NULL);
	if (kmod_load_resources(ctx) == 0) {
		look_up(ctx, "toyfs");
		look_up(ctx, "virtio:d00000002v00001AF4");
		look_up(ctx, "fs-toyfs");
		look_up(ctx, "symbol:ring_add");
	}
	kmod_unref(ctx);
	return 0;
}
