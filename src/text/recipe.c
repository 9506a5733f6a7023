/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recipe.h"

#include "record.h"

#include <errno.h>
#include <string.h>

#define RECIPE_SCHEMA 1
/* What an image can hold; more is not a recipe. */
#define MODULES_MAX 4096
#define TARGETS_MAX 64
#define LINKS_MAX 64
#define LAYERS_MAX 32

static const char *const actions[] = { "reboot", "poweroff", "halt", "shell", NULL };
static const char *const kinds[] = { "file", "fs", "raw", "nfs", "ssh", "hub", NULL };

static const struct record_field recipe_fields[] = {
	RECORD(struct recipe, host, TEXT),
	RECORD(struct recipe, machine_id, TEXT),
	RECORD(struct recipe, kernel, TEXT),
	RECORD(struct recipe, dump_level, UINT),
	RECORD(struct recipe, level_most, UINT),
	RECORD(struct recipe, compress, TEXT),
	RECORD(struct recipe, threads, UINT),
	RECORD(struct recipe, deadline, UINT),
	RECORD(struct recipe, stall, UINT),
	RECORD(struct recipe, grace, UINT),
	RECORD_ENUM(struct recipe, on_success, actions),
	RECORD_ENUM(struct recipe, on_failure, actions),
	RECORD(struct recipe, shell_timeout, UINT),
	RECORD(struct recipe, hash_max, U64),
	RECORD(struct recipe, watchdog, TEXT),
	RECORD(struct recipe, loop_count, UINT),
	RECORD(struct recipe, loop_span, UINT),
	RECORD(struct recipe, pre, STRV),
	RECORD(struct recipe, post, STRV),
};

/* Absent: no disk has to be brought up. */
static const struct record_field bringer_fields[] = {
	RECORD(struct recipe, bringer, TEXT),
	RECORD(struct recipe, bringer_wait, UINT),
};

static const struct record_field brought_fields[] = {
	RECORD(struct recipe_target, brought, FLAG),
};

static const struct record_field module_fields[] = {
	RECORD(struct recipe_module, name, TEXT),
	RECORD(struct recipe_module, path, TEXT),
	RECORD(struct recipe_module, options, TEXT),
	RECORD(struct recipe_module, needs, STRV),
	RECORD(struct recipe_module, aliases, STRV),
	RECORD(struct recipe_module, wanted, FLAG),
};

static const struct record_field target_fields[] = {
	RECORD_ENUM(struct recipe_target, kind, kinds),
	RECORD(struct recipe_target, url, TEXT),
	RECORD(struct recipe_target, fstype, TEXT),
	RECORD(struct recipe_target, uuid, TEXT),
	RECORD(struct recipe_target, label, TEXT),
	RECORD(struct recipe_target, device, TEXT),
	RECORD(struct recipe_target, partuuid, TEXT),
	RECORD(struct recipe_target, force, FLAG),
	RECORD(struct recipe_target, size, U64),
	RECORD(struct recipe_target, options, TEXT),
	RECORD(struct recipe_target, dir, TEXT),
	RECORD(struct recipe_target, host, TEXT),
	RECORD(struct recipe_target, address, TEXT),
	RECORD(struct recipe_target, port, UINT),
	RECORD(struct recipe_target, user, TEXT),
	RECORD(struct recipe_target, known, TEXT),
	RECORD(struct recipe_target, net, UINT),
};

static const char *const layer_kinds[] = { "md", "lvm", "luks", NULL };

static const struct record_field layer_fields[] = {
	RECORD_ENUM(struct recipe_layer, kind, layer_kinds),
	RECORD(struct recipe_layer, name, TEXT),
	RECORD(struct recipe_layer, uuid, TEXT),
	RECORD(struct recipe_layer, members, STRV),
	RECORD(struct recipe_layer, count, UINT),
	RECORD(struct recipe_layer, memory, U64),
};

static const char *const link_kinds[] = { "hardware", "vlan", "bond", "bridge", NULL };

