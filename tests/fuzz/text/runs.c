/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is written, cut and read in any order: what is read as it was written always passes, and one
 * byte that changed in a file written in one go is noticed.  A step is five bytes: what, where (2), how much (2).
 */
#include "runs.h"

#include <stdlib.h>
#include <string.h>

#define SIZE (1u << 17)
#define STEP 5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void play(const uint8_t *data, size_t size, unsigned char *file)
{
	struct runs r = { 0 };

	for (; size >= STEP; data += STEP, size -= STEP) {
		/* Some places lie behind the head, where runs are long. */
		uint64_t base = data[0] & 0x80 ? RUNS_HEAD - (SIZE >> 1) : 0;
		size_t at = (size_t)(data[1] << 8 | data[2]), len = (size_t)(data[3] << 8 | data[4]);

		switch (data[0] & 3) {
		case 0:
			memset(file + at, data[4], len);
			runs_written(&r, base + at, file + at, len);
			break;
		case 1:
			runs_cut(&r, base + at);
			break;
		default:
			if (!runs_read(&r, base + at, file + at, len))
				abort();
		}
		/* The two bases are two places of the same bytes: only one of them is true. */
		if (size >= 2 * STEP && ((data[STEP] ^ data[0]) & 0x80))
			runs_done(&r);
	}
	runs_done(&r);
}

static void change(const uint8_t *data, size_t size, unsigned char *file)
{
	struct runs r = { 0 };
	size_t at = size ? data[0] % size : 0;

	memcpy(file, data, size);
	runs_written(&r, 0, file, size);
	if (!runs_read(&r, 0, file, size))
		abort();
	file[at] ^= 1;
	if (size && runs_read(&r, 0, file, size))
		abort();
	runs_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char file[SIZE];

	if (size > SIZE / 2)
		return 0;
	memset(file, 0, sizeof(file));
	play(data, size, file);
	change(data, size, file);
	return 0;
}
