/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_KEY_H
#define CRASHCFG_INIT_KEY_H

#include <stdbool.h>

/*
 * The key on the console that ends the capture: whoever sits before it may have better things to do than to
 * wait for a terabyte.  A control character, which noise on a serial line and a hasty Enter are not.
 */
#define KEY_NAME "Ctrl-X"

int key_open(void);		/* the console for reading, byte by byte; -1: it cannot be read */
bool key_pressed(int fd);	/* since the last call; never blocks */
void key_done(int fd);		/* lines and echo again, for a shell */

#endif
