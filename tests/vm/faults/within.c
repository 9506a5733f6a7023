/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linked into a capture-init of its own (-Wl,--wrap=...).  A libblkid that meets a disk which it cannot digest: such
 * a disk begins with "SEGV" or "HANG".  And a worker that dies before the hash of a dump, or between its final name
 * and the record of it, where the image has a program "/opt/die-at-hash" or "/opt/die-at-rename".
 */
#include "place.h"

#include <blkid/blkid.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

int __real_blkid_do_safeprobe(blkid_probe pr);
int __wrap_blkid_do_safeprobe(blkid_probe pr);

int __wrap_blkid_do_safeprobe(blkid_probe pr)
{
	char word[4] = "";

	if (pread(blkid_probe_get_fd(pr), word, sizeof(word), 0) == (ssize_t)sizeof(word)) {
		if (memcmp(word, "SEGV", 4) == 0)
			raise(SIGSEGV);
		while (memcmp(word, "HANG", 4) == 0)
			pause();
	}
	return __real_blkid_do_safeprobe(pr);
}

int __real_place_sync(const struct place *p, struct err *e);
int __wrap_place_sync(const struct place *p, struct err *e);

int __wrap_place_sync(const struct place *p, struct err *e)
{
	if (faccessat(p->dir, "vmcore", F_OK, 0) == 0 && unlink("/opt/die-at-rename") == 0)
		raise(SIGKILL);
	return __real_place_sync(p, e);
}

int __real_dump_hash(struct capture *c, const struct place *at, struct err *e);
int __wrap_dump_hash(struct capture *c, const struct place *at, struct err *e);

int __wrap_dump_hash(struct capture *c, const struct place *at, struct err *e)
{
	if (unlink("/opt/die-at-hash") == 0)
		raise(SIGKILL);
	return __real_dump_hash(c, at, e);
}
