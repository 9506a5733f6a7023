/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include "crashkernel.h"
#include "kv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SMALL_MAX (256u << 10)		/* of units, journals and lists */
#define SYSTEMD_DIR "/etc/systemd/system"

void world_free(struct world *w)
{
	if (!w)
		return;
	if (w->editor)
		w->editor->free(w->boot);
	facts_free(w->facts);
	image_plan_free(w->image);
	strv_done(&w->images);
	strv_done(&w->remnants);
	edit_list_done(&w->unit_links);
	edit_list_done(&w->owned);
	edit_list_done(&w->peer_links);
	edit_list_done(&w->taken_links);
	buf_done(&w->taken);
	free(w->boot_value);
	free(w->image_why);
	free(w->image_path);
	free(w->image_have);
	free(w->unit);
	free(w->peer);
	free(w->loaded_image);
	free(w->loaded_cmdline);
	for (size_t i = 0; i < DROPINS; i++)
		buf_done(&w->dropins[i]);
	strv_done(&w->sysctls);
	strv_done(&w->sysctls_before);
	reserve_history_done(&w->history);
	free(w);
}

/* --- units: ours and the peers' ------------------------------------------------------------- */

/* What enables UNIT by hand or by "systemctl enable": links in x.wants and x.requires. */
static void find_links(const struct root *root, const char *unit, struct edit_list *ret)
{
	auto_strv struct strv dirs = { 0 };

	if (root_list(root, SYSTEMD_DIR, &dirs) < 0)
		return;
	for (size_t i = 0; i < dirs.n; i++) {
		const char *dot = strrchr(dirs.v[i], '.');
		auto_free char *path = xasprintf(SYSTEMD_DIR "/%s/%s", dirs.v[i], unit);
		auto_free char *target = NULL;

		if (!dot || (strcmp(dot, ".wants") != 0 && strcmp(dot, ".requires") != 0))
			continue;
		if (root_readlink(root, path, &target) == 0)
			edit_add_link(ret, path, target, NULL, unit);
	}
}

/* Where UNIT's file is; NULL: not installed, or masked by a link to /dev/null. */
static char *find_unit(const struct root *root, const char *unit)
{
	static const char *const dirs[] = {
		SYSTEMD_DIR, "/usr/lib/systemd/system", "/lib/systemd/system",
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = xasprintf("%s/%s", dirs[i], unit);
		struct stat st;

		if (root_lstat(root, path, &st) < 0)
			continue;
		if (root_stat(root, path, &st) < 0 || !S_ISREG(st.st_mode))
			return NULL;
		return take_ptr(path);
	}
	return NULL;
}

/* The links that UNIT's [Install] asks for: "WantedBy=multi-user.target" (systemd.unit(5)). */
static void read_install(const struct root *root, const char *unit, const char *why, struct world *w)
{
	auto_free char *path = find_unit(root, unit);
	auto_buf struct buf text = { 0 };
	char *rest, *line;

	find_links(root, unit, &w->owned);
	if (!path || root_read(root, path, SMALL_MAX, &text, NULL) < 0 || !text.data)
		return;
	for (rest = text.data; (line = strsep(&rest, "\n"));) {
		char *names, *name;

		if (strncmp(line, "WantedBy=", strlen("WantedBy=")) != 0)
			continue;
		for (names = line + strlen("WantedBy="); (name = strsep(&names, " \t\r"));) {
			auto_free char *link = xasprintf(SYSTEMD_DIR "/%s.wants/%s", name, unit);

			if (*name && !strchr(name, '/'))
				edit_add_link(&w->unit_links, link, NULL, path, why);
		}
	}
}

static void read_units(const struct root *root, struct world *w)
{
	w->unit = find_unit(root, LOAD_UNIT);
	read_install(root, LOAD_UNIT, "load the image at every boot", w);
	read_install(root, SAVE_UNIT, "collect dumps from raw devices at every boot", w);
	read_install(root, SAVE_TIMER, "delete old dumps", w);
}

/* kdump-tools may be installed and told to do nothing. */
static bool kdump_tools_is_on(const struct root *root)
{
	auto_buf struct buf text = { 0 };
	auto_kv struct kv_file file = { 0 };
	bool on = true;

	if (root_read(root, "/etc/default/kdump-tools", SMALL_MAX, &text, NULL) < 0)
		return false;
	kv_split(buf_text(&text), text.len, &file);
	for (size_t i = 0; i < file.n_lines; i++)
		if (strcmp(file.lines[i].key, "USE_KDUMP") == 0)
			on = strcmp(file.lines[i].value, "0") != 0;
	return on;
}

