/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernels.h"
#include "out.h"

#include "file.h"
#include "lab.h"
#include "num.h"
#include "testwish.h"
#include "timetable.h"
#include "workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* All that one run holds. */
struct test {
	const struct test_options *o;
	struct test_wish wish;
	struct settings *settings;
	struct facts *facts, *kernel_facts;
	const struct kernel_fact *kernel, *capture;
	struct root kernel_root;
	struct storage storage;		/* with --fs, --stack, --target */
	struct network network;		/* with --target */
	struct image_plan *plan;
	struct workdir work;
	char *image, *crashkernel;
	uint64_t image_bytes;
	int stop_fd;
	struct timetable table;
};

static void test_done(struct test *t)
{
	test_wish_done(&t->wish);
	settings_free(t->settings);
	facts_free(t->facts);
	facts_free(t->kernel_facts);
	root_done(&t->kernel_root);
	storage_done(&t->storage);
	network_done(&t->network);
	image_plan_free(t->plan);
	workdir_done(&t->work);
	free(t->image);
	free(t->crashkernel);
	own_close(&t->stop_fd);
	timetable_done(&t->table);
}

/* --- which kernel ---------------------------------------------------------------------------- */

static int choose_kernel(struct test *t, const struct cli *cli, struct err *e)
{
	const struct test_options *o = t->o;
	int r = facts_read(&cli->root, &t->facts, e);

	if (r < 0)
		return r;
	if (o->kernels) {
		r = kernels_open(o->kernels, o->kernel, &t->kernel_root, e);
		if (r == 0)
			r = facts_read(&t->kernel_root, &t->kernel_facts, e);
		if (r < 0)
			return r;
	}
	t->kernel = facts_kernel(t->kernel_facts ? t->kernel_facts : t->facts, o->kernel);
	if (!t->kernel)
		return err_set(e, ENOTSUP, "no kernel %s%s%sis installed below '%s/' (--kernels DIR takes one "
			       "that was only unpacked)", o->kernel ? "'" : "", o->kernel ? o->kernel : "",
			       o->kernel ? "' " : "", o->kernels ? o->kernels : cli->root.path);
	t->capture = t->kernel;
	if (t->settings->capture_kernel)
		t->capture = facts_kernel(t->kernel_facts ? t->kernel_facts : t->facts,
					  t->settings->capture_kernel);
	if (!t->capture)
		return err_set(e, ENOTSUP, "CAPTURE_KERNEL = '%s': no such kernel is installed",
			       t->settings->capture_kernel);
	return 0;
}

/* --- which image ----------------------------------------------------------------------------- */

