/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"
#include "guest/guest.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SCRATCH_MIN (2ULL << 30)
#define MKFS_MS 120000

#define LAB_UUID "c0ffee00-1ab0-4d15-8000-00000000da7a"
#define LAB_LABEL "crashlab"

int scratch_file(const char *path, uint64_t size, struct err *e)
{
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return err_set(e, errno, "cannot make '%s' of %llu bytes: %s", path, (unsigned long long)size,
			       strerror(errno));
	return 0;
}

struct maker {
	const char *fstype, *program, *package;
	const char *quiet[6];		/* arguments before the identity; ends with NULL */
	const char *label, *uuid;	/* options that take them; "uuid=" is one word with its value */
};

static const struct maker makers[] = {
	{ "ext4", "mkfs.ext4", "e2fsprogs", { "-q", "-F", "-E", "lazy_itable_init=1" }, "-L", "-U" },
	{ "ext3", "mkfs.ext3", "e2fsprogs", { "-q", "-F" }, "-L", "-U" },
	{ "ext2", "mkfs.ext2", "e2fsprogs", { "-q", "-F" }, "-L", "-U" },
	{ "xfs", "mkfs.xfs", "xfsprogs", { "-q", "-f", "-K", "-m" }, "-L", "uuid=" },
	{ "btrfs", "mkfs.btrfs", "btrfs-progs", { "-q", "-f", "-K" }, "-L", "-U" },
};

static const struct maker *maker_of(const char *fstype)
{
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		if (strcmp(makers[i].fstype, fstype) == 0)
			return &makers[i];
	return NULL;
}

/* Where the program is: an administrator's PATH need not hold the sbin folders. */
static int maker_find(const struct maker *m, char **ret, struct err *e)
{
	static const char *const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = xasprintf("%s/%s", dirs[i], m->program);

		if (access(path, X_OK) < 0)
			continue;
		*ret = take_ptr(path);
		return 0;
	}
	return err_set(e, ENOENT, "no '%s' on this machine (apt-get or dnf install %s)", m->program,
		       m->package);
}

static void maker_argv(const struct maker *m, const char *program, const struct recipe_target *t,
		       const char *path, struct strv *argv)
{
	bool joined = m->uuid[strlen(m->uuid) - 1] == '=';

	strv_add(argv, program);
	for (size_t i = 0; m->quiet[i]; i++)
		strv_add(argv, m->quiet[i]);
	if (joined)		/* xfs: "-m" stands before it already and wants a value in any case */
		strv_addf(argv, "%s%s", *t->uuid ? m->uuid : "crc=", *t->uuid ? t->uuid : "1");
	else if (*t->uuid) {
		strv_add(argv, m->uuid);
		strv_add(argv, t->uuid);
	}
	if (*t->label) {
		strv_add(argv, m->label);
		strv_add(argv, t->label);
	}
	strv_add(argv, path);
}

int scratch_make(const char *path, const struct recipe_target *t, uint64_t memory, struct err *e)
{
	const struct maker *m = maker_of(t->fstype);
	uint64_t size = t->size ? t->size : memory * 2 > SCRATCH_MIN ? memory * 2 : SCRATCH_MIN;
	auto_free char *program = NULL;
	auto_strv struct strv argv = { 0 };
	auto_proc struct proc p = { .deadline_ms = MKFS_MS };
	int r;

	if (!m)
		return err_set(e, ENOTSUP, "the test cannot make a file system of type '%s' (use --fs ext4)",
			       t->fstype);
	r = maker_find(m, &program, e);
	if (r < 0)
		return r;
	r = scratch_file(path, size, e);
	if (r < 0)
		return r;
	maker_argv(m, program, t, path, &argv);
	p.argv = (const char *const *)argv.v;
	r = proc_check(&p, e);
	return r < 0 ? err_wrap(e, "cannot make the scratch disk") : 0;
}

int scratch_target(const struct recipe *recipe, const struct recipe_target **ret, struct err *e)
{
	for (size_t i = 0; i < recipe->n_targets; i++) {
		const struct recipe_target *t = &recipe->targets[i];

		if ((t->kind == TARGET_FILE || t->kind == TARGET_FS) && maker_of(t->fstype)) {
			*ret = t;
			return 0;
		}
	}
	return err_set(e, ENOTSUP,
		       "no target of DUMP_TARGETS is a file system that the test can play (use --fs ext4)");
}

