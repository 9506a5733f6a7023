/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools.h"

#include <errno.h>
#include <string.h>

/* The packages that bring them where the name of the program is not that of the package. */
static const struct {
	const char *program, *package;
} packages[] = {
	{ "mkfs.ext4", "e2fsprogs" },
	{ "mkfs.ext3", "e2fsprogs" },
	{ "mkfs.ext2", "e2fsprogs" },
	{ "mkfs.xfs", "xfsprogs" },
	{ "mkfs.btrfs", "btrfs-progs" },
	{ "ip", "iproute2 (iproute)" },
	{ "sshd", "openssh-server" },
	{ "ssh-keygen", "openssh-client (openssh)" },
	{ "dnsmasq", "dnsmasq-base (dnsmasq)" },
	{ "lvm", "lvm2" },
	{ "cryptsetup", "cryptsetup-bin (cryptsetup)" },
};

int tool_find(const char *program, char **ret, struct err *e)
{
	static const char *const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin" };
	const char *package = program;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = xasprintf("%s/%s", dirs[i], program);

		if (access(path, X_OK) < 0)
			continue;
		*ret = take_ptr(path);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++)
		if (strcmp(packages[i].program, program) == 0)
			package = packages[i].package;
	return err_set(e, ENOENT, "no '%s' on this machine (apt-get or dnf install %s)", program, package);
}
