/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "elffile.h"
#include "file.h"

#include <elf.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#define CONF "/etc/ld.so.conf"
#define CONF_MAX (1u << 20)
#define CONF_DEPTH 8
#define DIRS_MAX 256
#define LIBS_MAX 512

/* The folders that a loader was built to look in, by architecture: Debian's, then everyone's. */
static const struct { unsigned machine, class; const char *triplet; } triplets[] = {
	{ EM_X86_64, ELFCLASS64, "x86_64-linux-gnu" },
	{ EM_AARCH64, ELFCLASS64, "aarch64-linux-gnu" },
	{ EM_PPC64, ELFCLASS64, "powerpc64le-linux-gnu" },
	{ EM_S390, ELFCLASS64, "s390x-linux-gnu" },
	{ EM_RISCV, ELFCLASS64, "riscv64-linux-gnu" },
	{ EM_386, ELFCLASS32, "i386-linux-gnu" },
	{ EM_ARM, ELFCLASS32, "arm-linux-gnueabihf" },
};

/* A program or library whose needs are to be met. */
struct object {
	char *source;		/* below the root */
	struct elf elf;
	struct strv rpaths;	/* DT_RPATH of it and of what led to it; void where it has a DT_RUNPATH */
};

struct closure {
	struct image_files *files;
	struct strv conf;	/* folders of ld.so.conf */
	struct strv builtin;	/* folders in which the loader looks by itself */
	char *interp;		/* its last part: whoever needs it has it already */
	char *home;		/* folder of builtin that holds the C library */
	struct object *v;
	size_t n;
};

static void own_closure(struct closure *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].source);
		elf_done(&c->v[i].elf);
		strv_done(&c->v[i].rpaths);
	}
	free(c->v);
	free(c->interp);
	free(c->home);
	strv_done(&c->conf);
	strv_done(&c->builtin);
}

/* --- ld.so.conf ------------------------------------------------------------------------------ */

static void read_conf(const struct root *root, const char *path, unsigned depth, struct strv *dirs);

/* "include PATTERN": a pattern in the last part, relative to the folder of the file that says so. */
static void include(const struct root *root, const char *from, const char *pattern, unsigned depth,
		    struct strv *dirs)
{
	const char *slash = strrchr(from, '/');
	auto_free char *path = pattern[0] == '/' ? xstrdup(pattern) :
			       xasprintf("%.*s/%s", (int)(slash - from), from, pattern);
	char *last = strrchr(path, '/');
	auto_strv struct strv names = { 0 };

	*last++ = '\0';
	if (root_list(root, *path ? path : "/", &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *file = xasprintf("%s/%s", path, names.v[i]);

		if (fnmatch(last, names.v[i], FNM_PERIOD) == 0)
			read_conf(root, file, depth + 1, dirs);
	}
}

/* ldconfig(8): a folder per line, "#" begins a comment, "include PATTERN"; "hwcap" is of old. */
static void read_conf(const struct root *root, const char *path, unsigned depth, struct strv *dirs)
{
	auto_buf struct buf text = { 0 };
	char *save = NULL;

	if (depth > CONF_DEPTH || root_read(root, path, CONF_MAX, &text, NULL) < 0 || !text.data)
		return;
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		static const char blanks[] = " \t\r";
		size_t len;

		line[strcspn(line, "#")] = '\0';
		line += strspn(line, blanks);
		len = strlen(line);
		while (len && strchr(blanks, line[len - 1]))
			line[--len] = '\0';
		if (strncmp(line, "include", 7) == 0 && strchr(blanks, line[7]) && line[7])
			include(root, path, line + 8 + strspn(line + 8, blanks), depth, dirs);
		else if (line[0] == '/' && dirs->n < DIRS_MAX)
			strv_add_once(dirs, line);
	}
}

static void add_builtin(struct closure *c, const struct elf *elf)
{
	for (size_t i = 0; i < ARRAY_SIZE(triplets); i++)
		if (triplets[i].machine == elf->machine && triplets[i].class == elf->class) {
			strv_addf(&c->builtin, "/lib/%s", triplets[i].triplet);
			strv_addf(&c->builtin, "/usr/lib/%s", triplets[i].triplet);
		}
	if (elf->class == ELFCLASS64) {
		strv_add(&c->builtin, "/lib64");
		strv_add(&c->builtin, "/usr/lib64");
	}
	strv_add(&c->builtin, "/lib");
	strv_add(&c->builtin, "/usr/lib");
}

/* --- reading, remembered by content ---------------------------------------------------------- */

static struct json *elf_note(const struct elf *elf)
{
	struct json *j = js_object();

	js_set_int(j, "class", elf->class);
	js_set_int(j, "order", elf->order);
	js_set_int(j, "machine", elf->machine);
	js_set_text(j, "interp", elf->interp);
	js_set_strv(j, "needed", &elf->needed);
	js_set_text(j, "rpath", elf->rpath);
	js_set_text(j, "runpath", elf->runpath);
	return j;
}

