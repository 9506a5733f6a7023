/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "superblock.h"

#include <blkid/blkid.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* struct f2fs_super_block (linux/f2fs_fs.h): the path of the first device, "" where there is but one. */
#define F2FS_DEVS 2201

void superblock_done(struct superblock *s)
{
	free(s->type);
	free(s->uuid);
	free(s->label);
	*s = (struct superblock){ 0 };
}

static void own_probe(blkid_probe *pr)
{
	if (*pr)
		blkid_free_probe(*pr);
}

static char *lookup(blkid_probe pr, const char *name)
{
	const char *value = NULL;

	return blkid_probe_lookup_value(pr, name, &value, NULL) == 0 && value ? xstrdup(value) : xstrdup("");
}

static uint64_t number_at(int fd, off_t at, bool big_endian)
{
	unsigned char b[8];
	uint64_t v = 0;

	if (pread(fd, b, sizeof(b), at) != (ssize_t)sizeof(b))
		return 0;
	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | b[big_endian ? i : 7 - i];
	return v;
}

int superblock_probe(int fd, struct superblock *ret)
{
	AUTO(own_probe) blkid_probe pr = blkid_new_probe();
	struct superblock s = { .devices = 1 };
	int r;

	if (!pr || blkid_probe_set_device(pr, fd, 0, 0) < 0)
		return errno ? -errno : -EIO;
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE);
	r = blkid_do_safeprobe(pr);
	if (r)
		return r == 1 ? -ENOENT : r == -2 ? -ENOTUNIQ : -EIO;
	s.type = lookup(pr, "TYPE");
	s.uuid = lookup(pr, "UUID");
	s.label = lookup(pr, "LABEL");
	/* struct xfs_dsb, sb_logstart: 0 when the log is external.  struct btrfs_super_block, num_devices. */
	if (strcmp(s.type, "xfs") == 0)
		s.external_log = number_at(fd, 48, true) == 0;
	else if (strcmp(s.type, "btrfs") == 0)
		s.devices = (unsigned)number_at(fd, 0x10000 + 0x88, false);
	else if (strcmp(s.type, "f2fs") == 0)
		s.devices = number_at(fd, 1024 + F2FS_DEVS, false) & 0xff ? 2 : 1;
	else
		s.external_log = blkid_probe_has_value(pr, "EXT_JOURNAL") != 0;
	*ret = s;
	return 0;
}

char *partition_uuid(int fd)
{
	AUTO(own_probe) blkid_probe pr = blkid_new_probe();

	if (!pr || blkid_probe_set_device(pr, fd, 0, 0) < 0)
		return xstrdup("");
	blkid_probe_enable_superblocks(pr, 0);
	blkid_probe_enable_partitions(pr, 1);
	blkid_probe_set_partitions_flags(pr, BLKID_PARTS_ENTRY_DETAILS);
	return blkid_do_safeprobe(pr) == 0 ? lookup(pr, "PART_ENTRY_UUID") : xstrdup("");
}

/* udev writes what is not safe in a label as "\x20". */
static char *unescape(const char *text, size_t len)
{
	char *out = xmalloc(len + 1), *to = out;

	for (size_t i = 0; i < len;) {
		char hex[3] = { 0 };

		if (len - i >= 4 && text[i] == '\\' && text[i + 1] == 'x')
			memcpy(hex, text + i + 2, 2);
		if (isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]) &&
		    strcmp(hex, "00") != 0) {
			*to++ = (char)strtoul(hex, NULL, 16);
			i += 4;
		} else {
			*to++ = text[i++];
		}
	}
	*to = '\0';
	return out;
}

char *udev_value(const char *text, const char *key)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, "E:", 2) == 0 && strncmp(line + 2, key, strlen(key)) == 0 &&
		    line[2 + strlen(key)] == '=') {
			const char *value = line + 2 + strlen(key) + 1;

			return unescape(value, strcspn(value, "\n"));
		}
	return xstrdup("");
}

