/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumps.h"

#include "file.h"
#include "oops.h"
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

/* A record like a capture's own, which found no place to write one. */
static int make_record(const struct efilog *l, const char *host, struct manifest **ret, struct err *e)
{
	static const char empty[] = "{ \"schema\": 1, \"state\": \"log-only\" }";
	auto_free char *panic = oops_panic_line(buf_text(&l->text), l->text.len);
	struct manifest *m = NULL;
	int r = manifest_decode(empty, strlen(empty), &m, e);

	if (r < 0)
		return r;
	free(m->host);
	free(m->boot_id);
	free(m->panic);
	free(m->check);
	m->host = xstrdup(host);
	m->boot_id = xstrdup(l->boot_id);
	m->panic = panic ? xstrdup(panic) : xstrdup("");
	m->crash_time = l->crash_time;
	m->check = xasprintf("no target took the log: its last %zu bytes were in EFI variables%s", l->text.len,
			     l->whole ? "" : ", some parts are missing");
	*ret = m;
	return 0;
}

static int write_folder(int fd, const struct efilog *l, const struct manifest *m)
{
	auto_buf struct buf text = { 0 };
	int r = file_replace_at(fd, "dmesg.txt", l->text.data, l->text.len, 0600);

	manifest_encode(m, &text);
	return r < 0 ? r : file_replace_at(fd, MANIFEST_NAME, text.data, text.len, 0600);
}

/* efivarfs makes them immutable. */
static int drop(const struct root *root, struct err *e)
{
	for (unsigned i = 0; i < EFILOG_PARTS; i++) {
		char name[EFILOG_NAME_MAX];
		auto_close int dir = root_openat(root, EFILOG_DIR, O_RDONLY | O_DIRECTORY, 0);
		auto_close int fd = dir < 0 ? -1 : openat(dir, efilog_name(i, name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		unsigned flags = 0;

		if (fd < 0)
			continue;
		if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_IMMUTABLE_FL)) {
			flags &= ~(unsigned)FS_IMMUTABLE_FL;
			ioctl(fd, FS_IOC_SETFLAGS, &flags);
		}
		if (unlinkat(dir, name, 0) < 0)
			return err_set(e, errno, "EFI variable '%s' is collected, and cannot be deleted: %s", name,
				       strerror(errno));
	}
	return 0;
}

int efi_collect(const struct root *root, const char *dir, const char *host, struct collected *ret, struct err *e)
{
	auto_efilog struct efilog l = { 0 };
	auto_manifest struct manifest *m = NULL;
	auto_free char *name = NULL, *path = NULL;
	auto_close int fd = -1;
	int r = efivars_log(root, &l, e);

	if (r == 0)
		r = path_answers(root, dir, e);
	if (r == 0)
		r = make_record(&l, host, &m, e);
	if (r < 0 || !m)
		return r;
	/* The name is the crash's own: a run that was cut off is done again in the same folder. */
	name = manifest_folder(l.crash_time, l.boot_id);
	path = xasprintf("%s/%s", dir, name);
	r = root_mkdirs(root, path, 0700);
	if (r == 0)
		r = fd = root_openat(root, path, O_RDONLY | O_DIRECTORY, 0);
	if (r >= 0)
		r = faccessat(fd, "vmcore", F_OK, 0) == 0 ? -EEXIST : write_folder(fd, &l, m);
	if (r < 0)
		return err_set(e, -r, "'%s%s': cannot take the log of the EFI variables: %s", root->path, path,
			       strerror(-r));
	r = drop(root, e);
	if (r < 0)
		return r;
	*ret = (struct collected){ .path = take_ptr(path), .state = m->state, .check = xstrdup(m->check) };
	return 0;
}
