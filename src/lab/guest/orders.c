/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init.h"
#include "file.h"
#include "num.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LVM_ID 32	/* letters of an id, without the dashes that are put between them */

static pid_t program_start(const struct strv *argv)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C", home[] = "HOME=/";
	/* No udev runs here: libdevmapper makes the nodes itself. */
	static char udev[] = "DM_DISABLE_UDEV=1";
	char *const env[] = { path, locale, home, udev, NULL };
	pid_t pid = fork();

	if (pid == 0) {
		execvpe(argv->v[0], argv->v, env);
		tell("note", "cannot run '%s': %s", argv->v[0], strerror(errno));
		_exit(127);
	}
	return pid;
}

int program_run(const struct strv *argv, struct err *e)
{
	int status = 0;
	pid_t pid;

	if (argv->n == 0)
		return err_set(e, EINVAL, "'%s' names no program", GUEST_PLAN);
	pid = program_start(argv);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return err_set(e, errno, "cannot run '%s': %s", argv->v[0], strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, EIO, "'%s %s' ended by %s %d", argv->v[0], argv->n > 1 ? argv->v[1] : "",
		       WIFSIGNALED(status) ? "signal" : "exit code",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* --- lvm-ids ---------------------------------------------------------------------------------- */

/* "0123456789..." of 32 letters as lvm writes it: "012345-6789-...", in parts of 6, 4, 4, 4, 4, 4 and 6. */
static void add_id(struct buf *to, const char *id)
{
	static const unsigned parts[] = { 6, 4, 4, 4, 4, 4, 6 };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		buf_addf(to, "%s%.*s", i ? "-" : "", (int)parts[i], id);
		id += parts[i];
	}
}

/* Replace the value of the first "id = ..." behind FROM, which stands behind SECTION. */
static int replace_id(struct buf *text, const char *section, const char *from, const char *id, struct err *e)
{
	char *part = text->data ? strstr(text->data, section) : NULL;
	char *at = part ? strstr(part, from) : NULL, *start = at ? strstr(at, "id = \"") : NULL;
	char *end = start ? strchr(start + 6, '"') : NULL;
	auto_buf struct buf out = { 0 };

	if (!end || strlen(id) != LVM_ID)
		return err_set(e, EINVAL, "lvm's metadata has no id behind '%s'", from);
	buf_add(&out, text->data, (size_t)(start + 6 - text->data));
	add_id(&out, id);
	buf_adds(&out, end);
	buf_done(text);
	*text = out;
	out = (struct buf){ 0 };
	return 0;
}

/* lvm makes ids by itself and takes none; what it restores from a backup bears those that stand there. */
static int lvm_ids(const struct strv *argv, struct err *e)
{
	auto_buf struct buf text = { 0 };
	auto_free char *volume = NULL;
	auto_close int fd = -1;
	int r;

	if (argv->n != 5)
		return err_set(e, EINVAL, "'%s' wants four arguments", GUEST_LVM_IDS);
	get(argv->v[1], &text);
	volume = xasprintf("\t\t%s {", argv->v[3]);
	r = replace_id(&text, "creation_time", "{", argv->v[2], e);
	if (r == 0)
		r = replace_id(&text, "logical_volumes {", volume, argv->v[4], e);
	if (r < 0)
		return r;
	buf_addc(&text, '\n');
	fd = open(argv->v[1], O_WRONLY | O_TRUNC | O_CLOEXEC);
	r = fd < 0 ? -errno : fd_write_all(fd, text.data, text.len);
	return r < 0 ? err_set(e, -r, "cannot write '%s': %s", argv->v[1], strerror(-r)) : 0;
}

static int make_folder(const struct strv *argv, struct err *e)
{
	auto_free char *path = argv->n == 2 ? xasprintf("%s/", argv->v[1]) : xstrdup("");

	for (char *p = path; *p; p++) {
		if (*p != '/' || p == path)
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_set(e, errno, "cannot make '%s': %s", path, strerror(errno));
		*p = '/';
	}
	return 0;
}

/* --- in order ----------------------------------------------------------------------------------- */

/* The order's words with disks in the place of "@N". */
static int fill_in(const struct order *o, const struct strv *disks, struct strv *ret, struct err *e)
{
	for (size_t i = 0; i < o->argv.n; i++) {
		const char *word = o->argv.v[i];
		uint64_t n;

		if (word[0] != '@' || word[1] == '@') {
			strv_add(ret, word + (word[0] == '@'));
			continue;
		}
		if (num_parse(word + 1, 1000, &n) < 0 || n >= disks->n)
			return err_set(e, EINVAL, "'%s': '%s' is none of %zu disks", o->argv.v[0], word,
				       disks->n);
		strv_add(ret, disks->v[n]);
	}
	return 0;
}

static int order_run(const struct order *o, const struct strv *disks, struct err *e)
{
	auto_strv struct strv argv = { 0 };
	int r = fill_in(o, disks, &argv, e);

	if (r < 0)
		return r;
	if (!argv.n)
		return err_set(e, EINVAL, "'%s': an order without a word", GUEST_PLAN);
	if (o->stays)
		return program_start(&argv) < 0 ? err_set(e, errno, "cannot run '%s'", argv.v[0]) : 0;
	if (strcmp(argv.v[0], GUEST_FOLDER) == 0)
		return make_folder(&argv, e);
	return strcmp(argv.v[0], GUEST_LVM_IDS) == 0 ? lvm_ids(&argv, e) : program_run(&argv, e);
}

int orders_run(const struct plan *p, struct err *e)
{
	auto_strv struct strv disks = { 0 };
	uint64_t n = 0;
	int r = 0;

	if (*p->disks && num_parse(p->disks, 1000, &n) < 0)
		return err_set(e, EINVAL, "'%s': disks %s", GUEST_PLAN, p->disks);
	if (n)
		r = disks_find((unsigned)n, &disks, e);
	for (size_t i = 0; r == 0 && i < p->n_orders; i++)
		r = order_run(&p->orders[i], &disks, e);
	return r;
}
