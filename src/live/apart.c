/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apart.h"

#include "file.h"
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define OPTIONS "mode=0700,size=256m"
#define TABLE_MAX (16u << 20)

/* The running kernel has its own, and its session with a disk needs no proof. */
static const char *const not_needed[] = { "/lib/modules/", "/usr/lib/modules/", "/lib/firmware/", "/usr/lib/firmware/",
					  "/dev/", "/etc/iscsi/", NULL };

/* --- in the child ----------------------------------------------------------------------------------- */

static int step_failed(struct err *e, const char *what)
{
	return err_set(e, errno, "%s: %s", what, strerror(errno));
}

static int make_node(const struct root *tree, const char *path, mode_t mode, struct apart_node node, struct err *e)
{
	auto_free char *above = xstrdup(path);
	const char *name;
	auto_close int dir = -1;

	*strrchr(above, '/') = '\0';
	if (root_mkdirs(tree, above, 0755) == 0)
		dir = root_open_parent(tree, path, &name);
	if (dir < 0 || (mknodat(dir, name, mode, makedev(node.major, node.minor)) < 0 && errno != EEXIST))
		return step_failed(e, path);
	return 0;
}

static int make_nodes(const struct apart *a, const struct root *tree, struct err *e)
{
	static const struct {
		const char *path;
		struct apart_node node;
	} nodes[] = {
		{ "/dev/null", { 1, 3 } }, { "/dev/zero", { 1, 5 } }, { "/dev/random", { 1, 8 } },
		{ "/dev/urandom", { 1, 9 } }, { "/dev/fuse", { 10, 229 } },
	};
	const struct strv *locked = &a->order->locked;
	int r = *a->order->device ? make_node(tree, a->order->device, S_IFBLK | 0600, a->device, e) : 0;

	/* A program without privileges may not write there: cryptsetup mends a damaged header without being asked. */
	for (size_t i = 0; r == 0 && i < locked->n; i++)
		r = make_node(tree, locked->v[i], S_IFBLK | 0400, a->locked[i], e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(nodes); i++)
		r = make_node(tree, nodes[i].path, S_IFCHR | 0600, nodes[i].node, e);
	return r;
}

/* Of what `load` would append, what this target needs and nothing else. */
static int put_secret(const struct apart *a, const struct root *tree, struct err *e)
{
	static const char *const all[] = { SSH_KEY_PATH, LUKS_KEY_PATH };
	const char *without[ARRAY_SIZE(all) + ARRAY_SIZE(not_needed)];
	const struct buf *secrets = a->q->secrets;
	size_t n = ARRAY_SIZE(not_needed) - 1;

	if (!a->secret || !secrets || !secrets->len)
		return 0;
	memcpy(without, not_needed, sizeof(not_needed));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (strcmp(all[i], a->secret) != 0)
			without[n++] = all[i];
	without[n] = NULL;
	return image_extract(tree, secrets->data, secrets->len, without, e);
}

static int put_order(const struct apart *a, const struct root *tree, struct err *e)
{
	auto_close int fd = root_openat(tree, LIVE_ORDER_PATH, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	auto_buf struct buf text = { 0 };

	live_order_encode(a->order, &text);
	errno = -fd;
	if (fd < 0 || fd_write_all(fd, text.data, text.len) < 0)
		return step_failed(e, LIVE_ORDER_PATH);
	return 0;
}

static int fill_tree(const struct apart *a, struct err *e)
{
	auto_root struct root tree = { .fd = -1 };
	int r = root_open(&tree, IMAGE_DIR, e);

	if (r == 0)
		r = image_extract(&tree, a->archive->data, a->archive->len, not_needed, e);
	if (r == 0)
		r = put_secret(a, &tree, e);
	if (r == 0)
		r = make_nodes(a, &tree, e);
	if (r == 0)
		r = put_order(a, &tree, e);
	/*
	 * The programs can do without, some of them with worse words.  Whoever is root without any privilege may
	 * write this kernel's settings there all the same (core_pattern), so nobody may write.
	 */
	if (r == 0 && root_mkdirs(&tree, "/proc", 0755) == 0 &&
	    mount("proc", IMAGE_DIR "/proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		errno = 0;
	return r;
}

/* Nothing of the host is left to be seen. */
static int enter(struct err *e)
{
	if (chdir(IMAGE_DIR) < 0)
		return step_failed(e, IMAGE_DIR);
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH) < 0)
			return step_failed(e, "cannot leave this host's files");
	} else if (errno != EINVAL || chroot(".") < 0) {	/* EINVAL: the host's own root is in memory */
		return step_failed(e, "cannot enter the image");
	}
	return chdir("/") < 0 ? step_failed(e, "cannot enter the image") : 0;
}

