/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listeners.h"

#include "file.h"
#include "modules.h"
#include "net.h"
#include "proc.h"
#include "say.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define WAIT_MS 15000
#define NEIGHBOUR_MS 1000
#define AGAIN_MS 50
#define MAC_BYTES 18
#define ARP_MAX 65536

static const struct recipe_listener *find(const struct recipe *r, enum listener_kind kind)
{
	for (size_t i = 0; i < r->n_listeners; i++)
		if (r->listeners[i].kind == kind)
			return &r->listeners[i];
	return NULL;
}

/* A socket that sends to that address; -1: there is no way.  The kernel then knows from which one it does so. */
static int connect_to(const char *address, unsigned port)
{
	struct sockaddr_storage to = { 0 };
	struct sockaddr_in *four = (struct sockaddr_in *)&to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&to;
	socklen_t len = sizeof(*four);
	auto_close int fd = -1;

	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		len = sizeof(*six);
	} else {
		return -1;
	}
	fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, len) < 0)
		return -1;
	return take_fd(fd);
}

/* --- netconsole --------------------------------------------------------------------------------- */

struct own {
	char address[INET6_ADDRSTRLEN], link[IF_NAMESIZE];
};

static const void *bytes_of(const struct sockaddr *a, size_t *ret_len)
{
	*ret_len = a->sa_family == AF_INET ? 4 : 16;
	return a->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)(const void *)a)->sin_addr :
		(const void *)&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
}

/* The address that FD sends from, and the link that bears it. */
static bool find_own(int fd, struct own *ret)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof(from);
	struct ifaddrs *all = NULL;
	const void *mine, *other;
	size_t n, m;

	if (getsockname(fd, (struct sockaddr *)&from, &len) < 0 || getifaddrs(&all) < 0)
		return false;
	mine = bytes_of((struct sockaddr *)&from, &n);
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != from.ss_family)
			continue;
		other = bytes_of(i->ifa_addr, &m);
		if (memcmp(mine, other, n) == 0)
			snprintf(ret->link, sizeof(ret->link), "%s", i->ifa_name);
	}
	freeifaddrs(all);
	return inet_ntop(from.ss_family, mine, ret->address, sizeof(ret->address)) && ret->link[0];
}

/* "192.0.2.1 0x1 0x2 52:54:00:00:00:01 * eth0" among the kernel's neighbours. */
static bool has_neighbour(const char *table, const char *address, const char *link, char mac[static MAC_BYTES])
{
	for (const char *p = table; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		char ip[64], device[64], got[MAC_BYTES];
		unsigned flags;

		if (sscanf(p, "%63s %*s %x %17s %*s %63s", ip, &flags, got, device) == 4 && (flags & 2) &&
		    strcmp(ip, address) == 0 && strcmp(device, link) == 0) {
			memcpy(mac, got, MAC_BYTES);
			return true;
		}
	}
	return false;
}

/* The default route's gateway on LINK, by /proc/net/route: "eth0 00000000 010200C0 0003 ...". */
static bool has_gateway(const char *table, const char *link, char address[static INET_ADDRSTRLEN])
{
	for (const char *p = table; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		char device[64];
		unsigned to, by;

		if (sscanf(p, "%63s %x %x", device, &to, &by) == 3 && to == 0 && by && strcmp(device, link) == 0)
			return inet_ntop(AF_INET, &by, address, INET_ADDRSTRLEN) != NULL;
	}
	return false;
}

static char *read_table(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf text = { 0 };

	if (fd < 0 || fd_read_all(fd, ARP_MAX, &text) < 0)
		return xstrdup("");
	return buf_take(&text);
}

/*
 * Where packets to the listener go next: it itself, else a router.  The first one that was sent has made the
 * kernel ask.  "": the kernel's own default is everyone on the link.
 */
static void next_hop(const struct capture *c, const struct recipe_listener *l, const struct own *own,
		     char mac[static MAC_BYTES])
{
	const char *by = c->recipe->nets[l->net].gateway;
	const struct timespec again = { .tv_nsec = AGAIN_MS * 1000000L };
	char gateway[INET_ADDRSTRLEN] = "";

	for (long long end = now_ms() + NEIGHBOUR_MS; !strchr(l->address, ':') && now_ms() < end;) {
		auto_free char *neighbours = read_table("/proc/net/arp"), *routes = read_table("/proc/net/route");

		if (has_neighbour(neighbours, l->address, own->link, mac) ||
		    (*by && has_neighbour(neighbours, by, own->link, mac)) ||
		    (has_gateway(routes, own->link, gateway) && has_neighbour(neighbours, gateway, own->link, mac)))
			return;
		nanosleep(&again, NULL);
	}
}

static int load_netconsole(const struct capture *c, const struct recipe_listener *l, const char *address,
			   struct err *e)
{
	auto_close int fd = connect_to(address, l->port);
	static const char hello[] = "crashcfg: a capture begins\n";
	auto_free char *options = NULL;
	char mac[MAC_BYTES] = "";
	struct own own = { 0 };

	if (fd < 0 || !find_own(fd, &own))
		return err_set(e, ENETUNREACH, "there is no way to '%s'", address);
	send(fd, hello, sizeof(hello) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (l->mac[0])
		snprintf(mac, sizeof(mac), "%s", l->mac);
	else
		next_hop(c, l, &own, mac);
	options = xasprintf("netconsole=@%s/%s,%u@%s/%s", own.address, own.link, l->port, address, mac);
	return modules_load_with(c->recipe, "netconsole", options, e);
}

/* --- all of them --------------------------------------------------------------------------------- */

static void reach(struct capture *c, const struct recipe_listener *l)
{
	const struct recipe_target t = { .host = l->host, .address = l->address, .net = l->net };
	char text[IPADDR_TEXT_MAX];
	struct ipaddr address;
	struct err e = { 0 };
	int r = net_reach_within(c, &t, WAIT_MS, &address, &e);

	if (r == 0)
		ipaddr_text(&address, text);
	if (r == 0 && l->kind == LISTENER_SYSLOG)
		page_text(c->page->listen, text);
	else if (r == 0)
		r = load_netconsole(c, l, text, &e);
	if (r == 0 && l->kind == LISTENER_NETCONSOLE)
		c->page->listen_kernel = true;
	if (r < 0)
		say(CONSOLE_FAILED, "progress to '%s': %s", l->host, e.text);
}

void listeners_find(struct capture *c)
{
	if (c->page->listen_tried || !c->recipe->n_listeners)
		return;
	c->page->listen_tried = true;
	page_phase_begin(c->page, "listeners", -1);
	for (size_t i = 0; i < c->recipe->n_listeners; i++)
		reach(c, &c->recipe->listeners[i]);
	page_phase_end(c->page, 0, "");
	listeners_tell(c->recipe, c->page);
	if (c->page->listen[0] || c->page->listen_kernel)
		say(CONSOLE_LOG, "kernel %s crashed: %s", c->notes.release, c->page->panic);
}

void listeners_tell(const struct recipe *r, const struct page *p)
{
	const struct recipe_listener *l = find(r, LISTENER_SYSLOG);

	if (l && p->listen[0])
		say_to_syslog(connect_to(p->listen, l->port), r->host);
	if (p->listen_kernel)
		say_to_kernel();
}
