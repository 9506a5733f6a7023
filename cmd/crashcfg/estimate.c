/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "estimate.h"
#include "out.h"

#include "num.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct estimate {
	struct settings *settings;
	struct facts *facts;
	struct image_plan *image;	/* NULL: see why */
	struct err why;
	struct reserve_history history;
	struct reserve_sum sum;
	char *value;			/* NULL: more than this machine can give */
};

static void own_estimate(struct estimate *s)
{
	settings_free(s->settings);
	facts_free(s->facts);
	image_plan_free(s->image);
	reserve_history_done(&s->history);
	free(s->value);
}

/* The image as it would be built now: its real size counts, if it can be told. */
static void plan_image(struct estimate *s, const struct cli *cli)
{
	const struct kernel_fact *kernel = facts_kernel(s->facts, s->settings->capture_kernel);
	struct image_spec spec = {
		.root = &cli->root, .settings = s->settings, .facts = s->facts, .kernel = kernel,
		.tool_dir = cli_tool_dir(), .cache = true, .cache_readonly = true,
	};

	if (!kernel) {
		err_set(&s->why, ENOENT, "no kernel is installed");
		return;
	}
	image_plan_make(&spec, &s->image, &s->why);
	reserve_history_read(&cli->root, s->settings, s->facts->host, kernel->release, &s->history);
}

static void print_text(const struct estimate *s)
{
	char text[SIZE_TEXT_MAX], value[SIZE_TEXT_MAX];

	/* In one unit, so that the column can be added up. */
	for (size_t i = 0; i < s->sum.n_parts; i++)
		printf("%-12s %8.1f MB   %s\n", s->sum.parts[i].name, (double)s->sum.parts[i].bytes / 1048576,
		       s->sum.parts[i].why);
	printf("%-12s %8.1f MB   rounded to CRASHKERNEL=%s\n", "sum", (double)s->sum.need / 1048576,
	       s->value ? s->value : size_format(s->sum.value, value));
	if (!s->value)
		printf("this machine has %s: more than half of it is not given away by 'auto'; set "
		       "CRASHKERNEL yourself\n",
		       size_human(s->facts->mem_total, text));
	if (s->settings->crashkernel)
		printf("the settings say CRASHKERNEL=%s\n", s->settings->crashkernel);
	if (s->facts->crash_size >= 0)
		printf("reserved now: %s\n",
		       s->facts->crash_size ? size_human((uint64_t)s->facts->crash_size, text) : "nothing");
}

static void print_json(const struct estimate *s)
{
	auto_json struct json *j = cli_json();
	struct json *parts = js_set(j, "parts", js_array());

	for (size_t i = 0; i < s->sum.n_parts; i++) {
		struct json *part = js_add(parts, js_object());

		js_set_text(part, "name", s->sum.parts[i].name);
		js_set_int(part, "bytes", s->sum.parts[i].bytes);
		js_set_text(part, "why", s->sum.parts[i].why);
	}
	js_set_int(j, "need", (int64_t)s->sum.need);
	js_set_int(j, "bytes", (int64_t)s->sum.value);
	js_set_text(j, "crashkernel", s->value);
	js_set_int(j, "captures", (int64_t)s->history.n);
	js_set_text(j, "settings", s->settings->crashkernel);
	if (s->facts->crash_size >= 0)
		js_set_int(j, "reserved", s->facts->crash_size);
	else
		js_set_text(j, "reserved", NULL);
	js_set_text(j, "image_why", s->image ? NULL : s->why.text);
	cli_print_json(j);
}

static bool is_test_option(const struct estimate_options *o)
{
	return o->kernel || o->kernels || o->memory || o->fs || o->target || o->stack || o->accel || o->timeout || o->qemu || o->output;
}