/* Disks that QEMU can play, by the driver that the host needs for its own. */
static const struct {
	const char *driver;
	const char *controller;		/* NULL: the machine has it */
	const char *disk;
} kinds[] = {
	{ "virtio_blk", NULL, "virtio-blk-pci,drive=scratch,serial=" SERIAL_SCRATCH },
	{ "nvme", NULL, "nvme,drive=scratch,serial=" SERIAL_SCRATCH },
	{ "virtio_scsi", "virtio-scsi-pci,id=hba", "scsi-hd,drive=scratch,bus=hba.0" },
	{ "megaraid_sas", "megasas,id=hba", "scsi-hd,drive=scratch,bus=hba.0" },
	{ "mptsas", "mptsas1068,id=hba", "scsi-hd,drive=scratch,bus=hba.0" },
	{ "vmw_pvscsi", "pvscsi,id=hba", "scsi-hd,drive=scratch,bus=hba.0" },
	{ "sym53c8xx", "lsi53c895a,id=hba", "scsi-hd,drive=scratch,bus=hba.0" },
	{ "ahci", NULL, "ide-hd,drive=scratch,bus=ide.0" },
	{ "ata_piix", "piix3-ide,id=hba", "ide-hd,drive=scratch,bus=hba.0" },
};

static bool has_module(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_modules; i++)
		if (recipe->modules[i].wanted && strcmp(recipe->modules[i].name, name) == 0)
			return true;
	return false;
}

/* Does a line of modules.builtin ("kernel/drivers/nvme/host/nvme.ko") name this driver?  "-" is "_". */
static bool is_builtin(const char *builtin, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = builtin; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		size_t line_len = strcspn(line, "\n");
		const char *base = memrchr(line, '/', line_len);
		size_t i = 0;

		if (!base || (size_t)(line + line_len - base) != len + 4)
			continue;
		while (i < len && (base[1 + i] == name[i] || (base[1 + i] == '-' && name[i] == '_')))
			i++;
		if (i == len)
			return true;
	}
	return false;
}

/* What lies between a file system and its disk cannot be played by a plain disk. */
static const char *stacked(const struct recipe *recipe)
{
	static const char *const names[] = { "dm_mod", "dm_crypt", "dm_multipath", "md_mod",
					     "raid1",  "raid456",  "bcache" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (has_module(recipe, names[i]))
			return names[i];
	return NULL;
}

int scratch_device(const struct recipe *recipe, const char *builtin, struct strv *ret, struct err *e)
{
	const char *layer = stacked(recipe);

	if (layer)
		return err_set(e, ENOTSUP, "the target lies on storage that needs '%s', and the test has plain "
			       "disks only (use --fs ext4)", layer);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (pass == 0 ? !has_module(recipe, kinds[i].driver)
				      : !is_builtin(builtin, kinds[i].driver))
				continue;
			if (kinds[i].controller) {
				strv_add(ret, "-device");
				strv_add(ret, kinds[i].controller);
			}
			strv_add(ret, "-device");
			strv_add(ret, kinds[i].disk);
			return 0;
		}
	}
	return err_set(e, ENOTSUP,
		       "QEMU has no disk for the drivers of this host's target (use --fs ext4, which plays "
		       "a virtio disk)");
}

int lab_storage(const char *fstype, const char *dir, uint64_t size, struct storage *ret, struct err *e)
{
	if (!maker_of(fstype))
		return err_set(e, EINVAL,
			       "'%s' is no file system that the test can make (ext4, xfs, btrfs)", fstype);
	*ret = (struct storage){
		.target = {
			.kind = TARGET_FS, .url = xasprintf("fs:UUID=%s:%s", LAB_UUID, dir),
			.fstype = xstrdup(fstype), .uuid = xstrdup(LAB_UUID), .label = xstrdup(LAB_LABEL), .device = xstrdup("/dev/vda"),
			.size = size ? size : SCRATCH_MIN, .options = xstrdup(""), .dir = xstrdup(dir),
		},
	};
	strv_add(&ret->modaliases, "virtio:d00000002v00001AF4");
	strv_add(&ret->modaliases, "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00");
	strv_add(&ret->drivers, "virtio_blk");
	strv_add(&ret->drivers, "virtio_pci");
	strv_add(&ret->drivers, fstype);
	return 0;
}
