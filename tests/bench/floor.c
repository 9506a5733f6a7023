/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both sides of floor.sh: a host that loads /kernel and /initrd for the case of a crash, with what stands in /cmdline,
 * and crashes; and the least capture there can be, which says that it lives and resets.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static int capture(void)
{
	struct sysinfo i;

	sysinfo(&i);
	printf("floor: alive, %lu of %lu MB free\n", i.freeram >> 20, i.totalram >> 20);
	return reboot(RB_AUTOBOOT);
}

int main(void)
{
	char text[2048] = "";
	int kernel = open("/kernel", O_RDONLY), initrd = open("/initrd", O_RDONLY), words = open("/cmdline", O_RDONLY), fd;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (kernel < 0)
		return capture();
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	if (words < 0 || read(words, text, sizeof(text) - 1) < 0)
		perror("floor: /cmdline");
	text[strcspn(text, "\n")] = '\0';
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(text) + 1, text, KEXEC_FILE_ON_CRASH) < 0) {
		perror("floor: not loaded");
		return reboot(RB_POWER_OFF);
	}
	fd = open("/proc/sysrq-trigger", O_WRONLY);
	return write(fd, "c", 1) != 1;
}
