/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

#include "collectorfit.h"
#include "cpio.h"
#include "file.h"
#include "num.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define APPEND_MAX ((size_t)64 << 20)

struct load_options {
	const char *kernel, *image, *add, *append;
};

/* What a run holds, so that one place releases it. */
struct loading {
	struct settings *settings;
	struct facts *facts;
	char *kernel, *image;		/* paths */
	char *release;			/* NULL: --kernel was a file that tells none */
	char *cmdline;
	struct image_head head;
	double seconds;
};

static void own_loading(struct loading *l)
{
	settings_free(l->settings);
	facts_free(l->facts);
	free(l->kernel);
	free(l->image);
	free(l->release);
	free(l->cmdline);
	image_head_done(&l->head);
}

/* A file that the caller names is one of the caller's own working folder. */
static int full_path(const char *option, const char *path, char **ret, struct err *e)
{
	*ret = realpath(path, NULL);
	return *ret ? 0 : err_set(e, errno, "%s '%s': %s", option, path, strerror(errno));
}

/* The release of a kernel given as a file: that of an installed one, or as its name tells. */
static char *release_of(const struct facts *f, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < f->n_kernels; i++)
		if (strcmp(f->kernels[i].image, path) == 0)
			return xstrdup(f->kernels[i].release);
	return strncmp(name, "vmlinuz-", 8) == 0 && name[8] ? xstrdup(name + 8) : NULL;
}

static int find_kernel(struct loading *l, const char *wanted, struct err *e)
{
	const struct kernel_fact *k;
	int r;

	if (wanted && strchr(wanted, '/')) {
		r = full_path("kernel", wanted, &l->kernel, e);
		if (r == 0)
			l->release = release_of(l->facts, l->kernel);
		return r;
	}
	k = facts_kernel(l->facts, wanted);
	if (!k && wanted)
		return err_set(e, ENOENT,
			       "kernel '%s' is not installed; 'crashcfg facts' lists those that are", wanted);
	if (!k)
		return err_set(
			e, ENOENT,
			"no kernel is installed in '/boot' or '/lib/modules'; name one: --kernel FILE");
	l->kernel = xstrdup(k->image);
	l->release = xstrdup(k->release);
	return 0;
}

/* Whose it is; that it is whole is looked at when it is loaded. */
static int check_image(struct loading *l, const struct root *root, struct err *e)
{
	struct err why = { 0 };
	int r = image_head_read(root, l->image, &l->head, &why);

	if (r == -ENOENT)
		return err_set(e, ENOENT,
			       "there is no capture image '%s'; 'crashcfg apply' builds it ('crashcfg "
			       "build' builds it only)",
			       l->image);
	if (r < 0)
		return err_set(e, why.code, "capture image %s", why.text);
	/* Its modules would not load into another kernel, and nobody would know before the crash. */
	if (!l->head.kernel)
		return err_set(e, EINVAL, "the capture image '%s' does not tell its kernel: build it again", l->image);
	if (l->release && strcmp(l->release, l->head.kernel) != 0)
		return err_set(e, EINVAL,
			       "the capture image '%s' was built for kernel %s, not %s; build one: crashcfg "
			       "build --kernel %s",
			       l->image, l->head.kernel, l->release, l->release);
	return 0;
}

static int find_image(struct loading *l, const struct root *root, const char *wanted, struct err *e)
{
	int r = 0;

	if (wanted)
		r = full_path("image", wanted, &l->image, e);
	else if (l->release)
		l->image = xasprintf(IMAGE_DIR "/%s/" IMAGE_NAME, l->release);
	else
		r = err_set(e, EINVAL,
			    "'%s' does not tell its release, so which image is its own is not known; "
			    "name one: --image FILE",
			    l->kernel);
	return r < 0 ? r : check_image(l, root, e);
}

static int make_cmdline(struct loading *l, const char *add, struct err *e)
{
	const struct facts *f = l->facts;
	char *both;

	if (!f->cmdline)
		return err_set(e, ENOENT, "'/proc/cmdline' cannot be read; mount /proc");
	if (add) {
		both = xasprintf("%s %s", l->settings->cmdline_add, add);
		free(l->settings->cmdline_add);
		l->settings->cmdline_add = both;
	}
	return capture_cmdline(f->cmdline, l->settings, f->boot_id, f->boot_apicid,
			       collector_cpus(l->head.threads), &l->cmdline, e);
}

/* One archive behind the other is one tree to the kernel; what stands last holds. */
static int add_archive(const char *path, struct buf *to, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_read_all(fd, APPEND_MAX, to);

	return r < 0 ? err_set(e, -r, "--append '%s': %s", path, strerror(-r)) : 0;
}

static int check_archive(void *ctx, const struct cpio_member *m)
{
	(void)ctx;
	(void)m;
	return 0;
}

static int append(const char *path, struct buf *secrets, struct err *e)
{
	auto_secrets struct buf archive = { 0 };
	size_t end;
	int r = add_archive(path, &archive, e);

	if (r == 0 && cpio_each(buf_text(&archive), archive.len, check_archive, NULL, &end, e) < 0)
		r = err_wrap(e, "--append '%s': not a cpio archive", path);
	if (r == 0)
		buf_add(secrets, archive.data, archive.len);
	return r;
}

