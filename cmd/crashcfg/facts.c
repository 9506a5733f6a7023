/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"
#include "num.h"
#include "probe.h"

#include <errno.h>

static const char *known_text(enum known k)
{
	return k == UNKNOWN ? "unknown" : k == YES ? "yes" : "no";
}

static const char *or_unknown(const char *text)
{
	return text ? text : "unknown";
}

static const char *bytes_text(int64_t bytes, char text[static SIZE_TEXT_MAX])
{
	return bytes < 0 ? "unknown" : bytes == 0 ? "none" : size_human((uint64_t)bytes, text);
}

static void print_text(const struct facts *f)
{
	char memory[SIZE_TEXT_MAX], reserved[SIZE_TEXT_MAX];
	const struct kernel_fact *chosen = facts_kernel(f, NULL);

	printf("host               %s\n", f->host);
	printf("machine-id         %s\n", *f->machine_id ? f->machine_id : "none");
	printf("system             %s (%s)\n", f->os_pretty, f->os_id);
	printf("running kernel     %s\n", or_unknown(f->running));
	printf("command line       %s\n", or_unknown(f->cmdline));
	printf("boot-id            %s\n", or_unknown(f->boot_id));
	printf("memory             %s\n", f->mem_total ? size_human(f->mem_total, memory) : "unknown");
	if (f->cpus)
		printf("processors         %u\n", f->cpus);
	else
		printf("processors         unknown\n");
	printf("reserved           %s\n", bytes_text(f->crash_size, reserved));
	printf("capture loaded     %s\n", known_text(f->crash_loaded));
	printf("kexec disabled     %s\n", known_text(f->kexec_disabled));
	printf("lockdown           %s\n", or_unknown(f->lockdown));
	for (size_t i = 0; i < f->n_kernels; i++)
		printf("%-18s %s%s, %s\n", i ? "" : "kernels", f->kernels[i].image,
		       &f->kernels[i] == chosen ? " (chosen)" : "",
		       f->kernels[i].modules ? f->kernels[i].modules : "no modules");
	if (!f->n_kernels)
		printf("kernels            none\n");
}

static void set_known(struct json *j, const char *key, enum known k)
{
	if (k == UNKNOWN)
		js_set_text(j, key, NULL);
	else
		js_set_bool(j, key, k == YES);
}

static void set_number(struct json *j, const char *key, bool is_known, int64_t v)
{
	if (is_known)
		js_set_int(j, key, v);
	else
		js_set_text(j, key, NULL);
}

static void print_json(const struct facts *f)
{
	const struct kernel_fact *chosen = facts_kernel(f, NULL);
	auto_json struct json *j = cli_json();
	struct json *kernels;

	js_set_text(j, "host", f->host);
	js_set_text(j, "machine_id", *f->machine_id ? f->machine_id : NULL);
	js_set_text(j, "os_id", f->os_id);
	js_set_text(j, "os_pretty", f->os_pretty);
	js_set_text(j, "running", f->running);
	js_set_text(j, "cmdline", f->cmdline);
	js_set_text(j, "boot_id", f->boot_id);
	set_number(j, "memory", f->mem_total > 0, (int64_t)f->mem_total);
	set_number(j, "cpus", f->cpus > 0, f->cpus);
	set_number(j, "crash_size", f->crash_size >= 0, f->crash_size);
	set_known(j, "crash_loaded", f->crash_loaded);
	set_known(j, "kexec_disabled", f->kexec_disabled);
	js_set_text(j, "lockdown", f->lockdown);
	kernels = js_set(j, "kernels", js_array());
	for (size_t i = 0; i < f->n_kernels; i++) {
		struct json *k = js_add(kernels, js_object());

		js_set_text(k, "release", f->kernels[i].release);
		js_set_text(k, "image", f->kernels[i].image);
		js_set_text(k, "modules", f->kernels[i].modules);
		js_set_bool(k, "chosen", &f->kernels[i] == chosen);
	}
	cli_print_json(j);
}

static int run_facts(struct cli *cli, int argc, char *argv[], struct err *e)
{
	auto_facts struct facts *f = NULL;
	int r;

	if (argc > 1)
		return err_set(e, ERR_USAGE, "facts takes no argument, got '%s'", argv[1]);
	r = facts_read(&cli->root, &f, e);
	if (r < 0)
		return r;
	if (cli->json)
		print_json(f);
	else
		print_text(f);
	return EXIT_DONE;
}

const struct command cmd_facts = {
	.name = "facts",
	.args = "",
	.run = run_facts,
	.summary = "Show what is known of this system",
	.text = "Prints what every decision is made from: the system, its kernels (the chosen one is the "
		"running one if it is installed, else the newest), memory, processors, and the state of "
		"kexec. What cannot be read, without root or below a foreign root, is 'unknown' ('null' "
		"in JSON).",
};
