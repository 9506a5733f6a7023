/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "say.h"

#include "proc.h"
#include "syslog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define PATIENCE_MS 200

static int console_fd = -1, kernel_fd = -1, syslog_fd = -1;
static const char *syslog_host;

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

void say_to_syslog(int fd, const char *host)
{
	syslog_fd = fd;
	syslog_host = host;
}

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, value, strlen(value)) > 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
}

void say_to_kernel(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Or no more than ten lines in five seconds come through, and none where the console is quiet. */
	set("/proc/sys/kernel/printk_devkmsg", "on");
	set("/proc/sys/kernel/printk", "7");
	kernel_fd = fd;
}

static void tell_syslog(enum console_phase phase, const char *text)
{
	char message[SYSLOG_MAX];
	struct timespec now;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	n = syslog_format(message, phase == CONSOLE_FAILED ? SYSLOG_ERROR :
			  phase == CONSOLE_VMCORE ? SYSLOG_INFO : SYSLOG_NOTICE,
			  (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, syslog_host,
			  console_phase_name(phase), text);
	/* A datagram that is lost is lost. */
	send(syslog_fd, message, n, MSG_DONTWAIT | MSG_NOSIGNAL);
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
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = console_format(line, now_ms(), phase, text);
	if (kernel_fd < 0 || write(kernel_fd, line, len) < 0)
		put(line, len);
	if (syslog_fd >= 0)
		tell_syslog(phase, text);
}
