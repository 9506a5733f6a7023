/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "importparts.h"

#include <string.h>

/* /etc/sysconfig/kdump of Fedora, RHEL and their kin: how the capture kernel is loaded. */

#define COMMAND_LINE \
	"the capture kernel's command line is made from the running one (CAPTURE_CMDLINE_ADD and " \
	"CAPTURE_CMDLINE_REMOVE change it)"
#define FADUMP "firmware-assisted dumps of POWER are not made"
#define LOGGING "crashcfg says what it does on its own output, and the capture on the console"

static void take_kexec(struct import *im, struct import_line *l)
{
	auto_strv struct strv words = { 0 };

	import_words(l->read.value, &words);
	for (size_t i = 0; i < words.n; i++)
		if (strcmp(words.v[i], "-s") == 0 || strcmp(words.v[i], "-a") == 0 ||
		    strcmp(words.v[i], "-c") == 0)
			import_note(im, l, IMPORT_UNNEEDED, "'%s': the way of loading is chosen for the host",
				    words.v[i]);
		else
			import_note(im, l, IMPORT_NONE, "'%.40s': no option is handed to kexec", words.v[i]);
}

static void take_image_name(struct import *im, struct import_line *l)
{
	static const char *const usual[] = { "vmlinuz", "bzImage", "Image", "/boot" };

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (strcmp(l->read.value, usual[i]) == 0) {
			import_note(im, l, IMPORT_UNNEEDED, "kernels are found where they are installed");
			return;
		}
	import_note(im, l, IMPORT_NONE, "kernels are found where they are installed (set CAPTURE_KERNEL)");
}

static const struct import_row rows[] = {
	{ .key = "KDUMP_KERNELVER", .take = take_kernel, .to = SET_CAPTURE_KERNEL },
	{ .key = "KDUMP_COMMANDLINE", .take = take_none, .text = COMMAND_LINE },
	{ .key = "KDUMP_COMMANDLINE_REMOVE", .take = take_cmdline_remove },
	{ .key = "KDUMP_COMMANDLINE_APPEND", .take = take_cmdline_add },
	{ .key = "FADUMP_COMMANDLINE_APPEND", .take = take_none, .text = FADUMP },
	{ .key = "KEXEC_ARGS", .take = take_kexec },
	{ .key = "KDUMP_BOOTDIR", .take = take_image_name },
	{ .key = "KDUMP_IMG", .take = take_image_name },
	{ .key = "KDUMP_IMG_EXT", .take = take_image_name },
	{ .key = "VMCORE_CREATION_NOTIFICATION", .take = take_unneeded,
	  .text = "'crashcfg test' proves that a dump arrives, and 'status' tells of it" },
	{ .key = "KDUMP_STDLOGLVL", .take = take_none, .text = LOGGING },
	{ .key = "KDUMP_SYSLOGLVL", .take = take_none, .text = LOGGING },
	{ .key = "KDUMP_KMSGLOGLVL", .take = take_none, .text = LOGGING },
	{ .key = "KDUMP_FILE_LOAD", .take = take_unneeded,
	  .text = "the way of loading is chosen for the host" },
	/* RHEL 5 and 6 */
	{ .key = "MKDUMPRD_ARGS", .take = take_none, .text = "the image is made by crashcfg itself" },
	{ .key = "KDUMP_IDE_NOPROBE_COMMANDLINE", .take = take_none, .text = "there are no IDE drives here" },
	{ .key = NULL },
};

const struct import_dialect_row import_kdump_sysconfig = {
	.name = "kdump-utils", .title = "kdump-utils", .path = "/etc/sysconfig/kdump",
	.syntax = FOREIGN_SHELL, .rows = rows,
};
