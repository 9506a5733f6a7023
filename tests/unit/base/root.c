/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cmocka.h>

static char dir[] = "/tmp/crashcfg-root-XXXXXX";

static void put(const char *path, const char *text)
{
	auto_free char *full = xasprintf("%s%s", dir, path);
	auto_fclose FILE *f = fopen(full, "w");

	assert_non_null(f);
	fputs(text, f);
}

static void run_in_dir(const char *what)
{
	auto_free char *command = xasprintf("cd %s && %s", dir, what);

	assert_int_equal(system(command), 0);
}

static int make_tree(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	run_in_dir("mkdir -p etc/default usr/lib boot a/b/c && ln -s /etc/passwd out && ln -s ../../../../../etc/host up && "
		   "ln -s usr/lib lib && ln -s loop loop && ln -s /etc abs && mkfifo fifo && ln -s ../a/b usr/ab && ln -s none dangling");
	put("/etc/passwd", "inside\n");
	put("/etc/host", "host\n");
	put("/a/b/c/file", "deep\n");
	put("/usr/lib/os", "os\n");
	return 0;
}

static int remove_tree(void **state)
{
	(void)state;
	run_in_dir("rm -rf -- etc usr boot a out up lib loop abs fifo dangling new made");
	return rmdir(dir);
}

static const struct {
	const char *path;
	int flags;
	const char *text;	/* content, or NULL */
	int r;			/* expected -errno */
} rows[] = {
	{ "/etc/passwd", 0, "inside\n", 0 },
	{ "etc/passwd", 0, "inside\n", 0 },
	{ "/out", 0, "inside\n", 0 },			/* an absolute link stays in */
	{ "/../../../etc/passwd", 0, "inside\n", 0 },	/* so does ".." */
	{ "/up", 0, "host\n", 0 },
	{ "/abs/passwd", 0, "inside\n", 0 },
	{ "/lib/os", 0, "os\n", 0 },
	{ "/usr/ab/c/file", 0, "deep\n", 0 },
	{ "/usr/ab/../b//c/./file", 0, "deep\n", 0 },
	{ "/abs/../a/b/c/file", 0, "deep\n", 0 },
	{ "/out", O_NOFOLLOW, NULL, -ELOOP },
	{ "/loop", 0, NULL, -ELOOP },
	{ "/dangling", 0, NULL, -ENOENT },
	{ "/etc/passwd/x", 0, NULL, -ENOTDIR },
	{ "/none/x", 0, NULL, -ENOENT },
};

static void check_rows(struct root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_close int fd = root_openat(root, rows[i].path, O_RDONLY | rows[i].flags, 0);
		auto_buf struct buf b = { 0 };

		if (rows[i].r < 0) {
			assert_int_equal(fd, rows[i].r);
			continue;
		}
		assert_true(fd >= 0);
		assert_int_equal(fd_read_all(fd, 100, &b), 0);
		assert_string_equal(b.data, rows[i].text);
	}
}

static void no_path_leaves_the_root(void **state)
{
	auto_root struct root root = { .fd = -1 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(root_open(&root, dir, &e), 0);
	assert_false(root.host);
	check_rows(&root);
}

/* A kernel without openat2(2), made by a filter that answers ENOSYS for it. */
static void forbid_openat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void no_path_leaves_the_root_on_a_kernel_without_openat2(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		forbid_openat2();
		assert_int_equal(syscall(SYS_openat2, -1, "", NULL, 0), -1);
		assert_int_equal(errno, ENOSYS);
		no_path_leaves_the_root(state);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void only_regular_files_of_a_sane_size_are_read(void **state)
{
	auto_root struct root root = { .fd = -1 };
	auto_buf struct buf b = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(root_open(&root, dir, &e), 0);
	assert_int_equal(root_read(&root, "/fifo", 100, &b, &e), -EINVAL);
	assert_int_equal(root_read(&root, "/etc", 100, &b, &e), -EISDIR);
	assert_int_equal(root_read(&root, "/etc/passwd", 3, &b, &e), -EFBIG);
	assert_int_equal(root_read(&root, "/none", 3, &b, &e), -ENOENT);
	assert_string_equal(e.text, "'/none': No such file or directory");
	assert_int_equal(root_read(&root, "/etc/passwd", 7, &b, &e), 0);
	assert_string_equal(b.data, "inside\n");
}

static void folders_are_made_and_listed_in_order(void **state)
{
	auto_root struct root root = { .fd = -1 };
	auto_strv struct strv names = { 0 };
	auto_free char *link = NULL;
	struct err e = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(root_open(&root, dir, &e), 0);
	assert_int_equal(root_mkdirs(&root, "/new/deep/er", 0700), 0);
	assert_int_equal(root_mkdirs(&root, "/new/deep/er", 0700), 0);
	assert_int_equal(root_mkdirs(&root, "/made", 0700), 0);
	assert_int_equal(root_stat(&root, "/new/deep/er", &st), 0);
	assert_int_equal(root_mkdirs(&root, "/etc/passwd/x", 0700), -ENOTDIR);
	assert_int_equal(root_list(&root, "/usr", &names), 0);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "ab");
	assert_int_equal(root_readlink(&root, "/out", &link), 0);
	assert_string_equal(link, "/etc/passwd");
	assert_int_equal(root_readlink(&root, "/etc", &link), -EINVAL);
}

static void a_replaced_file_is_the_new_one_or_the_old_one(void **state)
{
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY);
	auto_root struct root root = { .fd = -1 };
	auto_buf struct buf b = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(root_open(&root, dir, NULL), 0);
	assert_int_equal(file_replace_at(fd, "made", "one\n", 4, 0600), -EISDIR);
	assert_int_equal(fstatat(fd, ".made.new", &st, 0), -1);
	assert_int_equal(file_replace_at(fd, "new.txt", "one\n", 4, 0600), 0);
	assert_int_equal(file_replace_at(fd, "new.txt", "two\n", 4, 0640), 0);
	assert_int_equal(root_read(&root, "/new.txt", 10, &b, NULL), 0);
	assert_string_equal(b.data, "two\n");
	assert_int_equal(fstatat(fd, "new.txt", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(unlinkat(fd, "new.txt", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_path_leaves_the_root),
		cmocka_unit_test(no_path_leaves_the_root_on_a_kernel_without_openat2),
		cmocka_unit_test(only_regular_files_of_a_sane_size_are_read),
		cmocka_unit_test(folders_are_made_and_listed_in_order),
		cmocka_unit_test(a_replaced_file_is_the_new_one_or_the_old_one),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
