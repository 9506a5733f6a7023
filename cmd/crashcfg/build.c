/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernels.h"
#include "out.h"

#include "file.h"
#include "hash.h"
#include "image.h"
#include "num.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct build_options {
	const char *kernel, *output, *kernels;
};

/* What a run holds, so that one place releases it. */
struct build {
	struct settings *settings;
	struct facts *facts;
	struct root kernel_root;
	struct facts *kernel_facts;
	const struct kernel_fact *kernel;
	struct image_plan *plan;
	struct buf image;
	struct image_sizes sizes;
	char *where;			/* as people name it */
	long long ms;
};

static void own_build(struct build *b)
{
	settings_free(b->settings);
	facts_free(b->facts);
	facts_free(b->kernel_facts);
	image_plan_free(b->plan);
	buf_done(&b->image);
	root_done(&b->kernel_root);
	free(b->where);
}

static int find_kernel(struct build *b, const struct cli *cli, const struct build_options *o, struct err *e)
{
	const char *release = o->kernel ? o->kernel : b->settings->capture_kernel;
	int r = facts_read(&cli->root, &b->facts, e);

	if (r == 0 && o->kernels)
		r = kernels_open(o->kernels, release, &b->kernel_root, e);
	if (r == 0 && o->kernels)
		r = facts_read(&b->kernel_root, &b->kernel_facts, e);
	if (r < 0)
		return r;
	b->kernel = facts_kernel(b->kernel_facts ? b->kernel_facts : b->facts, release);
	if (b->kernel)
		return 0;
	if (release)
		return err_set(e, ENOENT, "kernel '%s' is not installed (--kernels DIR: an unpacked one)",
			       release);
	return err_set(e, ENOENT, "no kernel is installed in '%s/boot' (--kernels DIR: an unpacked one)",
		       cli->root.path);
}

static int make_image(struct build *b, const struct cli *cli, struct err *e)
{
	struct image_spec spec = {
		.root = &cli->root, .settings = b->settings, .facts = b->facts, .kernel = b->kernel,
		.kernel_root = b->kernel_facts ? &b->kernel_root : NULL, .tool_dir = cli_tool_dir(),
		.cache = true,
	};
	int r = image_plan_make(&spec, &b->plan, e);

	return r < 0 ? r : image_build_sizes(&spec, b->plan, &b->image, &b->sizes, e);
}

static int replace(int dir, const char *name, const struct build *b, struct err *e)
{
	int r = dir < 0 ? dir : file_replace_at(dir, name, b->image.data, b->image.len, 0600);

	return r < 0 ? err_set(e, -r, "cannot write '%s': %s", b->where, strerror(-r)) : 0;
}

/* A pipe or a device gets the bytes and stays what it is. */
static int write_through(const struct build *b, const char *file, struct err *e)
{
	auto_close int fd = open(file, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, b->image.data, b->image.len);

	return r < 0 ? err_set(e, -r, "cannot write '%s': %s", file, strerror(-r)) : 0;
}

