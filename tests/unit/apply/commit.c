/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever happens while files are changed, the tree is the old one or the new
 * one: each call that writes fails, or is the last one of the process, in turn.
 * Linked with --wrap for those calls; the Makefile's line is
 *	UNIT_WRAP_commit := $(foreach f,write fsync renameat linkat unlinkat symlinkat mkdirat fchmod
 *fsetxattr \ image_build capture_load capture_unload,-Wl,--wrap=$(f))
 */
#include "apply.h"
#include "file.h"
#include "hash.h"
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <cmocka.h>

/* --- the faults ------------------------------------------------------------------------------- */

enum fault_mode { FAULT_NONE, FAULT_FAILS, FAULT_DIES_BEFORE, FAULT_DIES_AFTER };
#define DIED 99

static enum fault_mode mode;
static unsigned fault_at, calls;
static int fault_code;

/* Does this call fail?  In a mode of death it does not return when its turn has come. */
static bool turn(void)
{
	if (mode == FAULT_NONE || ++calls != fault_at)
		return false;
	if (mode == FAULT_DIES_BEFORE)
		_exit(DIED);
	if (mode == FAULT_FAILS)
		errno = fault_code;
	return mode == FAULT_FAILS;
}

static void after(void)
{
	if (mode == FAULT_DIES_AFTER && calls == fault_at)
		_exit(DIED);
}

#define WRAP(type, name, args, pass)			\
	type __real_##name args;			\
	type __wrap_##name args;			\
	type __wrap_##name args				\
	{						\
		type r;					\
							\
		if (turn())				\
			return -1;			\
		r = __real_##name pass;			\
		after();				\
		return r;				\
	}

WRAP(int, fsync, (int fd), (fd))
WRAP(int, renameat, (int d1, const char *a, int d2, const char *b), (d1, a, d2, b))
WRAP(int, linkat, (int d1, const char *a, int d2, const char *b, int f), (d1, a, d2, b, f))
WRAP(int, unlinkat, (int d, const char *a, int f), (d, a, f))
WRAP(int, symlinkat, (const char *t, int d, const char *a), (t, d, a))
WRAP(int, mkdirat, (int d, const char *a, mode_t m), (d, a, m))
WRAP(int, fchmod, (int fd, mode_t m), (fd, m))
WRAP(int, fsetxattr, (int fd, const char *n, const void *v, size_t s, int f), (fd, n, v, s, f))

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
/* A write that dies has written a part. */
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	ssize_t n;

	if (turn())
		return -1;
	n = __real_write(fd, data, len > 7 ? len / 2 : len);
	after();
	return n;
}

int __wrap_image_build(const struct image_spec *spec, const struct image_plan *plan, struct buf *ret,
		       struct err *e);
int __wrap_image_build(const struct image_spec *spec, const struct image_plan *plan, struct buf *ret,
		       struct err *e)
{
	(void)spec, (void)plan, (void)e;
	buf_adds(ret, "the new image");
	return 0;
}

int __wrap_capture_load(const struct root *root, const struct load_request *q, struct err *e);
int __wrap_capture_load(const struct root *root, const struct load_request *q, struct err *e)
{
	(void)root, (void)q;
	return err_set(e, EPERM, "no kernel is loaded in a test");
}

int __wrap_capture_unload(const struct root *root, struct err *e);
int __wrap_capture_unload(const struct root *root, struct err *e)
{
	(void)root;
	return err_set(e, EPERM, "no kernel is unloaded in a test");
}

/* --- the tree --------------------------------------------------------------------------------- */

static char top[64];
static struct root tree;

static void put(const char *path, const char *text, mode_t how)
{
	auto_free char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	auto_close int fd = -1;

	assert_int_equal(root_mkdirs(&tree, *dir ? dir : "/", 0755), 0);
	fd = root_openat(&tree, path, O_WRONLY | O_CREAT | O_TRUNC, how);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, how), 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void put_link(const char *path, const char *target)
{
	const char *name;
	auto_close int dir = root_open_parent(&tree, path, &name);

	assert_true(dir >= 0);
	assert_int_equal(symlinkat(target, dir, name), 0);
}

