/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "block.h"

#include "num.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SYS_DEVICES "/sys/devices"
#define NVME_FABRICS "NVMe over fabrics"
#define MODALIAS_MAX 1024	/* an input device's may be long, a storage adapter's has some 80 bytes */

void block_done(struct block_dev *b)
{
	free(b->sys);
	free(b->disk);
	free(b->node);
	*b = (struct block_dev){ 0 };
}

static char *read_attr(const struct root *root, const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	return root_read_line(root, path);
}

static bool has(const struct root *root, const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	return root_exists(root, path);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static char *parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return xstrndup(path, slash ? (size_t)(slash - path) : 0);
}

static int describe(const struct root *root, const char *link, struct block_dev *ret, struct err *e)
{
	auto_block struct block_dev b = { 0 };
	auto_free char *dev = NULL, *size = NULL;
	uint64_t sectors;
	int r = root_realpath(root, link, &b.sys);

	if (r < 0)
		return err_set(e, -r, "'%s': %s", link, r == -ENOENT ? "no such block device" : strerror(-r));
	if (strncmp(b.sys, SYS_DEVICES "/", strlen(SYS_DEVICES "/")) != 0)
		return err_set(e, ENOENT, "'%s' leads to '%s', which is no device", link, b.sys);
	dev = read_attr(root, b.sys, "dev");
	if (!dev || sscanf(dev, "%u:%u", &b.major, &b.minor) != 2)
		return err_set(e, ENOENT, "'%s/dev' does not tell a device's number", b.sys);
	b.disk = has(root, b.sys, "partition") ? parent(b.sys) : xstrdup(b.sys);
	b.node = xasprintf("/dev/%s", base_name(b.sys));
	for (char *c = b.node; *c; c++)
		if (*c == '!')		/* sysfs' way to write "cciss/c0d0" */
			*c = '/';
	size = read_attr(root, b.sys, "size");
	if (size && num_parse(size, UINT64_MAX / 512, &sectors) == 0)
		b.size = sectors * 512;
	*ret = b;
	b = (struct block_dev){ 0 };
	return 0;
}

int block_by_number(const struct root *root, unsigned maj, unsigned min, struct block_dev *ret, struct err *e)
{
	auto_free char *link = xasprintf("/sys/dev/block/%u:%u", maj, min);

	return describe(root, link, ret, e);
}

int block_by_name(const struct root *root, const char *name, struct block_dev *ret, struct err *e)
{
	auto_free char *link = NULL;

	if (!*name || *name == '.')
		return err_set(e, ENOENT, "'%s' names no block device", name);
	link = xasprintf("/sys/class/block/%s", name);
	for (char *c = link + strlen("/sys/class/block/"); *c; c++)
		if (*c == '/')
			*c = '!';
	return describe(root, link, ret, e);
}

/* NVMe: the controllers behind the disk.  One of its own lies above it, of several paths each has a link
 * beside it. */
static void nvme_controllers(const struct root *root, const struct block_dev *b, struct strv *ret)
{
	auto_free char *dir = parent(b->disk);
	auto_strv struct strv names = { 0 };

	if (strncmp(base_name(dir), "nvme-subsys", strlen("nvme-subsys")) != 0) {
		strv_add(ret, dir);
		return;
	}
	if (root_list(root, dir, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.v[i]), *real = NULL;

		if (strncmp(names.v[i], "nvme", 4) == 0 &&
		    strspn(names.v[i] + 4, "0123456789") == strlen(names.v[i] + 4) &&
		    root_realpath(root, path, &real) == 0 &&
		    strncmp(real, SYS_DEVICES "/", strlen(SYS_DEVICES "/")) == 0)
			strv_add_once(ret, real);
	}
}

static bool is_nvme(const struct block_dev *b)
{
	const char *name = base_name(b->disk);

	return strncmp(name, "nvme", 4) == 0 && isdigit((unsigned char)name[4]);
}

static int nvme_is_plain(const struct root *root, const struct block_dev *b, struct err *e)
{
	auto_strv struct strv controllers = { 0 };

	nvme_controllers(root, b, &controllers);
	if (!controllers.n)
		return err_set(e, ENOTSUP, "NVMe disk '%s' without a controller", base_name(b->disk));
	for (size_t i = 0; i < controllers.n; i++) {
		auto_free char *transport = read_attr(root, controllers.v[i], "transport");

		if (transport && strcmp(transport, "pcie") != 0)
			return err_set(e, ENOTSUP, NVME_FABRICS " ('%s' by %s)", base_name(b->disk),
				       transport);
	}
	return 0;
}

