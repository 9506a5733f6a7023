/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OWN "/etc/default/grub.d/crashcfg.cfg"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_file files[] = {
		{ .path = "/etc/default/grub" },
		{ .path = "/etc/default/grub.d/zy.cfg" },
		{ .path = "/boot/grub/grub.cfg" },
		{ .path = "/boot/grub/grubenv" },
	};

	if (!fuzz_dir[0]) {
		fuzz_begin("grub");
		fuzz_text("/usr/sbin/update-grub", "#!/bin/sh\n");
	}
	if (size < 2)
		return 0;
	fuzz_cut(data + 1, size - 1, files, ARRAY_SIZE(files));
	boot_detect(&fuzz_root);
	fuzz_laws(&boot_grub, files, ARRAY_SIZE(files), data[0] & 1);
	must(!root_exists(&fuzz_root, OWN));
	return 0;
}
