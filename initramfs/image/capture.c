/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "collectorfit.h"

#include <errno.h>
#include <string.h>

/* How long a phase may pass without a byte of progress; a disk in error recovery is silent for a minute. */
#define STALL_SECONDS 180
/*
 * The cap for DUMP_TIMEOUT = auto: what a dump of the whole memory takes at a rate that
 * only a disk in trouble has, and ten minutes for all the rest.  A host of 1 TiB has 14 hours.
 */
#define CAP_SECONDS 600
#define CAP_BYTES_PER_SECOND (20u << 20)
/* What the end of a capture may take (unmounting, flushing) before the watchdog may bite. */
#define GRACE_SECONDS 30
/* Reading a dump again costs a second for each 300 MB or so; beyond this the healthy system does it. */
#define HASH_MAX_BYTES (UINT64_C(1) << 30)

#define LEVEL_MOST 31

static int check_target(const struct settings *s, const struct storage *found, struct err *e)
{
	enum target_kind kind = found->target.kind;
	const char *url = found->target.url;

	if (found->bears && !s->raw_force)
		return err_set(e, EEXIST,
			       "target '%s': '%s' bears '%s', which a dump would destroy (name another device, or set "
			       "DUMP_RAW_FORCE to 'yes')",
			       url, found->target.device, found->bears);
	if (target_native(kind))
		return 0;
	return err_set(e, ENOTSUP,
		       "target '%s': '%s' is not supported by this version (use file:, fs:, raw:, nfs: or "
		       "ssh:)",
		       url, target_kind_name(kind));
}

/*
 * auto: the least time until a dump is saved.  By measurement on one thread, lzo packs 742 MB/s
 * to 0.38 of the size, snappy 756 to 0.39, zstd 329 to 0.27, zlib 105 to 0.27: zstd would be
 * ahead of lzo only where a disk writes less than about 65 MB/s.
 */
static int choose_compress(const struct settings *s, const struct collector *c, const char **ret,
			   struct err *e)
{
	static const char *const names[] = {
		[COMPRESS_AUTO] = "auto", [COMPRESS_NONE] = "none", [COMPRESS_ZLIB] = "zlib",
		[COMPRESS_LZO] = "lzo", [COMPRESS_SNAPPY] = "snappy", [COMPRESS_ZSTD] = "zstd",
	};
	const struct { enum compress method; bool there; const char *option; } best[] = {
		{ COMPRESS_LZO, c->lzo, "-l" },
		{ COMPRESS_SNAPPY, c->snappy, "-p" },
		{ COMPRESS_ZSTD, c->zstd, "-z" },
		{ COMPRESS_ZLIB, c->zlib, "-c" },
		{ COMPRESS_NONE, true, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(best); i++)
		if (best[i].there && (s->compress == COMPRESS_AUTO || s->compress == best[i].method)) {
			*ret = best[i].option;
			return 0;
		}
	return err_set(e, ENOTSUP, "DUMP_COMPRESS = '%s': '%s' was built without it (write 'auto')",
		       names[s->compress], c->path);
}

static unsigned cap_seconds(uint64_t mem_total)
{
	uint64_t cap = CAP_SECONDS + mem_total / CAP_BYTES_PER_SECOND;

	return mem_total == 0 ? 0 : cap > UINT32_MAX ? UINT32_MAX : (unsigned)cap;
}

/* The module of an active watchdog.  One without a device is software, which died in the crash. */
static char *active_watchdog(const struct root *root)
{
	auto_strv struct strv names = { 0 };

	root_list(root, "/sys/class/watchdog", &names);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *state_path = xasprintf("/sys/class/watchdog/%s/state", names.v[i]);
		auto_free char *link_path =
			xasprintf("/sys/class/watchdog/%s/device/driver/module", names.v[i]);
		auto_free char *state = root_read_line(root, state_path), *link = NULL;

		if (state && strcmp(state, "active") == 0 && root_readlink(root, link_path, &link) == 0 &&
		    strrchr(link, '/'))
			return xstrdup(strrchr(link, '/') + 1);
	}
	return xstrdup("");
}