static int load(struct loading *l, const struct root *root, const char *more, struct err *e)
{
	auto_secrets struct buf secrets = { 0 };
	struct load_request q = { .kernel = l->kernel, .image = l->image, .cmdline = l->cmdline,
				  .secrets = &secrets };
	long long start = now_ms();
	struct err why = { 0 };
	int r;

	/* Without its key one target is lost; without a capture kernel all are. */
	if (secrets_collect(root, l->settings, &secrets, &why) < 0)
		fprintf(stderr, "crashcfg: warning: %s\n", why.text);
	r = more ? append(more, &secrets, e) : 0;
	r = r < 0 ? r : capture_load(root, &q, e);
	l->seconds = (double)(now_ms() - start) / 1000;
	return r;
}

static void print(const struct loading *l, const struct cli *cli)
{
	char bytes[SIZE_TEXT_MAX], reserved[SIZE_TEXT_MAX];
	const struct facts *f = l->facts;

	if (!cli->quiet)
		fprintf(out_words(cli),
			"loaded '%s' with '%s' (%s) into %s of reserved memory, %.2f s\ncommand line: %s\n",
			l->kernel, l->image, size_human(l->head.bytes, bytes),
			size_human((uint64_t)f->crash_size, reserved), l->seconds, l->cmdline);
	if (cli->json) {
		auto_json struct json *j = cli_json();

		js_set_bool(j, "loaded", true);
		js_set_bool(j, "replaced", f->crash_loaded == YES);
		js_set_text(j, "kernel", l->kernel);
		js_set_text(j, "release", l->release);
		js_set_text(j, "image", l->image);
		js_set_text(j, "id", l->head.id);
		js_set_int(j, "image_bytes", (int64_t)l->head.bytes);
		js_set_int(j, "reserved", f->crash_size);
		js_set_text(j, "cmdline", l->cmdline);
		js_set_real(j, "seconds", l->seconds);
		cli_print_json(j);
	}
}

static int run_load(struct cli *cli, int argc, char *argv[], struct err *e)
{
	const struct load_options *o = cli->options;
	AUTO(own_loading) struct loading l = { 0 };
	struct err why = { 0 };
	int r;

	if (argc > 1)
		return err_set(e, ERR_USAGE, "load takes no argument, got '%s'", argv[1]);
	if (!cli->root.host)
		return err_set(e, ENOTSUP, "nothing can be loaded for '%s': it is not the system that runs",
			       cli->root.path);
	r = out_settings_despite_faults(cli, &l.settings, e);
	if (r != 0)
		return r;
	if (!l.settings->dump_active)
		return err_set(e, ECANCELED,
			       "DUMP_ACTIVE is 'no', so nothing is loaded; set it to 'yes' and run "
			       "'crashcfg apply'");
	r = facts_read(&cli->root, &l.facts, e);
	r = r < 0 ? r : find_kernel(&l, o->kernel ? o->kernel : l.settings->capture_kernel, e);
	r = r < 0 ? r : find_image(&l, &cli->root, o->image, e);
	r = r < 0 ? r : make_cmdline(&l, o->add, e);
	r = r < 0 ? r : load(&l, &cli->root, o->append, e);
	if (r < 0)
		return r;
	/* Only now: an oops that panics is of no use where nothing is loaded. */
	if (sysctl_set_all(&cli->root, l.settings, &why) < 0)
		fprintf(stderr, "crashcfg: warning: %s\n", why.text);
	print(&l, cli);
	return EXIT_DONE;
}

static const struct option_row options[] = {
	{ "kernel", "VER", offsetof(struct load_options, kernel),
	  "an installed kernel's release, or a kernel's file (the running one, else the newest)", NULL },
	{ "image", "FILE", offsetof(struct load_options, image),
	  "that image, not the one that 'build' made for the kernel", NULL },
	{ "cmdline-add", "TEXT", offsetof(struct load_options, add),
	  "words for the capture kernel's command line, behind all others", NULL },
	{ "append", "FILE", offsetof(struct load_options, append),
	  "a cpio archive whose files go over those of the image, which stays as it is", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_load = {
	.name = "load",
	.args = "",
	.run = run_load,
	.options = options,
	.options_size = sizeof(struct load_options),
	.summary = "Load the capture kernel and image: arm this host",
	.text = "Loads the capture kernel and its image into the memory that crashkernel= reserved, by "
		"kexec_file_load(2), so that a panic starts it. The image is checked to be whole first, and "
		"everything that the kernel is known to refuse is looked at before anything is given up. "
		"Where the running kernel lacks that call, kexec(8) does it by the older one; a refusal for a "
		"signature or lockdown is never evaded.\n\n"
		"The capture kernel's command line is that of the running kernel without what is meant for "
		"the full system, with what a kernel needs to live in little memory, and with "
		"CAPTURE_CMDLINE_REMOVE and CAPTURE_CMDLINE_ADD at last. It bears this boot's id, which the "
		"dump's manifest then tells.\n\n"
		"A fault in the settings is told, and does not keep the host unarmed: the image that stands is "
		"loaded, and defaults stand in for the wrong values.\n\n"
		"'apply' loads by itself what it built; the unit crashcfg.service runs 'load' at every boot.",
};