static const struct record_field link_fields[] = {
	RECORD_ENUM(struct recipe_link, kind, link_kinds),
	RECORD(struct recipe_link, name, TEXT),
	RECORD(struct recipe_link, permanent, TEXT),
	RECORD(struct recipe_link, driver, TEXT),
	RECORD(struct recipe_link, address, TEXT),
	RECORD(struct recipe_link, mtu, UINT),
	RECORD(struct recipe_link, lower, TEXT),
	RECORD(struct recipe_link, vlan, UINT),
	RECORD(struct recipe_link, vlan_protocol, UINT),
	RECORD(struct recipe_link, master, TEXT),
	RECORD(struct recipe_link, options, STRV),
};

static const char *const net_methods[] = { "static", "dhcp", "auto", NULL };

static const struct record_field net_fields[] = {
	RECORD(struct recipe_net, link, TEXT),
	RECORD_ENUM(struct recipe_net, method, net_methods),
	RECORD(struct recipe_net, address, TEXT),
	RECORD(struct recipe_net, gateway, TEXT),
	RECORD(struct recipe_net, dns, STRV),
	RECORD(struct recipe_net, wait, UINT),
};

static const char *const listener_kinds[] = { "syslog", "netconsole", NULL };

static const struct record_field listener_fields[] = {
	RECORD_ENUM(struct recipe_listener, kind, listener_kinds),
	RECORD(struct recipe_listener, host, TEXT),
	RECORD(struct recipe_listener, address, TEXT),
	RECORD(struct recipe_listener, port, UINT),
	RECORD(struct recipe_listener, net, UINT),
	RECORD(struct recipe_listener, mac, TEXT),
};

void recipe_listener_done(struct recipe_listener *l)
{
	record_done(listener_fields, ARRAY_SIZE(listener_fields), l);
}

void recipe_layer_done(struct recipe_layer *l)
{
	record_done(layer_fields, ARRAY_SIZE(layer_fields), l);
}

void recipe_layer_copy(struct recipe_layer *to, const struct recipe_layer *from)
{
	*to = (struct recipe_layer){
		.kind = from->kind,
		.name = xstrdup(from->name),
		.uuid = xstrdup(from->uuid),
		.count = from->count,
		.memory = from->memory,
	};
	for (size_t i = 0; i < from->members.n; i++)
		strv_add(&to->members, from->members.v[i]);
}

static void target_done(struct recipe_target *t)
{
	for (size_t i = 0; i < t->n_layers; i++)
		recipe_layer_done(&t->layers[i]);
	free(take_ptr(t->layers));
	record_done(target_fields, ARRAY_SIZE(target_fields), t);
}

void recipe_link_done(struct recipe_link *l)
{
	record_done(link_fields, ARRAY_SIZE(link_fields), l);
}

void recipe_net_done(struct recipe_net *n)
{
	record_done(net_fields, ARRAY_SIZE(net_fields), n);
}

void recipe_free(struct recipe *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_modules; i++)
		record_done(module_fields, ARRAY_SIZE(module_fields), &r->modules[i]);
	for (size_t i = 0; i < r->n_targets; i++)
		target_done(&r->targets[i]);
	for (size_t i = 0; i < r->n_links; i++)
		recipe_link_done(&r->links[i]);
	for (size_t i = 0; i < r->n_nets; i++)
		recipe_net_done(&r->nets[i]);
	for (size_t i = 0; i < r->n_listeners; i++)
		recipe_listener_done(&r->listeners[i]);
	free(r->listeners);
	free(r->modules);
	free(r->targets);
	free(r->links);
	free(r->nets);
	record_done(recipe_fields, ARRAY_SIZE(recipe_fields), r);
	record_done(bringer_fields, ARRAY_SIZE(bringer_fields), r);
	free(r);
}

