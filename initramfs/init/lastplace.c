/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lastplace.h"

#include "efilog.h"
#include "file.h"
#include "own.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define PSTORE_DIR "/sys/fs/pstore"
#define TAIL_BYTES (EFILOG_PARTS * EFILOG_PART_MAX)

static int read_tail(struct buf *ret, struct err *e)
{
	auto_close int fd = open(LOG_FILE, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, ENODATA, "there is no log to save");
	r = st.st_size > (off_t)TAIL_BYTES && lseek(fd, st.st_size - (off_t)TAIL_BYTES, SEEK_SET) < 0 ? -errno : 0;
	if (r == 0)
		r = fd_read_all(fd, TAIL_BYTES, ret);
	return r < 0 ? err_set(e, -r, "'" LOG_FILE "': %s", strerror(-r)) : 0;
}

/* efivarfs makes unknown variables immutable, so that "rm -rf /" does not break machines. */
static void make_mutable(int dir, const char *name)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	unsigned flags = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & FS_IMMUTABLE_FL))
		return;
	flags &= ~(unsigned)FS_IMMUTABLE_FL;
	ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* A variable is set by one write of its attributes and all of its bytes (Documentation/filesystems/efivarfs.rst). */
static int set_variable(int dir, unsigned part, const struct buf *text, struct err *e)
{
	static const unsigned char attributes[4] = { EFILOG_ATTRIBUTES };
	auto_buf struct buf data = { 0 };
	char name[EFILOG_NAME_MAX];
	auto_close int fd = -1;

	buf_add(&data, attributes, sizeof(attributes));
	buf_add(&data, text->data, text->len);
	make_mutable(dir, efilog_name(part, name));
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data.data, data.len) != (ssize_t)data.len)
		return err_set(e, errno ? errno : EIO, "EFI variable '%s': %s", name, strerror(errno));
	return 0;
}

static void remove_variable(int dir, unsigned part)
{
	char name[EFILOG_NAME_MAX];

	make_mutable(dir, efilog_name(part, name));
	unlinkat(dir, name, 0);
}

static int open_store(struct err *e)
{
	struct stat st;
	int fd;

	if (stat(EFILOG_DIR, &st) < 0)
		return err_set(e, ENODEV, "this machine has no EFI variables");
	if (mount("efivarfs", EFILOG_DIR, "efivarfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 &&
	    errno != EBUSY)
		return err_set(e, errno, "cannot mount EFI's variables: %s", strerror(errno));
	fd = open(EFILOG_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "'" EFILOG_DIR "': %s", strerror(errno)) : fd;
}

int lastplace_save(struct capture *c, struct err *e)
{
	struct buf parts[EFILOG_PARTS] = { { 0 } };
	auto_buf struct buf text = { 0 };
	auto_close int dir = -1;
	unsigned n;
	int r = read_tail(&text, e);

	if (r < 0)
		return r;
	dir = open_store(e);
	if (dir < 0)
		return dir;
	n = efilog_encode(c->notes.crash_time, c->boot_id, buf_text(&text), text.len, parts);
	/* The last part first: it tells of the panic. */
	for (unsigned i = n; r == 0 && i-- > 0;)
		r = set_variable(dir, i, &parts[i], e);
	for (unsigned i = n; i < EFILOG_PARTS; i++)
		remove_variable(dir, i);
	for (unsigned i = 0; i < EFILOG_PARTS; i++)
		buf_done(&parts[i]);
	return r;
}

unsigned lastplace_pstore(void)
{
	auto_closedir DIR *d = NULL;
	struct dirent *entry;
	unsigned n = 0;

	mount("pstore", PSTORE_DIR, "pstore", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	d = opendir(PSTORE_DIR);
	while (d && (entry = readdir(d)))
		n += strncmp(entry->d_name, "dmesg-", strlen("dmesg-")) == 0;
	return n;
}