/* FILE is a path of whoever called, not one below the root; a link's target is what is written. */
static int write_file(struct build *b, const char *wanted, struct err *e)
{
	auto_free char *real = realpath(wanted, NULL);
	const char *file = real ? real : wanted;
	const char *slash = strrchr(file, '/');
	auto_free char *parent = slash ? xstrndup(file, (size_t)(slash - file) + 1) : xstrdup(".");
	auto_close int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	struct stat st;

	b->where = xstrdup(wanted);
	if ((slash && !slash[1]) || (stat(file, &st) == 0 && S_ISDIR(st.st_mode)))
		return err_set(e, EISDIR, "--output '%s': not the name of a file", wanted);
	if (lstat(file, &st) == 0 && S_ISLNK(st.st_mode))
		return err_set(e, ELOOP, "--output '%s': a link that leads nowhere", wanted);
	if (stat(file, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		return write_through(b, file, e);
	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "--output '%s': neither a file nor a pipe", wanted);
	return replace(dir < 0 ? -errno : dir, slash ? slash + 1 : file, b, e);
}

/* Where `load` and `apply` look for it. */
static int write_installed(struct build *b, const struct root *root, struct err *e)
{
	auto_free char *folder = xasprintf(IMAGE_DIR "/%s", b->kernel->release);
	auto_close int dir = -1;
	int r;

	b->where = xasprintf("%s%s/" IMAGE_NAME, root->path, folder);
	r = root_mkdirs(root, folder, 0700);
	if (r == 0)
		dir = root_openat(root, folder, O_RDONLY | O_DIRECTORY, 0);
	return replace(r < 0 ? r : dir, IMAGE_NAME, b, e);
}

static void print(const struct build *b, const struct cli *cli)
{
	char packed[SIZE_TEXT_MAX], unpacked[SIZE_TEXT_MAX], sha256[HASH_TEXT_MAX];
	FILE *to = out_words(cli);

	for (size_t i = 0; i < b->plan->notes.n && !cli->quiet; i++)
		fprintf(stderr, "crashcfg: note: %s\n", b->plan->notes.v[i]);
	if (!cli->quiet)
		fprintf(to, "%s: %s (%s), %s unpacked, %zu modules for %s, %.2f s\nid %s\n", b->where,
			size_human(b->sizes.packed, packed), b->plan->packing,
			size_human(b->sizes.unpacked, unpacked), b->sizes.modules, b->kernel->release,
			(double)b->ms / 1000, b->plan->id);
	if (cli->json) {
		auto_json struct json *j = cli_json();

		js_set_text(j, "image", b->where);
		js_set_text(j, "kernel", b->kernel->release);
		js_set_text(j, "id", b->plan->id);
		js_set_text(j, "sha256", hash_bytes(b->image.data, b->image.len, sha256));
		js_set_text(j, "builder", b->plan->dracut ? "dracut" : "native");
		js_set_text(j, "packing", b->plan->packing);
		js_set_int(j, "packed", (int64_t)b->sizes.packed);
		js_set_int(j, "unpacked", (int64_t)b->sizes.unpacked);
		js_set_int(j, "modules", (int64_t)b->sizes.modules);
		js_set_real(j, "seconds", (double)b->ms / 1000);
		js_set_strv(j, "notes", &b->plan->notes);
		cli_print_json(j);
	}
}

static int run_build(struct cli *cli, int argc, char *argv[], struct err *e)
{
	const struct build_options *o = cli->options;
	AUTO(own_build) struct build b = { .kernel_root.fd = -1 };
	auto_close int lock = -1;
	long long start = now_ms();
	int r;

	if (argc > 1)
		return err_set(e, ERR_USAGE, "build takes no argument, got '%s'", argv[1]);
	r = out_settings(cli, &b.settings, e);
	if (r != 0)
		return r;
	r = find_kernel(&b, cli, o, e);
	if (r == 0 && !o->output)
		r = apply_lock(&cli->root, &lock, e);
	if (r == 0)
		r = make_image(&b, cli, e);
	if (r < 0)
		return r;
	r = o->output ? write_file(&b, o->output, e) : write_installed(&b, &cli->root, e);
	if (r < 0)
		return r;
	b.ms = now_ms() - start;
	print(&b, cli);
	return EXIT_DONE;
}

static const struct option_row options[] = {
	{ "kernel", "VER", offsetof(struct build_options, kernel),
	  "the kernel's release (the running one, else the newest)", NULL },
	{ "output", "FILE", offsetof(struct build_options, output),
	  "write the image there, not where 'load' looks for it", NULL },
	{ "kernels", "DIR", offsetof(struct build_options, kernels),
	  "take kernels from DIR/boot and DIR/lib/modules, or from DIR/VER/boot and so on", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_build = {
	.name = "build", .args = "", .run = run_build, .options = options,
	.options_size = sizeof(struct build_options),
	.summary = "Build the capture image",
	.text = "Puts together what the capture kernel needs to save a dump: the capture program, "
		"makedumpfile and vmcore-dmesg with their libraries, the modules on the way to the "
		"target's disk and their firmware, and the recipe made from the settings. There is no "
		"shell in it. The same inputs give the same bytes.\n\n"
		"A target's disk that a session, a fabric or a channel path has to bring up (iSCSI, FCoE, NVMe over "
		"fabrics, DASD, zFCP) is a case for dracut, by CAPTURE_BUILDER auto or dracut: its image goes below "
		"crashcfg's own, and its init, a shell script, is run as a child with a deadline.\n\n"
		"'apply' builds the image by itself whenever the content of an input has changed; 'build' "
		"makes it at once and changes nothing else. The image is /var/lib/crashcfg/VER/capture.img, "
		"readable by root only.",
};
