/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "collectorfit.h"
#include "efilog.h"
#include "syslog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Raise it when the same inputs shall give other bytes: images are then built anew. */
#define BUILDER "crashcfg " CRASHCFG_VERSION " image 1"
#define TOOL "capture-init"
#define EFIVARFS "efivarfs"
#define NETCONSOLE "netconsole"
#define NETCONSOLE_PORT 6666	/* the module's own default */
/* dracut's init, where our module of dracut puts it; and how long it may take: logins to a dead portal end before. */
#define BRINGER "/usr/lib/crashcfg/bring-up"
#define BRINGER_SECONDS 120

/* --- what is being put together ----------------------------------------------------------------- */

struct work {
	const struct image_spec *spec;
	struct image_files files;
	struct image_plan *plan;
	struct kernel_abilities can;
	struct collector collector;
	struct storage *storage;	/* found out here; spec->storage otherwise */
	size_t n_storage;
	struct network network;
	struct storage *ways;		/* to those who hear of the progress */
	struct recipe_listener *listeners;
	size_t n_ways, n_listeners;
	struct module_set modules;
	char *watchdog;
};

static void own_work(struct work *w)
{
	for (size_t i = 0; i < w->n_storage; i++)
		storage_done(&w->storage[i]);
	free(w->storage);
	for (size_t i = 0; i < w->n_ways; i++)
		storage_done(&w->ways[i]);
	free(w->ways);
	for (size_t i = 0; i < w->n_listeners; i++)
		recipe_listener_done(&w->listeners[i]);
	free(w->listeners);
	network_done(&w->network);
	image_files_done(&w->files);
	image_plan_free(w->plan);
	collector_done(&w->collector);
	module_set_done(&w->modules);
	free(w->watchdog);
}

void image_plan_input(struct image_plan *p, const char *name, const char *hash)
{
	struct image_input *in = vec_push(&p->inputs, &p->n_inputs);

	in->name = xstrdup(name);
	in->hash = xstrdup(hash);
}

void image_plan_text_input(struct image_plan *p, const char *name, const char *data, size_t len)
{
	char hash[HASH_TEXT_MAX];

	image_plan_input(p, name, hash_bytes(data, len, hash));
}

/* --- the parts, in order ------------------------------------------------------------------------- */

/*
 * The key of encrypted targets comes to the image at `load`.  That it is another one now is told by its file's stamp: a
 * hash of a short passphrase in an image would be as good as the passphrase.
 */