/* The image that is installed, if it is what would be built now; else a new one in the work folder. */
static int find_image(struct test *t, const struct cli *cli, const struct image_spec *spec, struct err *e)
{
	auto_free char *installed = xasprintf(IMAGE_DIR "/%s/" IMAGE_NAME, t->capture->release);
	auto_image_head struct image_head head = { 0 };
	auto_close int dir = open(t->work.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_buf struct buf data = { 0 };
	int r;

	if (!t->wish.own && !t->o->kernels && image_head_read(&cli->root, installed, &head, NULL) == 0 &&
	    strcmp(head.id, t->plan->id) == 0) {
		t->image = root_path(&cli->root, installed);
		t->image_bytes = head.bytes;
		return 0;
	}
	r = image_build(spec, t->plan, &data, e);
	if (r < 0)
		return err_wrap(e, "cannot build the capture image");
	t->image = xasprintf("%s/" IMAGE_NAME, t->work.path);
	t->image_bytes = data.len;
	r = dir < 0 ? -errno : file_replace_at(dir, IMAGE_NAME, data.data, data.len, 0600);
	return r < 0 ? err_set(e, -r, "cannot write '%s': %s", t->image, strerror(-r)) : 0;
}

/* A host whose own target cannot be told or played can still test the rest. */
static int make_plan(struct test *t, const struct image_spec *spec, struct err *e)
{
	struct err why = { 0 };
	int r = image_plan_make(spec, &t->plan, &why);

	if (r == 0)
		return 0;
	return err_set(e, why.code, "%s%s", why.text,
		       t->wish.own ? "" : " (--fs ext4 tests with a scratch disk instead)");
}

static int make_image(struct test *t, const struct cli *cli, struct err *e)
{
	struct image_spec spec = {
		.root = &cli->root, .settings = t->settings, .facts = t->facts, .kernel = t->capture,
		.kernel_root = t->o->kernels ? &t->kernel_root : NULL, .tool_dir = cli_tool_dir(),
	};
	struct facts guest = *t->facts;
	int r;

	if (t->wish.own) {
		r = test_wish_target(&t->wish, t->settings, t->work.path, &t->storage, &t->network, e);
		if (r < 0)
			return r;
		spec.storage = &t->storage;
		spec.n_storage = 1;
		spec.network = &t->network;
		spec.keys_here = true;
	}
	r = make_plan(t, &spec, e);
	if (r < 0)
		return r;
	/* What is reserved depends on the memory of the guest, not of this host. */
	guest.mem_total = t->wish.memory;
	if (t->o->crashkernel ? strcmp(t->o->crashkernel, "auto") != 0 : t->settings->crashkernel != NULL)
		t->crashkernel = xstrdup(t->o->crashkernel ? t->o->crashkernel : t->settings->crashkernel);
	else
		t->crashkernel = reserve_auto(&guest, t->plan, NULL);
	return find_image(t, cli, &spec, e);
}

static int check_crashkernel(const struct test *t, struct err *e)
{
	auto_crashkernel struct crashkernel c = { 0 };
	char memory[SIZE_TEXT_MAX];
	struct err why = { 0 };

	if (crashkernel_parse(t->crashkernel, &c, &why) < 0)
		return err_set(e, t->o->crashkernel ? ERR_USAGE : EINVAL, "crashkernel '%s': %s",
			       t->crashkernel, why.text);
	if (crashkernel_size(&c, t->wish.memory) == 0)
		return err_set(e, EINVAL, "crashkernel=%s reserves nothing in a guest of %s (give --memory or "
			       "--crashkernel)", t->crashkernel, size_format(t->wish.memory, memory));
	return 0;
}

/* --- the run --------------------------------------------------------------------------------- */

/* What takes the dump, in a word or two: "ext4", "ext4 on raid1, lvm", "nfs://192.0.2.1/srv/crash". */
static void target_text(const struct test *t, char *text, size_t size)
{
	const struct recipe *r = t->plan->recipe;
	const struct recipe_target *to = r->n_targets ? &r->targets[0] : NULL;
	size_t n;

	if (!to || target_is_remote(to->kind)) {
		snprintf(text, size, "%s", to ? to->url : "");
		return;
	}
	snprintf(text, size, "%s", to->fstype);
	for (size_t i = 0; i < to->n_layers; i++) {
		n = strlen(text);
		snprintf(text + n, size - n, "%s%s", i ? ", " : " on ", layer_kind_name(to->layers[i].kind));
	}
}

static void say_what(const struct test *t, FILE *to)
{
	char memory[SIZE_TEXT_MAX], size[SIZE_TEXT_MAX], target[256];

	target_text(t, target, sizeof(target));
	fprintf(to, "Crashing kernel %s in a guest of %s, crashkernel=%s, dump to %s; image of %s (%s)\n",
		t->kernel->release, size_format(t->wish.memory, memory), t->crashkernel,
		t->wish.own ? target : "this host's own target", size_human(t->image_bytes, size),
		t->plan->packing);
}

static int run_lab(struct test *t, const struct cli *cli, struct lab_result *res, struct err *e)
{
	struct lab_request q = {
		.root = &cli->root,
		.kernel = t->kernel,
		.capture = t->capture,
		.kernel_root = t->o->kernels ? &t->kernel_root : NULL,
		.image = t->image,
		.target_url = t->wish.own ? t->storage.target.url : NULL,
		.recipe = t->plan->recipe,
		.self = "/proc/self/exe",
		.tool_dir = cli_tool_dir(),
		.work = t->work.path,
		.memory = t->wish.memory,
		.crashkernel = t->crashkernel,
		.accel = t->wish.accel,
		.qemu_args = &t->wish.qemu_args,
		.timeout_ms = (int)t->wish.timeout * 1000,
		.stop_fd = t->stop_fd,
		.event = timetable_event,
		.ctx = &t->table,
	};

	return lab_run(&q, res, e);
}

static struct json *dump_json(const struct lab_result *res)
{
	struct json *j = js_object();
	struct json *files = js_array();

	js_set_int(j, "bytes", (int64_t)res->bytes);
	js_set_int(j, "pages", (int64_t)res->pages);
	js_set_text(j, "release", res->release);
	js_set_text(j, "panic", res->panic);
	for (size_t i = 0; i < res->n_files; i++) {
		struct json *one = js_add(files, js_object());

		js_set_text(one, "name", res->files[i].name);
		js_set_int(one, "bytes", (int64_t)res->files[i].size);
	}
	js_set(j, "files", files);
	return j;
}

static struct json *manifest_json(const struct manifest *m)
{
	auto_buf struct buf text = { 0 };
	struct json *j = NULL;

	if (m)
		manifest_encode(m, &text);
	return m && js_parse(buf_text(&text), text.len, &j, NULL) == 0 ? j : js_null();
}

static void print_json(struct test *t, const struct lab_result *res, bool kept)
{
	auto_json struct json *j = cli_json();
	struct json *image = js_object();

	js_set_bool(j, "pass", res->pass);
	js_set_text(j, "reason", res->reason);
	js_set_text(j, "kernel", t->kernel->release);
	js_set_text(j, "fs", t->plan->recipe->n_targets ? t->plan->recipe->targets[0].fstype : "");
	js_set_text(j, "target", t->plan->recipe->n_targets ? t->plan->recipe->targets[0].url : "");
	js_set_strv(j, "differs", &res->differs);
	js_set_int(j, "memory", (int64_t)t->wish.memory);
	js_set_text(j, "crashkernel", t->crashkernel);
	js_set_text(j, "accel", res->accel);
	js_set_text(j, "accel_why", res->accel_why);
	js_set_text(image, "sha256", res->image_sha256);
	js_set_int(image, "bytes", (int64_t)t->image_bytes);
	js_set_text(image, "packing", t->plan->packing);
	js_set(j, "image", image);
	js_set_real(j, "panic_to_reset", res->panic_to_reset);
	js_set_real(j, "capture_to_reset", res->capture_to_reset);
	js_set(j, "timeline", timetable_take_json(&t->table));
	js_set(j, "dump", dump_json(res));
	js_set(j, "manifest", manifest_json(res->manifest));
	js_set_text(j, "work", kept ? t->work.path : NULL);
	js_set_text(j, "console", kept ? res->console : NULL);
	cli_print_json(j);
}

static void print_verdict(const struct test *t, const struct lab_result *res, bool kept, FILE *to)
{
	char size[SIZE_TEXT_MAX], fs[256];

	target_text(t, fs, sizeof(fs));
	for (size_t i = 0; i < res->differs.n; i++)
		fprintf(to, "Differs from the host: %s\n", res->differs.v[i]);
	if (res->accel_why)
		fprintf(to, "Not under KVM: %s\n", res->accel_why);
	if (res->pass && t->plan->recipe->dump_level == DUMP_LEVEL_LOG)
		fprintf(to, "PASS  %s, %s: the log arrived, no dump was asked for, panic to reset %.1f s (%s)\n",
			t->kernel->release, fs, res->panic_to_reset,
			strcmp(res->accel, "tcg") == 0 ? "TCG" : "KVM");
	else if (res->pass)
		fprintf(to,
			"PASS  %s, %s: dump of %s (%llu pages) arrived whole, panic to reset %.1f s (%s)\n",
			t->kernel->release, fs, size_human(res->bytes, size),
			(unsigned long long)res->pages, res->panic_to_reset,
			strcmp(res->accel, "tcg") == 0 ? "TCG" : "KVM");
	else
		fprintf(to, "FAIL  %s, %s: %s\n", t->kernel->release, fs, res->reason);
	if (kept && res->console)
		fprintf(to, "Console log: %s\n", res->console);
}

static int finish(struct test *t, const struct cli *cli, int r, const struct lab_result *res,
		  const struct err *e)
{
	bool keep = t->o->keep || t->o->output, interrupted = r < 0 && e->code == EINTR;
	bool kept = !interrupted && (keep || !res->pass);

	timetable_end(&t->table);
	if (kept)
		workdir_keep(&t->work, t->o->keep);
	else
		workdir_remove(&t->work);
	if (r < 0) {
		if (kept)
			fprintf(stderr, "crashcfg: logs are in '%s'\n", t->work.path);
		return r;
	}
	if (!cli->quiet || !res->pass)
		print_verdict(t, res, kept, out_words(cli));
	if (cli->json)
		print_json(t, res, kept);
	return res->pass ? EXIT_DONE : EXIT_ANSWER_NO;
}

static int prepare(struct test *t, const struct cli *cli, struct err *e)
{
	int r = test_wish_read(t->o, &t->wish, e);

	if (r < 0)
		return r;
	r = out_settings(cli, &t->settings, e);
	if (r != 0)
		return r;
	r = choose_kernel(t, cli, e);
	if (r < 0)
		return r;
	return workdir_signals(&t->stop_fd, e);
}

static int make_and_run(struct test *t, const struct cli *cli, struct err *e)
{
	auto_lab_result struct lab_result res = { 0 };
	int r = workdir_make(t->o->output, &t->work, e);

	if (r < 0)
		return r;
	r = make_image(t, cli, e);
	if (r == 0)
		r = check_crashkernel(t, e);
	if (r < 0) {
		workdir_remove(&t->work);
		return r;
	}
	if (!cli->quiet)
		say_what(t, out_words(cli));
	timetable_start(&t->table, cli->quiet ? NULL : out_words(cli));
	r = run_lab(t, cli, &res, e);
	return finish(t, cli, r, &res, e);
}

static int run_test(struct cli *cli, int argc, char *argv[], struct err *e)
{
	struct test t = { .o = cli->options, .stop_fd = -1, .kernel_root.fd = -1, .work.lock = -1 };
	int r;

	if (argc != 1)
		return err_set(e, ERR_USAGE, "test takes no argument, got '%s'", argv[1]);
	r = prepare(&t, cli, e);
	if (r == 0)
		r = make_and_run(&t, cli, e);
	test_done(&t);
	return r;
}

#define OPTION(member) offsetof(struct test_options, member)

static const struct option_row options[] = {
	{ "kernel", "VER", OPTION(kernel), "crash this kernel, not the running or newest one", NULL },
	{ "kernels", "DIR", OPTION(kernels),
	  "take kernels from DIR/boot and DIR/lib/modules, or from DIR/VER/boot and so on", NULL },
	{ "memory", "SIZE", OPTION(memory), "memory of the guest (" DEFAULT_MEMORY ")", NULL },
	{ "crashkernel", "VALUE", OPTION(crashkernel),
	  "reserve this, or auto (what the settings say)", NULL },
	{ "fs", "TYPE", OPTION(fs),
	  "dump to a scratch virtio disk of this type, not to a copy of the host's own target", "ext4 xfs btrfs" },
	{ "stack", "KIND,...", OPTION(stack), "put these layers below that file system, from the disk upwards: raid0, raid1, raid5, raid10, lvm, thin, luks",
	  "raid0 raid1 raid5 raid10 lvm thin luks" },
	{ "target", "URL", OPTION(target),
	  "dump to a scratch server: nfs, ssh, nfs://HOST/DIR or ssh://USER@HOST/DIR; file is --fs ext4", "nfs ssh file" },
	{ "network", "KIND,...", OPTION(network), "reach that server so, from the card upwards: bond, bridge, vlan; and dhcp, ra or router",
	  "bond bridge vlan dhcp ra router" },
	{ "disk", "SIZE", OPTION(disk), "size of what bears that file system (2G)", NULL },
	{ "accel", "HOW", OPTION(accel), "auto: KVM where a guest runs under it, else TCG", "auto kvm tcg" },
	{ "timeout", "SPAN", OPTION(timeout), "give up after so long (" DEFAULT_TIMEOUT ")", NULL },
	{ "qemu", "ARGS", OPTION(qemu), "more arguments for QEMU, separated by blanks", NULL },
	{ "output", "DIR", OPTION(output), "put logs and manifest into DIR, and keep them", NULL },
	{ "keep", NULL, OPTION(keep), "keep everything: disk, dump and logs", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_test = {
	.name = "test",
	.args = "",
	.summary = "Crash this host's kernel in a VM and see whether its dump arrives",
	.text = "Boots the kernel in QEMU, arms it there with the very image that 'build' makes, mounts a "
		"scratch disk that has the identity of the dump target, and triggers a panic by sysrq. The capture "
		"kernel saves the dump, the machine resets, and a second boot hands the dump out. It is then "
		"opened: the panic must stand in its kernel log, every page must be readable, and hash, size and "
		"number of pages must be those of the manifest.\n\n"
		"The host's storage is reproduced: LVM, MD RAID and LUKS are made of scratch disks by the guest "
		"itself, with the host's identities. A target by NFS or SSH gets a scratch server, a second guest "
		"that has the addresses of the target and of the router on the way to it, while the first one has the "
		"host's network cards, addresses, VLANs, bonds and bridges; where the host has its address by DHCP or from "
		"a router, the server gives one (by dnsmasq). What could not be reproduced is listed in the answer. "
		"Not yet: raw: targets. "
		"--fs, --stack, --target and --network try what the host does not have; the image is then made for that.\n\n"
		"Nothing on this host is written but a scratch folder below TMPDIR or /var/tmp; the guests reach "
		"nothing but each other. No privilege is needed where kernel and settings can be read. The exit code is 0 "
		"when the dump arrived and 6 when it did not; then the console log and what was saved are kept, "
		"and their place is told.",
	.options = options,
	.options_size = sizeof(struct test_options),
	.run = run_test,
};
