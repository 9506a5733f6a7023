/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of DUMP_PRE or DUMP_POST that does ACT to the capture in which it runs: what no program of the image
 * itself would do.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANG, FAIL, KILL_WORKER, PANIC, FILL_DISK, SPIN_INIT, HANG_REBOOT };

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	return fd < 0 || write(fd, text, strlen(text)) < 0;
}

static int fill_disk(void)
{
	int fd = open("filler", O_WRONLY | O_CREAT, 0600);
	off_t at = 0;

	for (off_t size = 1 << 30; size >= 1024; size /= 2)
		while (fallocate(fd, 0, at, size) == 0)
			at += size;
	return fsync(fd);
}

/* PID 1 goes round and round from where it will come back to out of its system call. */
static int spin_init(int mem)
{
	static const unsigned char here[] = { 0xeb, 0xfe };	/* jmp . */
	unsigned long long ip = 0;
	char text[512] = "";
	FILE *f = fopen("/proc/1/syscall", "r");

	if (!f || !fgets(text, sizeof(text), f) || !strrchr(text, ' '))
		return 1;
	ip = strtoull(strrchr(text, ' ') + 1, NULL, 16);
	return pwrite(mem, here, sizeof(here), (off_t)ip) != sizeof(here);
}

/* reboot(2) never comes back: neither into the caller nor into the firmware. */
static int hang_reboot(int mem)
{
	static const unsigned char call[] = { 0xb8, 0xa9, 0x00, 0x00, 0x00, 0x0f, 0x05 };	/* mov $169,%eax; syscall */
	static const unsigned char here[] = { 0xeb, 0xfe };
	unsigned long long from, to;
	static char code[4 << 20];
	char line[512], mode[8];
	FILE *f = fopen("/proc/1/maps", "r");
	int hit = 0;

	while (f && fgets(line, sizeof(line), f)) {
		ssize_t n;

		if (sscanf(line, "%llx-%llx %7s", &from, &to, mode) != 3 || mode[2] != 'x')
			continue;
		n = pread(mem, code, to - from < sizeof(code) ? to - from : sizeof(code), (off_t)from);
		for (char *p = code; n > 0 && (p = memmem(p, (size_t)(code + n - p), call, sizeof(call))); p++)
			hit += pwrite(mem, here, sizeof(here), (off_t)(from + (unsigned long long)(p - code))) == 2;
	}
	return !hit;
}

int main(void)
{
	int mem = open("/proc/1/mem", O_RDWR);

	puts("the fault is at work");
	fflush(stdout);
	switch (ACT) {
	case FAIL:
		return 3;
	case KILL_WORKER:
		kill(getppid(), SIGKILL);
		break;
	case PANIC:
		return write_file("/proc/sysrq-trigger", "c");
	case FILL_DISK:
		return fill_disk();
	case SPIN_INIT:
		return spin_init(mem);
	case HANG_REBOOT:
		return hang_reboot(mem);
	default:
		break;
	}
	for (;;)
		pause();
}
