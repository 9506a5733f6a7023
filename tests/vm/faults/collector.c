/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in for makedumpfile or vmcore-dmesg in the image of a fault test: it begins a dump
 * as that one does, and then does what FAULT says.  capture-init knows nothing of it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KILL_WORKER, HANG_WORKER, KILL_COLLECTOR, FAIL, LIE, CRAWL, EAT, HANG, SEGV, NO_LOG };

static int begin_dump(const char *path)
{
	static char block[4096];
	FILE *f = fopen(path, "w");

	if (!f)
		return 1;
	memset(block, 'x', sizeof(block));
	memcpy(block, "KDUMP   ", 8);
	for (int i = 0; i < 256; i++) {
		fwrite(block, 1, sizeof(block), f);
		printf("Copying data                                      : [ %2d.0 %%] \\  eta: 9s\r",
		       i / 8);
		fflush(stdout);
	}
	return fclose(f) != 0;
}

/* Goes on for ever, a block at a time, until the disk takes no more. */
static int crawl(const char *path)
{
	static char block[4096];
	int fd = open(path, O_WRONLY | O_APPEND);

	while (fd >= 0 && write(fd, block, sizeof(block)) == (ssize_t)sizeof(block) && fsync(fd) == 0)
		usleep(100000);
	return 1;
}

int main(int argc, char *argv[])
{
	/* The real one, which cannot read this kernel's log. */
	if (FAULT == NO_LOG && (argc < 4 || strcmp(argv[3], "--dump-dmesg") != 0)) {
		execv("/opt/makedumpfile", argv);
		return 127;
	}
	if (FAULT == NO_LOG)
		return 1;
	/* vmcore-dmesg is told what to read alone. */
	if (argc < 2 || (argc > 2 && begin_dump(argv[argc - 1])))
		return 1;
	switch (FAULT) {
	case KILL_WORKER:
		kill(getppid(), SIGKILL);
		break;
	case HANG_WORKER:
		kill(getppid(), SIGSTOP);
		break;
	case KILL_COLLECTOR:
		raise(SIGKILL);
		break;
	case FAIL:
		fputs("is_in_range: The kernel is not what I took it for.\n", stderr);
		return 1;
	case EAT:
		for (;;) {
			void *p = malloc(1 << 20);

			if (p)
				memset(p, 1, 1 << 20);
		}
	case HANG:
		break;
	case SEGV:
		raise(SIGSEGV);
		break;
	case CRAWL:
		return crawl(argv[argc - 1]);
	default:
		return 0;	/* "done", with a file that is no dump */
	}
	for (;;)
		pause();
}
