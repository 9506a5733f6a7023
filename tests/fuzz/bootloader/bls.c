/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID "7d0e6a9c4b5f4c21b3a8e0f19d2c5b68"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_file files[] = {
		{ .path = "/boot/loader/entries/" ID "-6.9.7.conf" },
		{ .path = "/etc/kernel/cmdline" },
		{ .path = "/etc/default/grub" },
		{ .path = "/boot/grub2/grubenv" },
		{ .path = "/boot/loader/entries/x.conf" },
		{ .path = "/boot/grub2/grub.cfg" },
	};

	if (!fuzz_dir[0]) {
		fuzz_begin("bls");
		fuzz_text("/etc/machine-id", ID "\n");
		fuzz_text("/etc/os-release", "NAME=\"Fedora Linux\"\nID=fedora\n");
	}
	if (size < 2)
		return 0;
	fuzz_cut(data + 1, size - 1, files, ARRAY_SIZE(files));
	boot_detect(&fuzz_root);
	fuzz_laws(&boot_bls, files, ARRAY_SIZE(files), data[0] & 1);
	return 0;
}
