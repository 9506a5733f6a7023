/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init.h"
#include "dns.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define PORT 53
#define HEADER 12
#define TTL 60
#define TYPE_A 1
#define TYPE_AAAA 28

static int listen_on(int family)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	auto_close int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1, r;

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	r = family == AF_INET6 ? bind(fd, (const struct sockaddr *)&six, sizeof(six)) :
				 bind(fd, (const struct sockaddr *)&four, sizeof(four));
	return r < 0 ? -1 : take_fd(fd);
}

int names_start(struct names *n, char *name, struct err *e)
{
	char *blank = strchr(name, ' ');

	*n = (struct names){ .fd = { -1, -1 } };
	if (!blank)
		return 0;
	if (!ipaddr_parse(blank + 1, &n->address))
		return err_set(e, EINVAL, "'%s': name %s", GUEST_PLAN, name);
	*blank = '\0';
	n->host = name;
	n->fd[0] = listen_on(AF_INET);
	n->fd[1] = listen_on(AF_INET6);
	return n->fd[0] < 0 && n->fd[1] < 0 ? err_set(e, errno, "the name server's port: %s", strerror(errno)) : 0;
}

/* Is it the very question that is known here?  Nothing in it is taken apart: it is made anew, and compared. */
static bool is_asked(const struct names *n, const struct buf *question)
{
	auto_buf struct buf want = { 0 };

	return dns_ask(&want, 0, n->host, n->address.family) == 0 && want.len == question->len &&
	       memcmp(want.data + HEADER, question->data + HEADER, want.len - HEADER) == 0;
}

/* RFC 1035, 4.1: the question, and one record whose name is the one at offset 12. */
static void answer(const struct names *n, struct buf *packet)
{
	bool known = is_asked(n, packet), six = n->address.family == AF_INET6;
	const unsigned char record[] = {
		0xc0, HEADER, 0, six ? TYPE_AAAA : TYPE_A, 0, 1, 0, 0, 0, TTL, 0,
		(unsigned char)ipaddr_len(n->address.family),
	};

	packet->data[2] = (char)0x84;			/* an answer, by one who knows */
	packet->data[3] = known ? 0 : 3;		/* no such name */
	packet->data[7] = known;			/* records */
	if (!known)
		return;
	buf_add(packet, record, sizeof(record));
	buf_add(packet, n->address.bytes, ipaddr_len(n->address.family));
}

void names_answer(const struct names *n, int fd)
{
	auto_buf struct buf packet = { 0 };
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	ssize_t got = recvfrom(fd, buf_room(&packet, DNS_PACKET_MAX), DNS_PACKET_MAX, 0, (struct sockaddr *)&from, &len);

	if (got <= HEADER)
		return;
	packet.len = (size_t)got;
	answer(n, &packet);
	if (sendto(fd, packet.data, packet.len, 0, (const struct sockaddr *)&from, len) < 0)
		tell("note", "a question for a name was not answered: %s", strerror(errno));
}