static void encode_target(const struct recipe_target *t, struct json *to)
{
	struct json *layers;

	record_encode(target_fields, ARRAY_SIZE(target_fields), t, to);
	if (t->brought)
		record_encode(brought_fields, ARRAY_SIZE(brought_fields), t, to);
	layers = js_set(to, "layers", js_array());
	for (size_t i = 0; i < t->n_layers; i++)
		record_encode(layer_fields, ARRAY_SIZE(layer_fields), &t->layers[i],
			      js_add(layers, js_object()));
}

void recipe_encode(const struct recipe *r, struct buf *to)
{
	auto_json struct json *j = js_object();
	struct json *list;

	js_set_int(j, "schema", RECIPE_SCHEMA);
	record_encode(recipe_fields, ARRAY_SIZE(recipe_fields), r, j);
	if (r->bringer && r->bringer[0])
		record_encode(bringer_fields, ARRAY_SIZE(bringer_fields), r, j);
	list = js_set(j, "targets", js_array());
	for (size_t i = 0; i < r->n_targets; i++)
		encode_target(&r->targets[i], js_add(list, js_object()));
	list = js_set(j, "links", js_array());
	for (size_t i = 0; i < r->n_links; i++)
		record_encode(link_fields, ARRAY_SIZE(link_fields), &r->links[i],
			      js_add(list, js_object()));
	list = js_set(j, "nets", js_array());
	for (size_t i = 0; i < r->n_nets; i++)
		record_encode(net_fields, ARRAY_SIZE(net_fields), &r->nets[i],
			      js_add(list, js_object()));
	list = js_set(j, "listeners", js_array());
	for (size_t i = 0; i < r->n_listeners; i++)
		record_encode(listener_fields, ARRAY_SIZE(listener_fields), &r->listeners[i],
			      js_add(list, js_object()));
	list = js_set(j, "modules", js_array());
	for (size_t i = 0; i < r->n_modules; i++)
		record_encode(module_fields, ARRAY_SIZE(module_fields), &r->modules[i],
			      js_add(list, js_object()));
	js_write(j, to);
}

static int decode_modules(const struct json *list, struct recipe *r, struct err *e)
{
	if (!js_is_array(list) || js_len(list) > MODULES_MAX)
		return err_set(e, EINVAL, "'modules' is not a list of at most %d", MODULES_MAX);
	for (size_t i = 0; i < js_len(list); i++) {
		struct recipe_module *m = vec_push(&r->modules, &r->n_modules);
		int err = record_decode(module_fields, ARRAY_SIZE(module_fields), js_at(list, i), true, m,
					e);

		if (err == 0 && m->path[0] != '/')
			err = err_set(e, EINVAL, "'path' is '%.80s', not an absolute path", m->path);
		if (err < 0)
			return err_wrap(e, "modules[%zu]", i);
	}
	return 0;
}

/* Names become words of a command line: none may be taken for an option. */
static int check_layer(const struct recipe_layer *l, struct err *e)
{
	const char *slash = strchr(l->name, '/');
	bool inner = slash && slash > l->name && slash[1] && slash[1] != '-' && !strchr(slash + 1, '/');

	if (!l->name[0] || l->name[0] == '-' || l->name[0] == '.' ||
	    (l->kind == LAYER_LVM ? !inner : slash != NULL))
		return err_set(e, EINVAL, "'name' is '%.80s', which cannot name such a layer", l->name);
	if (!l->uuid[0] || l->uuid[0] == '-')
		return err_set(e, EINVAL, "'uuid' is '%.80s', which is none", l->uuid);
	if (l->kind == LAYER_MD && (strncmp(l->name, "md", 2) != 0 || !l->count))
		return err_set(e, EINVAL, "'name' is '%.80s' with 'count' %u, which is no array", l->name,
			       l->count);
	if (l->kind == LAYER_LVM && !l->members.n)
		return err_set(e, EINVAL, "'members' of '%.80s' is empty", l->name);
	return 0;
}

