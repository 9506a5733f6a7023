/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * estimate --measure.  Each size is tried by `crashcfg test` itself, as a process of its own: what it
 * tests is what is measured, and one that goes wrong takes nothing with it.
 */
#include "estimate.h"
#include "out.h"

#include "bisect.h"
#include "num.h"
#include "proc.h"
#include "workdir.h"

#include <errno.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define DEFAULT_TIMEOUT 300	/* seconds for one try */
#define STEP (4 * MIB)
#define GAP (48 * MIB)		/* how far an estimate may lie above the truth */
#define LEAST (32 * MIB)	/* no kernel that we know starts in less */
#define SLACK 60		/* seconds: a bad try may take three times as long as a good one, and so much more */
#define GRACE 120		/* seconds that `test` may take beyond its own timeout to clean up and to judge */
#define OUT_MAX ((size_t)1 << 20)

struct measure {
	const struct estimate_options *o;
	const struct cli *cli;
	struct workdir work;
	int stop_fd;
	uint64_t timeout; /* seconds */
	unsigned tries;
	struct bisect search;
	/* as the first try told */
	uint64_t memory, estimate; /* bytes */
	char *kernel, *fs, *target, *accel;
	struct json *log; /* of all tries */
};

static void own_measure(struct measure *m)
{
	workdir_done(&m->work);
	own_close(&m->stop_fd);
	bisect_done(&m->search);
	free(m->kernel);
	free(m->fs);
	free(m->target);
	free(m->accel);
	js_free(m->log);
}

/* What one try said. */
struct answer {
	bool works;
	double seconds;
	struct json *json;
};

static void own_answer(struct answer *a)
{
	js_free(a->json);
}

/* --- one try --------------------------------------------------------------------------------- */

static void add_option(struct strv *argv, const char *name, const char *value)
{
	if (!value)
		return;
	strv_add(argv, name);
	strv_add(argv, value);
}

static void make_argv(struct measure *m, const char *value, struct strv *argv)
{
	const struct estimate_options *o = m->o;

	strv_add(argv, "/proc/self/exe");
	add_option(argv, "--root", *m->cli->root.path ? m->cli->root.path : NULL);
	strv_add(argv, "test");
	strv_add(argv, "--json");
	strv_add(argv, "--quiet");
	add_option(argv, "--crashkernel", value);
	add_option(argv, "--kernel", o->kernel);
	add_option(argv, "--kernels", o->kernels);
	add_option(argv, "--memory", o->memory);
	add_option(argv, "--fs", o->fs);
	add_option(argv, "--target", o->target);
	add_option(argv, "--network", o->network);
	add_option(argv, "--stack", o->stack);
	add_option(argv, "--accel", m->accel ? m->accel : o->accel);
	add_option(argv, "--qemu", o->qemu);
	strv_add(argv, "--timeout");
	strv_addf(argv, "%llu", (unsigned long long)m->timeout);
	strv_add(argv, "--output");
	strv_addf(argv, "%s/try-%u-%s", m->work.path, m->tries, value);
}

/* The last line that the program itself said: what stopped it.  A pointer to the help may follow. */
static char *last_words(const char *text)
{
	static const char mark[] = "crashcfg: ";
	const char *found = NULL;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, mark, strlen(mark)) == 0)
			found = line + strlen(mark);
	return found ? xstrndup(found, strcspn(found, "\n")) : xstrdup("'crashcfg test' gave no answer");
}

static int no_answer(const struct proc *p, struct err *e)
{
	auto_free char *said = last_words(buf_text(&p->err));

	return err_set(e, p->status == EXIT_UNSUPPORTED ? ENOTSUP : p->status == EXIT_USAGE ? ERR_USAGE : EIO, "%s",
		       said);
}

/* VALUE: "96M", or "auto". */
static int try(struct measure *m, const char *value, struct answer *ret, struct err *e)
{
	auto_strv struct strv argv = { 0 };
	auto_proc struct proc p = {
		.deadline_ms = (int)(m->timeout + GRACE) * 1000,
		.out_max = OUT_MAX,
		.stop_fd = m->stop_fd,
	};
	long long start = now_ms();
	int r;

	m->tries++;
	make_argv(m, value, &argv);
	p.argv = (const char *const *)argv.v;
	r = proc_run(&p, e);
	if (r < 0)
		return r;
	if (p.stopped)
		return err_set(e, EINTR, "interrupted");
	ret->seconds = (double)(now_ms() - start) / 1000;
	ret->works = p.status == EXIT_DONE;
	if (p.timed_out || (p.status != EXIT_DONE && p.status != EXIT_ANSWER_NO))
		return no_answer(&p, e);
	if (js_parse(buf_text(&p.out), p.out.len, &ret->json, e) < 0)
		return err_wrap(e, "what 'crashcfg test --json' printed");
	return 0;
}

/* --- what was learned ------------------------------------------------------------------------ */

static void print_try(const struct measure *m, uint64_t size, const struct answer *a)
{
	int64_t low = js_get_int(js_get(a->json, "manifest"), "mem_low", 0);
	char text[SIZE_TEXT_MAX], free_text[SIZE_TEXT_MAX];
	FILE *to = out_words(m->cli);

	if (m->cli->quiet)
		return;
	fprintf(to, "%8s  %-5s  %6.1f s  ", size_format(size, text), a->works ? "works" : "fails",
		a->seconds);
	if (a->works && low)
		fprintf(to, "%s were free at the least\n", size_human((uint64_t)low, free_text));
	else
		fprintf(to, "%s\n", a->works ? "" : js_get_text(a->json, "reason"));
	fflush(to);
}

