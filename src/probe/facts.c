/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include "file.h"
#include "iomem.h"
#include "num.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#define TEXT_CAP (64u << 10)	/* hostname, machine-id, os-release: a few hundred bytes in truth */
#define CPUINFO_HEAD 4096	/* the first CPU is in it; the whole of a large machine takes milliseconds */

/* A small file's text, "" when it cannot be read. */
static char *read_text(const struct root *root, const char *path)
{
	auto_buf struct buf b = { 0 };

	if (root_read(root, path, TEXT_CAP, &b, NULL) < 0)
		return xstrdup("");
	return xstrdup(buf_text(&b));
}

/* First line that says something: hostname(5) allows comments. */
static char *first_word(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		line += strspn(line, " \t\r");
		if (*line && *line != '#' && *line != '\n')
			return xstrndup(line, strcspn(line, " \t\r\n"));
	}
	return xstrdup("");
}

/* The host's name becomes a folder's name: nothing in it may lead elsewhere. */
static void make_folder_name(char *name)
{
	if (strlen(name) > 64)
		name[64] = '\0';
	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '-';
	if (*name == '.')
		*name = '-';
}

static char *read_host(const struct root *root)
{
	auto_free char *text = read_text(root, "/etc/hostname");
	auto_free char *name = first_word(text);
	struct utsname u;

	/* A name that came by DHCP is the kernel's only. */
	if (root->host && (!*name || strcmp(name, "localhost") == 0) && uname(&u) == 0 && *u.nodename &&
	    strcmp(u.nodename, "(none)") != 0) {
		free(name);
		name = xstrdup(u.nodename);
	}
	make_folder_name(name);
	return *name ? take_ptr(name) : xstrdup("localhost");
}

static void read_os(const struct root *root, struct facts *f)
{
	auto_free char *text = read_text(root, "/etc/os-release");

	if (!*text) {
		free(text);
		text = read_text(root, "/usr/lib/os-release");
	}
	f->os_id = os_release_get(text, "ID");
	if (!f->os_id || !*f->os_id) {
		free(f->os_id);
		f->os_id = xstrdup("linux");
	}
	f->os_pretty = os_release_get(text, "PRETTY_NAME");
	if (!f->os_pretty)
		f->os_pretty = xstrdup(f->os_id);
}

static char *find_modules(const struct root *root, const char *release)
{
	static const char *const places[] = { "/lib/modules", "/usr/lib/modules" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		auto_free char *path = xasprintf("%s/%s", places[i], release);
		struct stat st;

		if (root_stat(root, path, &st) == 0 && S_ISDIR(st.st_mode))
			return take_ptr(path);
	}
	return NULL;
}