static int decode_layers(const struct json *list, struct recipe_target *t, struct err *e)
{
	if (list && (!js_is_array(list) || js_len(list) > LAYERS_MAX))
		return err_set(e, EINVAL, "'layers' is not a list of at most %d", LAYERS_MAX);
	for (size_t i = 0; i < js_len(list); i++) {
		struct recipe_layer *l = vec_push(&t->layers, &t->n_layers);
		int err = record_decode(layer_fields, ARRAY_SIZE(layer_fields), js_at(list, i), true, l, e);

		if (err == 0)
			err = check_layer(l, e);
		if (err < 0)
			return err_wrap(e, "layers[%zu]", i);
	}
	return 0;
}

static int decode_targets(const struct json *list, struct recipe *r, struct err *e)
{
	if (!js_is_array(list) || js_len(list) > TARGETS_MAX)
		return err_set(e, EINVAL, "'targets' is not a list of at most %d", TARGETS_MAX);
	for (size_t i = 0; i < js_len(list); i++) {
		struct recipe_target *t = vec_push(&r->targets, &r->n_targets);
		int err = record_decode(target_fields, ARRAY_SIZE(target_fields), js_at(list, i), true, t,
					e);

		if (err == 0)
			err = record_decode(brought_fields, ARRAY_SIZE(brought_fields), js_at(list, i), false, t, e);
		if (err == 0)
			err = decode_layers(js_get(js_at(list, i), "layers"), t, e);
		if (err < 0)
			return err_wrap(e, "targets[%zu]", i);
	}
	return 0;
}

/* Is the link NAME one of the first N? */
static bool has_link(const struct recipe *r, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(r->links[i].name, name) == 0)
			return true;
	return false;
}

static int decode_links(const struct json *list, struct recipe *r, struct err *e)
{
	if (list && (!js_is_array(list) || js_len(list) > LINKS_MAX))
		return err_set(e, EINVAL, "'links' is not a list of at most %d", LINKS_MAX);
	for (size_t i = 0; i < js_len(list); i++) {
		struct recipe_link *l = vec_push(&r->links, &r->n_links);
		int err = record_decode(link_fields, ARRAY_SIZE(link_fields), js_at(list, i), true, l, e);

		if (err == 0 && l->kind == LINK_VLAN && !has_link(r, i, l->lower))
			err = err_set(e, EINVAL, "'lower' is '%.40s', no link before it", l->lower);
		if (err == 0 && l->master[0] && !has_link(r, i, l->master))
			err = err_set(e, EINVAL, "'master' is '%.40s', no link before it", l->master);
		if (err < 0)
			return err_wrap(e, "links[%zu]", i);
	}
	return 0;
}

static int decode_nets(const struct json *list, struct recipe *r, struct err *e)
{
	if (list && (!js_is_array(list) || js_len(list) > TARGETS_MAX))
		return err_set(e, EINVAL, "'nets' is not a list of at most %d", TARGETS_MAX);
	for (size_t i = 0; i < js_len(list); i++) {
		struct recipe_net *n = vec_push(&r->nets, &r->n_nets);
		int err = record_decode(net_fields, ARRAY_SIZE(net_fields), js_at(list, i), true, n, e);

		if (err == 0 && !has_link(r, r->n_links, n->link))
			err = err_set(e, EINVAL, "'link' is '%.40s', which is no link", n->link);
		if (err < 0)
			return err_wrap(e, "nets[%zu]", i);
	}
	for (size_t i = 0; i < r->n_targets; i++) {
		const struct recipe_target *t = &r->targets[i];

		if ((t->kind == TARGET_NFS || t->kind == TARGET_SSH || (t->brought && t->address[0])) &&
		    t->net >= r->n_nets)
			return err_set(e, EINVAL, "targets[%zu]: 'net' is %u of %zu", i, t->net, r->n_nets);
	}
	return 0;
}

/* An address becomes part of a module's parameter. */
static bool is_plain(const char *text)
{
	return !text[strspn(text, "0123456789abcdefABCDEF.:")];
}