char *image_watchdog(const struct root *root, const struct settings *s)
{
	if (!s->watchdog)
		return active_watchdog(root);
	return xstrdup(strcmp(s->watchdog, "no") == 0 ? "" : s->watchdog);
}

static void copy_target(struct recipe_target *to, const struct recipe_target *from)
{
	*to = (struct recipe_target){
		.kind = from->kind,
		.url = xstrdup(from->url),
		.fstype = xstrdup(from->fstype),
		.uuid = xstrdup(from->uuid),
		.label = xstrdup(from->label),
		.device = xstrdup(from->device),
		.partuuid = xstrdup(from->partuuid ? from->partuuid : ""),
		.force = from->force,
		.size = from->size,
		.options = xstrdup(from->options),
		.dir = xstrdup(from->dir),
		.host = xstrdup(from->host ? from->host : ""),
		.address = xstrdup(from->address ? from->address : ""),
		.port = from->port,
		.user = xstrdup(from->user ? from->user : ""),
		.known = xstrdup(from->known ? from->known : ""),
		.net = from->net,
		.brought = from->brought,
	};
	for (size_t i = 0; i < from->n_layers; i++)
		recipe_layer_copy(vec_push(&to->layers, &to->n_layers), &from->layers[i]);
}

int image_recipe(const struct image_spec *spec, const struct collector *c, const struct storage *storage,
		 size_t n_storage, const char *watchdog, struct module_set *set, struct network *net,
		 struct recipe **ret, struct err *e)
{
	const struct settings *s = spec->settings;
	auto_recipe struct recipe *r = xcalloc(1, sizeof(*r));
	const char *compress = NULL;
	int code = choose_compress(s, c, &compress, e);

	for (size_t i = 0; code == 0 && i < n_storage; i++)
		code = check_target(s, &storage[i], e);
	if (code < 0)
		return code;
	for (size_t i = 0; i < n_storage; i++) {
		struct recipe_target *t = vec_push(&r->targets, &r->n_targets);

		copy_target(t, &storage[i].target);
		t->force = t->kind == TARGET_RAW && s->raw_force;
	}
	r->host = xstrdup(spec->facts->host);
	r->machine_id = xstrdup(spec->facts->machine_id);
	r->kernel = xstrdup(spec->kernel->release);
	r->dump_level = collector_level(c->version, spec->kernel->release, s->dump_level);
	r->level_most = collector_level(c->version, spec->kernel->release, LEVEL_MOST);
	r->compress = xstrdup(compress);
	r->threads = collector_threads(s, c->version, spec->facts);
	r->deadline = s->timeout ? s->timeout : cap_seconds(spec->facts->mem_total);
	/* What hangs never takes more than half of the time: the other half is for what comes after it. */
	r->stall = s->timeout && s->timeout / 2 < STALL_SECONDS ? (s->timeout + 1) / 2 : STALL_SECONDS;
	r->grace = GRACE_SECONDS;
	r->on_success = s->on_success;
	r->on_failure = s->on_failure;
	r->shell_timeout = s->shell_timeout;
	r->hash_max = HASH_MAX_BYTES;
	r->watchdog = xstrdup(watchdog);
	r->bringer = xstrdup("");
	r->loop_count = s->loop_count;
	r->loop_span = s->loop_span;
	for (size_t i = 0; i < s->dump_pre.n; i++)
		strv_add(&r->pre, s->dump_pre.v[i]);
	for (size_t i = 0; i < s->dump_post.n; i++)
		strv_add(&r->post, s->dump_post.v[i]);
	r->modules = take_ptr(set->v);
	r->n_modules = set->n;
	set->n = 0;
	r->links = take_ptr(net->links);
	r->n_links = net->n_links;
	r->nets = take_ptr(net->nets);
	r->n_nets = net->n_nets;
	*net = (struct network){ 0 };
	*ret = take_ptr(r);
	return 0;
}
