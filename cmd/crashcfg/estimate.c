/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

#include "num.h"

#include <errno.h>
#include <string.h>

struct estimate {
	struct settings *settings;
	struct facts *facts;
	struct image_plan *image;	/* NULL: see why */
	struct err why;
	struct reserve_sum sum;
	char *value;			/* NULL: more than this machine can give */
};

static void own_estimate(struct estimate *s)
{
	settings_free(s->settings);
	facts_free(s->facts);
	image_plan_free(s->image);
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

	if (!kernel)
		err_set(&s->why, ENOENT, "no kernel is installed");
	else
		image_plan_make(&spec, &s->image, &s->why);
}

static void print_text(const struct estimate *s)
{
	char text[SIZE_TEXT_MAX], value[SIZE_TEXT_MAX];

	for (size_t i = 0; i < s->sum.n_parts; i++)
		printf("%-12s %10s   %s\n", s->sum.parts[i].name, size_human(s->sum.parts[i].bytes, text),
		       s->sum.parts[i].why);
	printf("%-12s %10s   rounded to CRASHKERNEL=%s\n", "sum", size_human(s->sum.need, text),
	       size_format(s->sum.value, value));
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
		js_set_int(part, "bytes", (int64_t)s->sum.parts[i].bytes);
		js_set_text(part, "why", s->sum.parts[i].why);
	}
	js_set_int(j, "need", (int64_t)s->sum.need);
	js_set_int(j, "bytes", (int64_t)s->sum.value);
	js_set_text(j, "crashkernel", s->value);
	js_set_text(j, "settings", s->settings->crashkernel);
	if (s->facts->crash_size >= 0)
		js_set_int(j, "reserved", s->facts->crash_size);
	else
		js_set_text(j, "reserved", NULL);
	js_set_text(j, "image_why", s->image ? NULL : s->why.text);
	cli_print_json(j);
}

static int run_estimate(struct cli *cli, int argc, char *argv[], struct err *e)
{
	AUTO(own_estimate) struct estimate s = { 0 };
	int r;

	if (argc > 1)
		return err_set(e, ERR_USAGE, "estimate takes no argument, got '%s'", argv[1]);
	r = out_settings_only(cli, &s.settings, e);
	if (r != 0)
		return r;
	r = facts_read(&cli->root, &s.facts, e);
	if (r < 0)
		return r;
	plan_image(&s, cli);
	reserve_compute(s.facts, s.image, &s.sum);
	s.value = reserve_auto(s.facts, s.image);
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

const struct command cmd_estimate = {
	.name = "estimate",
	.args = "",
	.run = run_estimate,
	.summary = "Say how much memory a capture needs here, and why",
	.text = "Prints the parts that CRASHKERNEL=auto is the sum of: the kernel's own need as its "
		"image tells it, what it allocates until its init runs, the capture image packed and "
		"unpacked, makedumpfile with its bitmaps (which grow with the memory), drivers, and a "
		"margin.",
};
