/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include <errno.h>
#include <string.h>

/*
 * Images by dracut, for disks that something has to bring up: a session, a fabric, a channel path.  dracut's
 * archive holds what it knows of that, by its own modules and one of ours (initramfs/dracut); over it lies
 * the same tree that an image of our own is, so that PID 1, recipe, deadlines and ending are the same.
 */

#define MODULES "/usr/lib/dracut/modules.d"
#define OUR_MODULE MODULES "/99crashcfg"
/* What dracut's init takes as the kernel's command line, beside that. */
#define WORDS_PATH "/etc/cmdline.d/95-crashcfg.conf"
/* Half a second each, until dracut tries for the last time and gives up; capture-init's patience ends later.
 */
#define RETRIES 40
#define LOGIN_TRIES 3
/* dracut's archive, unpacked: 28 MB for iSCSI, measured with 059. */
#define ARCHIVE_BYTES (32u << 20)

static const char *const programs[] = { "/usr/bin/dracut", "/usr/sbin/dracut", "/sbin/dracut" };

/* What each kind needs on this host, and where it stands in dracut's archive when it is whole. */
static const struct {
	const char *modules;	/* dracut's names */
	const char *folders[3]; /* theirs */
	const char *program[2]; /* one of them */
	const char *package;	/* that has the program */
	const char *sign;
	bool by_words; /* we tell it what to bring up; else it finds that out itself */
} kinds[REMOTE_DISKS] = {
	[REMOTE_ISCSI] = { "iscsi network-legacy",
			   { "95iscsi", "35network-legacy", "40network" },
			   { "/usr/sbin/iscsid", "/sbin/iscsid" },
			   "open-iscsi (iscsi-initiator-utils)",
			   "sbin/iscsiroot",
			   true },
	[REMOTE_FCOE] = { "fcoe network-legacy",
			  { "95fcoe", "35network-legacy", "40network" },
			  { "/usr/sbin/fcoemon", "/sbin/fcoemon" },
			  "fcoe-utils",
			  "sbin/fcoe-up",
			  false },
	[REMOTE_NVME] = { "nvmf network-legacy",
			  { "95nvmf", "35network-legacy", "40network" },
			  { "/usr/sbin/nvme", "/sbin/nvme" },
			  "nvme-cli",
			  "sbin/nvmf-autoconnect.sh",
			  false },
	[REMOTE_DASD] = { "dasd dasd_mod dasd_rules",
			  { "95dasd", "95dasd_mod", "95dasd_rules" },
			  { "/usr/sbin/chccwdev", "/sbin/chccwdev" },
			  "s390-tools",
			  "hooks/cmdline/30-parse-dasd.sh",
			  false },
	[REMOTE_ZFCP] = { "zfcp zfcp_rules",
			  { "95zfcp", "95zfcp_rules" },
			  { "/usr/sbin/chccwdev", "/sbin/chccwdev" },
			  "s390-tools",
			  "hooks/cmdline/30-parse-zfcp.sh",
			  false },
};

void dracut_job_free(struct dracut_job *job)
{
	if (!job)
		return;
	free(job->program);
	free(job->release);
	strv_done(&job->devices);
	strv_done(&job->drivers);
	free(job);
}

/* --- is it wanted? ------------------------------------------------------------------------------ */

int dracut_choose(const struct settings *s, const struct storage *storage, size_t n, struct dracut_job **ret,
		  struct strv *notes, struct err *e)
{
	AUTO(own_dracut_job) struct dracut_job *job = xcalloc(1, sizeof(*job));
	bool wanted = s->builder == BUILDER_DRACUT;

	for (size_t i = 0; i < n; i++) {
		const struct storage *at = &storage[i];

		if (!at->remote)
			continue;
		if (s->builder == BUILDER_NATIVE)
			return err_set(
				e, ENOTSUP,
				"target '%s' lies on %s, which the native builder does not bring up: write "
				"CAPTURE_BUILDER = 'auto', or name another target",
				at->target.url, at->remote_what);
		wanted = true;
		job->remote[at->remote] = true;
		if (!kinds[at->remote].by_words)
			strv_add_once(&job->devices, at->target.device);
		strv_addf(notes, "the image is made by dracut: '%s' lies on %s", at->target.url,
			  at->remote_what);
		for (size_t k = 0; k < at->n_sessions; k++)
			if (at->sessions[k].chap)
				strv_addf(
					notes,
					"the CHAP secret of '%s' is no part of the image: it goes behind it "
					"when that is loaded",
					at->sessions[k].target);
	}
	if (wanted && s->builder == BUILDER_DRACUT && !notes->n)
		strv_add(notes, "the image is made by dracut, as CAPTURE_BUILDER says");
	*ret = wanted ? take_ptr(job) : NULL;
	return 0;
}

/* --- is all there that it needs? ----------------------------------------------------------------- */