/*
 * To derive a key may take a gigabyte: when memory ends it is this that goes and nothing of the host.  And no core
 * of it is kept, for what it read is in it; a limit of 1 holds for a program that takes cores too (core(5)).
 * Wishes: that they are not granted is no harm.
 */
static void be_humble(void)
{
	auto_close int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	const struct rlimit one = { 1, 1 };

	if (fd_write_all(fd, "1000", 4) < 0)
		errno = 0;
	if (setrlimit(RLIMIT_CORE, &one) < 0)
		errno = 0;
}

static int prepare(const struct apart *a, struct err *e)
{
	int r;

	umask(0);
	be_humble();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return step_failed(e, "cannot take the mounts apart");
	if (mount("tmpfs", IMAGE_DIR, "tmpfs", MS_NOSUID, OPTIONS) < 0)
		return step_failed(e, "cannot make room for the image");
	r = fill_tree(a, e);
	return r < 0 ? r : enter(e);
}

static void child(const struct apart *a, int lines)
{
	static char name[] = LIVE_NAME;
	char *const argv[] = { name, NULL }, *const env[] = { NULL };
	struct live_line line = { .ended = true };
	auto_buf struct buf text = { 0 };
	struct err why = { 0 };
	sigset_t none;
	int null;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prepare(a, &why) == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null >= 0 && dup2(lines, STDOUT_FILENO) >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
		    dup2(null, STDERR_FILENO) >= 0) {
			guard_close_others(STDERR_FILENO + 1, -1, -1);
			lines = STDOUT_FILENO;
			execve("/init", argv, env);
		}
		step_failed(&why, "cannot run the image's '/init'");
	}
	line.step = xstrdup("prepare");
	line.error = why.text;
	live_line_encode(&line, &text);
	_exit(fd_write_all(lines, text.data, text.len) < 0 ? 3 : 1);
}

/* --- in the parent ------------------------------------------------------------------------------------ */

int apart_start(const struct apart *a, pid_t *ret_pid, int *ret_fd, struct err *e)
{
	unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
	int pipes[2];
	long pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe: %s", strerror(errno));
	pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
	if (pid == 0)
		child(a, pipes[1]);
	own_close(&pipes[1]);
	if (pid < 0) {
		own_close(&pipes[0]);
		return err_set(e, errno == EPERM ? ENOTSUP : errno,
			       "namespaces cannot be made here (%s): run this as root on the host itself, not in a "
			       "container", strerror(errno));
	}
	*ret_pid = (pid_t)pid;
	*ret_fd = pipes[0];
	return 0;
}

/* The name of the mounted device with that number, from the table of mounts; NULL: it is not mounted. */
static char *mounted_name(const struct root *root, dev_t device)
{
	auto_buf struct buf table = { 0 };
	char *rest, *line;

	if (root_read_proc(root, "/proc/self/mountinfo", &table, NULL) < 0 || table.len > TABLE_MAX)
		return NULL;
	rest = table.data;
	while ((line = strsep(&rest, "\n"))) {
		char *dash = strstr(line, " - "), *source;
		struct stat st;

		if (!dash)
			continue;
		dash += 3;
		strsep(&dash, " ");
		source = strsep(&dash, " ");
		if (source && strncmp(source, "/dev/", 5) == 0 && !strchr(source, '\\') &&
		    root_stat(root, source, &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == device)
			return xstrdup(source);
	}
	return NULL;
}

int apart_device(const struct root *root, const char *device, char **ret_name, struct apart_node *ret,
		 bool *ret_mounted)
{
	struct stat st;
	char *name;
	int r = root_stat(root, device, &st);

	if (r < 0 || !S_ISBLK(st.st_mode))
		return r < 0 ? r : -ENOTBLK;
	/* btrfs remembers the name that it was mounted by last, and the host's tables show it. */
	name = mounted_name(root, st.st_rdev);
	*ret_mounted = name != NULL;
	*ret_name = name ? name : xstrdup(device);
	*ret = (struct apart_node){ major(st.st_rdev), minor(st.st_rdev) };
	return 0;
}