static char *text_or_null(const struct json *j, const char *key)
{
	const char *text = js_get_text(j, key);

	return text ? xstrdup(text) : NULL;
}

static void elf_from_note(const struct json *j, struct elf *ret)
{
	*ret = (struct elf){
		.class = (unsigned)js_get_int(j, "class", 0),
		.order = (unsigned)js_get_int(j, "order", 0),
		.machine = (unsigned)js_get_int(j, "machine", 0),
		.interp = text_or_null(j, "interp"),
		.rpath = text_or_null(j, "rpath"),
		.runpath = text_or_null(j, "runpath"),
	};
	js_get_strv(j, "needed", &ret->needed);
}

static int read_object(struct image_files *f, const char *source, struct elf *ret, struct err *e)
{
	auto_close int fd = image_files_open_source(f, FROM_ROOT, source, e);
	auto_json struct json *note = NULL;
	auto_buf struct buf data = { 0 };
	char hash[HASH_TEXT_MAX];
	struct file_stamp stamp;
	int r;

	if (fd < 0)
		return fd;
	r = hashes_file(f->hashes, fd, hash, &stamp);
	if (r < 0)
		return err_set(e, -r, "'%s': %s", source, strerror(-r));
	note = hashes_note(f->hashes, "elf", hash);
	if (note) {
		elf_from_note(note, ret);
		return 0;
	}
	r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_all(fd, IMAGE_FILE_MAX, &data);
	if (r < 0)
		return err_set(e, -r, "'%s': %s", source, strerror(-r));
	r = elf_read(buf_text(&data), data.len, ret, e);
	if (r < 0)
		return err_wrap(e, "'%s'", source);
	note = elf_note(ret);
	hashes_keep(f->hashes, "elf", hash, note);
	return 0;
}

/* --- finding ---------------------------------------------------------------------------------- */

/* "/usr/bin/../lib/./x" is "/usr/lib/x": sound in an image, whose folders are no links. */
static char *straight(const char *path)
{
	struct buf out = { 0 };

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && strncmp(path, "..", 2) == 0) {
			char *slash = out.len ? strrchr(out.data, '/') : NULL;

			if (slash) {
				out.len = (size_t)(slash - out.data);
				*slash = '\0';
			}
		} else if (len && !(len == 1 && *path == '.')) {
			buf_addc(&out, '/');
			buf_add(&out, path, len);
		}
		path += len + (path[len] == '/');
	}
	return buf_take(&out);
}

/* The folders of a DT_RPATH or DT_RUNPATH; $ORIGIN is that of SOURCE.  Relative ones mean nothing here. */
static void split_path(const char *text, const char *source, struct strv *dirs)
{
	int origin_len = (int)(strrchr(source, '/') - source);

	while (text && *text) {
		size_t len = strcspn(text, ":");
		auto_free char *dir = xstrndup(text, len);
		size_t skip = strncmp(dir, "$ORIGIN", 7) == 0 ? 7 : strncmp(dir, "${ORIGIN}", 9) == 0 ? 9 : 0;

		if (skip && (dir[skip] == '/' || dir[skip] == '\0'))
			strv_addf(dirs, "%.*s%s", origin_len, source, dir + skip);
		else if (dir[0] == '/' && !strchr(dir, '$'))
			strv_add(dirs, dir);
		text += len + (text[len] == ':');
	}
}

/* Is there NAME in DIR, of the same architecture?  Then it is added.  1 yes, 0 no. */
static int try_folder(struct closure *c, const struct object *of, const char *dir, const char *name,
		      bool conf, struct err *e);

/* The order of ld.so(8): DT_RPATH unless there is a DT_RUNPATH, DT_RUNPATH, ld.so.conf, what is built in. */
static int find_library(struct closure *c, size_t of, const char *name, struct err *e)
{
	auto_strv struct strv dirs = { 0 };
	size_t own, conf;
	int r = 0;

	if (strcmp(name, c->interp) == 0)
		return 0;
	if (strchr(name, '/'))
		return err_set(e, ENOTSUP,
			       "'%s' needs '%s' by its path, which the image builder does not know",
			       c->v[of].source, name);
	if (c->v[of].elf.runpath)
		split_path(c->v[of].elf.runpath, c->v[of].source, &dirs);
	else
		for (size_t i = 0; i < c->v[of].rpaths.n; i++)
			strv_add(&dirs, c->v[of].rpaths.v[i]);
	own = dirs.n;
	for (size_t i = 0; i < c->conf.n; i++)
		strv_add(&dirs, c->conf.v[i]);
	conf = dirs.n;
	for (size_t i = 0; i < c->builtin.n; i++)
		strv_add(&dirs, c->builtin.v[i]);
	for (size_t i = 0; r == 0 && i < dirs.n; i++)
		r = try_folder(c, &c->v[of], dirs.v[i], name, i >= own && i < conf, e);
	if (r == 0)
		return err_set(e, ENOENT,
			       "'%s' needs the library '%s', which is in none of the loader's folders",
			       c->v[of].source, name);
	return r < 0 ? r : 0;
}