/* Add the kernel if PATH is one; the first place where a release is found counts. */
static void add_kernel(const struct root *root, struct facts *f, const char *release, const char *path)
{
	auto_close int fd = -1;
	struct kernel_fact *k;
	char head[KERNEL_HEAD];
	struct stat st;

	if (facts_kernel(f, release) || root_stat(root, path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	k = vec_push(&f->kernels, &f->n_kernels);
	k->release = xstrdup(release);
	k->image = xstrdup(path);
	k->modules = find_modules(root, release);
	fd = root_openat(root, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd >= 0 && pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head))
		kernel_head_read(head, sizeof(head), k);
}

/* A release starts with a digit; a copy that somebody set aside is not one more kernel. */
static bool is_release(const char *name)
{
	static const char *const aside[] = {
		".old", ".bak", ".orig", ".sig", ".hmac", ".rpmsave",
		".dpkg-old", ".dpkg-new", ".dpkg-tmp", "~",
	};
	size_t len = strlen(name);

	if (!isdigit((unsigned char)name[0]) || strncmp(name, "0-rescue-", 9) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(aside); i++)
		if (len > strlen(aside[i]) && strcmp(name + len - strlen(aside[i]), aside[i]) == 0)
			return false;
	return true;
}

/* DIR/RELEASE/FILE: kernel-install's layout, and where distributions keep the kernel with its modules. */
static void add_from_folders(const struct root *root, struct facts *f, const char *dir, const char *file)
{
	auto_strv struct strv names = { 0 };

	if (root_list(root, dir, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf("%s/%s/%s", dir, names.v[i], file);

		if (is_release(names.v[i]))
			add_kernel(root, f, names.v[i], path);
	}
}

static int by_version(const void *a, const void *b)
{
	return version_compare(((const struct kernel_fact *)a)->release,
			       ((const struct kernel_fact *)b)->release);
}

static void read_kernels(const struct root *root, struct facts *f)
{
	static const char *const boots[] = { "/boot", "/efi", "/boot/efi" };
	auto_strv struct strv names = { 0 };

	if (root_list(root, "/boot", &names) == 0)
		for (size_t i = 0; i < names.n; i++) {
			auto_free char *path = xasprintf("/boot/%s", names.v[i]);

			if (strncmp(names.v[i], "vmlinuz-", 8) == 0 && is_release(names.v[i] + 8))
				add_kernel(root, f, names.v[i] + 8, path);
		}
	for (size_t i = 0; i < ARRAY_SIZE(boots) && *f->machine_id; i++) {
		auto_free char *dir = xasprintf("%s/%s", boots[i], f->machine_id);

		add_from_folders(root, f, dir, "linux");
	}
	add_from_folders(root, f, "/usr/lib/modules", "vmlinuz");
	add_from_folders(root, f, "/lib/modules", "vmlinuz");
	if (f->n_kernels)
		qsort(f->kernels, f->n_kernels, sizeof(*f->kernels), by_version);
}

static uint64_t read_memory(const struct root *root, int64_t reserved)
{
	auto_buf struct buf iomem = { 0 }, meminfo = { 0 };
	uint64_t bytes = 0;

	if (root_read_proc(root, "/proc/iomem", &iomem, NULL) == 0)
		bytes = iomem_ram(buf_text(&iomem));
	if (!bytes && root_read_proc(root, "/proc/meminfo", &meminfo, NULL) == 0)
		bytes = meminfo_ram(buf_text(&meminfo), reserved > 0 ? (uint64_t)reserved : 0);
	return bytes;
}

static int64_t read_boot_apicid(const struct root *root)
{
	auto_close int fd = root_openat(root, "/proc/cpuinfo", O_RDONLY | O_NONBLOCK, 0);
	char head[CPUINFO_HEAD + 1];
	ssize_t n;

	n = fd < 0 ? -1 : pread(fd, head, CPUINFO_HEAD, 0);
	if (n <= 0)
		return -1;
	head[n] = '\0';
	return cpuinfo_boot_apicid(head);
}

static enum known read_flag(const struct root *root, const char *path)
{
	auto_free char *line = root_read_line(root, path);

	if (!line || (strcmp(line, "0") != 0 && strcmp(line, "1") != 0))
		return UNKNOWN;
	return *line == '1' ? YES : NO;
}

static void read_running(const struct root *root, struct facts *f)
{
	auto_free char *size = root_read_line(root, "/sys/kernel/kexec_crash_size");
	auto_free char *lockdown = root_read_line(root, "/sys/kernel/security/lockdown");
	auto_free char *online = root_read_line(root, "/sys/devices/system/cpu/online");
	struct utsname u;
	uint64_t bytes;

	f->running = root_read_line(root, "/proc/sys/kernel/osrelease");
	if (!f->running && root->host && uname(&u) == 0)
		f->running = xstrdup(u.release);
	if (root->host && uname(&u) == 0)
		f->machine = xstrdup(u.machine);
	f->cmdline = root_read_line(root, "/proc/cmdline");
	f->boot_id = root_read_line(root, "/proc/sys/kernel/random/boot_id");
	f->crash_size = size && num_parse(size, INT64_MAX, &bytes) == 0 ? (int64_t)bytes : -1;
	f->crash_loaded = read_flag(root, "/sys/kernel/kexec_crash_loaded");
	f->kexec_disabled = read_flag(root, "/proc/sys/kernel/kexec_load_disabled");
	f->lockdown = lockdown ? lockdown_parse(lockdown) : NULL;
	f->cpus = online ? cpu_list_count(online) : 0;
	f->boot_apicid = read_boot_apicid(root);
	f->mem_total = read_memory(root, f->crash_size);
}

int facts_read(const struct root *root, struct facts **ret, struct err *e)
{
	struct facts *f = xcalloc(1, sizeof(*f));
	auto_free char *id = read_text(root, "/etc/machine-id");

	(void)e;			/* what cannot be read is unknown, and that is no failure */
	f->host = read_host(root);
	f->machine_id = first_word(id);
	if (strlen(f->machine_id) != 32 || strspn(f->machine_id, "0123456789abcdef") != 32)
		f->machine_id[0] = '\0';	/* machine-id(5): "uninitialized" before the first boot */
	read_os(root, f);
	read_running(root, f);
	read_kernels(root, f);
	*ret = f;
	return 0;
}