static int add_key_input(struct work *w, const struct storage *found, struct err *e)
{
	const char *key = w->spec->settings->luks_key_file;
	auto_free char *text = NULL;
	bool locked = false;
	struct stat st;
	int r;

	for (size_t i = 0; i < found->target.n_layers; i++)
		locked |= found->target.layers[i].kind == LAYER_LUKS;
	if (!locked)
		return 0;
	if (!key)
		return err_set(e, ENOKEY,
			       "it lies on an encrypted device, and the capture opens it only with a key that is named "
			       "for it: LUKS_KEY_FILE");
	r = root_stat(w->spec->root, key, &st);
	if (r < 0)
		return err_set(e, -r, "LUKS_KEY_FILE = '%s': %s", key, strerror(-r));
	text = xasprintf("%llu %llu %lld.%09ld %lld", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			 (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec, (long long)st.st_size);
	image_plan_text_input(w->plan, "LUKS_KEY_FILE", text, strlen(text));
	return 0;
}

static int find_storage(struct work *w, struct err *e)
{
	const struct settings *s = w->spec->settings;

	for (size_t i = 0; !w->spec->storage && i < s->n_targets; i++) {
		struct storage *found = vec_push(&w->storage, &w->n_storage);
		const struct target *t = &s->targets[i];
		int r = target_is_remote(t->kind) ?
				network_find(w->spec->root, s, t, &w->network, found, e) :
				storage_find(w->spec->root, t, found, e);

		if (r == 0)
			r = add_key_input(w, found, e);
		if (r < 0)
			return err_wrap(e, "target '%s'", s->targets[i].url);
		for (size_t k = 0; k < found->notes.n; k++)
			strv_add_once(&w->plan->notes, found->notes.v[k]);
	}
	return 0;
}

static void find_listener(struct work *w, enum listener_kind kind, const char *host, unsigned port, const char *mac)
{
	/* A way is asked for as a target's is; such a target has no driver of its own. */
	auto_free char *url = xstrdup("progress"), *dir = xstrdup(""), *copy = xstrdup(host);
	const struct target t = { .kind = TARGET_HUB, .url = url, .host = copy, .port = port, .dir = dir };
	auto_storage struct storage way = { 0 };
	struct err e = { 0 };

	if (network_find(w->spec->root, w->spec->settings, &t, &w->network, &way, &e) < 0) {
		/* No reason to go without a dump. */
		strv_addf(&w->plan->notes, "DUMP_PROGRESS: %s; '%s' will hear nothing", e.text, host);
		return;
	}
	*vec_push(&w->listeners, &w->n_listeners) = (struct recipe_listener){
		.kind = kind, .host = xstrdup(way.target.host), .address = xstrdup(way.target.address), .port = port,
		.net = way.target.net, .mac = xstrdup(mac),
	};
	*vec_push(&w->ways, &w->n_ways) = way;
	way = (struct storage){ 0 };
}

/* [+][r][SRC-PORT]@[SRC-IP]/[DEV],[PORT]@IP/[MAC], as the schema has checked it: the end is what counts here. */
static void find_netconsole(struct work *w, const char *text)
{
	const char *at = strrchr(text, '@'), *comma = strchr(text, ','), *slash = at ? strchr(at, '/') : NULL;
	auto_free char *host = NULL;
	unsigned port = 0;

	if (!comma || !slash || comma > at)
		return;
	host = xstrndup(at + 1, (size_t)(slash - at - 1));
	sscanf(comma + 1, "%5u", &port);
	find_listener(w, LISTENER_NETCONSOLE, host, port ? port : NETCONSOLE_PORT, slash + 1);
}

static void find_listeners(struct work *w)
{
	const struct settings *s = w->spec->settings;

	/* A scratch disk stands in for the host's targets: there is no network either. */
	if (w->spec->storage)
		return;
	if (s->progress.syslog.host)
		find_listener(w, LISTENER_SYSLOG, s->progress.syslog.host,
			      s->progress.syslog.port ? s->progress.syslog.port : SYSLOG_PORT, "");
	if (s->progress.netconsole && s->log_netconsole)
		find_netconsole(w, s->log_netconsole);
}

/* What serves a disk lies in a network: the way there is rebuilt as for a target that is one. */
static int find_way(struct work *w, struct storage *at, struct err *e)
{
	const struct iscsi_session *session = at->n_sessions ? &at->sessions[0] : NULL;
	int r;

	at->target.brought = at->remote != REMOTE_NONE;
	if (!session)
		return 0;
	r = network_way(w->spec->root, w->spec->settings, session->address, &w->network, &at->target.net,
			&at->modaliases, &at->drivers, e);
	if (r < 0)
		return err_wrap(e, "target '%s': the way to '%s'", at->target.url, session->target);
	free(at->target.host);
	free(at->target.address);
	at->target.host = xstrdup(session->address);
	at->target.address = xstrdup(session->address);
	return 0;
}

static int choose_builder(struct work *w, struct err *e)
{
	size_t n = w->spec->storage ? w->spec->n_storage : w->n_storage;
	const struct storage *storage = w->spec->storage ? w->spec->storage : w->storage;
	int r = dracut_choose(w->spec->settings, storage, n, &w->plan->dracut, &w->plan->notes, e);

	/* `test` has disks of its own, and an image of our own is made for those. */
	if (w->spec->storage) {
		dracut_job_free(w->plan->dracut);
		w->plan->dracut = NULL;
	}
	for (size_t i = 0; r == 0 && w->plan->dracut && i < w->n_storage; i++)
		r = find_way(w, &w->storage[i], e);
	return r;
}

static const struct storage *storage_of(const struct work *w, size_t *ret_n)
{
	*ret_n = w->spec->storage ? w->spec->n_storage : w->n_storage;
	return w->spec->storage ? w->spec->storage : w->storage;
}

/*
 * Can this machine keep the end of a log in EFI variables?  The module is in the image then, and loaded
 * only when no target took the log.
 */
static bool has_efi(const struct work *w)
{
	static const char *const endings[] = { "", ".xz", ".zst", ".gz" };
	const struct root *root = w->spec->kernel_root ? w->spec->kernel_root : w->spec->root;
	bool there = false;

	if (!w->spec->kernel->modules || !root_exists(w->spec->root, EFILOG_DIR))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		auto_free char *path = xasprintf("%s/kernel/fs/efivarfs/" EFIVARFS ".ko%s",
						 w->spec->kernel->modules, endings[i]);

		there |= root_exists(root, path);
	}
	return there;
}