static int decode_listeners(const struct json *list, struct recipe *r, struct err *e)
{
	if (list && (!js_is_array(list) || js_len(list) > TARGETS_MAX))
		return err_set(e, EINVAL, "'listeners' is not a list of at most %d", TARGETS_MAX);
	for (size_t i = 0; i < js_len(list); i++) {
		struct recipe_listener *l = vec_push(&r->listeners, &r->n_listeners);
		int err = record_decode(listener_fields, ARRAY_SIZE(listener_fields), js_at(list, i), true, l, e);

		if (err == 0 && l->net >= r->n_nets)
			err = err_set(e, EINVAL, "'net' is %u of %zu", l->net, r->n_nets);
		if (err == 0 && (l->port == 0 || l->port > 65535))
			err = err_set(e, EINVAL, "'port' is %u", l->port);
		if (err == 0 && (!is_plain(l->address) || !is_plain(l->mac)))
			err = err_set(e, EINVAL, "'address' or 'mac' of '%.80s' is none", l->host);
		if (err < 0)
			return err_wrap(e, "listeners[%zu]", i);
	}
	return 0;
}

/* What goes into makedumpfile's command line is one of its options or nothing. */
static int check_values(const struct recipe *r, struct err *e)
{
	static const char *const options[] = { "", "-l", "-z", "-c", "-p" };

	if (r->dump_level > DUMP_LEVEL_LOG)
		return err_set(e, EINVAL, "'dump_level' is %u, the largest is %d", r->dump_level,
			       DUMP_LEVEL_LOG);
	if (r->level_most >= DUMP_LEVEL_LOG)
		return err_set(e, EINVAL, "'level_most' is %u, the largest is %d", r->level_most,
			       DUMP_LEVEL_LOG - 1);
	if (r->bringer[0] && r->bringer[0] != '/')
		return err_set(e, EINVAL, "'bringer' is '%.80s', not an absolute path", r->bringer);
	if (r->host[0] == '\0' || r->host[0] == '.' || strchr(r->host, '/'))
		return err_set(e, EINVAL, "'host' is '%.80s', which cannot name a folder", r->host);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strcmp(r->compress, options[i]) == 0)
			return 0;
	return err_set(e, EINVAL, "'compress' is '%.40s', not an option of makedumpfile (-l, -z, -c, -p)",
		       r->compress);
}

int recipe_decode(const char *text, size_t len, struct recipe **ret, struct err *e)
{
	auto_recipe struct recipe *r = xcalloc(1, sizeof(*r));
	auto_json struct json *j = NULL;
	int err = js_parse(text, len, &j, e);

	if (err < 0)
		return err;
	if (js_get_int(j, "schema", 0) != RECIPE_SCHEMA)
		return err_set(e, EINVAL,
			       "'schema' is not %d: made by another version, build the image again",
			       RECIPE_SCHEMA);
	err = record_decode(recipe_fields, ARRAY_SIZE(recipe_fields), j, true, r, e);
	if (err == 0)
		err = record_decode(bringer_fields, ARRAY_SIZE(bringer_fields), j, false, r, e);
	if (err == 0)
		err = check_values(r, e);
	if (err == 0)
		err = decode_targets(js_get(j, "targets"), r, e);
	if (err == 0)
		err = decode_links(js_get(j, "links"), r, e);
	if (err == 0)
		err = decode_nets(js_get(j, "nets"), r, e);
	if (err == 0)
		err = decode_listeners(js_get(j, "listeners"), r, e);
	if (err == 0)
		err = decode_modules(js_get(j, "modules"), r, e);
	if (err < 0)
		return err;
	*ret = take_ptr(r);
	return 0;
}

const char *layer_kind_name(enum layer_kind k)
{
	return layer_kinds[k];
}

const char *end_action_name(enum end_action a)
{
	return actions[a];
}

const char *target_kind_name(enum target_kind k)
{
	return kinds[k];
}
