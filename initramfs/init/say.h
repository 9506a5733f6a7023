/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_SAY_H
#define CRASHCFG_INIT_SAY_H

#include "console.h"

/*
 * One line on the console (see console.h for the form).  Never blocks: a console
 * that takes nothing for a fifth of a second loses the line, since no console is
 * worth a dump.  Allocates nothing.
 */
void say_open(void);	/* /dev/console, else /dev/kmsg; stdin from /dev/null */
/*
 * From now on each line goes to the connected datagram socket FD too, as a message of syslog from HOST, which the
 * caller keeps; FD less than 0: no longer.
 */
void say_to_syslog(int fd, const char *host);
/* Lines go to the kernel's log in place of the console: it prints them there, and on its netconsole. */
void say_to_kernel(void);
void say(enum console_phase phase, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
