/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include "cmdline.h"
#include "num.h"
#include "schema.h"

#include <string.h>

#define CMA_SINCE "6.17"

void settings_fault(const struct settings *s, enum setting_key k, enum fault_level level,
		    struct fault_list *faults, const char *fmt, ...)
{
	const struct setting *v = &s->values[k];
	auto_buf struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	fault_add(faults, level, v->file, v->line, setting_name(k), v->text, "%s", buf_text(&text));
}

/* What one target demands of other keys.  K is the key that it stands in. */
static void check_target(const struct settings *s, const struct target *t, enum setting_key k,
			 struct fault_list *faults)
{
	if (t->kind == TARGET_HUB && !s->hub.host)
		settings_fault(s, k, FAULT_ERROR, faults, "'hub:' without an address (set HUB_URL)");
	if (t->kind == TARGET_HUB && !s->hub_token_file && !s->hub_cert)
		settings_fault(s, k, FAULT_WARNING, faults,
			       "'hub:' without proof of who this host is (set HUB_TOKEN_FILE, or HUB_CERT "
			       "and HUB_KEY)");
	if (t->kind == TARGET_SSH && !s->ssh_key)
		settings_fault(s, k, FAULT_ERROR, faults, "'%s' needs a key to log in with (set SSH_KEY)",
			       t->url);
}

/* Names that the kernel gives in the order in which it finds disks. */
static bool is_unstable(const char *device)
{
	static const char *const prefixes[] = {
		"sd", "hd", "vd", "xvd", "nvme", "mmcblk", "dasd", "dm-", "md"
	};
	const char *name = device + strlen("/dev/");

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0 && !strchr(name, '/'))
			return true;
	return false;
}

static void check_targets(const struct settings *s, struct fault_list *faults)
{
	bool raw = false, native = false;

	for (size_t i = 0; i < s->n_targets; i++) {
		const struct target *t = &s->targets[i];

		check_target(s, t, SET_DUMP_TARGETS, faults);
		for (size_t j = 0; j < i; j++)
			if (target_equal(t, &s->targets[j])) {
				settings_fault(s, SET_DUMP_TARGETS, FAULT_WARNING, faults,
					       "'%s' stands there twice (remove one)", t->url);
				break;
			}
		raw |= t->kind == TARGET_RAW;
		native |= target_native(t->kind);
		if (t->kind == TARGET_RAW && strcmp(t->device, "swap") != 0 && is_unstable(t->device))
			settings_fault(s, SET_DUMP_TARGETS, FAULT_WARNING, faults,
				       "'%s' may be another disk in the next boot (write a name below "
				       "/dev/disk/by-id or by-partuuid)",
				       t->device);
	}
	for (size_t i = 0; i < s->n_targets; i++)
		if (!target_native(s->targets[i].kind))
			settings_fault(s, SET_DUMP_TARGETS, native ? FAULT_WARNING : FAULT_ERROR, faults,
				       "this version cannot yet write to '%s:' targets from the capture "
				       "kernel (write a file:, fs:, raw:, nfs: or ssh: target%s)",
				       target_kind_name(s->targets[i].kind), native ? " or remove it" : "");
	if (s->raw_force && !raw)
		settings_fault(s, SET_DUMP_RAW_FORCE, FAULT_WARNING, faults,
			       "no target is raw: (remove it, so that a later one is guarded)");
	if (s->upload)
		check_target(s, s->upload, SET_DUMP_UPLOAD, faults);
}

static int family(const char *address)
{
	return strchr(address, ':') ? 6 : 4;
}

static void check_net(const struct settings *s, struct fault_list *faults)
{
	const char *address = s->net_address, *gateway = s->net_gateway;

	if (address && gateway && strcmp(address, "dhcp") != 0 && strcmp(gateway, "no") != 0 &&
	    family(address) != family(gateway))
		settings_fault(s, SET_NET_GATEWAY, FAULT_ERROR, faults,
			       "not of the same kind as NET_ADDRESS, '%s' (write an IPv%d address)", address,
			       family(address));
	if (s->progress.netconsole && !s->log_netconsole)
		settings_fault(s, SET_DUMP_PROGRESS, FAULT_ERROR, faults,
			       "netconsole without an address (set LOG_NETCONSOLE)");
}

static void check_hub(const struct settings *s, struct fault_list *faults)
{
	if (s->hub_cert && !s->hub_key)
		settings_fault(s, SET_HUB_CERT, FAULT_ERROR, faults,
			       "a certificate without its key (set HUB_KEY)");
	if (s->hub_key && !s->hub_cert)
		settings_fault(s, SET_HUB_KEY, FAULT_ERROR, faults,
			       "a key without its certificate (set HUB_CERT)");
	if (s->notify_smtp.host && !s->notify_mail.n)
		settings_fault(s, SET_NOTIFY_SMTP, FAULT_WARNING, faults,
			       "a mail server, and nobody to write to (set NOTIFY_MAIL)");
}

struct removed {
	const struct settings *s;
	struct fault_list *faults;
};

static int warn_removed(void *ctx, const char *key, const char *value)
{
	const struct removed *r = ctx;
	const char *p = r->s->cmdline_remove;
	size_t len = strlen(key);

	(void)value;
	while ((p = strstr(p, key))) {
		if ((p == r->s->cmdline_remove || p[-1] == ' ' || p[-1] == '\t') &&
		    (!p[len] || p[len] == ' ' || p[len] == '\t')) {
			settings_fault(r->s, SET_CAPTURE_CMDLINE_REMOVE, FAULT_WARNING, r->faults,
				       "'%s' is also in CAPTURE_CMDLINE_ADD, which wins (keep it in one of "
				       "them)",
				       key);
			break;
		}
		p += len;
	}
	return 0;
}

