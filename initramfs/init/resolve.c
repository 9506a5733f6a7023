/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net.h"

#include "dns.h"
#include "say.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define TRIES 2
#define ANSWER_MS 1500
#define DNS_PORT 53
#define KNOCK_MS 10000

static socklen_t to_sockaddr(const struct ipaddr *a, unsigned port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *four = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (a->family == AF_INET) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		memcpy(&four->sin_addr, a->bytes, 4);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)port);
	memcpy(&six->sin6_addr, a->bytes, 16);
	return sizeof(*six);
}

/* One question to one server.  0, -ENOENT: it says that there is none, -ETIMEDOUT. */
static int ask(const struct ipaddr *server, const char *name, int family, struct ipaddr *ret)
{
	auto_buf struct buf question = { 0 };
	struct sockaddr_storage addr;
	socklen_t len = to_sockaddr(server, DNS_PORT, &addr);
	auto_close int fd = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	uint16_t id = 0;
	char data[DNS_PACKET_MAX];

	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) < 0)
		id = (uint16_t)getpid();
	if (fd < 0 || dns_ask(&question, id, name, family) < 0 ||
	    connect(fd, (struct sockaddr *)&addr, len) < 0)
		return -EINVAL;
	for (int i = 0; i < TRIES; i++) {
		ssize_t n;
		int r;

		if (send(fd, question.data, question.len, MSG_NOSIGNAL) < 0)
			return -errno;
		if (poll(&poll_fd, 1, ANSWER_MS) <= 0)
			continue;
		n = recv(fd, data, sizeof(data), 0);
		r = n < 0 ? -errno : dns_answer(data, (size_t)n, id, name, family, ret);
		if (r == 0 || r == -ENOENT)
			return r;
	}
	return -ETIMEDOUT;
}

int net_resolve(struct capture *c, const struct recipe_net *n, const struct recipe_target *t,
		struct ipaddr *ret, struct err *e)
{
	struct ipaddr server, now;
	char text[IPADDR_TEXT_MAX];

	if (!ipaddr_parse(t->address, ret))
		return err_set(e, EINVAL, "the recipe has no address of '%s': build the image again",
			       t->host);
	if (ipaddr_parse(t->host, &now))
		return 0;
	for (size_t i = 0; i < n->dns.n; i++) {
		page_beat(c->page);
		if (!ipaddr_parse(n->dns.v[i], &server) || ask(&server, t->host, ret->family, &now) < 0)
			continue;
		*ret = now;
		say(CONSOLE_DEVICE, "%s is %s", t->host, ipaddr_text(&now, text));
		return 0;
	}
	say(CONSOLE_DEVICE, "%s: no name server tells its address; it was %s", t->host, t->address);
	return 0;
}

int net_knock(const struct ipaddr *address, unsigned port)
{
	struct sockaddr_storage to;
	socklen_t len = to_sockaddr(address, port, &to), size = sizeof(int);
	auto_close int fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int code = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&to, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&wait, 1, KNOCK_MS) <= 0)
		return -ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0 ? -errno : -code;
}
