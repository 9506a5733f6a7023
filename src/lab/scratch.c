/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"
#include "guest/guest.h"
#include "proc.h"
#include "tools.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SCRATCH_MIN (2ULL << 30)
#define MKFS_MS 120000

int scratch_file(const char *path, uint64_t size, struct err *e)
{
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return err_set(e, errno, "cannot make '%s' of %llu bytes: %s", path, (unsigned long long)size,
			       strerror(errno));
	return 0;
}

struct maker {
	const char *fstype, *program;
	const char *quiet[6];		/* arguments before the identity; ends with NULL */
	const char *label, *uuid;	/* options that take them; "uuid=" is one word with its value */
};

static const struct maker makers[] = {
	{ "ext4", "mkfs.ext4", { "-q", "-F", "-E", "lazy_itable_init=1" }, "-L", "-U" },
	{ "ext3", "mkfs.ext3", { "-q", "-F" }, "-L", "-U" },
	{ "ext2", "mkfs.ext2", { "-q", "-F" }, "-L", "-U" },
	{ "xfs", "mkfs.xfs", { "-q", "-f", "-K", "-m" }, "-L", "uuid=" },
	{ "btrfs", "mkfs.btrfs", { "-q", "-f", "-K" }, "-L", "-U" },
};

static const struct maker *maker_of(const char *fstype)
{
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		if (strcmp(makers[i].fstype, fstype) == 0)
			return &makers[i];
	return NULL;
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

uint64_t scratch_size(const struct recipe_target *t, uint64_t memory)
{
	return t->size ? t->size : memory * 2 > SCRATCH_MIN ? memory * 2 : SCRATCH_MIN;
}

void scratch_mkfs(struct script *s, const struct recipe_target *t, const char *node)
{
	const struct maker *m = maker_of(t->fstype);
	auto_strv struct strv argv = { 0 };

	if (!m) {
		err_set(&s->e, ENOTSUP, "the test cannot make a file system of type '%s' (use --fs ext4)", t->fstype);
		return;
	}
	script_do(s, m->program);
	maker_argv(m, m->program, t, node, &argv);
	for (size_t i = 1; i < argv.n; i++)
		script_arg(s, argv.v[i]);
}

int scratch_make(const char *path, const struct recipe_target *t, uint64_t memory, struct err *e)
{
	const struct maker *m = maker_of(t->fstype);
	auto_free char *program = NULL;
	auto_strv struct strv argv = { 0 };
	auto_proc struct proc p = { .deadline_ms = MKFS_MS };
	int r;

	if (!m)
		return err_set(e, ENOTSUP, "the test cannot make a file system of type '%s' (use --fs ext4)",
			       t->fstype);
	r = tool_find(m->program, &program, e);
	if (r < 0)
		return r;
	r = scratch_file(path, scratch_size(t, memory), e);
	if (r < 0)
		return r;
	maker_argv(m, program, t, path, &argv);
	p.argv = (const char *const *)argv.v;
	r = proc_check(&p, e);
	return r < 0 ? err_wrap(e, "cannot make the scratch disk") : 0;
}

bool scratch_knows(const char *fstype)
{
	return maker_of(fstype) != NULL;
}

int scratch_target(const struct recipe *recipe, const struct recipe_target **ret, struct err *e)
{
	for (size_t i = 0; i < recipe->n_targets; i++) {
		const struct recipe_target *t = &recipe->targets[i];

		if (target_is_remote(t->kind) ||
		    ((t->kind == TARGET_FILE || t->kind == TARGET_FS) && maker_of(t->fstype))) {
			*ret = t;
			return 0;
		}
	}
	return err_set(e, ENOTSUP,
		       "no target of DUMP_TARGETS is one that the test can play (use --fs ext4, or --target)");
}

/* Disks that QEMU can play, by the driver that the host needs for its own. */
static const struct {
	const char *driver;
	const char *controller;		/* NULL: the machine has it */
	const char *disk;		/* the disk's number is put behind it */
} kinds[] = {
	{ "virtio_blk", NULL, "virtio-blk-pci,drive=scratch" },
	{ "nvme", NULL, "nvme,drive=scratch" },
	{ "virtio_scsi", "virtio-scsi-pci,id=hba", "scsi-hd,bus=hba.0,drive=scratch" },
	{ "megaraid_sas", "megasas,id=hba", "scsi-hd,bus=hba.0,drive=scratch" },
	{ "mptsas", "mptsas1068,id=hba", "scsi-hd,bus=hba.0,drive=scratch" },
	{ "vmw_pvscsi", "pvscsi,id=hba", "scsi-hd,bus=hba.0,drive=scratch" },
	{ "sym53c8xx", "lsi53c895a,id=hba", "scsi-hd,bus=hba.0,drive=scratch" },
	{ "ahci", NULL, "ide-hd,drive=scratch" },
	{ "ata_piix", "piix3-ide,id=hba", "ide-hd,bus=hba.0,drive=scratch" },
};

bool scratch_has_driver(const struct recipe *recipe, const char *name)
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

static void add_disk(const char *disk, unsigned n, struct strv *ret)
{
	strv_add(ret, "-device");
	if (strncmp(disk, "ide-hd,drive", 12) == 0)
		strv_addf(ret, "%s%u,bus=ide.%u", disk, n, n);
	else
		strv_addf(ret, "%s%u,serial=" SERIAL_SCRATCH "%u", disk, n, n);
}

int scratch_devices(const struct recipe *recipe, const char *builtin, unsigned n, struct strv *ret, struct err *e)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (pass == 0 ? !scratch_has_driver(recipe, kinds[i].driver)
				      : !is_builtin(builtin, kinds[i].driver))
				continue;
			if (kinds[i].controller) {
				strv_add(ret, "-device");
				strv_add(ret, kinds[i].controller);
			}
			for (unsigned k = 0; k < n; k++)
				add_disk(kinds[i].disk, k, ret);
			return 0;
		}
	}
	return err_set(e, ENOTSUP,
		       "QEMU has no disk for the drivers of this host's target (use --fs ext4, which plays "
		       "a virtio disk)");
}