/* What of the path to a disk shows that the network, a channel or a process brings it. */
static const struct {
	const char *part, *what;
	enum remote_disk kind;
} parts[] = {
	{ "/session", "iSCSI disk", REMOTE_ISCSI },
	{ "/ctlr_", "FCoE disk", REMOTE_FCOE },
	{ "/net/", "disk that comes by the network", REMOTE_NONE },
	{ "/tcm_loop", "disk that this host exports to itself", REMOTE_NONE },
	{ "/block/dasd", "DASD", REMOTE_DASD },
	{ "/devices/css", "disk on a channel path", REMOTE_ZFCP },
};

static int find_part(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strstr(path, parts[i].part))
			return (int)i;
	return -1;
}

enum remote_disk block_remote(const struct root *root, const struct block_dev *b, char **what)
{
	struct err why = { 0 };
	int part = is_nvme(b) ? -1 : find_part(b->disk);

	*what = NULL;
	if (part >= 0 && parts[part].kind) {
		*what = xasprintf("%s '%s'", parts[part].what, base_name(b->disk));
		return parts[part].kind;
	}
	if (is_nvme(b) && nvme_is_plain(root, b, &why) == -ENOTSUP &&
	    strncmp(why.text, NVME_FABRICS, strlen(NVME_FABRICS)) == 0) {
		*what = xstrdup(why.text);
		return REMOTE_NVME;
	}
	return REMOTE_NONE;
}

int block_is_plain(const struct root *root, const struct block_dev *b, struct err *e)
{
	const char *name = base_name(b->disk);
	int part = find_part(b->disk);

	if (has(root, b->disk, "dm") || has(root, b->disk, "md")) {
		auto_free char *mapping = read_attr(root, b->disk, "dm/name");

		return err_set(e, ENOTSUP, "%s '%s'", mapping ? "device-mapper device" : "MD array",
			       mapping ? mapping : name);
	}
	if (has(root, b->disk, "loop") || strncmp(name, "loop", 4) == 0)
		return err_set(e, ENOTSUP, "loop device '%s'", name);
	if (is_nvme(b))
		return nvme_is_plain(root, b, e);
	if (part >= 0)
		return err_set(e, ENOTSUP, "%s '%s'", parts[part].what, name);
	if (strncmp(b->disk, SYS_DEVICES "/virtual/", strlen(SYS_DEVICES "/virtual/")) == 0)
		return err_set(e, ENOTSUP, "device '%s', which no hardware stands behind", name);
	if (strncmp(b->disk, SYS_DEVICES "/rbd/", strlen(SYS_DEVICES "/rbd/")) == 0)
		return err_set(e, ENOTSUP, "Ceph device '%s'", name);
	return 0;
}

/* Built into the running kernel?  Then its name may be none that modules.builtin knows (pcieportdrv), and
 * nothing is needed. */
static bool is_loaded_module(const struct root *root, const char *name)
{
	auto_free char *path = xasprintf("/sys/module/%s/initstate", name);

	return *name && root_exists(root, path);
}

/* One device of sysfs: how the kernel would ask for its driver, and which module drives it now. */
static void add_device(const struct root *root, const char *dir, struct strv *modaliases,
		       struct strv *drivers)
{
	auto_free char *modalias = read_attr(root, dir, "modalias");
	auto_free char *link = xasprintf("%s/driver/module", dir), *module = NULL;

	if (modalias && *modalias && strlen(modalias) <= MODALIAS_MAX)
		strv_add_once(modaliases, modalias);
	if (root_readlink(root, link, &module) == 0 && is_loaded_module(root, base_name(module)))
		strv_add_once(drivers, base_name(module));
}

void block_device_drivers(const struct root *root, const char *from, struct strv *modaliases, struct strv *drivers)
{
	auto_free char *dir = xstrdup(from);

	while (strlen(dir) > strlen(SYS_DEVICES)) {
		char *above;

		add_device(root, dir, modaliases, drivers);
		above = parent(dir);
		free(dir);
		dir = above;
	}
}

void block_drivers(const struct root *root, const struct block_dev *b, struct strv *modaliases,
		   struct strv *drivers)
{
	auto_strv struct strv controllers = { 0 };
	const char *name = base_name(b->disk);

	/* Disk drivers that are no bus device's: the SCSI layer attaches them to what the adapter found. */
	if (strncmp(name, "sd", 2) == 0)
		strv_add_once(drivers, "sd_mod");
	else if (strncmp(name, "mmcblk", 6) == 0)
		strv_add_once(drivers, "mmc_block");
	block_device_drivers(root, b->disk, modaliases, drivers);
	if (is_nvme(b))
		nvme_controllers(root, b, &controllers);
	for (size_t i = 0; i < controllers.n; i++)
		block_device_drivers(root, controllers.v[i], modaliases, drivers);
}
