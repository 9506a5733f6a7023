/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices.h"

#include "file.h"
#include "layers.h"
#include "own.h"
#include "rawarea.h"
#include "proc.h"
#include "say.h"
#include "uevent.h"

#include <blkid/blkid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define EVENT_BYTES 8192		/* UEVENT_BUFFER_SIZE is 2048, and the header before it */
#define QUEUE_BYTES (1 << 20)
#define DEVICES_MAX 4096
#define TYPES_MAX (ATTEMPTS_MAX + 6)

/* Ask the kernel to say "add" once more for each block device that it has. */
static void announce_all(void)
{
	auto_closedir DIR *dir = opendir("/sys/class/block");
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		auto_free char *path = xasprintf("/sys/class/block/%s/uevent", de->d_name);
		auto_close int fd = de->d_name[0] == '.' ? -1 : open(path, O_WRONLY | O_CLOEXEC);

		/* One that is just going away refuses. */
		if (fd >= 0)
			fd_write_all(fd, "add", 3);
	}
}

int devices_open(struct devices *d, const struct recipe *r, struct page *p, struct err *e)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	auto_close int fd =
		socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	int size = QUEUE_BYTES;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_set(e, errno, "cannot listen for devices: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	*d = (struct devices){ .recipe = r, .page = p, .fd = take_fd(fd) };
	announce_all();
	return 0;
}

static void note(struct devices *d, const struct uevent *ev)
{
	struct device *dev = NULL;
	size_t i;

	for (i = 0; i < d->n && strcmp(d->list[i].name, ev->devname) != 0; i++)
		;
	if (strcmp(ev->action, "remove") == 0) {
		if (i < d->n) {
			d->list[i].fstype[0] = '\0';
			d->list[i].asked = true;
			d->list[i].gone = true;
		}
		return;
	}
	if (i == d->n && d->n == DEVICES_MAX)
		return;
	if (i < d->n)
		dev = &d->list[i];
	else
		dev = vec_push(&d->list, &d->n);
	memcpy(dev->name, ev->devname, sizeof(dev->name));
	/* "change" may mean another medium; "add" for a known one is our own announcement. */
	if (dev->gone || strcmp(ev->action, "change") == 0)
		dev->asked = dev->gone = false;
}

/* All that sysfs has now, for when the queue did not hold the events. */
static void list_all(struct devices *d)
{
	auto_closedir DIR *dir = opendir("/sys/class/block");
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		struct uevent ev = { .action = "add", .subsystem = "block" };

		if (de->d_name[0] == '.' || strlen(de->d_name) >= sizeof(ev.devname))
			continue;
		strcpy(ev.devname, de->d_name);
		for (char *p = ev.devname; (p = strchr(p, '!'));)
			*p = '/';
		note(d, &ev);
	}
}

