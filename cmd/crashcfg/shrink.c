/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "estimate.h"
#include "out.h"

#include "num.h"

#include <errno.h>
#include <string.h>

struct shrinking {
	struct settings *settings;
	struct facts *facts;
	struct image_plan *image;
	struct reserve_history history;
	struct reserve_sum sum;
	uint64_t bytes; /* wanted */
	int lock;
};

static void own_shrinking(struct shrinking *s)
{
	settings_free(s->settings);
	facts_free(s->facts);
	image_plan_free(s->image);
	reserve_history_done(&s->history);
	own_close(&s->lock);
}

/* How much the image that would be built now needs; without one the usual sizes count. */
static int estimate(struct shrinking *s, const struct cli *cli, struct err *e)
{
	struct image_spec spec = {
		.root = &cli->root,
		.settings = s->settings,
		.tool_dir = cli_tool_dir(),
		.cache = true,
		.cache_readonly = true,
	};
	int r = facts_read(&cli->root, &s->facts, e);

	if (r < 0)
		return r;
	spec.facts = s->facts;
	spec.kernel = facts_kernel(s->facts, s->settings->capture_kernel);
	if (spec.kernel) {
		image_plan_make(&spec, &s->image, NULL);
		reserve_history_read(&cli->root, s->settings, s->facts->host, spec.kernel->release,
				     &s->history);
	}
	reserve_compute(s->facts, s->image, &s->history, &s->sum);
	return 0;
}

static int choose_size(struct shrinking *s, const char *wanted, struct err *e)
{
	char have[SIZE_TEXT_MAX], want[SIZE_TEXT_MAX];

	if (s->facts->crash_size < 0)
		return err_set(e, ENOTSUP,
			       "this kernel tells no size of reserved memory "
			       "('/sys/kernel/kexec_crash_size')");
	if (s->facts->crash_size == 0)
		return err_set(e, ENOENT, "no memory is reserved, so none can be given back");
	if (strcmp(wanted, "auto") == 0)
		s->bytes = s->sum.value;
	else if (size_parse(wanted, &s->bytes) < 0 || s->bytes == 0)
		return err_set(
			e, ERR_USAGE,
			"--shrink '%s': not a size such as 128M, nor auto ('crashcfg remove' gives all "
			"of it back)",
			wanted);
	if (s->bytes >= (uint64_t)s->facts->crash_size)
		return err_set(e, ERANGE, "%s are reserved: to shrink to %s gives nothing back",
			       size_human((uint64_t)s->facts->crash_size, have),
			       size_human(s->bytes, want));
	if (strcmp(wanted, "auto") != 0 && s->bytes < s->sum.kernel)
		return err_set(e, ERANGE,
			       "the kernel alone needs %s to start: %s would hold no capture",
			       size_human(s->sum.kernel, have), size_human(s->bytes, want));
	return 0;
}

static int confirm(const struct shrinking *s, bool yes, struct err *e)
{
	char have[SIZE_TEXT_MAX], want[SIZE_TEXT_MAX], need[SIZE_TEXT_MAX], line[16] = "";

	if (s->bytes < s->sum.need)
		fprintf(stderr,
			"crashcfg: warning: the estimate is that a capture needs %s here; 'crashcfg "
			"estimate --measure' "
			"tells whether less will do\n",
			size_human(s->sum.need, need));
	if (yes)
		return 0;
	size_human((uint64_t)s->facts->crash_size, have);
	size_human(s->bytes, want);
	if (!isatty(STDIN_FILENO))
		return err_set(e, ERR_USAGE,
			       "to shrink from %s to %s cannot be undone until a reboot; say --yes",
			       have, want);
	fprintf(stderr,
		"Shrink the reserved memory from %s to %s? Only a reboot undoes that. [yes/no] ", have,
		want);
	if (!fgets(line, sizeof(line), stdin) || strcmp(line, "yes\n") != 0)
		return err_set(e, ECANCELED, "nothing was done: the answer was not 'yes'");
	return 0;
}

static void print(const struct cli *cli, const struct shrink *did)
{
	char before[SIZE_TEXT_MAX], after[SIZE_TEXT_MAX];

	if (!cli->quiet)
		fprintf(out_words(cli),
			"reserved before: %s\nreserved now:    %s, until the next boot\n%s\n",
			size_human((uint64_t)did->before, before),
			size_human((uint64_t)did->after, after),
			did->loaded ? "the capture kernel is loaded again"
				    : "no capture kernel is loaded, as before");
	if (cli->json) {
		auto_json struct json *j = cli_json();

		js_set_int(j, "before", did->before);
		js_set_int(j, "reserved", did->after);
		js_set_bool(j, "was_loaded", did->was_loaded);
		js_set_bool(j, "loaded", did->loaded);
		cli_print_json(j);
	}
}

int estimate_shrink(const struct cli *cli, const struct estimate_options *o, struct err *e)
{
	AUTO(own_shrinking) struct shrinking s = { .lock = -1 };
	auto_secrets struct buf secrets = { 0 };
	struct shrink did;
	int r;

	if (!cli->root.host)
		return err_set(e, ENOTSUP,
			       "no memory is reserved for '%s': it is not the system that runs",
			       cli->root.path);
	r = out_settings_only(cli, &s.settings, e);
	if (r != 0)
		return r;
	r = estimate(&s, cli, e);
	r = r < 0 ? r : choose_size(&s, o->shrink, e);
	r = r < 0 ? r : confirm(&s, o->yes, e);
	r = r < 0 ? r : apply_lock(&cli->root, &s.lock, e);
	/* Whose key is missing would be loaded without it: then the memory may as well stay. */
	r = r < 0 ? r : secrets_collect(&cli->root, s.settings, &secrets, e);
	r = r < 0 ? r : capture_shrink(&cli->root, s.bytes, &secrets, &did, e);
	if (r < 0)
		return r;
	print(cli, &did);
	return EXIT_DONE;
}