static int run_estimate(struct cli *cli, int argc, char *argv[], struct err *e)
{
	const struct estimate_options *o = cli->options;
	AUTO(own_estimate) struct estimate s = { 0 };
	int r;

	if (argc > 1)
		return err_set(e, ERR_USAGE, "estimate takes no argument, got '%s'", argv[1]);
	if (o->measure && o->shrink)
		return err_set(e, ERR_USAGE, "--measure and --shrink are two commands: give one of them");
	if (!o->measure && is_test_option(o))
		return err_set(e, ERR_USAGE, "that option is for --measure: give it too");
	if (o->measure)
		return estimate_measure(cli, o, e);
	if (o->shrink)
		return estimate_shrink(cli, o, e);
	r = out_settings_only(cli, &s.settings, e);
	if (r != 0)
		return r;
	r = facts_read(&cli->root, &s.facts, e);
	if (r < 0)
		return r;
	plan_image(&s, cli);
	reserve_compute(s.facts, s.image, &s.history, &s.sum);
	s.value = reserve_auto(s.facts, s.image, &s.history);
	if (!s.image && !cli->quiet)
		fprintf(stderr,
			"crashcfg: note: the image's size is a usual one, since none can be planned "
			"here: %s\n",
			s.why.text);
	if (cli->json)
		print_json(&s);
	else
		print_text(&s);
	return EXIT_DONE;
}

#define OPTION(member) offsetof(struct estimate_options, member)

static const struct option_row options[] = {
	{ "measure", NULL, OPTION(measure), "find the smallest size that works, by crashing VMs (minutes)", NULL },
	{ "shrink", "SIZE", OPTION(shrink), "give back all but SIZE, or auto, of what is reserved, until the next boot", "auto" },
	{ "yes", NULL, OPTION(yes), "shrink without asking", NULL },
	{ "kernel", "VER", OPTION(kernel), "measure: this kernel, not the running or newest one", NULL },
	{ "kernels", "DIR", OPTION(kernels), "measure: take kernels from DIR, as 'test' does", NULL },
	{ "memory", "SIZE", OPTION(memory), "measure: memory of the guest (1G)", NULL },
	{ "fs", "TYPE", OPTION(fs), "measure: dump to a scratch disk of this type", "ext4 xfs btrfs" },
	{ "target", "URL", OPTION(target), "measure: dump to a scratch server, as 'test' does", "nfs ssh file" },
	{ "network", "KIND,...", OPTION(network), "measure: reach that server so, as 'test' does",
	  "bond bridge vlan dhcp ra router" },
	{ "stack", "KIND,...", OPTION(stack), "measure: put these layers below the file system, as 'test' does",
	  "raid0 raid1 raid5 raid10 lvm thin luks" },
	{ "accel", "HOW", OPTION(accel), "measure: auto, kvm or tcg", "auto kvm tcg" },
	{ "timeout", "SPAN", OPTION(timeout), "measure: give one size up after so long (5m)", NULL },
	{ "qemu", "ARGS", OPTION(qemu), "measure: more arguments for QEMU, separated by blanks", NULL },
	{ "output", "DIR", OPTION(output), "measure: keep the logs of all tries in DIR", NULL },
	{ NULL, NULL, 0, NULL, NULL },
};

const struct command cmd_estimate = {
	.name = "estimate",
	.args = "",
	.run = run_estimate,
	.options = options,
	.options_size = sizeof(struct estimate_options),
	.summary = "Say how much memory a capture needs here, and why",
	.text = "Prints the parts that CRASHKERNEL=auto is the sum of: the kernel's own need as its "
		"image tells it, what it allocates until its init runs, the capture image packed and "
		"unpacked, makedumpfile with its bitmaps (which grow with the memory), threads, drivers, what the target's "
		"file system, layers, key slot or network take, and a margin. Dumps that lie here teach: their records "
		"tell how much a capture by this kernel took. One that left little is enough to ask for more; to ask for "
		"less takes three, and what a kernel needs until its init runs is never given up.\n\n"
		"A reservation that stands and is enough is kept, unless it is 64 MB larger than what would be asked for "
		"now: no host reboots for a few megabytes.\n\n"
		"--measure finds the smallest crashkernel= in steps of 4 MB with which 'crashcfg test' passes: the kernel "
		"crashes in a VM again and again, at the estimate, 48 MB below, and then in between. A size counts "
		"when it has worked twice. What a host has beyond the guest (adapters, memory) comes on top. The exit "
		"code is 6 when no size works.\n\n"
		"--shrink unloads the capture kernel, has the running kernel free what lies beyond SIZE "
		"(/sys/kernel/kexec_crash_size), holds that against /proc/iomem, and loads the capture kernel again. Only a "
		"reboot brings the memory back, so it asks, or wants --yes. When it fails it says what is reserved "
		"and whether a capture kernel is loaded.",
};
