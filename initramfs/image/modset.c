/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "codec.h"

#include <errno.h>
#include <string.h>

/* --- resolving, remembered ------------------------------------------------------------------ */

static int hash_of(struct image_files *f, const char *path, char hash[static HASH_TEXT_MAX])
{
	auto_close int fd = image_files_open_source(f, FROM_KERNEL, path, NULL);
	struct file_stamp stamp;

	return fd < 0 ? fd : hashes_file(f->hashes, fd, hash, &stamp);
}

/* Everything that modules_resolve() looks at but the modules' own files. */
static void request_key(struct image_files *f, const struct kernel_fact *kernel,
			const struct strv *modaliases, const struct strv *names,
			char key[static HASH_TEXT_MAX])
{
	auto_strv struct strv inputs = { 0 };
	auto_buf struct buf text = { 0 }, cmdline = { 0 };

	buf_addf(&text, "%s\n%s\n%s\n", CRASHCFG_VERSION, kernel->release, kernel->modules);
	for (size_t i = 0; i < modaliases->n; i++)
		buf_addf(&text, "modalias %s\n", modaliases->v[i]);
	for (size_t i = 0; i < names->n; i++)
		buf_addf(&text, "name %s\n", names->v[i]);
	modules_inputs(f->kernel_root, kernel->modules, &inputs);
	for (size_t i = 0; i < inputs.n; i++) {
		char hash[HASH_TEXT_MAX] = "none";

		hash_of(f, inputs.v[i], hash);
		buf_addf(&text, "%s %s\n", inputs.v[i], hash);
	}
	/* Of this system, whatever the root: libkmod reads it there. */
	root_read_proc(&f->here, "/proc/cmdline", &cmdline, NULL);
	buf_adds(&text, buf_text(&cmdline));
	hash_bytes(text.data, text.len, key);
}

static struct json *set_note(struct image_files *f, const struct module_set *set)
{
	struct json *j = js_object(), *list = js_set(j, "modules", js_array());

	for (size_t i = 0; i < set->n; i++) {
		struct json *m = js_add(list, js_object());
		char hash[HASH_TEXT_MAX] = "";

		hash_of(f, set->v[i].path, hash);
		js_set_text(m, "name", set->v[i].name);
		js_set_text(m, "path", set->v[i].path);
		js_set_text(m, "hash", hash);
		js_set_text(m, "options", set->v[i].options);
		js_set_strv(m, "needs", &set->v[i].needs);
		js_set_strv(m, "aliases", &set->v[i].aliases);
		js_set_bool(m, "wanted", set->v[i].wanted);
	}
	js_set_strv(j, "firmware", &set->firmware);
	return j;
}

/* false: a module is not what it was, or the note is damaged. */
static bool set_from_note(struct image_files *f, const struct json *j, struct module_set *set)
{
	const struct json *list = js_get(j, "modules");

	for (size_t i = 0; i < js_len(list); i++) {
		const struct json *m = js_at(list, i);
		const char *name = js_get_text(m, "name"), *path = js_get_text(m, "path");
		const char *was = js_get_text(m, "hash"), *options = js_get_text(m, "options");
		char hash[HASH_TEXT_MAX] = "";
		struct recipe_module *to;

		if (!name || !path || !was || !options || hash_of(f, path, hash) < 0 ||
		    strcmp(hash, was) != 0)
			return false;
		to = vec_push(&set->v, &set->n);
		to->name = xstrdup(name);
		to->path = xstrdup(path);
		to->options = xstrdup(options);
		to->wanted = js_get_bool(m, "wanted", false);
		js_get_strv(m, "needs", &to->needs);
		js_get_strv(m, "aliases", &to->aliases);
	}
	js_get_strv(j, "firmware", &set->firmware);
	return true;
}

