/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was decoded is encoded to a page that decodes to the same page; a header never names bytes outside. */
#include "hash.h"
#include "rawarea.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *page)
{
	auto_rawarea struct rawarea *a = NULL, *b = NULL;
	char again[RAWAREA_PAGE], third[RAWAREA_PAGE];
	struct err e = { 0 };
	int r = rawarea_decode(page, &a, &e);

	if (r < 0) {
		if (a || !e.text[0] || r != -e.code)
			abort();
		return;
	}
	for (int i = 0; i < RAWAREA_NAMES; i++)
		if (a->parts[i].at &&
		    (a->parts[i].at < RAWAREA_LEAD || a->parts[i].at + a->parts[i].len > a->size))
			abort();
	if (rawarea_encode(a, again, NULL) < 0)
		return; /* escapes may make it longer than it was */
	if (rawarea_decode(again, &b, NULL) < 0 || rawarea_encode(b, third, NULL) < 0 ||
	    memcmp(again, third, sizeof(again)) != 0 ||
	    memcmp(again + RAWAREA_PAGE - 10, "SWAP", 4) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mark[] = "crashcfg raw area 1\nsha256 ";
	char page[2 * RAWAREA_PAGE] = { 0 }, sum[HASH_TEXT_MAX];
	size_t at = sizeof(mark) - 1 + 65, len = size < RAWAREA_PAGE - at ? size : RAWAREA_PAGE - at;
	auto_rawarea struct rawarea *chosen = NULL;

	memcpy(page, data, size < RAWAREA_PAGE ? size : RAWAREA_PAGE);
	check(page);
	memset(page, 0, sizeof(page));
	/* The sum is right: what lies behind it is looked at. */
	memcpy(page, mark, sizeof(mark) - 1);
	memcpy(page + at, data, len);
	hash_bytes(page + at, strnlen(page + at, RAWAREA_PAGE - at), sum);
	memcpy(page + sizeof(mark) - 1, sum, 64);
	page[at - 1] = '\n';
	check(page);
	rawarea_choose(page, &chosen, NULL);
	return 0;
}
