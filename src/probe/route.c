/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel's way to a host, asked by rtnetlink(7); names by the C library's resolver. */
#include "netplan.h"

#include "dns.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_BYTES (64u << 10)
#define ANSWER_SECONDS 5
#define RESOLV_MAX (64u << 10)

void network_done(struct network *net)
{
	for (size_t i = 0; i < net->n_links; i++)
		recipe_link_done(&net->links[i]);
	for (size_t i = 0; i < net->n_nets; i++)
		recipe_net_done(&net->nets[i]);
	free(net->links);
	free(net->nets);
	*net = (struct network){ 0 };
}

/* --- the kernel ------------------------------------------------------------------------------- */

static void take(struct net_seen *seen, const struct rtnl_message *m)
{
	if (m->type == RTM_NEWLINK)
		*vec_push(&seen->links, &seen->n_links) = m->link;
	else if (m->type == RTM_NEWADDR)
		*vec_push(&seen->addrs, &seen->n_addrs) = m->addr;
	else if (m->type == RTM_NEWROUTE)
		seen->route = m->route;
}

/* Send one request and take its answers.  0 or -errno, that of the kernel too. */
static int ask(int fd, const struct buf *request, bool dump, struct net_seen *seen)
{
	auto_free char *data = xmalloc(ANSWER_BYTES);

	if (send(fd, request->data, request->len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t len = recv(fd, data, ANSWER_BYTES, 0);
		struct rtnl_message m;
		size_t at = 0;
		int r;

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		while ((r = rtnl_next(data, (size_t)len, &at, &m)) == 1) {
			if (m.type == NLMSG_ERROR)
				return m.error;
			if (m.type == NLMSG_DONE)
				return 0;
			take(seen, &m);
			if (!dump)
				return 0;
		}
		if (r < 0)
			return r;
	}
}

/*
 * Has somebody set a way to TO that is another than the default one: an entry of its own, or a rule's table?  A lease may
 * not bring that again.
 */
static bool is_chosen(int fd, const struct ipaddr *to, int index)
{
	auto_net_seen struct net_seen entry = { 0 };
	auto_buf struct buf request = { 0 };

	rtnl_ask_route(&request, 4, to, index, true);
	return ask(fd, &request, false, &entry) == 0 && entry.route.by_table &&
	       (entry.route.to.family || entry.route.table != RT_TABLE_MAIN);
}

static int ask_kernel(const struct ipaddr *to, const char *device, struct net_seen *ret)
{
	auto_buf struct buf links = { 0 }, addrs = { 0 }, route = { 0 };
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	const struct rtnl_link *l;
	int r;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	rtnl_ask_links(&links, 1);
	r = ask(fd, &links, true, ret);
	rtnl_ask_addrs(&addrs, 2, to->family);
	if (r == 0)
		r = ask(fd, &addrs, true, ret);
	if (r < 0)
		return r;
	l = device ? net_seen_named(ret, device) : NULL;
	rtnl_ask_route(&route, 3, to, l ? l->index : 0, false);
	r = ask(fd, &route, false, ret);
	/* No route is an answer. */
	if (r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL)
		ret->route = (struct rtnl_route){ 0 };
	else if (r < 0)
		return r;
	ret->route.to = *to;
	ret->chosen = ret->route.index && is_chosen(fd, to, l ? l->index : 0);
	return 0;
}

/* --- names ------------------------------------------------------------------------------------ */

static void own_addrinfo(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

static bool take_sockaddr(const struct sockaddr *from, struct ipaddr *ret)
{
	*ret = (struct ipaddr){ .family = from->sa_family };
	if (from->sa_family == AF_INET)
		memcpy(ret->bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	else if (from->sa_family == AF_INET6)
		memcpy(ret->bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	else
		return false;
	ret->prefix = (unsigned)ipaddr_len(ret->family) * 8;
	return true;
}

/*
 * The lowest address of the family that this system prefers: servers turn their answers round, and the
 * image must not change with that.  *ret_name is the name as DNS knows it.
 */
static int resolve(const char *host, struct ipaddr *ret, char **ret_name, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME | AI_ADDRCONFIG };
	AUTO(own_addrinfo) struct addrinfo *list = NULL;
	struct ipaddr best = { 0 }, a;
	int r;

	if (ipaddr_parse(host, ret)) {
		*ret_name = xstrdup(host);
		return 0;
	}
	r = getaddrinfo(host, NULL, &hints, &list);
	if (r != 0)
		return err_set(e, EHOSTUNREACH,
			       "'%s' cannot be resolved: %s; write its address, or mend the resolver",
			       host, gai_strerror(r));
	for (const struct addrinfo *i = list; i; i = i->ai_next)
		if (take_sockaddr(i->ai_addr, &a) &&
		    (!best.family || (a.family == best.family && memcmp(a.bytes, best.bytes, 16) < 0)))
			best = a;
	if (!best.family)
		return err_set(e, EHOSTUNREACH, "'%s' has no address", host);
	*ret = best;
	/* "web" in the search domain is "web.example.org". */
	*ret_name = xstrdup(!strchr(host, '.') && list->ai_canonname ? list->ai_canonname : host);
	return 0;
}

static bool is_numeric(const char *host)
{
	struct ipaddr a;

	return ipaddr_parse(host, &a);
}

static void find_dns(const struct root *root, struct strv *ret)
{
	/* The second is what systemd-resolved asks, where the first names that one. */
	static const char *const files[] = { "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf" };

	for (size_t i = 0; i < ARRAY_SIZE(files) && !ret->n; i++) {
		auto_buf struct buf text = { 0 };

		if (root_read(root, files[i], RESOLV_MAX, &text, NULL) == 0)
			resolv_servers(buf_text(&text), ret);
	}
}

/* --- a target --------------------------------------------------------------------------------- */

static void fill(const struct settings *s, const struct target *t, const struct ipaddr *address, char *name,
		 struct storage *ret)
{
	char text[IPADDR_TEXT_MAX];
	bool nfs = t->kind == TARGET_NFS;

	ret->target = (struct recipe_target){
		.kind = t->kind,
		.url = xstrdup(t->url),
		.fstype = xstrdup(nfs ? "nfs" : "fuse"),
		.uuid = xstrdup(""),
		.label = xstrdup(""),
		.device = xstrdup(""),
		.options = xstrdup(nfs ? s->nfs_options : ""),
		.dir = xstrdup(t->dir),
		.host = name,
		.address = xstrdup(ipaddr_text(address, text)),
		.port = t->port,
		.user = xstrdup(t->user ? t->user : ""),
		.known = t->port && t->port != 22 ? xasprintf("[%s]:%u", t->host,
							      t->port) : xstrdup(t->host),
	};
	if (nfs) {
		strv_add(&ret->drivers, "nfs");
		strv_add(&ret->drivers, "nfsv4");
		strv_add(&ret->drivers, "nfsv3");
	} else if (t->kind == TARGET_SSH) {
		strv_add(&ret->drivers, "fuse");
	}
}

int network_find(const struct root *root, const struct settings *s, const struct target *t,
		 struct network *net,
		 struct storage *ret, struct err *e)
{
	auto_net_seen struct net_seen seen = { 0 };
	auto_storage struct storage out = { 0 };
	auto_free char *name = NULL;
	struct ipaddr address;
	int r;

	if (!root->host)
		return err_set(e, ENOTSUP,
			       "the way to '%s' is told by the running kernel alone; build the image where that "
			       "system runs", t->host);
	r = resolve(t->host, &address, &name, e);
	if (r < 0)
		return r;
	r = ask_kernel(&address, s->net_device, &seen);
	if (r < 0)
		return err_set(e, -r, "cannot ask the kernel for the way to '%s': %s", t->host,
			       strerror(-r));
	if (!is_numeric(t->host))
		find_dns(root, &seen.dns);
	fill(s, t, &address, take_ptr(name), &out);
	r = netplan_make(root, s, &seen, t->host, net, &out.target.net, &out.modaliases, &out.drivers, e);
	if (r < 0)
		return r;
	*ret = out;
	out = (struct storage){ 0 };
	return 0;
}

int network_way(const struct root *root, const struct settings *s, const char *address, struct network *net,
		unsigned *ret_net, struct strv *modaliases, struct strv *drivers, struct err *e)
{
	auto_net_seen struct net_seen seen = { 0 };
	struct ipaddr to;
	int r;

	if (!root->host)
		return err_set(e, ENOTSUP,
			       "the way to '%s' is told by the running kernel alone; build the image where that "
			       "system runs", address);
	if (!ipaddr_parse(address, &to))
		return err_set(e, EINVAL, "'%s' is no address", address);
	r = ask_kernel(&to, s->net_device, &seen);
	if (r < 0)
		return err_set(e, -r, "cannot ask the kernel for the way to '%s': %s", address, strerror(-r));
	return netplan_make(root, s, &seen, address, net, ret_net, modaliases, drivers, e);
}