/* The watchdog first, since it bites first; then the way to the disk; then what the settings add. */
static int find_modules(struct work *w, struct err *e)
{
	auto_strv struct strv modaliases = { 0 }, names = { 0 };
	size_t n;
	const struct storage *storage = storage_of(w, &n);
	bool last_place;
	int r;

	w->watchdog = image_watchdog(w->spec->root, w->spec->settings);
	if (*w->watchdog)
		strv_add(&names, w->watchdog);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < storage[i].modaliases.n; k++)
			strv_add_once(&modaliases, storage[i].modaliases.v[k]);
		for (size_t k = 0; k < storage[i].drivers.n; k++)
			strv_add_once(&names, storage[i].drivers.v[k]);
	}
	for (size_t i = 0; i < w->n_ways; i++) {
		for (size_t k = 0; k < w->ways[i].modaliases.n; k++)
			strv_add_once(&modaliases, w->ways[i].modaliases.v[k]);
		for (size_t k = 0; k < w->ways[i].drivers.n; k++)
			strv_add_once(&names, w->ways[i].drivers.v[k]);
		if (w->listeners[i].kind == LISTENER_NETCONSOLE)
			strv_add_once(&names, NETCONSOLE);
	}
	for (size_t k = 0; k < w->spec->settings->capture_modules.n; k++)
		strv_add_once(&names, w->spec->settings->capture_modules.v[k]);
	last_place = !strv_has(&names, EFIVARFS) && has_efi(w);
	if (last_place)
		strv_add(&names, EFIVARFS);
	r = image_modules(&w->files, w->spec->kernel, &modaliases, &names, &w->modules, e);
	/* Both have their time, and the other its parameter then. */
	for (size_t i = 0; r == 0 && i < w->modules.n; i++)
		if ((last_place && strcmp(w->modules.v[i].name, EFIVARFS) == 0) ||
		    strcmp(w->modules.v[i].name, NETCONSOLE) == 0)
			w->modules.v[i].wanted = 0;
	if (r == 0)
		r = image_files_modules(&w->files, &w->modules, &w->can, e);
	if (r == 0)
		r = image_files_firmware(&w->files, w->spec->kernel, &w->modules.firmware, &w->can,
					 &w->plan->notes, e);
	return r;
}

/* The programs that set up what lies below a target; their settings are the capture's own. */
static int add_layer_programs(struct work *w, struct err *e)
{
	static const struct {
		enum layer_kind kind;
		const char *paths[2], *package;
	} programs[] = {
		{ LAYER_MD, { "/usr/sbin/mdadm", "/sbin/mdadm" }, "mdadm" },
		{ LAYER_LVM, { "/usr/sbin/lvm", "/sbin/lvm" }, "lvm2" },
		{ LAYER_LUKS, { "/usr/sbin/cryptsetup", "/sbin/cryptsetup" }, "cryptsetup (cryptsetup-bin)" },
	};
	auto_strv struct strv opened = { 0 };
	size_t n;
	const struct storage *storage = storage_of(w, &n);

	/* The C library opens it when a thread of argon2 ends, and where it is missing then, cryptsetup is aborted. */
	strv_add(&opened, "libgcc_s.so.1");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < storage[i].target.n_layers; k++)
			for (size_t p = 0; p < ARRAY_SIZE(programs); p++) {
				bool first = root_exists(w->spec->root, programs[p].paths[0]);
				const char *path = programs[p].paths[!first];
				int r;

				if (programs[p].kind != storage[i].target.layers[k].kind)
					continue;
				if (!first && !root_exists(w->spec->root, path))
					return err_set(e, ENOENT, "target '%s' needs '%s' in the capture: install the package %s",
						       storage[i].target.url, programs[p].paths[0], programs[p].package);
				r = image_files_program(&w->files, path,
							programs[p].kind == LAYER_LUKS ? &opened : NULL, e);
				if (r < 0)
					return r;
			}
	return 0;
}