static void wipe(const char *path)
{
	auto_strv struct strv names = { 0 };
	const char *name;

	if (root_list(&tree, path, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *below =
			xasprintf("%s/%s", strcmp(path, "/") == 0 ? "" : path, names.v[i]);
		auto_close int dir = root_open_parent(&tree, below, &name);

		if (unlinkat(dir, name, 0) == 0)
			continue;
		wipe(below);
		assert_int_equal(unlinkat(dir, name, AT_REMOVEDIR), 0);
	}
}

static const char image_path[] = IMAGE_DIR "/6.1/" IMAGE_NAME;

static void make_old_tree(void)
{
	wipe("/");
	put("/etc/kernel/cmdline", "root=/dev/vda1 quiet\n", 0640);
	put("/boot/loader/entries/a.conf", "title A\noptions root=/dev/vda1\n", 0600);
	put("/etc/systemd/system/multi-user.target.wants/other.service", "x", 0644);
	put("/etc/obsolete", "to be deleted\n", 0604);
	put_link("/etc/systemd/system/multi-user.target.wants/kdump.service",
		 "/usr/lib/systemd/system/kdump.service");
	put(IMAGE_DIR "/5.10/" IMAGE_NAME, "the image of a kernel that is gone", 0600);
	assert_int_equal(mkdirat(tree.fd, "usr", 0755), 0);
	{
		auto_close int fd = root_openat(&tree, "/etc/kernel/cmdline", O_RDONLY, 0);

		/* Where the file system has no such attributes there is nothing to keep. */
		if (fsetxattr(fd, "user.label", "kept", 4, 0) < 0)
			assert_int_equal(errno, ENOTSUP);
	}
}

/* Everything but times: names, types, owners, modes, attributes, content. */
static void list(const char *path, struct buf *to)
{
	auto_strv struct strv names = { 0 };

	assert_int_equal(root_list(&tree, path, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *below =
			xasprintf("%s/%s", strcmp(path, "/") == 0 ? "" : path, names.v[i]);
		auto_free char *target = NULL;
		auto_buf struct buf text = { 0 };
		char label[16] = "";
		struct stat st;

		assert_int_equal(root_lstat(&tree, below, &st), 0);
		buf_addf(to, "%s %o %u", below, st.st_mode, st.st_uid);
		if (S_ISLNK(st.st_mode)) {
			assert_int_equal(root_readlink(&tree, below, &target), 0);
			buf_addf(to, " -> %s\n", target);
		} else if (S_ISDIR(st.st_mode)) {
			buf_addc(to, '\n');
			list(below, to);
		} else {
			auto_close int fd = root_openat(&tree, below, O_RDONLY, 0);

			assert_int_equal(root_read(&tree, below, 1 << 20, &text, NULL), 0);
			if (fgetxattr(fd, "user.label", label, sizeof(label) - 1) < 0)
				*label = '\0';
			buf_addf(to, " nlink %lu %s '%s'\n", (unsigned long)st.st_nlink, label,
				 buf_text(&text));
		}
	}
}

/* --- the plan --------------------------------------------------------------------------------- */

static struct step *add(struct plan *p, enum step_kind kind, const char *path)
{
	struct step *s = vec_push(&p->steps, &p->n_steps);

	s->kind = kind;
	s->path = path ? xstrdup(path) : NULL;
	s->why = xstrdup("");
	return s;
}

static void add_edit(struct plan *p, const char *path, const char *old, const char *text, bool link)
{
	auto_edits struct edit_list list_of_one = { 0 };
	auto_buf struct buf a = { 0 }, b = { 0 };

	buf_adds(&a, old ? old : "");
	buf_adds(&b, text ? text : "");
	if (link)
		edit_add_link(&list_of_one, path, old, text, "");
	else
		edit_add(&list_of_one, path, old ? &a : NULL, text ? &b : NULL, 0644, "");
	edit_copy(&add(p, STEP_EDIT, path)->edit, &list_of_one.v[0]);
}

static struct plan *make_plan(void)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	p->crashkernel = xstrdup("256M");
	add(p, STEP_IMAGE, image_path);
	add_edit(p, "/etc/kernel/cmdline", "root=/dev/vda1 quiet\n",
		 "root=/dev/vda1 quiet crashkernel=256M\n", false);
	add_edit(p, "/boot/loader/entries/a.conf", "title A\noptions root=/dev/vda1\n",
		 "title A\noptions root=/dev/vda1 crashkernel=256M\n", false);
	add_edit(p, "/etc/default/grub.d/crashcfg.cfg", NULL, "GRUB_CMDLINE_LINUX=x\n", false);
	add_edit(p, "/etc/obsolete", "to be deleted\n", NULL, false);
	add_edit(p, "/etc/systemd/system/multi-user.target.wants/kdump.service",
		 "/usr/lib/systemd/system/kdump.service", NULL, true);
	add_edit(p, "/etc/systemd/system/multi-user.target.wants/crashcfg.service", NULL,
		 "/usr/lib/systemd/system/crashcfg.service", true);
	add(p, STEP_DELETE, IMAGE_DIR "/5.10/" IMAGE_NAME);
	return p;
}

static int run_plan(struct plan *p, struct err *e)
{
	auto_report struct apply_report report = { 0 };
	struct image_plan image = { 0 };
	struct image_spec spec = { .root = &tree };

	return plan_apply(&tree, p, &spec, &image, &report, e);
}

/* In a process of its own: 0, 1 or DIED. */
static int in_child(int (*fn)(void), enum fault_mode how, unsigned at, int code)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int r;

		mode = how;
		fault_at = at;
		fault_code = code;
		calls = 0;
		r = fn();
		/* Beyond the last call: the loops end. */
		_exit(r < 0 ? 1 : how != FAULT_NONE && calls < at ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int apply_once(void)
{
	auto_plan struct plan *p = make_plan();
	struct err e = { 0 };

	return run_plan(p, &e);
}

static int recover_once(void)
{
	return apply_recover(&tree, NULL);
}

static void make_trees(struct buf *old, struct buf *new)
{
	make_old_tree();
	list("/", old);
	assert_int_equal(in_child(apply_once, FAULT_NONE, 0, 0), 0);
	list("/", new);
	assert_false(buf_equal(old, new));
}

static bool is_tree(const struct buf *wanted)
{
	auto_buf struct buf now = { 0 };

	list("/", &now);
	return buf_equal(&now, wanted);
}

static void assert_tree(const struct buf *a, const struct buf *b, unsigned n, unsigned m)
{
	auto_buf struct buf now = { 0 };

	list("/", &now);
	if (!buf_equal(&now, a) && !(b && buf_equal(&now, b))) {
		print_error("call %u, then %u: neither tree\n%s", n, m, buf_text(&now));
		fail();
	}
}

/* --- the tests -------------------------------------------------------------------------------- */

static void it_makes_the_tree_that_was_planned(void **state)
{
	static const char *const wanted[] = {
		"/boot/loader/entries/a.conf 100600 0 nlink 1  'title A\noptions root=/dev/vda1 "
		"crashkernel=256M\n'\n",
		"/etc/default/grub.d/crashcfg.cfg 100644 0 nlink 1  'GRUB_CMDLINE_LINUX=x\n'\n",
		"wants/crashcfg.service 120777 0 -> /usr/lib/systemd/system/crashcfg.service\n",
		IMAGE_DIR "/6.1/capture.img 100600 0 nlink 1  'the new image'\n",
		"'" IMAGE_DIR "/6.1\n/etc/default\n/etc/default/grub.d\n'",
		IMAGE_DIR "/6.1 40700 0\n",
	};
	auto_buf struct buf old = { 0 }, new = { 0 };

	(void)state;
	make_trees(&old, &new);
	if (geteuid() == 0)
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
			if (!strstr(new.data, wanted[i])) {
				print_error("missing '%s' in\n%s", wanted[i], new.data);
				fail();
			}
	assert_null(strstr(new.data, "obsolete"));
	assert_null(strstr(new.data, "kdump.service"));
	assert_null(strstr(new.data, "5.10"));
	assert_null(strstr(new.data, ".crashcfg-"));
	assert_null(strstr(new.data, "journal"));
	if (strstr(old.data, "kept"))
		assert_non_null(strstr(new.data, "/etc/kernel/cmdline 100640 0 nlink 1 kept "
						 "'root=/dev/vda1 quiet crashkernel=256M"));
}

static void a_call_that_fails_leaves_the_old_tree_or_the_new_one(void **state)
{
	static const int codes[] = { EIO, ENOSPC, EROFS };
	auto_buf struct buf old = { 0 }, new = { 0 };

	(void)state;
	make_trees(&old, &new);
	for (size_t c = 0; c < ARRAY_SIZE(codes); c++) {
		int result = 1;

		for (unsigned n = 1; result != 2; n += c ? 5 : 1) {
			assert_true(n < 2000);
			make_old_tree();
			result = in_child(apply_once, FAULT_FAILS, n, codes[c]);
			assert_int_not_equal(result, DIED);
			if (result == 0 || result == 2)
				assert_tree(&new, NULL, n, 0);
			/* A failed rename or flush was undone at once; a failed tidying up is left to
			 * the next run. */
			assert_true(recover_once() >= 0);
			assert_tree(&old, &new, n, 0);
		}
	}
}

static void death_at_any_call_is_put_in_order_by_the_next_run(void **state)
{
	static const enum fault_mode modes[] = { FAULT_DIES_BEFORE, FAULT_DIES_AFTER };
	auto_buf struct buf old = { 0 }, new = { 0 };
	unsigned olds = 0, news = 0;

	(void)state;
	make_trees(&old, &new);
	for (size_t k = 0; k < ARRAY_SIZE(modes); k++) {
		int result = DIED;

		for (unsigned n = 1; result == DIED; n++) {
			struct stat st;

			make_old_tree();
			result = in_child(apply_once, modes[k], n, 0);
			/* What points to the image is never there before it. */
			if (root_lstat(&tree,
				       "/etc/systemd/system/multi-user.target.wants/crashcfg.service",
				       &st) == 0)
				assert_int_equal(root_lstat(&tree, image_path, &st), 0);
			assert_true(recover_once() >= 0);
			assert_tree(&old, &new, n, 0);
			olds += is_tree(&old);
			news += is_tree(&new);
			/* And that is all: recovering twice is recovering once. */
			assert_true(recover_once() >= 0);
			assert_tree(&old, &new, n, 0);
		}
	}
	assert_true(olds > 50);
	assert_true(news > 10);
}

static void death_of_the_recovery_too_is_put_in_order(void **state)
{
	auto_buf struct buf old = { 0 }, new = { 0 };
	int result = DIED;

	(void)state;
	make_trees(&old, &new);
	for (unsigned n = 1; result == DIED; n += 7) {
		int again = DIED;

		for (unsigned m = 1 + n % 3; again == DIED; m += 3) {
			make_old_tree();
			result = in_child(apply_once, FAULT_DIES_BEFORE, n, 0);
			again = in_child(recover_once, m % 2 ? FAULT_DIES_BEFORE : FAULT_DIES_AFTER, m,
					 0);
			assert_true(recover_once() >= 0);
			assert_tree(&old, &new, n, m);
		}
	}
}

static void a_file_that_changed_since_the_plan_is_left_alone(void **state)
{
	static const struct {
		const char *path, *text;
	} rows[] = {
		{ "/etc/kernel/cmdline", "somebody else's\n" },
		{ "/etc/kernel/cmdline", "" },
		{ "/etc/obsolete", "not so obsolete\n" },
		{ "/etc/default/grub.d/crashcfg.cfg", "was not there before\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_plan struct plan *p = make_plan();
		auto_buf struct buf before = { 0 };
		struct err e = { 0 };

		make_old_tree();
		put(rows[i].path, rows[i].text, 0644);
		list("/", &before);
		assert_int_equal(run_plan(p, &e), -ESTALE);
		assert_non_null(strstr(e.text, rows[i].path));
		assert_true(is_tree(&before));
	}
}

static void what_is_no_regular_file_is_left_alone(void **state)
{
	auto_buf struct buf before = { 0 };
	auto_plan struct plan *p = make_plan();
	struct err e = { 0 };

	(void)state;
	make_old_tree();
	assert_int_equal(unlinkat(tree.fd, "etc/kernel/cmdline", 0), 0);
	put_link("/etc/kernel/cmdline", "../obsolete");
	list("/", &before);
	assert_int_equal(run_plan(p, &e), -ESTALE);
	assert_non_null(strstr(e.text, "/etc/kernel/cmdline' is not a regular file"));
	assert_true(is_tree(&before));
}

static void an_edit_made_after_the_interruption_survives(void **state)
{
	auto_buf struct buf text = { 0 };
	int result = DIED;

	(void)state;
	for (unsigned n = 1; result == DIED; n += 2) {
		make_old_tree();
		result = in_child(apply_once, FAULT_DIES_BEFORE, n, 0);
		put("/etc/kernel/cmdline", "an admin was quicker\n", 0640);
		assert_true(recover_once() >= 0);
		assert_int_equal(root_read(&tree, "/etc/kernel/cmdline", 4096, &text, NULL), 0);
		assert_string_equal(buf_text(&text), "an admin was quicker\n");
	}
}

static void a_damaged_journal_is_told_and_never_followed(void **state)
{
	static const char *const rows[] = {
		"",
		"{",
		"[]",
		"{\"schema\": 1}",
		"{\"schema\": 1, \"state\": \"renaming\", \"files\": [{\"path\": \"/../x\"}]}",
		"{\"schema\": 1, \"state\": \"renaming\", \"files\": [{\"path\": \"/etc/x\", \"had\": "
		"true, \"old\": \"12\", \"new\": \"\"}]}",
		"{\"schema\": 1, \"state\": \"running\", \"files\": [], \"command\": [\"rm\", "
		"\"-rf\"]}",
		"{\"schema\": 1, \"state\": \"staging\", \"files\": [], \"folders\": [\"relative\"]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf before = { 0 };
		struct err e = { 0 };

		make_old_tree();
		put(JOURNAL_PATH, rows[i], 0600);
		list("/", &before);
		assert_int_equal(apply_recover(&tree, &e), -EINVAL);
		assert_non_null(strstr(e.text, JOURNAL_PATH));
		assert_true(is_tree(&before));
	}
}

/* A generator that fails as long as the new command line stands: its runs are counted in a file. */
static void a_failed_generator_takes_the_edits_back_and_runs_again(void **state)
{
	auto_buf struct buf old = { 0 }, runs = { 0 };
	auto_free char *script = xasprintf("%s.sh", top), *log = xasprintf("%s.log", top);
	auto_plan struct plan *p = make_plan();
	struct boot_command *c = &add(p, STEP_RUN, NULL)->command;
	struct err e = { 0 };
	FILE *f;

	(void)state;
	make_old_tree();
	list("/", &old);
	f = fopen(script, "w");
	assert_non_null(f);
	fprintf(f,
		"#!/bin/sh\necho run >>%s\nif grep -q crashkernel %s/etc/kernel/cmdline; then echo no "
		"such disk >&2; exit 3; fi\n",
		log, top);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(script, 0755), 0);
	unlink(log);
	strv_add(&c->argv, script);
	c->why = xstrdup("");

	tree.host = true;	/* this one is run for real */
	assert_true(run_plan(p, &e) < 0);
	tree.host = false;
	assert_non_null(strstr(e.text, "no such disk"));
	assert_non_null(strstr(e.text, "the old files are back and it was run again"));
	assert_true(is_tree(&old));
	{
		auto_close int fd = open(log, O_RDONLY);

		assert_int_equal(fd_read_all(fd, 4096, &runs), 0);
		assert_string_equal(buf_text(&runs), "run\nrun\n");
	}
	unlink(script);
	unlink(log);
}

static void below_a_foreign_root_nothing_is_run(void **state)
{
	auto_plan struct plan *p = make_plan();
	auto_report struct apply_report report = { 0 };
	struct image_plan image = { 0 };
	struct image_spec spec = { .root = &tree };
	struct boot_command *c = &add(p, STEP_RUN, NULL)->command;
	struct step *load;

	(void)state;
	make_old_tree();
	strv_add(&c->argv, "/bin/false");
	c->why = xstrdup("");
	load = add(p, STEP_LOAD, image_path);
	load->kernel = xstrdup("/boot/vmlinuz");
	load->cmdline = xstrdup("");
	assert_int_equal(plan_apply(&tree, p, &spec, &image, &report, NULL), 0);
	assert_int_equal(report.deferred.n, 2);
	assert_int_equal(report.done.n, p->n_steps - 2);
	assert_int_equal(report.changed, p->n_steps - 2);
	assert_false(load->done);
}

/* What takes off again what make_plan() put there. */
static struct plan *make_removal(void)
{
	auto_plan struct plan *p = make_plan();
	struct plan *off = xcalloc(1, sizeof(*off));

	off->remove = true;
	off->crashkernel = xstrdup("");
	for (size_t i = 1; i < p->n_steps - 1; i++) {
		const struct edit *edit = &p->steps[i].edit;

		add_edit(off, edit->path, edit->keep ? buf_text(&edit->text) : NULL,
			 edit->had ? buf_text(&edit->old) : NULL, edit->link);
	}
	add(off, STEP_DELETE, image_path);
	add(off, STEP_DELETE, FOLDERS_PATH);
	return off;
}

static int remove_once(void)
{
	auto_plan struct plan *p = make_removal();
	struct err e = { 0 };

	return run_plan(p, &e);
}

static void remove_takes_off_the_folders_that_apply_made(void **state)
{
	auto_buf struct buf before = { 0 }, text = { 0 }, now = { 0 };
	char *mode_of_new;

	(void)state;
	make_old_tree();
	wipe("/var");
	assert_int_equal(unlinkat(tree.fd, "var", AT_REMOVEDIR), 0);
	list("/", &before);
	assert_int_equal(apply_once(), 0);
	assert_int_equal(root_read(&tree, FOLDERS_PATH, 4096, &text, NULL), 0);
	assert_non_null(strstr(buf_text(&text), "/var\n/var/lib\n/var/lib/crashcfg\n"));
	assert_int_equal(remove_once(), 0);
	list("/", &now);
	/* A file that was deleted and comes back has the mode of a new one. */
	mode_of_new = strstr(now.data, "/etc/obsolete 100644");
	assert_non_null(mode_of_new);
	memcpy(mode_of_new, "/etc/obsolete 100604", 20);
	assert_string_equal(now.data, before.data);
}

static void a_remove_that_dies_is_put_in_order_too(void **state)
{
	auto_buf struct buf armed = { 0 }, bare = { 0 };
	int result = DIED;

	(void)state;
	make_old_tree();
	assert_int_equal(apply_once(), 0);
	list("/", &armed);
	assert_int_equal(remove_once(), 0);
	list("/", &bare);
	for (unsigned n = 1; result == DIED; n++) {
		make_old_tree();
		assert_int_equal(apply_once(), 0);
		result = in_child(remove_once, n % 2 ? FAULT_DIES_BEFORE : FAULT_DIES_AFTER, n, 0);
		assert_true(recover_once() >= 0);
		/* Where even the journal was gone, an empty folder of ours may be left, which the next
		 * run takes along. */
		unlinkat(tree.fd, &IMAGE_DIR[1], AT_REMOVEDIR);
		assert_tree(&armed, &bare, n, 0);
	}
}

static void the_lock_is_held_once_and_names_its_holder(void **state)
{
	auto_close int mine = -1;
	auto_buf struct buf before = { 0 };
	struct err e = { 0 };
	int status;
	pid_t pid;

	(void)state;
	make_old_tree();
	list("/", &before);
	assert_int_equal(apply_lock(&tree, &mine, &e), 0);
	pid = fork();
	if (pid == 0) {
		auto_free char *me = xasprintf("process %d", (int)getppid());
		int fd;

		_exit(apply_lock(&tree, &fd, &e) == -EWOULDBLOCK && strstr(e.text, me) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(is_tree(&before));
}

static int make_top(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "%s/crashcfg-commit.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	return mkdtemp(top) && root_open(&tree, top, NULL) == 0 ? 0 : -1;
}

static int drop_top(void **state)
{
	(void)state;
	wipe("/");
	root_done(&tree);
	return rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_makes_the_tree_that_was_planned),
		cmocka_unit_test(a_call_that_fails_leaves_the_old_tree_or_the_new_one),
		cmocka_unit_test(death_at_any_call_is_put_in_order_by_the_next_run),
		cmocka_unit_test(death_of_the_recovery_too_is_put_in_order),
		cmocka_unit_test(a_file_that_changed_since_the_plan_is_left_alone),
		cmocka_unit_test(what_is_no_regular_file_is_left_alone),
		cmocka_unit_test(an_edit_made_after_the_interruption_survives),
		cmocka_unit_test(a_damaged_journal_is_told_and_never_followed),
		cmocka_unit_test(a_failed_generator_takes_the_edits_back_and_runs_again),
		cmocka_unit_test(below_a_foreign_root_nothing_is_run),
		cmocka_unit_test(remove_takes_off_the_folders_that_apply_made),
		cmocka_unit_test(a_remove_that_dies_is_put_in_order_too),
		cmocka_unit_test(the_lock_is_held_once_and_names_its_holder),
	};

	return cmocka_run_group_tests(tests, make_top, drop_top);
}