/* Who else would load a capture kernel at boot: kdump-tools (Debian), kdump (Fedora, RHEL, SUSE), kdumpst. */
static void read_peer(const struct root *root, struct world *w)
{
	static const struct {
		const char *name, *unit;
		bool (*is_on)(const struct root *root);
	} peers[] = {
		{ "kdump-tools", "kdump-tools.service", kdump_tools_is_on },
		{ "kdump", "kdump.service", NULL },
		{ "kdumpst", "kdumpst-init.service", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
		auto_free char *unit = find_unit(root, peers[i].unit);
		size_t before = w->peer_links.n;

		if (!unit || (peers[i].is_on && !peers[i].is_on(root)))
			continue;
		find_links(root, peers[i].unit, &w->peer_links);
		if (w->peer_links.n > before && !w->peer)
			w->peer = xstrdup(peers[i].name);
	}
}

/* The record of an earlier --take-over.  A damaged one is kept as it is and restores nothing. */
static void read_taken(const struct root *root, struct world *w)
{
	auto_json struct json *j = NULL;
	struct json *links;

	if (root_read(root, TAKEN_PATH, SMALL_MAX, &w->taken, NULL) < 0 ||
	    js_parse(buf_text(&w->taken), w->taken.len, &j, NULL) < 0)
		return;
	links = js_get(j, "links");
	for (size_t i = 0; i < js_len(links); i++) {
		const char *path = js_get_text(js_at(links, i), "path");
		const char *target = js_get_text(js_at(links, i), "target");

		if (path && target && strncmp(path, SYSTEMD_DIR "/", strlen(SYSTEMD_DIR "/")) == 0)
			edit_add_link(&w->taken_links, path, target, NULL, "taken over");
	}
}

/* --- images ---------------------------------------------------------------------------------- */

/* Ours in IMAGE_DIR: RELEASE/capture.img, the hashes, and how the last check --live ended.  What else lies there has its own ways. */
static void list_images(const struct root *root, struct world *w)
{
	auto_strv struct strv names = { 0 };
	int r = root_list(root, IMAGE_DIR, &names);

	w->image_there = r == 0 || r == -ENOENT ? NO : UNKNOWN;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf(IMAGE_DIR "/%s", names.v[i]);
		auto_free char *image = xasprintf("%s/" IMAGE_NAME, path);
		struct stat st;

		if (root_lstat(root, path, &st) < 0)
			continue;
		if (S_ISREG(st.st_mode)) {
			if (strcmp(names.v[i], "hashes") == 0 || strcmp(names.v[i], "live.json") == 0 || strcmp(names.v[i], ".hashes.new") == 0)
				strv_add(&w->remnants, path);
		} else if (S_ISDIR(st.st_mode)) {
			auto_free char *cut_off = xasprintf("%s/." IMAGE_NAME ".new", path);

			if (root_lstat(root, image, &st) == 0 && S_ISREG(st.st_mode))
				strv_add(&w->images, image);
			if (root_lstat(root, cut_off, &st) == 0 && S_ISREG(st.st_mode))
				strv_add(&w->remnants, cut_off);
		}
	}
	w->folders = strv_has(&names, strrchr(FOLDERS_PATH, '/') + 1);
	w->interrupted = strv_has(&names, strrchr(JOURNAL_PATH, '/') + 1);
}

static void read_image_id(const struct root *root, struct world *w)
{
	auto_image_head struct image_head head = { 0 };
	struct stat st;
	int r = root_lstat(root, w->image_path, &st);

	if (r < 0) {
		if (r != -ENOENT && r != -ENOTDIR)
			w->image_there = UNKNOWN;
		return;
	}
	if (!S_ISREG(st.st_mode))
		return;
	w->image_there = YES;
	if (image_head_read(root, w->image_path, &head, NULL) == 0)
		w->image_have = take_ptr(head.id);
}

struct image_spec world_image_spec(const struct root *root, const struct settings *want,
				   const struct world *w, const struct world_options *o)
{
	return (struct image_spec){
		.root = root,
		.settings = want,
		.facts = w->facts,
		.kernel = w->kernel,
		.tool_dir = o->tool_dir,
		/* The folder is apply's to make, which writes down what it made. */
		.cache = true,
		.cache_readonly = !o->cache || !root_exists(root, IMAGE_DIR),
	};
}

