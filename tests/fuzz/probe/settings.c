/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laws of a settings file, from bytes to struct settings: nothing crashes, both
 * parsers agree on every value, every fault is one line, and what `show` would
 * print gives, read again, the same settings without a fault.
 */
#include "probe.h"

#include "kv.h"
#include "schema.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void show(const struct settings *s, struct buf *to)
{
	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		buf_addf(to, "%s=", setting_name((enum setting_key)k));
		must(kv_quote(s->values[k].text, to));
		buf_addc(to, '\n');
	}
}

static void check_faults(const struct fault_list *faults)
{
	size_t errors = 0;

	for (size_t i = 0; i < faults->n; i++) {
		auto_buf struct buf line = { 0 };

		fault_format(&faults->v[i], &line);
		must(line.len && !strchr(line.data, '\n') && !strchr(line.data, '\033'));
		must(strncmp(faults->v[i].text, "libconfuse", 10) != 0);
		errors += faults->v[i].level == FAULT_ERROR;
	}
	must(errors == faults->errors || faults->n == FAULTS_MAX);
}

/* The typed members that texts may be spelt differently for. */
static void same(const struct settings *a, const struct settings *b)
{
	must(a->n_targets == b->n_targets && a->n_targets > 0);
	for (size_t i = 0; i < a->n_targets; i++)
		must(target_equal(&a->targets[i], &b->targets[i]));
	must(a->dump_active == b->dump_active && a->dump_level == b->dump_level &&
	     a->compress == b->compress);
	must(a->timeout == b->timeout && a->min_free == b->min_free && a->loop_span == b->loop_span);
	must(!a->crashkernel == !b->crashkernel && !a->upload == !b->upload && !a->hub.host == !b->hub.host);
	for (unsigned k = 0; k < SETTING_COUNT; k++)
		must(strcmp(a->values[k].text, b->values[k].text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_settings struct settings *s = settings_new(), *again = settings_new();
	auto_faults struct fault_list faults = { 0 }, none = { 0 };
	struct facts facts = { .mem_total = UINT64_C(1) << 30 };
	struct codecs codecs = { .zlib = true };
	auto_buf struct buf text = { 0 };

	settings_read_text("f", (const char *)data, size, s, &faults);
	show(s, &text);
	settings_read_text("g", text.data, text.len, again, &none);
	must(none.errors == 0);
	same(s, again);
	settings_check(s, &faults);
	settings_check_facts(s, &facts, &faults);
	settings_check_codecs(s, &codecs, &faults);
	check_faults(&faults);
	return 0;
}