static int need(const struct root *root, const char *const *paths, size_t n, const char *package,
		const char **ret, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (paths[i] && root_exists(root, paths[i])) {
			*ret = paths[i];
			return 0;
		}
	return err_set(
		e, ENOENT,
		"an image for this storage is made by dracut, which needs '%s': install the package %s",
		paths[0], package);
}

static int need_folder(const struct root *root, const char *folder, struct err *e)
{
	auto_free char *path = xasprintf(MODULES "/%s/module-setup.sh", folder);
	const char *const paths[] = { path };
	const char *found = NULL;

	return need(root, paths, 1,
		    strncmp(folder, "95dasd", 6) == 0 || strncmp(folder, "95zfcp", 6) == 0
			    ? "dracut"
			    : "dracut-network",
		    &found, e);
}

static int need_kind(const struct root *root, enum remote_disk kind, struct err *e)
{
	/* dracut's network-legacy is left out of the image, silently and with all that needs it, without
	 * these. */
	static const char *const dhclient[] = { "/usr/sbin/dhclient", "/sbin/dhclient" };
	static const char *const arping[] = { "/usr/bin/arping", "/usr/sbin/arping", "/usr/sbin/arping2" };
	const char *found = NULL;
	int r = need(root, kinds[kind].program, ARRAY_SIZE(kinds[kind].program), kinds[kind].package, &found,
		     e);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds[kind].folders) && kinds[kind].folders[i]; i++)
		r = need_folder(root, kinds[kind].folders[i], e);
	if (r < 0 || !strstr(kinds[kind].modules, "network"))
		return r;
	r = need(root, dhclient, ARRAY_SIZE(dhclient), "isc-dhcp-client (dhcp-client)", &found, e);
	return r < 0 ? r : need(root, arping, ARRAY_SIZE(arping), "iputils-arping (iputils)", &found, e);
}

int dracut_need(const struct root *root, struct dracut_job *job, struct err *e)
{
	const char *const ours[] = { OUR_MODULE "/module-setup.sh" };
	const char *found = NULL;
	int r = need(root, programs, ARRAY_SIZE(programs), "dracut (dracut-core)", &found, e);

	if (r == 0) {
		free(job->program);
		job->program = xstrdup(found);
		r = need(root, ours, 1, "crashcfg (make install)", &found, e);
	}
	for (int kind = REMOTE_NONE + 1; r == 0 && kind < REMOTE_DISKS; kind++)
		if (job->remote[kind])
			r = need_kind(root, (enum remote_disk)kind, e);
	return r;
}

int image_builder(const struct root *root, const struct settings *s, const struct storage *storage,
		  bool *ret_dracut, struct strv *notes, struct err *e)
{
	AUTO(own_dracut_job) struct dracut_job *job = NULL;
	int r = dracut_choose(s, storage, 1, &job, notes, e);

	if (r == 0 && job)
		r = dracut_need(root, job, e);
	*ret_dracut = job != NULL;
	return r;
}

/* --- what it is told ------------------------------------------------------------------------------ */

/* Names, addresses and numbers of sessions were looked at when they were read: no blank is in them. */
static void session_words(const struct iscsi_session *s, struct buf *to)
{
	const char *open = strchr(s->address, ':') ? "[" : "", *close = *open ? "]" : "";
	auto_free char *initiator = xasprintf("rd.iscsi.initiator=%s\n", s->initiator);
	auto_free char *root =
		xasprintf("netroot=iscsi:%s%s%s::%u::%s\n", open, s->address, close, s->port, s->target);

	if (!strstr(buf_text(to), initiator))
		buf_adds(to, initiator);
	if (!strstr(buf_text(to), root))
		buf_adds(to, root);
}

/* dracut's own network is not asked for: the way to the disk is in the recipe, and up before. */
void dracut_words(const struct storage *storage, size_t n, struct buf *to)
{
	buf_addf(to, "rd.shell=0\nrd.retry=%d\n", RETRIES);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < storage[i].n_sessions; k++)
			session_words(&storage[i].sessions[k], to);
	if (strstr(buf_text(to), "netroot="))
		buf_addf(to, "rd.neednet=0\nrd.iscsi.login_retry_max=%d\n", LOGIN_TRIES);
}

