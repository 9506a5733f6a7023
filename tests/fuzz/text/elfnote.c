/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ELF core's head and notes: every note lies within the bytes, in order, and the walk ends. */
#include "elfnote.h"
#include "vmcoreinfo.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	const char *at, *end;
};

static int look(void *ctx, const struct elfnote *n)
{
	struct walk *w = ctx;

	if (n->name < w->at || n->name + n->name_len > n->desc || n->desc + n->desc_len > w->end)
		abort();
	w->at = n->desc + n->desc_len;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *info;
	struct walk w = { .at = text, .end = text + size };
	auto_buf struct buf registers = { 0 };
	uint64_t offset = 0, len = 0;
	uint16_t machine = 0;
	size_t info_len;

	if (elfnote_find(text, size, &offset, &len, &machine, NULL) == 0 && offset <= size &&
	    len <= size - offset) {
		w.at = text + offset;
		w.end = w.at + len;
	}
	size = (size_t)(w.end - w.at);
	text = w.at;
	if (elfnote_each(text, size, look, &w) != 0)
		abort();
	elfnote_registers(text, size, machine, &registers);
	info = elfnote_vmcoreinfo(text, size, &info_len);
	if (info) {
		auto_free char *value = vmcoreinfo_get(info, info_len, "OSRELEASE");

		if ((value && strlen(value) > info_len) || info < text || info + info_len > text + size ||
		    vmcoreinfo_crash_time(info, info_len) < 0)
			abort();
	}
	return 0;
}