static void drain_events(struct devices *d)
{
	char data[EVENT_BYTES];
	struct uevent ev;
	bool lost = false;

	for (;;) {
		struct sockaddr_nl from = { .nl_pid = 1 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(d->fd, data, sizeof(data), 0, (struct sockaddr *)&from, &len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			/* Some were lost, and more would be while the queue is full. */
			lost = true;
			continue;
		}
		if (n <= 0)
			break;
		page_beat(d->page);
		if (from.nl_pid == 0 && uevent_parse(data, (size_t)n, &ev) &&
		    strcmp(ev.subsystem, "block") == 0 && ev.devname[0])
			note(d, &ev);
	}
	if (lost)
		list_all(d);
}

/* The file systems that the recipe's targets have, for the probe to look for nothing else. */
static size_t wanted_types(const struct recipe *r, char *types[static TYPES_MAX])
{
	static char ext3[] = "ext3", ext2[] = "ext2";
	static char array[] = "linux_raid_member", volume[] = "LVM2_member", locked[] = "crypto_LUKS";
	bool layered = false;
	size_t n = 0;

	for (size_t i = 0; i < r->n_targets && n < ATTEMPTS_MAX; i++) {
		if (r->targets[i].fstype[0])
			types[n++] = r->targets[i].fstype;
		layered |= r->targets[i].n_layers > 0;
	}
	/* libblkid then also tells a mirror's half from the file system that it seems to bear. */
	if (layered) {
		types[n++] = array;
		types[n++] = volume;
		types[n++] = locked;
	}
	if (n) {
		types[n++] = ext3;
		types[n++] = ext2;
	}
	types[n] = NULL;
	return n;
}

static void take_value(blkid_probe pr, const char *name, char *to, size_t size)
{
	const char *value;

	to[0] = '\0';
	if (blkid_probe_lookup_value(pr, name, &value, NULL) == 0 && strlen(value) < size)
		strcpy(to, value);
}

static void take_text(char *to, size_t size, const char *text)
{
	to[0] = '\0';
	if (strlen(text) < size)
		strcpy(to, text);
}

/* An area of an earlier crash still lies on it: its header tells what the device is. */
static void ask_area(int fd, struct device *dev)
{
	auto_rawarea struct rawarea *a = NULL;
	char pages[2 * RAWAREA_PAGE];

	if (pread(fd, pages, sizeof(pages), 0) != (ssize_t)sizeof(pages) || rawarea_choose(pages, &a, NULL) < 0)
		return;
	take_text(dev->fstype, sizeof(dev->fstype), a->fstype);
	take_text(dev->uuid, sizeof(dev->uuid), a->uuid);
	take_text(dev->label, sizeof(dev->label), a->label);
}

/* What raw: targets are told by beside a swap's signature. */
static void ask_raw(int fd, struct device *dev)
{
	blkid_probe pr = blkid_new_probe();

	if (pr && blkid_probe_set_device(pr, fd, 0, 0) == 0 &&
	    blkid_probe_enable_superblocks(pr, 0) == 0 && blkid_probe_enable_partitions(pr, 1) == 0 &&
	    blkid_probe_set_partitions_flags(pr, BLKID_PARTS_ENTRY_DETAILS) == 0 && blkid_do_safeprobe(pr) == 0)
		take_value(pr, "PART_ENTRY_UUID", dev->partuuid, sizeof(dev->partuuid));
	if (pr)
		dev->size = (uint64_t)blkid_probe_get_size(pr);
	blkid_free_probe(pr);
	if (!dev->fstype[0])
		ask_area(fd, dev);
}

static bool wants_raw(const struct recipe *r)
{
	for (size_t i = 0; i < r->n_targets; i++)
		if (r->targets[i].kind == TARGET_RAW)
			return true;
	return false;
}

int devices_content(int fd, char type[static TYPE_BYTES])
{
	blkid_probe pr = blkid_new_probe();
	int r = -1;

	type[0] = '\0';
	if (pr && blkid_probe_set_device(pr, fd, 0, 0) == 0)
		r = blkid_do_safeprobe(pr);
	if (r == 0)
		take_value(pr, "TYPE", type, TYPE_BYTES);
	/* Signatures of several are signatures. */
	if (r == -2)
		strcpy(type, "several");
	blkid_free_probe(pr);
	return r == 0 || r == 1 || r == -2 ? 0 : -EIO;
}

/* What does the open device bear?  0, or -EIO: it cannot be told; then nothing is set. */
static int ask(const struct recipe *r, int fd, struct device *dev)
{
	char *types[TYPES_MAX];
	blkid_probe pr = blkid_new_probe();
	int err = -EIO;

	dev->fstype[0] = dev->uuid[0] = dev->label[0] = dev->partuuid[0] = '\0';
	if (pr && wanted_types(r, types) && blkid_probe_set_device(pr, fd, 0, 0) == 0 &&
	    blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID |
							  BLKID_SUBLKS_LABEL) == 0 &&
	    blkid_probe_filter_superblocks_type(pr, BLKID_FLTR_ONLYIN, types) == 0 &&
	    blkid_do_safeprobe(pr) == 0) {
		take_value(pr, "TYPE", dev->fstype, sizeof(dev->fstype));
		take_value(pr, "UUID", dev->uuid, sizeof(dev->uuid));
		take_value(pr, "LABEL", dev->label, sizeof(dev->label));
		dev->size = (uint64_t)blkid_probe_get_size(pr);
		err = 0;
	}
	blkid_free_probe(pr);
	if (wants_raw(r))
		ask_raw(fd, dev);
	return err;
}

static int open_device(const struct device *dev)
{
	auto_free char *path = xasprintf("/dev/%s", dev->name);

	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static bool is_skipped(const struct page *p, const char *name)
{
	for (unsigned i = 0; i < p->n_skips; i++)
		if (strcmp(p->skip[i], name) == 0)
			return true;
	return false;
}

/*
 * Ask those that were named and not yet asked. A disk that hangs is noted first: the next worker
 * passes it over.
 */
static void ask_new(struct devices *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct device *dev = &d->list[i];
		auto_close int fd = -1;

		if (dev->asked)
			continue;
		dev->asked = true;
		if (is_skipped(d->page, dev->name))
			continue;
		memcpy(d->page->probing, dev->name, sizeof(dev->name));
		fd = open_device(dev);
		if (fd < 0)
			dev->gone = true;	/* not yet there: its own "add" is to come */
		else if (layers_is_part(dev->name))
			dev->fstype[0] = '\0';
		else
			ask(d->recipe, fd, dev);
		d->page->probing[0] = '\0';
		page_beat(d->page);
	}
}

static bool matches(const struct device *dev, const struct recipe_target *t)
{
	if (t->kind == TARGET_RAW && t->partuuid[0])
		return strcmp(dev->partuuid, t->partuuid) == 0;
	/* The recipe names the driver: ext4's mounts its elders too. */
	if (strcmp(dev->fstype, t->fstype) != 0 &&
	    (strcmp(t->fstype, "ext4") != 0 || (strcmp(dev->fstype, "ext3") != 0 && strcmp(dev->fstype, "ext2") != 0)))
		return false;
	return t->uuid[0] ? strcmp(dev->uuid, t->uuid) == 0
			  : t->label[0] && strcmp(dev->label, t->label) == 0;
}

