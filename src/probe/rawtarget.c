/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rawtarget.h"

#include "block.h"
#include "mounts.h"
#include "rawarea.h"
#include "superblock.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#define FSTAB_MAX (1u << 20)
#define NAME_ANOTHER "name a partition in DUMP_TARGETS, such as 'raw:/dev/disk/by-partuuid/...'"

/* --- which device ----------------------------------------------------------------------------------- */

static int first_swap(const struct root *root, char **ret, struct err *e)
{
	auto_buf struct buf table = { 0 };
	int r = root_read(root, "/etc/fstab", FSTAB_MAX, &table, e);

	if (r == 0)
		r = mounts_first_swap(buf_text(&table), table.len, ret);
	return r == -ENOENT ? err_set(e, ENOENT,
				      "'/etc/fstab' has no line for a swap, which 'raw:swap' "
				      "means; " NAME_ANOTHER)
			    : r;
}

char *raw_device_path(const char *spec)
{
	static const struct {
		const char *tag, *folder;
	} tags[] = {
		{ "UUID=", "by-uuid" },
		{ "LABEL=", "by-label" },
		{ "PARTUUID=", "by-partuuid" },
		{ "PARTLABEL=", "by-partlabel" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		char name[1024];

		if (strncmp(spec, tags[i].tag, strlen(tags[i].tag)) == 0)
			return blkid_encode_string(spec + strlen(tags[i].tag), name, sizeof(name)) == 0
				       ? xasprintf("/dev/disk/%s/%s", tags[i].folder, name)
				       : NULL;
	}
	return strncmp(spec, "/dev/", 5) == 0 ? xstrdup(spec) : NULL;
}

int raw_spec(const struct root *root, const struct target *t, char **ret, struct err *e)
{
	if (strcmp(t->device, "swap") == 0)
		return first_swap(root, ret, e);
	*ret = xstrdup(t->device);
	return 0;
}

static int find_block(const struct root *root, const char *spec, struct block_dev *ret, struct err *e)
{
	auto_free char *path = raw_device_path(spec), *real = NULL;
	struct stat st;

	if (!path)
		return err_set(e, ENOTSUP,
			       "the swap '%s' is a file: a dump can be written to a swap partition "
			       "only; " NAME_ANOTHER,
			       spec);
	if (root_stat(root, path, &st) == 0 && S_ISBLK(st.st_mode))
		return block_by_number(root, major(st.st_rdev), minor(st.st_rdev), ret, e);
	if (root_realpath(root, path, &real) == 0 && strncmp(real, "/dev/", 5) == 0)
		return block_by_name(root, real + 5, ret, e);
	if (strncmp(path, "/dev/disk/", 10) != 0)
		return block_by_name(root, path + 5, ret, e);
	return err_set(e, ENOENT,
		       "no device '%s' is here; 'blkid' lists those that are. Where a dump lies on it "
		       "that was "
		       "not yet collected, 'crashcfg save' does so",
		       spec);
}

/* --- what stands against it --------------------------------------------------------------------------- */

static const char *name_of(const struct block_dev *b)
{
	return b->node + strlen("/dev/");
}

static bool is_crypt(const struct root *root, const struct block_dev *b)
{
	auto_free char *path = xasprintf("%s/dm/uuid", b->disk), *uuid = root_read_line(root, path);

	return uuid && strncmp(uuid, "CRYPT-", 6) == 0;
}

static bool has_partitions(const struct root *root, const struct block_dev *b)
{
	auto_strv struct strv names = { 0 };

	if (strcmp(b->sys, b->disk) != 0 || root_list(root, b->sys, &names) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf("%s/%s/partition", b->sys, names.v[i]);

		if (root_exists(root, path))
			return true;
	}
	return false;
}

/* Something is made of it: an array, a volume. */
static char *holder_of(const struct root *root, const struct block_dev *b)
{
	auto_free char *path = xasprintf("%s/holders", b->sys);
	auto_strv struct strv names = { 0 };

	return root_list(root, path, &names) == 0 && names.n ? xstrdup(names.v[0]) : NULL;
}

static bool is_mounted(const struct root *root, const struct block_dev *b)
{
	auto_free char *number = xasprintf(" %u:%u ", b->major, b->minor);
	auto_buf struct buf table = { 0 };

	return root_read_proc(root, "/proc/self/mountinfo", &table, NULL) == 0 &&
	       strstr(buf_text(&table), number);
}

static int check_block(const struct root *root, const struct target *t, const struct block_dev *b,
		       struct err *e)
{
	auto_free char *holder = holder_of(root, b);
	struct err what = { 0 };

	if (strncmp(name_of(b), "zram", 4) == 0)
		return err_set(
			e, ENOTSUP,
			"'%s' is '%s', which lies in memory and ends with the crash; " NAME_ANOTHER,
			t->url, b->node);
	if (is_crypt(root, b))
		return err_set(e, ENOTSUP,
			       "'%s' is '%s', an encrypted device: its key is not in the capture, and "
			       "below it the dump would "
			       "lie in the clear; " NAME_ANOTHER,
			       t->url, b->node);
	if (block_is_plain(root, b, &what) < 0)
		return err_set(e, what.code,
			       "'%s' is on %s: not yet known to the native builder; " NAME_ANOTHER,
			       t->url, what.text);
	if (has_partitions(root, b))
		return err_set(e, ENOTSUP,
			       "'%s' is the whole disk '%s', which has partitions; " NAME_ANOTHER,
			       t->url, b->node);
	if (holder)
		return err_set(e, EBUSY, "'%s' is '%s', which is part of '%s'; " NAME_ANOTHER, t->url,
			       b->node, holder);
	if (is_mounted(root, b))
		return err_set(e, EBUSY,
			       "'%s' is '%s', which is mounted; a dump would destroy what is on it",
			       t->url, b->node);
	if (b->size && b->size < RAWAREA_LEAST)
		return err_set(e, ENOSPC, "'%s' is '%s', which is too small for any dump: %llu bytes",
			       t->url, b->node, (unsigned long long)b->size);
	return 0;
}

/* --- what it bears -------------------------------------------------------------------------------------- */

struct content {
	struct superblock s; /* type "" nothing */
	char *partuuid;	     /* "" none */
};

static void content_done(struct content *c)
{
	superblock_done(&c->s);
	free(c->partuuid);
}

static void set_content(struct content *c, const char *type, const char *uuid, const char *label)
{
	superblock_done(&c->s);
	c->s = (struct superblock){ .type = xstrdup(type),
				    .uuid = xstrdup(uuid),
				    .label = xstrdup(label) };
}

static int read_device(int fd, const struct block_dev *b, struct content *c, struct err *e)
{
	auto_rawarea struct rawarea *area = NULL;
	char pages[2 * RAWAREA_PAGE];
	int r;

	c->partuuid = partition_uuid(fd);
	r = superblock_probe(fd, &c->s);
	if (r == -ENOTUNIQ)
		set_content(c, "several signatures", "", "");
	else if (r == -ENOENT && pread(fd, pages, sizeof(pages), 0) == (ssize_t)sizeof(pages) &&
		 rawarea_choose(pages, &area, NULL) == 0)
		set_content(c, area->fstype, area->uuid, area->label);
	else if (r == -ENOENT)
		set_content(c, "", "", "");
	else if (r < 0)
		return err_set(e, -r, "cannot read '%s': %s", b->node, strerror(-r));
	return 0;
}

static int read_content(const struct root *root, const struct block_dev *b, struct content *c,
			struct err *e)
{
	auto_close int fd = root->host ? root_openat(root, b->node, O_RDONLY | O_NONBLOCK, 0) : -ENOENT;
	auto_free char *path = xasprintf("/run/udev/data/b%u:%u", b->major, b->minor);
	auto_buf struct buf udev = { 0 };

	if (fd >= 0)
		return read_device(fd, b, c, e);
	if (root_read_proc(root, path, &udev, NULL) == 0) {
		c->partuuid = udev_value(buf_text(&udev), "ID_PART_ENTRY_UUID");
		if (superblock_any_from_udev(buf_text(&udev), &c->s) < 0)
			set_content(c, "", "", "");
		return 0;
	}
	if (!root->host)
		return err_set(e, ENOENT,
			       "'%s' below a foreign root is not opened, and '%s' is not there",
			       b->node, path);
	return err_set(e, fd == -EPERM ? EACCES : -fd, "cannot read '%s': %s%s", b->node, strerror(-fd),
		       geteuid() ? "; run this as root" : "");
}

int storage_find_raw(const struct root *root, const struct target *t, struct storage *ret,
		     struct err *e)
{
	AUTO(content_done) struct content c = { 0 };
	auto_block struct block_dev b = { 0 };
	auto_free char *spec = NULL;
	struct storage out;
	int r;

	r = raw_spec(root, t, &spec, e);
	if (r == 0 && spec)
		r = find_block(root, spec, &b, e);
	if (r == 0)
		r = check_block(root, t, &b, e);
	if (r == 0)
		r = read_content(root, &b, &c, e);
	if (r < 0)
		return r;
	if (!c.partuuid || !c.s.type)
		return -EIO;
	if (!*c.partuuid && !*c.s.uuid && !*c.s.label)
		return err_set(e, ENOENT,
			       "'%s' is '%s', which has nothing to find it again by: neither a "
			       "PARTUUID nor a swap's UUID; " NAME_ANOTHER,
			       t->url, b.node);
	out = (struct storage){
		.target = {
			.kind = t->kind, .url = xstrdup(t->url), .fstype = xstrdup(c.s.type), .uuid = xstrdup(c.s.uuid),
			.label = xstrdup(c.s.label), .device = xstrdup(b.node), .partuuid = take_ptr(c.partuuid),
			.size = b.size, .options = xstrdup(""), .dir = xstrdup(""),
		},
		.bears = *c.s.type && strcmp(c.s.type, "swap") != 0 ? xstrdup(c.s.type) : NULL,
	};
	block_drivers(root, &b, &out.modaliases, &out.drivers);
	*ret = out;
	return 0;
}