/* What network targets need beside the kernel; the private key is no part of the image, but decides it. */
static int add_remote_programs(struct work *w, struct err *e)
{
	const struct settings *s = w->spec->settings;
	auto_strv struct strv names = { 0 };
	size_t n;
	const struct storage *storage = storage_of(w, &n);
	char hash[HASH_TEXT_MAX];
	int r = image_files_dhcp(&w->files, &w->network, e);

	for (size_t i = 0; i < n; i++)
		if (storage[i].target.kind == TARGET_SSH)
			strv_add_once(&names, storage[i].target.known);
	if (r < 0 || !names.n)
		return r;
	r = image_files_ssh(&w->files, s, w->spec->keys_here ? FROM_HERE : FROM_ROOT, &names, hash, e);
	if (r == 0)
		image_plan_input(w->plan, "SSH_KEY", hash);
	return r;
}

static int add_programs(struct work *w, struct err *e)
{
	static const char *const dmesg[] = { "/usr/sbin/vmcore-dmesg", "/sbin/vmcore-dmesg",
					     "/usr/bin/vmcore-dmesg" };
	auto_free char *tool = xasprintf("%s/" TOOL, w->spec->tool_dir);
	auto_strv struct strv opened = { 0 };
	const char *path = NULL;
	int r;

	r = image_files_add(&w->files, "/init", 0755, FROM_HERE, tool, TREAT_TRIM, e);
	if (r < 0)
		return err_wrap(e, "the capture program");
	image_files_link(&w->files, "/sbin/modprobe", "/init");

	/* The C library opens it when a thread of makedumpfile ends, which is too late to find it missing. */
	if (collector_threads(w->spec->settings, w->collector.version, w->spec->facts) > 1)
		strv_add(&opened, "libgcc_s.so.1");
	r = image_files_program(&w->files, w->collector.path, &opened, e);
	for (size_t i = 0; i < ARRAY_SIZE(dmesg) && !path; i++)
		if (root_exists(w->spec->root, dmesg[i]))
			path = dmesg[i];
	if (r == 0 && !path)
		return err_set(e, ENOENT, "'%s' is missing: install the package kexec-tools", dmesg[0]);
	if (r == 0)
		r = image_files_program(&w->files, path, NULL, e);
	if (r == 0)
		r = add_layer_programs(w, e);
	if (r == 0)
		r = add_remote_programs(w, e);
	return r < 0 ? r : image_files_hooks(&w->files, w->spec->settings, &w->plan->notes, e);
}

