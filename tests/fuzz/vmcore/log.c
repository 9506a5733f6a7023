/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMCOREINFO and the memory that it tells of, both hostile: no crash, no
 * endless loop, and a log that was read is text of whole lines.
 * The input is VMCOREINFO up to the first NUL, then memory at BASE.
 */
#include "log.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE UINT64_C(0xffffffff80000000)

struct bytes {
	const uint8_t *data;
	size_t len;
};

static int mem_read(void *ctx, uint64_t addr, void *to, size_t len)
{
	const struct bytes *b = ctx;

	if (addr < BASE || addr - BASE > b->len || len > b->len - (addr - BASE))
		return -EIO;
	if (len)
		memcpy(to, b->data + (addr - BASE), len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = strnlen((const char *)data, size);
	auto_free char *info = xstrndup((const char *)data, len);
	struct bytes b = { data + len, size - len };
	struct memory mem = { mem_read, &b };
	auto_buf struct buf log = { 0 };
	struct err e = { 0 };
	int r = log_read(info, &mem, &log, &e);

	if (r == 0 && (log.len == 0 || log.data[0] != '[' || log.data[log.len - 1] != '\n' ||
		       strlen(log.data) != log.len))
		abort();
	if (r < 0 && (e.code != -r || !*e.text || log.len))
		abort();
	return 0;
}