void dracut_argv(const struct dracut_job *job, const char *folder, struct strv *argv)
{
	/* Nothing of this host's own settings for dracut, nor of what its own root needs. */
	static const char *const fixed[] = {
		"--quiet",
		"--force",
		"--hostonly",
		"--hostonly-mode",
		"strict",
		"--no-hostonly-default-device",
		"--no-hostonly-i18n",
		"--nofscks",
		"--nolvmconf",
		"--nomdadmconf",
		"--nostrip",
		"--nohardlink",
		"--no-early-microcode",
		"--no-compress",
		"--reproducible",
	};
	auto_buf struct buf modules = { 0 }, drivers = { 0 };
	bool by_words = true;

	buf_adds(&modules, "crashcfg");
	for (int kind = REMOTE_NONE + 1; kind < REMOTE_DISKS; kind++)
		if (job->remote[kind]) {
			by_words = by_words && kinds[kind].by_words;
			buf_addf(&modules, " %s", kinds[kind].modules);
		}
	for (size_t i = 0; i < job->drivers.n; i++)
		buf_addf(&drivers, "%s%s", i ? " " : "", job->drivers.v[i]);
	strv_add(argv, job->program);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		strv_add(argv, fixed[i]);
	strv_add(argv, by_words ? "--no-hostonly-cmdline" : "--hostonly-cmdline");
	if (by_words) { /* adapters are the recipe's */
		strv_add(argv, "--hostonly-nics");
		strv_add(argv, "lo");
	}
	strv_add(argv, "--conf");
	strv_addf(argv, "%s/conf", folder);
	strv_add(argv, "--confdir");
	strv_addf(argv, "%s/conf.d", folder);
	strv_add(argv, "--tmpdir");
	strv_add(argv, folder);
	/* Those alone; and by name, since most take themselves out on a host that does not boot from such a
	 * disk. */
	strv_add(argv, "--modules");
	strv_add(argv, buf_text(&modules));
	strv_add(argv, "--add");
	strv_add(argv, buf_text(&modules));
	if (drivers.len) {
		strv_add(argv, "--add-drivers");
		strv_add(argv, buf_text(&drivers));
	}
	for (size_t i = 0; i < job->devices.n; i++) {
		strv_add(argv, "--add-device");
		strv_add(argv, job->devices.v[i]);
	}
	strv_add(argv, "--kver");
	strv_add(argv, job->release);
	strv_addf(argv, "%s/archive", folder);
}

bool dracut_sign(const struct dracut_job *job, enum remote_disk kind, const char **ret)
{
	*ret = kinds[kind].sign;
	return job->remote[kind];
}

/* --- its place in the plan of an image -------------------------------------------------------------- */

/* dracut and the modules that this image is made by; what they take from the system is in the image's head.
 */
int dracut_inputs(struct image_files *f, const struct dracut_job *job, struct image_plan *plan,
		  struct err *e)
{
	static const char *const base[] = { "99base", "95udev-rules", "95rootfs-block", "99fs-lib",
					    "99crashcfg" };
	auto_strv struct strv paths = { 0 };

	strv_add(&paths, job->program);
	strv_add(&paths, "/usr/lib/dracut/dracut-init.sh");
	strv_add(&paths, "/usr/lib/dracut/dracut-functions.sh");
	for (int kind = REMOTE_NONE + 1; kind < REMOTE_DISKS; kind++)
		for (size_t i = 0; job->remote[kind] && i < ARRAY_SIZE(kinds[kind].folders); i++)
			if (kinds[kind].folders[i])
				strv_addf(&paths, MODULES "/%s", kinds[kind].folders[i]);
	for (size_t i = 0; i < ARRAY_SIZE(base); i++)
		strv_addf(&paths, MODULES "/%s", base[i]);
	for (size_t i = 0; i < paths.n; i++) {
		auto_strv struct strv names = { 0 };

		if (root_list(f->root, paths.v[i], &names) < 0)
			strv_add(&names, "");
		for (size_t k = 0; k < names.n; k++) {
			auto_free char *path =
				xasprintf("%s%s%s", paths.v[i], *names.v[k] ? "/" : "", names.v[k]);
			auto_close int fd = image_files_open_source(f, FROM_ROOT, path, e);
			char hash[HASH_TEXT_MAX];
			struct file_stamp stamp;

			if (fd < 0 && fd != -EINVAL) /* a folder in there is none that dracut reads */
				return fd;
			if (fd < 0)
				continue;
			if (hashes_file(f->hashes, fd, hash, &stamp) < 0)
				return err_set(e, EIO, "'%s' cannot be read", path);
			image_plan_input(plan, path, hash);
		}
	}
	return 0;
}

int dracut_plan(struct image_files *f, const struct image_spec *spec, const struct storage *storage,
		size_t n, struct dracut_job *job, struct image_plan *plan, struct err *e)
{
	auto_buf struct buf words = { 0 };
	int r;

	if (!spec->root->host || spec->kernel_root)
		return err_set(e, ENOTSUP,
			       "dracut makes images of the running system alone; build it there");
	r = dracut_need(spec->root, job, e);
	if (r == 0)
		r = dracut_inputs(f, job, plan, e);
	if (r < 0)
		return r;
	job->release = xstrdup(spec->kernel->release);
	for (size_t i = 0; i < plan->recipe->n_modules; i++)
		strv_add(&job->drivers, plan->recipe->modules[i].name);
	dracut_words(storage, n, &words);
	image_plan_text_input(plan, WORDS_PATH, words.data, words.len);
	image_files_folder(f, "/etc/cmdline.d", 0755);
	image_files_text(f, WORDS_PATH, 0600, buf_text(&words));
	plan->unpacked += ARCHIVE_BYTES;
	return 0;
}
