/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define RECORD_MAX 65536u

/* Keep what NAME was when this boot saw it first.  Without the record `remove` leaves it as it is: no more. */
static void keep_before(const struct root *root, const char *name, const char *now)
{
	auto_buf struct buf record = { 0 };
	auto_free char *key = xasprintf("%s=", name);
	const char *last;
	auto_close int dir = root_open_parent(root, SYSCTLS_PATH, &last);

	root_read(root, SYSCTLS_PATH, RECORD_MAX, &record, NULL);
	if (dir < 0 || (record.len && strstr(record.data, key)))
		return;
	buf_addf(&record, "%s%s\n", key, now);
	file_replace_at(dir, last, record.data, record.len, 0644);
}

int sysctl_set(const struct root *root, const char *name, const char *value, struct err *e)
{
	auto_free char *path = sysctl_path(name);
	auto_free char *now = root_read_line(root, path);
	auto_close int fd = root_openat(root, path, O_WRONLY, 0);
	int r = fd < 0 ? fd : fd_write_all(fd, value, strlen(value));

	if (r < 0)
		return err_set(e, -r, "'%s': cannot be set to %s: %s", path, value, strerror(-r));
	if (now) {
		now[strcspn(now, " \t\n")] = '\0';
		keep_before(root, name, now);
	}
	return 0;
}

int sysctl_set_all(const struct root *root, const struct settings *want, struct err *e)
{
	struct sysctl list[SYSCTLS_MAX];
	int first = 0;
	size_t n;

	sysctls_wanted(want, list, &n);
	for (size_t i = 0; i < n; i++) {
		auto_free char *path = sysctl_path(list[i].name);
		auto_free char *now = root_read_line(root, path);
		int r;

		if ((!now && list[i].optional) || (now && sysctl_is(now, list[i].value)))
			continue;
		r = sysctl_set(root, list[i].name, list[i].value, first ? NULL : e);
		first = first ? first : r;
	}
	return first;
}

void sysctl_forget(const struct root *root)
{
	const char *name;
	auto_close int dir = root_open_parent(root, SYSCTLS_PATH, &name);

	if (dir >= 0)
		unlinkat(dir, name, 0);
}