static void add_skeleton(struct image_files *f)
{
	static const char *const folders[] = { "/dev", "/etc/crashcfg", "/mnt", "/proc", "/run", "/sys" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		image_files_folder(f, folders[i], 0755);
	image_files_folder(f, "/tmp", 01777);
	/* Opened for init before /dev is mounted (Documentation/admin-guide/devices.txt). */
	image_files_node(f, "/dev/console", S_IFCHR | 0600, 5, 1);
	image_files_node(f, "/dev/null", S_IFCHR | 0666, 1, 3);
}

static int make_recipe(struct work *w, struct err *e)
{
	auto_buf struct buf text = { 0 };
	size_t n;
	const struct storage *storage = storage_of(w, &n);
	int r = image_recipe(w->spec, &w->collector, storage, n, w->watchdog, &w->modules, &w->network,
			     &w->plan->recipe, e);

	if (r < 0)
		return r;
	w->plan->recipe->listeners = take_ptr(w->listeners);
	w->plan->recipe->n_listeners = w->n_listeners;
	w->n_listeners = 0;
	if (w->plan->dracut) {
		free(w->plan->recipe->bringer);
		w->plan->recipe->bringer = xstrdup(BRINGER);
		w->plan->recipe->bringer_wait = BRINGER_SECONDS;
	}
	recipe_encode(w->plan->recipe, &text);
	image_plan_text_input(w->plan, "recipe", text.data, text.len);
	return 0;
}

/* The kernel is no part of the image, but its bytes are what the image must fit. */
static int add_kernel_input(struct work *w, struct err *e)
{
	const char *image = w->spec->kernel->image;
	auto_close int fd = image_files_open_source(&w->files, FROM_KERNEL, image, e);
	char hash[HASH_TEXT_MAX];
	struct file_stamp stamp;
	int r;

	if (fd < 0)
		return err_wrap(e, "kernel '%s'", w->spec->kernel->release);
	r = hashes_file(w->files.hashes, fd, hash, &stamp);
	if (r < 0)
		return err_set(e, -r, "'%s': %s", image, strerror(-r));
	image_plan_input(w->plan, image, hash);
	return 0;
}

static void finish(struct work *w)
{
	struct image_plan *p = w->plan;
	char id[HASH_TEXT_MAX];
	struct hash *h;

	image_plan_text_input(p, "builder", BUILDER, sizeof(BUILDER) - 1);
	image_plan_text_input(p, "packing", p->packing, strlen(p->packing));
	image_files_sort(&w->files);
	for (size_t i = 0; i < w->files.n; i++)
		if (w->files.v[i].place != FROM_NOWHERE) {
			const struct image_file *file = &w->files.v[i];

			image_plan_input(p, file->path, file->hash);
			p->unpacked += file->stamp.size * (file->treat == TREAT_UNPACK ? 4 : 1);
		}
	h = hash_new();
	for (size_t i = 0; i < p->n_inputs; i++) {
		hash_add(h, p->inputs[i].name, strlen(p->inputs[i].name) + 1);
		hash_add(h, p->inputs[i].hash, strlen(p->inputs[i].hash) + 1);
	}
	p->id = xstrdup(hash_end(h, id));
}

static int check_spec(const struct image_spec *spec, struct err *e)
{
	size_t n = spec->storage ? spec->n_storage : spec->settings->n_targets;

	if (!n)
		return err_set(e, EINVAL, "there is no target to put a dump on");
	return 0;
}

int image_plan_make(const struct image_spec *spec, struct image_plan **ret, struct err *e)
{
	AUTO(own_work) struct work w = { .spec = spec, .files.here.fd = -1 };
	struct image_files *files;
	int r = check_spec(spec, e);

	if (r == 0)
		r = settings_files_answer(spec->root, spec->settings, e);
	if (r == 0)
		r = image_files_open(&w.files, spec->root, spec->kernel_root, e);
	if (r < 0)
		return r;
	w.plan = xcalloc(1, sizeof(*w.plan));
	if (spec->network) {
		w.network = *spec->network;
		*spec->network = (struct network){ 0 };
	}
	w.files.hashes = hashes_load(spec->cache ? spec->root : NULL);
	kernel_abilities(spec, &w.can);
	w.plan->packing = xstrdup(w.can.packing);
	if (w.can.guessed)
		strv_addf(&w.plan->notes,
			  "kernel '%s' has no configuration in /boot, so the image is packed by gzip",
			  spec->kernel->release);

	r = find_storage(&w, e);
	if (r == 0)
		find_listeners(&w);
	if (r == 0)
		r = choose_builder(&w, e);
	if (r == 0)
		r = collector_read(spec->root, &w.collector, e);
	if (r == 0)
		r = find_modules(&w, e);
	if (r == 0)
		r = add_programs(&w, e);
	if (r == 0)
		r = add_kernel_input(&w, e);
	if (r == 0)
		r = make_recipe(&w, e);
	if (r == 0 && w.plan->dracut)
		r = dracut_plan(&w.files, spec, w.storage, w.n_storage, w.plan->dracut, w.plan, e);
	if (r < 0)
		return r;
	add_skeleton(&w.files);
	finish(&w);
	w.plan->standing = image_standing(spec->root, spec->kernel->release, w.files.hashes);
	if (!spec->cache_readonly)
		hashes_save(w.files.hashes);

	files = xmalloc(sizeof(*files));
	*files = w.files;
	w.files = (struct image_files){ .here.fd = -1 };
	w.plan->files = files;
	*ret = take_ptr(w.plan);
	return 0;
}

void image_plan_free(struct image_plan *p)
{
	if (!p)
		return;
	recipe_free(p->recipe);
	for (size_t i = 0; i < p->n_inputs; i++) {
		free(p->inputs[i].name);
		free(p->inputs[i].hash);
	}
	free(p->inputs);
	if (p->files)
		image_files_done(p->files);
	free(p->files);
	dracut_job_free(p->dracut);
	strv_done(&p->notes);
	free(p->id);
	free(p->standing);
	free(p->packing);
	free(p);
}
