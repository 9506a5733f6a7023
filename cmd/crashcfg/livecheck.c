/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "livecheck.h"

#include "apply.h"
#include "faults.h"
#include "num.h"
#include "out.h"

#include <errno.h>
#include <string.h>

#define TIMEOUT_MAX 86400

/* What a run holds. */
struct proving {
	const struct cli *cli;
	const struct settings *settings;
	struct facts *facts;
	struct image_plan *plan;
	struct buf image, secrets;
	bool built;
};

static void own_proving(struct proving *p)
{
	facts_free(p->facts);
	image_plan_free(p->plan);
	buf_done(&p->image);
	secrets_done(&p->secrets);
}

/* The image that stands, if it is what `apply` would build now; else one for this run alone. */
static int find_image(struct proving *p, struct err *e)
{
	const struct kernel_fact *kernel = facts_kernel(p->facts, p->settings->capture_kernel);
	struct image_spec spec = {
		.root = &p->cli->root, .settings = p->settings, .facts = p->facts, .kernel = kernel,
		.tool_dir = cli_tool_dir(), .cache = true,
	};
	auto_free char *path = NULL;
	int r;

	if (!kernel)
		return err_set(e, ENOENT, "no kernel is installed, so there is no image to prove the targets with");
	r = image_plan_make(&spec, &p->plan, e);
	if (r < 0)
		return r;
	path = xasprintf(IMAGE_DIR "/%s/" IMAGE_NAME, kernel->release);
	if (p->plan->standing && strcmp(p->plan->standing, p->plan->id) == 0)
		return root_read(&p->cli->root, path, SIZE_MAX >> 1, &p->image, e);
	p->built = true;
	fprintf(stderr, "crashcfg: note: %s, so one was built for this check alone; 'crashcfg apply' installs it\n",
		p->plan->standing ? "the image that stands is not current" : "no image stands");
	return image_build(&spec, p->plan, &p->image, e);
}

static void print(void *ctx, const struct live_target *t, bool ended)
{
	const struct live_step *failed = live_failed_step(t);
	const struct cli *cli = ctx;
	FILE *to = out_words(cli);

	if (cli->quiet && (!ended || !failed))
		return;
	if (!ended || cli->quiet)
		fprintf(to, "%s\n", t->url);
	for (size_t i = 0; ended && i < t->n_steps && !cli->quiet; i++)
		fprintf(to, "    %-12s %7.2f s  %s\n", t->steps[i].name, (double)t->steps[i].ms / 1000,
			t->steps[i].ok ? t->steps[i].note : "FAILED");
	if (ended && t->mounted && !cli->quiet)
		fprintf(to, "    its file system is not mounted here, and was for this check\n");
	if (ended && failed)
		fprintf(to, "    NO: %s: %s\n", failed->name, failed->error);
	fflush(to);
}

static int read_timeout(const char *timeout, int *ret, struct err *e)
{
	uint64_t seconds = 0;

	if (timeout && (span_parse(timeout, &seconds) < 0 || !seconds || seconds > TIMEOUT_MAX))
		return err_set(e, ERR_USAGE, "--timeout '%s': not a time of up to 1d, such as 30s", timeout);
	*ret = (int)seconds * 1000;
	return 0;
}

static int prove(struct proving *p, int timeout_ms, struct live_result *ret, struct err *e)
{
	struct live_request q = {
		.root = &p->cli->root, .recipe = p->plan->recipe, .image = &p->image, .secrets = &p->secrets,
		.net_wait = p->settings->net_wait, .timeout_ms = timeout_ms, .need = faults_dump_bytes(&p->cli->root, p->settings),
		.event = print, .ctx = (void *)(uintptr_t)p->cli,
	};

	return live_run(&q, ret, e);
}

int live_check(const struct cli *cli, const struct settings *s, const char *timeout, struct live_result *ret,
	       struct err *e)
{
	AUTO(own_proving) struct proving p = { .cli = cli, .settings = s };
	int timeout_ms = 0, r = read_timeout(timeout, &timeout_ms, e);
	struct err why = { 0 };

	if (r == 0 && !cli->root.host)
		r = err_set(e, ENOTSUP, "the targets of '%s' cannot be proven: it is not the system that runs",
			    cli->root.path);
	if (r == 0)
		r = facts_read(&cli->root, &p.facts, e);
	if (r == 0)
		r = find_image(&p, e);
	if (r < 0)
		return r;
	if (secrets_collect(&cli->root, s, &p.secrets, &why) < 0)
		fprintf(stderr, "crashcfg: warning: %s\n", why.text);
	r = prove(&p, timeout_ms, ret, e);
	if (r < 0)
		return r;
	ret->built = p.built;
	if (live_record_write(&cli->root, ret, &why) < 0)
		fprintf(stderr, "crashcfg: warning: %s\n", why.text);
	return 0;
}