int superblock_any_from_udev(const char *text, struct superblock *ret)
{
	struct superblock s = { .devices = 1, .type = udev_value(text, "ID_FS_TYPE") };

	if (!*s.type) {
		superblock_done(&s);
		return -ENOENT;
	}
	s.uuid = udev_value(text, "ID_FS_UUID_ENC");
	s.label = udev_value(text, "ID_FS_LABEL_ENC");
	*ret = s;
	return 0;
}

int superblock_from_udev(const char *text, struct superblock *ret)
{
	auto_free char *usage = udev_value(text, "ID_FS_USAGE");

	return *usage && strcmp(usage, "filesystem") != 0 ? -ENOENT : superblock_any_from_udev(text, ret);
}

/* linux/fs.h, which on this system may be older than the kernel that it runs. */
struct fs_uuid {
	uint8_t len;
	uint8_t uuid[16];
};
#define IOC_GETFSUUID _IOR(0x15, 0, struct fs_uuid)
#define IOC_GETFSLABEL _IOR(0x94, 49, char[256])

int superblock_from_mount(int dir, const char *fstype, struct superblock *ret)
{
	struct superblock s = { .devices = 1 };
	auto_buf struct buf uuid = { 0 };
	static const struct fs_uuid none = { .len = sizeof(none.uuid) };
	struct fs_uuid id = { 0 };
	char label[257] = "";

	if (ioctl(dir, IOC_GETFSUUID, &id) < 0 || id.len != sizeof(id.uuid))
		return -ENOENT;
	for (size_t i = 0; i < sizeof(id.uuid) && memcmp(&id, &none, sizeof(id)) != 0; i++)
		buf_addf(&uuid, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id.uuid[i]);
	if (ioctl(dir, IOC_GETFSLABEL, label) < 0)
		label[0] = '\0';
	s.type = xstrdup(fstype);
	s.uuid = xstrdup(buf_text(&uuid));
	s.label = xstrdup(label);
	*ret = s;
	return 0;
}

static int open_device(const struct root *root, const struct block_dev *b)
{
	int fd = root_openat(root, b->node, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == makedev(b->major, b->minor))
		return fd;
	close(fd);
	return -ENXIO;
}

static int read_device(const struct root *root, const struct block_dev *b,
		       int (*from_udev)(const char *text, struct superblock *ret), struct superblock *ret,
		       struct err *e)
{
	auto_free char *path = xasprintf("/run/udev/data/b%u:%u", b->major, b->minor);
	auto_close int fd = root->host ? open_device(root, b) : -ENOENT;
	auto_buf struct buf udev = { 0 };
	int r = fd < 0 ? fd : superblock_probe(fd, ret);

	if (fd >= 0 && r == -ENOENT)
		return err_set(e, ENOENT, "'%s' holds no file system that is known here", b->node);
	if (fd >= 0 && r == -ENOTUNIQ)
		return err_set(e, ENOTUNIQ,
			       "'%s' bears the signatures of several file systems; 'wipefs %s' lists them",
			       b->node, b->node);
	if (r == 0)
		return 0;
	if (root_read_proc(root, path, &udev, NULL) == 0 && from_udev(buf_text(&udev), ret) == 0)
		return 0;
	if (!root->host)
		return err_set(e, ENOENT, "'%s' below a foreign root is not opened, and '%s' is not there",
			       b->node, path);
	if ((r == -EACCES || r == -EPERM) && geteuid() != 0)
		return err_set(e, EACCES, "'%s' may be read by root only; run this as root", b->node);
	return err_set(e, r == -EPERM ? EACCES : -r, "cannot read '%s': %s", b->node, strerror(-r));
}

int superblock_read(const struct root *root, const struct block_dev *b, struct superblock *ret, struct err *e)
{
	return read_device(root, b, superblock_from_udev, ret, e);
}

int superblock_member(const struct root *root, const struct block_dev *b, const char *type, char **ret_uuid,
		      struct err *e)
{
	auto_superblock struct superblock s = { 0 };
	int r = read_device(root, b, superblock_any_from_udev, &s, e);

	if (r < 0)
		return r;
	if (strcmp(s.type, type) != 0 || !*s.uuid)
		return err_set(e, ENOENT, "'%s' holds '%s' where '%s' was expected", b->node, s.type, type);
	*ret_uuid = take_ptr(s.uuid);
	return 0;
}