static void note_try(struct measure *m, uint64_t size, const struct answer *a)
{
	struct json *one = js_add(m->log, js_object());

	js_set_int(one, "bytes", (int64_t)size);
	js_set_bool(one, "works", a->works);
	js_set_real(one, "seconds", a->seconds);
	js_set_text(one, "reason", a->works ? NULL : js_get_text(a->json, "reason"));
	js_set_int(one, "mem_low", js_get_int(js_get(a->json, "manifest"), "mem_low", 0));
	print_try(m, size, a);
	bisect_answer(&m->search, size, a->works);
	/* How long a good one takes is known now; what takes much longer hangs. */
	if (a->works && m->timeout > (uint64_t)(3 * a->seconds) + SLACK)
		m->timeout = (uint64_t)(3 * a->seconds) + SLACK;
}

static char *copy_text(const struct json *j, const char *key)
{
	const char *text = js_get_text(j, key);

	return xstrdup(text ? text : "");
}

/* What guest it is, and what the estimate for it is, is for `test` to say. */
static int first_try(struct measure *m, struct err *e)
{
	AUTO(own_answer) struct answer a = { 0 };
	const char *value;
	int r = try(m, "auto", &a, e);

	if (r < 0)
		return r;
	value = js_get_text(a.json, "crashkernel");
	m->memory = (uint64_t)js_get_int(a.json, "memory", 0);
	if (!value || size_parse(value, &m->estimate) < 0 || !m->memory)
		return err_set(e, EIO, "'crashcfg test --json' told no crashkernel and memory");
	m->kernel = copy_text(a.json, "kernel");
	m->fs = copy_text(a.json, "fs");
	m->target = copy_text(a.json, "target");
	m->accel = copy_text(a.json, "accel");
	bisect_init(&m->search, m->estimate, GAP, STEP, LEAST, m->memory / 2);
	if (!m->cli->quiet)
		fprintf(out_words(m->cli),
			"Kernel %s, guest of %llu MB, %s; the estimate for it is %s\n", m->kernel,
			(unsigned long long)(m->memory / MIB), *m->fs ? m->fs : m->target, value);
	note_try(m, m->estimate, &a);
	return 0;
}

static int search(struct measure *m, struct err *e)
{
	uint64_t size;
	int r = first_try(m, e);

	while (r == 0 && (size = bisect_next(&m->search)) != 0) {
		AUTO(own_answer) struct answer a = { 0 };
		char text[SIZE_TEXT_MAX];

		r = try(m, size_format(size, text), &a, e);
		if (r == 0)
			note_try(m, size, &a);
	}
	return r;
}

/* --- the answer ------------------------------------------------------------------------------ */

static void print_answer(const struct measure *m)
{
	uint64_t works = bisect_works(&m->search), fails = bisect_fails(&m->search);
	char a[SIZE_TEXT_MAX], b[SIZE_TEXT_MAX], c[SIZE_TEXT_MAX];
	FILE *to = out_words(m->cli);

	if (!works) {
		fprintf(to, "no size up to %s worked: run 'crashcfg test' to see why\n",
			size_format(m->search.most, a));
		return;
	}
	fprintf(to, "smallest crashkernel= that works in this guest: %s (%s%s; %u tries)\n",
		size_format(works, a), fails ? "fails: " : "none smaller was tried",
		fails ? size_format(fails, b) : "", m->tries);
	fprintf(to,
		"the estimate for it, %s, is %lld MB above; a host with real adapters or more memory "
		"needs more "
		"than this guest\n",
		size_format(m->estimate, c),
		((long long)m->estimate - (long long)works) / (long long)MIB);
}

static void print_json(struct measure *m, bool kept)
{
	uint64_t works = bisect_works(&m->search), fails = bisect_fails(&m->search);
	auto_json struct json *j = cli_json();
	char text[SIZE_TEXT_MAX];

	js_set_text(j, "kernel", m->kernel);
	js_set_text(j, "fs", m->fs);
	js_set_text(j, "target", m->target);
	js_set_text(j, "accel", m->accel);
	js_set_int(j, "memory", (int64_t)m->memory);
	js_set_int(j, "estimate", (int64_t)m->estimate);
	js_set_text(j, "crashkernel", works ? size_format(works, text) : NULL);
	js_set_int(j, "bytes", (int64_t)works);
	js_set_int(j, "fails", (int64_t)fails);
	js_set(j, "tries", take_ptr(m->log));
	js_set_text(j, "work", kept ? m->work.path : NULL);
	cli_print_json(j);
}

int estimate_measure(const struct cli *cli, const struct estimate_options *o, struct err *e)
{
	AUTO(own_measure)
	struct measure m = {
		.o = o,
		.cli = cli,
		.work.lock = -1,
		.stop_fd = -1,
		.timeout = DEFAULT_TIMEOUT,
		.log = js_array(),
	};
	int r;

	if (o->timeout && (span_parse(o->timeout, &m.timeout) < 0 || !m.timeout || m.timeout > 86400))
		return err_set(e, ERR_USAGE,
			       "--timeout '%s': not a time of up to 1d for one try, such as 5m",
			       o->timeout);
	r = workdir_signals(&m.stop_fd, e);
	if (r == 0)
		r = workdir_make(o->output, &m.work, e);
	if (r < 0)
		return r;
	r = search(&m, e);
	if (r == 0 && o->output)
		workdir_keep(&m.work, false);
	else
		workdir_remove(&m.work);
	if (r < 0)
		return r;
	print_answer(&m);
	if (cli->json)
		print_json(&m, o->output);
	return bisect_works(&m.search) ? EXIT_DONE : EXIT_ANSWER_NO;
}
