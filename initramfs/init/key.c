/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "key.h"

#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define KEY_BYTE 0x18

static void set_mode(int fd, bool lines)
{
	static const tcflag_t mode = ICANON | ECHO | ISIG;
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return;
	t.c_lflag = lines ? t.c_lflag | mode : t.c_lflag & ~mode;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	tcsetattr(fd, TCSANOW, &t);
}

int key_open(void)
{
	int fd = open("/dev/console", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		set_mode(fd, false);
	return fd;
}

void key_done(int fd)
{
	set_mode(fd, true);
}

bool key_pressed(int fd)
{
	bool pressed = false;
	char bytes[64];
	ssize_t n;

	/* A few reads at most: a line that never falls silent is no reason to hang. */
	for (int i = 0; fd >= 0 && i < 16 && (n = read(fd, bytes, sizeof(bytes))) > 0; i++)
		pressed |= memchr(bytes, KEY_BYTE, (size_t)n) != NULL;
	return pressed;
}
