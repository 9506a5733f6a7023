/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hostile guest's stream of files: nothing leaves the folder, and sizes are those of the files. */
#include "stream.h"
#include "file.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char dir[] = "/tmp/crashcfg-fuzz-XXXXXX";
	static bool made;
	auto_free char *in = NULL, *out = NULL;
	struct lab_file *v = NULL;
	size_t n = 0;
	struct err e = { 0 };
	int fd, r;

	if (!made && !mkdtemp(dir))
		abort();
	made = true;
	in = xasprintf("%s/in", dir);
	out = xasprintf("%s/out", dir);
	fd = open(in, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || fd_write_all(fd, data, size) < 0)
		abort();
	close(fd);
	r = stream_unpack(in, out, &v, &n, &e);
	for (size_t i = 0; i < n; i++) {
		auto_free char *path = xasprintf("%s/%s", out, v[i].name);
		struct stat st;

		if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != v[i].size)
			abort();
	}
	if (r < 0 && (!e.code || v))
		abort();
	lab_files_free(v, n);
	nftw(out, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}
