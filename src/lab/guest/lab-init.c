/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 of the laboratory's guest.  In mode "crash" it is the host that crashes:
 * it mounts the file system that takes the dump, arms the machine by the program
 * that it is told (`crashcfg load`), and pulls sysrq's trigger with that file
 * system dirty.  In mode "collect" it is the next boot: it mounts what the
 * capture left, and hands the dump folder out.  In mode "serve" it is another host,
 * which takes the dump by network, and hands it out at the end.
 */
#include "init.h"
#include "file.h"
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <termios.h>

void tell(const char *word, const char *fmt, ...)
{
	auto_buf struct buf line = { 0 };
	va_list ap;

	buf_addf(&line, "%s%s ", GUEST_MARK, word);
	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	buf_addc(&line, '\n');
	if (fd_write_all(1, line.data, line.len) < 0)
		return;
	/* A panic would cut off what is on its way to a serial line. */
	tcdrain(1);
}

int put(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
}

void get(const char *path, struct buf *to)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		fd_read_all(fd, 1 << 20, to);
	while (to->len > 0 && to->data[to->len - 1] == '\n')
		to->data[--to->len] = '\0';
}

static void set_up(void)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "devtmpfs", "/dev" }, { "proc", "/proc" }, { "sysfs", "/sys" }, { "tmpfs", "/run" }
	};
	int fd;

	/* The kernel's own root is open to all, below which sshd trusts nothing. */
	if (chmod("/", 0755) < 0)
		tell("note", "chmod '/': %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].where, 0755);
		mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL);
	}
	mkdir("/tmp", 0777);
	mkdir(MOUNT_POINT, 0755);
	fd = open("/dev/console", O_RDWR | O_NOCTTY);
	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void take_order(struct plan *p, const char *key, const char *value)
{
	bool stays = strcmp(key, "stay") == 0;
	struct order *o;

	if (strcmp(key, "arg") == 0 && p->n_orders)
		strv_add(&p->orders[p->n_orders - 1].argv, value);
	if (!stays && strcmp(key, "do") != 0)
		return;
	o = vec_push(&p->orders, &p->n_orders);
	o->stays = stays;
	strv_add(&o->argv, value);
}

int plan_read(struct plan *ret, struct err *e)
{
	struct {
		const char *key;
		char **to;
	} rows[] = {
		{ "mode", &ret->mode }, { "disk", &ret->disk }, { "fstype", &ret->fstype },
		{ "options", &ret->options }, { "dir", &ret->dir }, { "out", &ret->out },
		{ "image", &ret->image }, { "token", &ret->token }, { "disks", &ret->disks },
		{ "device", &ret->device }, { "own", &ret->own }, { "nfs", &ret->nfs }, { "port", &ret->port },
		{ "name", &ret->name },
	};
	auto_buf struct buf text = { 0 };
	char *save = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		*rows[i].to = xstrdup("");
	get(GUEST_PLAN, &text);
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = '\0';
		if (strcmp(line, "module") == 0)
			strv_add(&ret->modules, value);
		if (strcmp(line, "run") == 0)
			strv_add(&ret->run, value);
		take_order(ret, line, value);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			if (strcmp(line, rows[i].key) != 0)
				continue;
			free(*rows[i].to);
			*rows[i].to = xstrdup(value);
		}
	}
	return *ret->mode ? 0 : err_set(e, EINVAL, "'%s' names no mode", GUEST_PLAN);
}

static int arm(const struct plan *p, struct err *e)
{
	auto_close int fd = open(p->image, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf loaded = { 0 }, size = { 0 };
	char sum[HASH_TEXT_MAX];
	int r;

	if (fd < 0 || hash_fd(fd, sum, NULL) < 0)
		return err_set(e, EIO, "cannot read '%s': %s", p->image, strerror(errno));
	r = program_run(&p->run, e);
	if (r < 0)
		return r;
	get("/sys/kernel/kexec_crash_loaded", &loaded);
	get("/sys/kernel/kexec_crash_size", &size);
	if (strcmp(buf_text(&loaded), "1") != 0)
		return err_set(e, EIO, "'%s %s' exited with 0, but the kernel has no capture kernel loaded",
			       p->run.v[0], p->run.n > 1 ? p->run.v[1] : "");
	tell(GUEST_ARMED, "sha256=%s reserved=%s", sum, buf_text(&size));
	return 0;
}

/* Leave the file system as a busy host would: one file safe, one only in memory. */
static void make_dirty(void)
{
	auto_close int safe = open(MOUNT_POINT "/before-the-crash", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	auto_close int lost = -1;
	char page[4096];

	memset(page, 'x', sizeof(page));
	if (safe >= 0 && fd_write_all(safe, page, sizeof(page)) == 0)
		fsync(safe);
	lost = open(MOUNT_POINT "/not-yet-written", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	for (int i = 0; lost >= 0 && i < 64; i++)
		if (fd_write_all(lost, page, sizeof(page)) < 0)
			break;
}

/* What bears the file system: a disk, or what the plan's orders make of some. */
static int find_device(const struct plan *p, char **ret, struct err *e)
{
	int r = orders_run(p, e);

	if (r < 0 || !*p->device)
		return r < 0 ? r : disk_find(p->disk, ret, e);
	*ret = xstrdup(p->device);
	return 0;
}

static int mount_scratch(const struct plan *p, bool create, struct err *e)
{
	auto_free char *device = NULL;
	int r;

	if (!*p->fstype)	/* the dump goes to another host */
		return 0;
	r = find_device(p, &device, e);
	return r < 0 ? r : disk_mount(p, device, create, e);
}

static int crash(const struct plan *p, struct err *e)
{
	auto_free char *token = NULL;
	int r;

	r = modules_insert(&p->modules, e);
	if (r < 0)
		return r;
	r = mount_scratch(p, true, e);
	if (r < 0)
		return r;
	r = arm(p, e);
	if (r < 0)
		return r;
	token = xasprintf("%s%s\n", GUEST_TOKEN, p->token);
	if (put("/dev/kmsg", token) < 0)
		tell("note", "cannot write to the kernel's log");
	if (*p->fstype)
		make_dirty();
	tell(GUEST_CRASH, "by sysrq");
	put("/proc/sys/kernel/sysrq", "1");
	put("/proc/sysrq-trigger", "c");
	return err_set(e, EIO, "the kernel did not crash at sysrq c");
}

static int collect(const struct plan *p, struct err *e)
{
	auto_free char *out = NULL;
	unsigned files = 0;
	int r;

	r = modules_insert(&p->modules, e);
	if (r < 0)
		return r;
	r = disk_find(p->out, &out, e);
	if (r < 0)
		return r;
	r = mount_scratch(p, false, e);
	if (r < 0)
		return r;
	r = stream_write(p->dir, out, &files, e);
	if (r < 0)
		return r;
	tell(GUEST_COLLECTED, "%u files", files);
	return umount(MOUNT_POINT) < 0 ? err_set(e, errno, "cannot unmount: %s", strerror(errno)) : 0;
}

int main(void)
{
	struct plan plan = { 0 };
	struct utsname name;
	struct err e = { 0 };
	int r;

	set_up();
	uname(&name);
	tell(GUEST_BOOT, "%s", name.release);
	r = plan_read(&plan, &e);
	if (r == 0)
		r = strcmp(plan.mode, "collect") == 0 ? collect(&plan, &e) :
		    strcmp(plan.mode, "serve") == 0 ? serve(&plan, &e) : crash(&plan, &e);
	if (r < 0)
		tell(GUEST_FAILED, "%s", e.text);
	/* -no-reboot makes QEMU exit on this one too, and it needs no ACPI. */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