static void read_image(const struct root *root, const struct settings *want,
		       const struct world_options *o, struct world *w)
{
	const char *release = o->kernel ? o->kernel : want->capture_kernel;
	struct err why = { 0 };
	struct image_spec spec;

	w->image_why = xstrdup("");
	list_images(root, w);
	w->kernel = facts_kernel(w->facts, release);
	if (!w->kernel) {
		free(w->image_why);
		w->image_why = release ? xasprintf("kernel '%s' is not installed", release) :
			xstrdup("no kernel is installed in '/boot' or '/lib/modules'");
		w->image_code = ENOENT;
		return;
	}
	w->image_path = xasprintf(IMAGE_DIR "/%s/" IMAGE_NAME, w->kernel->release);
	if (w->image_there != UNKNOWN)
		read_image_id(root, w);
	if (!want->dump_active)
		return;
	spec = world_image_spec(root, want, w, o);
	if (image_plan_make(&spec, &w->image, &why) < 0) {
		free(w->image_why);
		w->image_why = xstrdup(why.text);
		w->image_code = why.code;
		return;
	}
	reserve_history_read(root, want, w->facts->host, w->kernel->release, &w->history);
	/* Known better now than by its first bytes. */
	free(w->image_have);
	w->image_have = w->image->standing ? xstrdup(w->image->standing) : NULL;
}

/* --- the running system ---------------------------------------------------------------------- */

static void read_loaded(const struct root *root, struct world *w)
{
	auto_buf struct buf text = { 0 };
	auto_json struct json *j = NULL;
	const char *image, *cmdline, *boot;

	w->released = root_exists(root, RELEASED_PATH);
	if (w->facts->crash_loaded != YES || root_read(root, LOADED_PATH, SMALL_MAX, &text, NULL) < 0 ||
	    js_parse(buf_text(&text), text.len, &j, NULL) < 0)
		return;
	image = js_get_text(j, "image");
	cmdline = js_get_text(j, "cmdline");
	boot = js_get_text(j, "boot_id");
	if (!image || !cmdline || (boot && w->facts->boot_id && strcmp(boot, w->facts->boot_id) != 0))
		return;
	w->loaded_image = xstrdup(image);
	w->loaded_cmdline = xstrdup(cmdline);
}

static void read_switches(const struct root *root, struct world *w)
{
	auto_buf struct buf before = { 0 };
	const char *const *names;
	char *rest, *line;
	size_t n;

	for (size_t i = 0; i < DROPINS; i++)
		w->dropin_there[i] = root_read(root, dropin_path(i), SMALL_MAX, &w->dropins[i], NULL) == 0;
	if (!root->host)
		return;
	names = sysctl_names(&n);
	for (size_t i = 0; i < n; i++) {
		auto_free char *path = sysctl_path(names[i]);
		auto_free char *now = root_read_line(root, path);

		if (now)
			strv_addf(&w->sysctls, "%s=%.*s", names[i], (int)strcspn(now, " \t"), now);
	}
	if (root_read(root, SYSCTLS_PATH, SMALL_MAX, &before, NULL) == 0)
		for (rest = before.data; (line = strsep(&rest, "\n"));)
			if (*line)
				strv_add(&w->sysctls_before, line);
}

static int read_boot(const struct root *root, struct world *w, struct err *e)
{
	struct err why = { 0 };
	int r;

	w->editor = boot_detect(root);
	r = w->editor->load(root, &w->boot, &why);
	if (r == -EACCES) {
		w->blind = true;
		w->editor = &boot_none;
		r = w->editor->load(root, &w->boot, &why);
	}
	if (r < 0)
		return err_set(e, -r, "boot loader '%s': %s", w->editor->name, why.text);
	/* What holds the value where no editor does is not ours to see; that it came is. */
	w->boot_value = w->editor != &boot_none ? w->editor->get_default(w->boot, "crashkernel") :
		w->facts->cmdline ? crashkernel_in_force(w->facts->cmdline) : NULL;
	return 0;
}

int world_read(const struct root *root, const struct settings *want, const struct world_options *o,
	       struct world **ret, struct err *e)
{
	auto_world struct world *w = xcalloc(1, sizeof(*w));
	int r;

	r = facts_read(root, &w->facts, e);
	if (r < 0)
		return r;
	r = read_boot(root, w, e);
	if (r < 0)
		return r;
	read_image(root, want, o, w);
	read_units(root, w);
	read_peer(root, w);
	read_taken(root, w);
	read_loaded(root, w);
	read_switches(root, w);
	*ret = take_ptr(w);
	return 0;
}
