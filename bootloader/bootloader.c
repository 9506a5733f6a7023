/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bootloader.h"

#include <string.h>

/* Name of the loader that started us: UTF-16 behind four bytes (systemd.io/BOOT_LOADER_INTERFACE). */
#define LOADER_INFO "/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static bool started_by_systemd_boot(const struct root *root)
{
	static const char name[] = "systemd-boot";
	auto_buf struct buf info = { 0 };
	size_t n = 0;

	if (root_read_proc(root, LOADER_INFO, &info, NULL) < 0)
		return false;
	while (name[n] && 4 + 2 * n < info.len && info.data[4 + 2 * n] == name[n])
		n++;
	return !name[n];
}

const struct boot_editor *boot_detect(const struct root *root)
{
	static const struct boot_editor *const editors[] = { &boot_bls, &boot_grub };

	/* GRUB's files often stay behind where systemd-boot took over. */
	if (started_by_systemd_boot(root))
		return &boot_none;
	for (size_t i = 0; i < ARRAY_SIZE(editors); i++)
		if (editors[i]->probe(root))
			return editors[i];
	return &boot_none;
}

void boot_command_done(struct boot_command *c)
{
	strv_done(&c->argv);
	free(c->why);
	*c = (struct boot_command){ 0 };
}

void boot_conflicts_free(struct boot_conflict *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].path);
		free(v[i].text);
	}
	free(v);
}
