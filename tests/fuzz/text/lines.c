/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small formats: uevents, makedumpfile's progress, our own console lines.  What is said is understood. */
#include "console.h"
#include "own.h"
#include "progress.h"
#include "uevent.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	char line[CONSOLE_LINE_MAX + 1];
	struct console_line got;
	struct progress p;
	struct uevent ev;
	uint64_t bytes;
	size_t n;

	if (uevent_parse((const char *)data, size, &ev) && (ev.devname[0] == '/' || strstr(ev.devname, "..")))
		abort();
	if (progress_parse((const char *)data, size, &p) && p.permille > 1000)
		abort();
	report_bytes((const char *)data, size, &bytes);
	if (console_parse(text, &got) &&
	    (got.phase >= CONSOLE_PHASES || got.text + got.len > text + strlen(text)))
		abort();
	n = console_format(line, (long long)size, (enum console_phase)(size % CONSOLE_PHASES), text);
	line[n] = '\0';
	if (n > CONSOLE_LINE_MAX || strchr(line, '\n') != line + n - 1)
		abort();
	if (!console_parse(line, &got) || got.phase != (enum console_phase)(size % CONSOLE_PHASES))
		abort();
	return 0;
}
