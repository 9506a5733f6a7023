/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The panic line of any bytes is printable, short, and the same when the log is nothing but that line. */
#include "oops.h"

#include "own.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *line = oops_panic_line((const char *)data, size), *again = NULL;

	if (!line)
		return 0;
	if (strlen(line) > 400)
		abort();
	for (const char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			abort();
	again = oops_panic_line(line, strlen(line));
	if (!again || strcmp(line, again) != 0)
		abort();
	return 0;
}
