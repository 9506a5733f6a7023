/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire SOCKET TAP [VLAN] - a cable from QEMU ("-netdev stream", which connects to SOCKET) to a tap of this
 * namespace.
 *
 * With VLAN the guest's end is a trunk: what comes from it bears that tag (802.1Q), or is dropped.  SIGUSR1
 * makes it slow, some 800 kB a second; stopped, it swallows everything.  This kernel needs no VLAN, no netem.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ADDRESSES 12	/* bytes of a frame before its tag */
#define TAG 4
#define FRAME_MAX 65536

static volatile sig_atomic_t slow;

static void be_slow(int signal)
{
	(void)signal;
	slow = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_tap(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0)
		die("/dev/net/tun");
	return fd;
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 1) < 0)
		die(path);
	return fd;
}

static int read_all(int fd, void *to, size_t len)
{
	for (char *p = to; len;) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_all(int fd, const void *from, size_t len)
{
	for (const char *p = from; len;) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One frame from the guest; -1: it is gone. */
static int from_guest(int guest, int tap, unsigned vlan)
{
	static unsigned char frame[FRAME_MAX];
	uint32_t len;

	if (read_all(guest, &len, sizeof(len)) < 0)
		return -1;
	len = ntohl(len);
	if (len < ADDRESSES + TAG || len > sizeof(frame) || read_all(guest, frame, len) < 0)
		return -1;
	if (vlan) {
		if (frame[12] != 0x81 || frame[13] || ((frame[14] & 15u) << 8 | frame[15]) != vlan)
			return 0;
		memmove(frame + ADDRESSES, frame + ADDRESSES + TAG, len - ADDRESSES - TAG);
		len -= TAG;
	}
	if (write(tap, frame, len) < 0)
		return 0;	/* the tap is down: as if nothing were plugged in */
	if (slow)
		usleep(len * 1000000ul / 800000);
	return 0;
}

/* One frame for the guest, whose end may be away between two guests. */
static int to_guest(int guest, int tap, unsigned vlan)
{
	static unsigned char frame[FRAME_MAX];
	ssize_t n = read(tap, frame, sizeof(frame) - TAG);
	uint32_t len;

	if (n < ADDRESSES || guest < 0)
		return 0;
	if (vlan) {
		const unsigned char tag[TAG] = { 0x81, 0, (unsigned char)(vlan >> 8), (unsigned char)vlan };

		memmove(frame + ADDRESSES + TAG, frame + ADDRESSES, (size_t)n - ADDRESSES);
		memcpy(frame + ADDRESSES, tag, TAG);
		n += TAG;
	}
	len = htonl((uint32_t)n);
	return write_all(guest, &len, sizeof(len)) < 0 || write_all(guest, frame, (size_t)n) < 0 ? -1 : 0;
}

int main(int argc, char *argv[])
{
	unsigned vlan = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	int guest = -1, tap, door;

	if (argc < 3)
		return 2;
	tap = open_tap(argv[2]);
	door = listen_at(argv[1]);
	signal(SIGUSR1, be_slow);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = tap, .events = POLLIN },
			{ .fd = guest < 0 ? door : guest, .events = POLLIN },
		};
		int r = 0;

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			r = to_guest(guest, tap, vlan);
		if (r == 0 && fds[1].revents) {
			if (guest < 0)
				guest = accept(door, NULL, NULL);
			else
				r = from_guest(guest, tap, vlan);
		}
		if (r < 0) {
			close(guest);
			guest = -1;
		}
	}
}
