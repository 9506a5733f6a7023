/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_CONSOLE_H
#define CRASHCFG_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The lines that capture-init prints on the console, one per phase:
 *
 *	crashcfg: [   1.234] dmesg: saved /var/crash/host/.../dmesg.txt (43.1 KB)
 *
 * Seconds are those since the capture kernel started.  A reader finds CONSOLE_MARK
 * anywhere in a line, since a message of the kernel may stand before it.
 * This is their only home: capture-init writes them by console_format(), the
 * laboratory reads them by console_parse().
 */
#define CONSOLE_MARK "crashcfg: ["

enum console_phase {
	CONSOLE_UP,		/* capture-init runs */
	CONSOLE_MODULES,	/* modules are in */
	CONSOLE_DEVICE,		/* a target's device was found and its file system is mounted */
	CONSOLE_HOOK,		/* a program of DUMP_PRE or DUMP_POST, and what it says */
	CONSOLE_DMESG,		/* "saved PATH (SIZE)" */
	CONSOLE_VMCORE,		/* "N % X MB/s", again and again */
	CONSOLE_CHECK,		/* the written dump was looked at */
	CONSOLE_SAVED,		/* "PATH (SIZE)": the dump has its final name */
	CONSOLE_FAILED,		/* a target, a program or a worker failed; the capture goes on */
	CONSOLE_LOG,		/* a line of the crashed kernel's log, where no target could take it */
	CONSOLE_END,		/* "reboot": the last line */
	CONSOLE_PHASES
};

const char *console_phase_name(enum console_phase p);	/* "dmesg" */
/*
 * Write one line with its newline; the length is returned, it is not NUL-terminated.
 * Control characters in TEXT become '?', too long a text is cut.  Allocates nothing.
 */
#define CONSOLE_LINE_MAX 512
size_t console_format(char line[static CONSOLE_LINE_MAX], long long ms, enum console_phase p,
		      const char *text);

struct console_line {
	enum console_phase phase;
	double seconds;
	const char *text;	/* within the line, up to its end */
	size_t len;		/* of TEXT without line end */
};
/* False: LINE (NUL-terminated) is none of ours. */
bool console_parse(const char *line, struct console_line *ret);

#endif