static void object_add(struct closure *c, const char *source, struct elf *elf, const struct strv *inherited)
{
	struct object *o = vec_push(&c->v, &c->n);

	o->source = xstrdup(source);
	o->elf = *elf;
	*elf = (struct elf){ 0 };
	if (!o->elf.runpath)
		split_path(o->elf.rpath, source, &o->rpaths);
	for (size_t i = 0; inherited && i < inherited->n; i++)
		strv_add(&o->rpaths, inherited->v[i]);
}

static int try_folder(struct closure *c, const struct object *of, const char *dir, const char *name,
		      bool conf, struct err *e)
{
	auto_free char *source = xasprintf("%s/%s", dir, name), *path = NULL;
	auto_strv struct strv inherited = { 0 };
	auto_elf struct elf elf = { 0 };
	int r;

	if (!root_exists(c->files->root, source))
		return 0;
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].source, source) == 0)
			return 1;
	/* As the loader does: what is not for this machine is passed by. */
	if (read_object(c->files, source, &elf, NULL) < 0 || elf.class != of->elf.class ||
	    elf.machine != of->elf.machine || elf.order != of->elf.order)
		return 0;
	if (c->n >= LIBS_MAX)
		return err_set(e, E2BIG, "'%s' needs more than %d libraries", c->v[0].source, LIBS_MAX);

	/* The image has no ld.so.cache: what only ld.so.conf tells of goes where the loader looks anyway. */
	if (conf && !strv_has(&c->builtin, dir))
		path = xasprintf("%s/%s", c->home, name);
	else
		path = straight(source);
	r = image_files_add(c->files, path, 0755, FROM_ROOT, source, TREAT_NOT, e);
	if (r < 0)
		return r;
	/* object_add() moves the array that OF points into. */
	for (size_t i = 0; i < of->rpaths.n; i++)
		strv_add(&inherited, of->rpaths.v[i]);
	object_add(c, source, &elf, &inherited);
	return 1;
}

static int find_home(struct closure *c, struct err *e)
{
	static const char *const names[] = { "libc.so.6", "libc.so" };

	for (size_t i = 0; i < c->builtin.n && !c->home; i++)
		for (size_t k = 0; k < ARRAY_SIZE(names) && !c->home; k++) {
			auto_free char *path = xasprintf("%s/%s", c->builtin.v[i], names[k]);

			if (root_exists(c->files->root, path))
				c->home = xstrdup(c->builtin.v[i]);
		}
	return c->home ? 0 : err_set(e, ENOENT, "'%s' needs a C library, and there is none", c->v[0].source);
}

static int add_loader(struct closure *c, struct err *e)
{
	const char *interp = c->v[0].elf.interp;

	c->interp = xstrdup(strrchr(interp, '/') + 1);
	return image_files_add(c->files, interp, 0755, FROM_ROOT, interp, TREAT_NOT, e);
}

int image_files_program(struct image_files *f, const char *path, const struct strv *extra, struct err *e)
{
	AUTO(own_closure) struct closure c = { .files = f };
	auto_elf struct elf elf = { 0 };
	int r = read_object(f, path, &elf, e);

	if (r == 0)
		r = image_files_add(f, path, 0755, FROM_ROOT, path, TREAT_NOT, e);
	if (r < 0 || (!elf.interp && !elf.needed.n))
		return r;		/* it stands alone */
	if (!elf.interp)
		return err_set(e, EINVAL, "'%s' needs libraries, but names no loader", path);
	for (size_t i = 0; extra && i < extra->n; i++)
		strv_add_once(&elf.needed, extra->v[i]);
	read_conf(f->root, CONF, 0, &c.conf);
	add_builtin(&c, &elf);
	object_add(&c, path, &elf, NULL);
	r = add_loader(&c, e);
	if (r == 0)
		r = find_home(&c, e);
	for (size_t i = 0; r == 0 && i < c.n; i++)
		for (size_t k = 0; r == 0 && k < c.v[i].elf.needed.n; k++) {
			auto_free char *name = xstrdup(c.v[i].elf.needed.v[k]);

			r = find_library(&c, i, name, e);
		}
	return r;
}

int image_program(const struct root *root, const char *path, const struct strv *extra, struct strv *ret_paths,
		  struct strv *ret_sources, struct err *e)
{
	struct image_files f = { .here.fd = -1 };
	int r = image_files_open(&f, root, NULL, e);

	if (r < 0)
		return r;
	f.hashes = hashes_load(NULL);
	r = image_files_program(&f, path, extra, e);
	for (size_t i = 0; r == 0 && i < f.n; i++)
		if (f.v[i].place == FROM_ROOT) {
			strv_add(ret_paths, f.v[i].path);
			strv_add(ret_sources, f.v[i].source);
		}
	image_files_done(&f);
	return r;
}