/*
 * btrfs finds the members of a file system only among those it was told of, and forgets a lone
 * one when its mount fails (btrfs_close_devices()): so it is told of all of them before each try.
 */
static void scan_btrfs(const struct devices *d, const struct recipe_target *t)
{
	auto_close int fd = open("/dev/btrfs-control", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < d->n; i++) {
		struct btrfs_ioctl_vol_args args = { .fd = 0 };

		if (!matches(&d->list[i], t))
			continue;
		snprintf(args.name, sizeof(args.name), "/dev/%s", d->list[i].name);
		/* One that it does not like is missed at the mount, which tells why. */
		ioctl(fd, BTRFS_IOC_SCAN_DEV, &args);
	}
}

/* Ask the open device once more, right before it is mounted: names are handed out anew at every boot. */
static int recheck(const struct devices *d, const struct recipe_target *t, const struct device *dev, int fd,
		   struct err *e)
{
	struct device now = *dev;

	if ((ask(d->recipe, fd, &now) < 0 && t->kind != TARGET_RAW) || !matches(&now, t))
		return err_set(e, EMEDIUMTYPE, "'/dev/%s' no longer bears what '%s' means",
			       dev->name, t->url);
	/* Disks grow while they are in use.  The members of a btrfs have sizes of their own; the recipe knows one. */
	if (t->size && now.size < t->size && strcmp(t->fstype, "btrfs") != 0)
		return err_set(e, EMEDIUMTYPE,
			       "'/dev/%s' has %llu bytes where the recipe has %llu: not the device of '%s'",
			       dev->name, (unsigned long long)now.size, (unsigned long long)t->size,
			       t->url);
	if (t->size && now.size > t->size)
		say(CONSOLE_DEVICE, "/dev/%s has grown since the image was built", dev->name);
	return 0;
}

/* "PARTUUID" and its value, or what else tells the device. */
static const char *identity(const struct recipe_target *t, const char **ret_value)
{
	*ret_value = t->partuuid[0] ? t->partuuid : t->uuid[0] ? t->uuid : t->label;
	return t->partuuid[0] ? "PARTUUID" : t->uuid[0] ? "UUID" : "LABEL";
}

void devices_say(const char *path, const struct recipe_target *t)
{
	const char *value, *name = identity(t, &value);

	say(CONSOLE_DEVICE, "%s is %s=%s, %s", path, name, value, t->kind == TARGET_RAW ? "raw" : t->fstype);
}

void devices_bearing(struct devices *d, const char *type, const char *uuid, struct strv *ret)
{
	drain_events(d);
	ask_new(d);
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->list[i].fstype, type) == 0 && strcmp(d->list[i].uuid, uuid) == 0)
			strv_addf(ret, "/dev/%s", d->list[i].name);
}

bool devices_more(struct devices *d, long long ms)
{
	struct pollfd fds = { .fd = d->fd, .events = POLLIN };

	return ms > 0 && poll(&fds, 1, (int)ms) > 0;
}

int devices_wait(struct devices *d, const struct recipe_target *t, long long ms, size_t seen, int *ret_fd,
		 char path[static DEVNAME_MAX + 8], struct err *e)
{
	long long end = now_ms() + ms, left;
	struct pollfd fds = { .fd = d->fd, .events = POLLIN };
	const char *value, *name = identity(t, &value);

	if (!t->uuid[0] && !t->label[0] && !t->partuuid[0])
		return err_set(e, ENOTSUP,
			       "the recipe tells neither UUID nor label of '%s': build the image again",
			       t->url);
	do {
		size_t n = 0;

		drain_events(d);
		ask_new(d);
		for (size_t i = 0; i < d->n; i++) {
			struct device *dev = &d->list[i];
			auto_close int fd = -1;
			int r;

			if (!matches(dev, t) || !layers_bear(t, dev->name))
				continue;
			if (n++ < seen)
				continue;
			if (strcmp(t->fstype, "btrfs") == 0)
				scan_btrfs(d, t);
			fd = open_device(dev);
			if (fd < 0)
				return err_set(e, errno, "cannot open '/dev/%s': %s", dev->name,
					       strerror(errno));
			r = recheck(d, t, dev, fd, e);
			if (r < 0)
				return r;
			snprintf(path, DEVNAME_MAX + 8, "/dev/%s", dev->name);
			*ret_fd = take_fd(fd);
			return 0;
		}
		left = end - now_ms();
	} while (left > 0 && poll(&fds, 1, (int)left) >= 0);
	return err_set(e, ENODEV, "no device with %s=%s (%s) came within %lld s%s", name, value,
		       t->kind == TARGET_RAW ? "raw" : t->fstype, ms / 1000,
		       d->n ? "" : "; there is no block device at all");
}
