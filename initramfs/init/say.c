/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "say.h"

#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>

#define PATIENCE_MS 200

static int console_fd = -1;

void say_open(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	console_fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (console_fd < 0)
		console_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	/* What a library prints must not block either. */
	dup2(console_fd < 0 ? null : console_fd, STDOUT_FILENO);
	dup2(console_fd < 0 ? null : console_fd, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

static void put(const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(console_fd, data, len);
		struct pollfd fd = { .fd = console_fd, .events = POLLOUT };

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			if (poll(&fd, 1, PATIENCE_MS) <= 0)
				return;
		} else if (n == 0 || errno != EINTR) {
			return;
		}
	}
}

void say(enum console_phase phase, const char *fmt, ...)
{
	char text[CONSOLE_LINE_MAX], line[CONSOLE_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(line, console_format(line, now_ms(), phase, text));
}
