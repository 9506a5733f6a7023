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
void say(enum console_phase phase, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