/* Settings that are known and carried out by nothing yet: whoever sets one shall not rely on it. */
static void check_effect(const struct settings *s, struct fault_list *faults)
{
	static const enum setting_key idle[] = {
		SET_DUMP_UPLOAD, SET_NOTIFY_MAIL, SET_NOTIFY_SMTP, SET_NOTIFY_WEBHOOK, SET_HUB_URL,
		SET_HUB_TOKEN_FILE, SET_HUB_CERT, SET_HUB_KEY, SET_HUB_CA,
	};

	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		if (s->values[idle[i]].file && *s->values[idle[i]].text)
			settings_fault(s, idle[i], FAULT_WARNING, faults, "has no effect in this version");
}

void settings_check(const struct settings *s, struct fault_list *faults)
{
	struct removed removed = { s, faults };

	check_targets(s, faults);
	check_net(s, faults);
	check_hub(s, faults);
	if (s->timeout && s->timeout < 60)
		settings_fault(s, SET_DUMP_TIMEOUT, FAULT_WARNING, faults,
			       "%u seconds are little for a whole capture (write auto, or 10m)", s->timeout);
	check_effect(s, faults);
	cmdline_each(s->cmdline_add, warn_removed, &removed);
}

/* An older kernel takes the last crashkernel= that it finds, and stumbles over the word. */
static void check_cma(const struct settings *s, const struct facts *facts, struct fault_list *faults)
{
	for (size_t i = 0; i < facts->n_kernels; i++)
		if (version_compare(facts->kernels[i].release, CMA_SINCE) < 0)
			settings_fault(s, SET_CRASHKERNEL, FAULT_ERROR, faults,
				       "kernel '%s' is installed and knows no ',cma', which came with " CMA_SINCE " (leave it out)",
				       facts->kernels[i].release);
}

static void check_memory(const struct settings *s, const struct facts *facts, struct fault_list *faults)
{
	uint64_t mem = facts->mem_total;
	auto_crashkernel struct crashkernel c = { 0 };
	char size_text[SIZE_TEXT_MAX], mem_text[SIZE_TEXT_MAX];
	uint64_t size, largest = 0;
	struct err why = { 0 };

	if (!s->crashkernel || !mem || crashkernel_parse(s->crashkernel, &c, NULL) < 0)
		return;
	for (size_t i = 0; i < c.n_ranges; i++)
		if (c.ranges[i].size > largest)
			largest = c.ranges[i].size;
	if (crashkernel_check(&c, facts->machine, &why) < 0)
		settings_fault(s, SET_CRASHKERNEL, FAULT_ERROR, faults, "%s", why.text);
	else if (c.cma_size)
		check_cma(s, facts, faults);
	size = crashkernel_size(&c, mem);
	size_human(mem, mem_text);
	if (!size && c.n_ranges == 1 && c.ranges[0].start == 0 && c.ranges[0].end > mem)
		settings_fault(s, SET_CRASHKERNEL, FAULT_ERROR, faults,
			       "%s are more than this host's memory, %s (write a smaller size, or auto)",
			       size_human(largest, size_text), mem_text);
	else if (!size)
		settings_fault(s, SET_CRASHKERNEL, FAULT_ERROR, faults,
			       "reserves nothing on this host with its %s (add a range for that size, or "
			       "write auto)",
			       mem_text);
	else if (size > mem / 2)
		settings_fault(s, SET_CRASHKERNEL, FAULT_WARNING, faults,
			       "%s are more than half of this host's memory, %s (write a smaller size, or "
			       "auto)",
			       size_human(size, size_text), mem_text);
	if (c.has_offset && size && (c.offset > mem || size > mem - c.offset))
		settings_fault(s, SET_CRASHKERNEL, FAULT_WARNING, faults,
			       "the reservation ends above this host's %s of memory (leave the offset to the "
			       "kernel)",
			       mem_text);
}

static void check_kernel(const struct settings *s, const struct facts *facts, struct fault_list *faults)
{
	auto_buf struct buf names = { 0 };

	if (!s->capture_kernel)
		return;
	for (size_t i = 0; i < facts->n_kernels; i++) {
		if (strcmp(facts->kernels[i].release, s->capture_kernel) == 0)
			return;
		buf_addf(&names, "%s%s", i ? ", " : "", facts->kernels[i].release);
	}
	settings_fault(s, SET_CAPTURE_KERNEL, FAULT_ERROR, faults, "not installed here (write auto%s%s)",
		       names.len ? ", or one of: " : "", buf_text(&names));
}

void settings_check_facts(const struct settings *s, const struct facts *facts, struct fault_list *faults)
{
	check_memory(s, facts, faults);
	check_kernel(s, facts, faults);
}

void settings_check_codecs(const struct settings *s, const struct codecs *codecs, struct fault_list *faults)
{
	const bool has[] = {
		[COMPRESS_AUTO] = true,
		[COMPRESS_NONE] = true,
		[COMPRESS_ZLIB] = codecs->zlib,
		[COMPRESS_LZO] = codecs->lzo,
		[COMPRESS_SNAPPY] = codecs->snappy,
		[COMPRESS_ZSTD] = codecs->zstd,
	};

	if (!has[s->compress])
		settings_fault(s, SET_DUMP_COMPRESS, FAULT_ERROR, faults,
			       "this host's makedumpfile was built without it (write auto%s%s%s%s, or none)",
			       codecs->zlib ? ", zlib" : "", codecs->lzo ? ", lzo" : "",
			       codecs->snappy ? ", snappy" : "", codecs->zstd ? ", zstd" : "");
}
