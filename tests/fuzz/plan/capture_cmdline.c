/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three lines: a running kernel's command line, CAPTURE_CMDLINE_REMOVE and
 * CAPTURE_CMDLINE_ADD, of any content.  What must not reach a capture kernel does
 * not, unless CAPTURE_CMDLINE_ADD wants it; the line fits; filtering again changes nothing.
 */
#include "cmdline.h"
#include "plan.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static char *cut_line(char **at, char *end)
{
	char *line = strsep(at, "\n");

	return line ? line : strchr(end, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	auto_free char *text = xstrndup((const char *)data, len), *line = NULL, *again = NULL, *twice = NULL;
	char *at = text, none[] = "";
	struct settings s = { 0 }, plain = { .cmdline_add = none, .cmdline_remove = none };
	const char *running = cut_line(&at, none);

	s.cmdline_remove = cut_line(&at, none);
	s.cmdline_add = cut_line(&at, none);
	if (capture_cmdline(running, &s, "8f0c", 3, 1, &line, NULL) < 0)
		return 0;
	expect(strlen(line) + 31 <= 2047);
	if (!*s.cmdline_add) {
		static const char *const gone[] = { "crashkernel", "root",	 "initrd",    "resume",
						    "mem",	   "elfcorehdr", "hugepages", "init" };

		for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
			expect(cmdline_count(line, gone[i]) == 0);
	}
	if (capture_cmdline(line, &plain, "8f0c", 3, 1, &again, NULL) < 0)
		return 0;
	expect(capture_cmdline(again, &plain, "8f0c", 3, 1, &twice, NULL) == 0);
	expect(strcmp(again, twice) == 0);
	return 0;
}