int image_modules(struct image_files *f, const struct kernel_fact *kernel, const struct strv *modaliases,
		  const struct strv *names, struct module_set *ret, struct err *e)
{
	auto_modules struct module_set set = { 0 };
	auto_json struct json *note = NULL;
	char key[HASH_TEXT_MAX];
	int r;

	if (!kernel->modules)
		return err_set(e, ENOENT, "kernel '%s' has no folder of modules: install its modules",
			       kernel->release);
	request_key(f, kernel, modaliases, names, key);
	note = hashes_note(f->hashes, "modules", key);
	if (!note || !set_from_note(f, note, &set)) {
		module_set_done(&set);
		r = modules_resolve(f->kernel_root, kernel->modules, kernel->release, modaliases, names, &set,
				    e);
		if (r < 0)
			return r;
		js_free(note);
		note = set_note(f, &set);
		hashes_keep(f->hashes, "modules", key, note);
	}
	*ret = set;
	set = (struct module_set){ 0 };
	return 0;
}

/* --- their files ---------------------------------------------------------------------------- */

static bool can_unpack(const struct kernel_abilities *can, const char *codec)
{
	return (can->module_xz && strcmp(codec, "xz") == 0) ||
	       (can->module_zstd && strcmp(codec, "zstd") == 0) ||
	       (can->module_gzip && strcmp(codec, "gzip") == 0);
}

/* "x.ko.xz" without its last ending. */
static char *unpacked_name(const char *path, const char *codec)
{
	return xstrndup(path, strlen(path) - strlen(codec_suffix(codec)));
}

/*
 * A packed module stays so where the kernel unpacks modules: it is smaller in the
 * image, and in memory until it is loaded.  Unpacked or not, its bytes are those
 * of the distribution, with the signature that is appended to them.
 */
int image_files_modules(struct image_files *f, struct module_set *set, const struct kernel_abilities *can,
			struct err *e)
{
	for (size_t i = 0; i < set->n; i++) {
		struct recipe_module *m = &set->v[i];
		const char *codec = codec_of(m->path);
		bool unpack = codec && !can_unpack(can, codec);
		auto_free char *source = m->path;
		int r;

		m->path = unpack ? unpacked_name(source, codec) : xstrdup(source);
		r = image_files_add(f, m->path, 0644, FROM_KERNEL, source, unpack ? TREAT_UNPACK : TREAT_NOT,
				    e);
		if (r < 0)
			return err_wrap(e, "module '%s'", m->name);
	}
	return 0;
}

/* --- firmware --------------------------------------------------------------------------------- */

static bool stays_below(const char *name)
{
	return name[0] && name[0] != '/' && strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0 &&
	       !strstr(name, "/../");
}

/* The kernel's order (drivers/base/firmware_loader/main.c): every folder for the plain file, then packed. */
static bool find_firmware(const struct image_files *f, const char *release, const char *name, char **ret)
{
	static const char *const suffixes[] = { "", ".zst", ".xz" };
	auto_free char *updates = xasprintf("/lib/firmware/updates/%s", release);
	auto_free char *own = xasprintf("/lib/firmware/%s", release);
	const char *const dirs[] = { updates, "/lib/firmware/updates", own, "/lib/firmware" };

	for (size_t s = 0; s < ARRAY_SIZE(suffixes); s++)
		for (size_t d = 0; d < ARRAY_SIZE(dirs); d++) {
			auto_free char *path = xasprintf("%s/%s%s", dirs[d], name, suffixes[s]);
			struct stat st;

			if (root_stat(f->root, path, &st) == 0 && S_ISREG(st.st_mode)) {
				*ret = take_ptr(path);
				return true;
			}
		}
	return false;
}

int image_files_firmware(struct image_files *f, const struct kernel_fact *kernel, const struct strv *names,
			 const struct kernel_abilities *can, struct strv *notes, struct err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		auto_free char *source = NULL, *path = NULL;
		const char *codec;
		bool unpack;
		int r;

		if (!stays_below(names->v[i]))
			continue;
		if (!find_firmware(f, kernel->release, names->v[i], &source)) {
			strv_addf(notes, "firmware '%s' is not installed", names->v[i]);
			continue;
		}
		codec = codec_of(source);
		unpack = codec && !(strcmp(codec, "xz") == 0 ? can->firmware_xz : can->firmware_zstd);
		path = unpack ? unpacked_name(source, codec) : xstrdup(source);
		r = image_files_add(f, path, 0644, FROM_ROOT, source, unpack ? TREAT_UNPACK : TREAT_NOT, e);
		if (r < 0)
			return r;
	}
	return 0;
}
