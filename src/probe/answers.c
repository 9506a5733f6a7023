/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include "file.h"
#include "guard.h"
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

/*
 * File systems that wait for a server or a program can wait for ever, and whoever looks at a path there waits
 * with them, in the kernel, where no signal comes.  So the table of mounts is read first, which touches none of
 * them; where it has one that may hang a child does the looking.
 */

#define ANSWER_MS 2000
#define TABLE "/proc/self/mountinfo"
#define TABLE_MAX (16u << 20)

/* Those without a disk that wait for nobody; every other one without a disk may. */
static const char *const safe_types[] = {
	"tmpfs", "proc", "sysfs", "devtmpfs", "devpts", "ramfs", "rootfs", "overlay", "btrfs", "cgroup", "cgroup2",
	"securityfs", "debugfs", "tracefs", "bpf", "mqueue", "hugetlbfs", "pstore", "efivarfs", "configfs",
	"fusectl", "binfmt_misc", "nsfs", "rpc_pipefs", "selinuxfs", "nfsd", "zfs", "bcachefs", "aufs", "squashfs",
	"erofs", "ecryptfs",
};

/* Nothing that a dump or the settings name lies there. */
static const char *const apart[] = { "/proc/", "/sys/", "/dev/", "/run/user/" };

static bool is_safe(const char *type, const char *where, bool disk)
{
	for (size_t i = 0; i < ARRAY_SIZE(apart); i++)
		if (strncmp(where, apart[i], strlen(apart[i])) == 0)
			return true;
	if (disk)
		return strncmp(type, "fuse", 4) != 0;
	for (size_t i = 0; i < ARRAY_SIZE(safe_types); i++)
		if (strcmp(type, safe_types[i]) == 0)
			return true;
	return false;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" (proc(5)): may what is mounted there hang? */
static bool line_may_hang(char *line)
{
	char *rest = line, *word = NULL, *where = NULL;
	bool disk = false;

	for (int field = 0; (word = strsep(&rest, " ")); field++) {
		if (field == 2)
			disk = strncmp(word, "0:", 2) != 0;
		if (field == 4)
			where = word;
		if (field >= 6 && strcmp(word, "-") == 0)
			break;
	}
	word = word ? strsep(&rest, " ") : NULL;
	return where && word && !is_safe(word, where, disk);
}

bool mounts_may_hang(const char *table)
{
	auto_free char *copy = xstrdup(table);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (line_may_hang(line))
			return true;
	return false;
}

/* --- the look ---------------------------------------------------------------------------------- */

struct question {
	const struct root *root;
	const char *path;
};

/* What every reader does first; how it ends does not matter, but that it does. */
static int look(const void *ctx)
{
	const struct question *q = ctx;
	auto_close int fd = root_openat(q->root, q->path, O_PATH, 0);
	struct statvfs vfs;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0)
		return fstatvfs(fd, &vfs) < 0 ? -errno : 0;
	return 0;
}

/* Asked once in a run: the second question would wait as long as the first. */
static struct {
	struct strv good, dead;
} known;

static int tell(const char *path, const char *table, size_t len, struct err *e)
{
	auto_mount struct mount_seen m = { 0 };
	bool found = mounts_holding(table, len, path, &m, NULL) == 0 && m.fstype;

	if (found && !is_safe(m.fstype, m.target, m.major != 0))
		return err_set(e, ETIMEDOUT,
			       "'%s' does not answer: it lies on '%s' (%s of '%s'), which gave no answer for %d s; mend "
			       "it, or unmount it (umount -l '%s')",
			       path, m.target, m.fstype, m.source, ANSWER_MS / 1000, m.target);
	return err_set(e, ETIMEDOUT, "'%s' does not answer: it leads to a file system that gave no answer for %d s; mend "
				     "that one, or unmount it (umount -l)", path, ANSWER_MS / 1000);
}

int path_answers(const struct root *root, const char *path, struct err *e)
{
	auto_close int fd = open(TABLE, O_RDONLY | O_CLOEXEC);
	auto_free char *shown = root_path(root, path);
	auto_buf struct buf table = { 0 };
	int r = 0;

	/* Without a table nothing is known to be in the way. */
	if (fd < 0 || fd_read_all(fd, TABLE_MAX, &table) < 0 || !mounts_may_hang(buf_text(&table)))
		return 0;
	if (strv_has(&known.good, shown))
		return 0;
	if (!strv_has(&known.dead, shown))
		r = guard_look(look, &(struct question){ root, path }, root->fd, ANSWER_MS);
	else
		r = -ETIMEDOUT;
	strv_add_once(r == -ETIMEDOUT ? &known.dead : &known.good, shown);
	return r == -ETIMEDOUT ? tell(shown, buf_text(&table), table.len, e) : 0;
}

int settings_files_answer(const struct root *root, const struct settings *s, struct err *e)
{
	const char *const files[] = { s->ssh_key, s->ssh_known_hosts, s->luks_key_file, s->hub_token_file,
				      s->hub_cert, s->hub_key, s->hub_ca };
	const struct strv *const lists[] = { &s->dump_pre, &s->dump_post };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = files[i] ? path_answers(root, files[i], e) : 0;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t k = 0; r == 0 && k < lists[i]->n; k++)
			r = path_answers(root, lists[i]->v[k], e);
	return r;
}
