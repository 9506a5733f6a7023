/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rpc.mountd(8) is to the kernel's NFS server: it answers who a client is, what is exported, and where
 * a file handle's file system lies (net/sunrpc/cache.c, fs/nfsd/export.c).  One tree is exported, to everyone
 * who gets here: MOUNT_POINT, as the root of NFS version 4's name space.
 */
#include "init.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>

#define QUESTION_MAX 8192
#define FOREVER "2147483647"
#define THREADS "4"
/*
 * include/uapi/linux/nfsd/export.h: unprivileged ports too, root becomes nobody, no check of the
 * path, fsid=0.
 */
#define EXPORT_FLAGS (0x0002 | 0x0004 | 0x0400 | 0x2000)
#define NOBODY 65534
#define EXPORT_WORDS FOREVER " %d %d %d 0"

enum channel { CHANNEL_CLIENT, CHANNEL_EXPORT, CHANNEL_HANDLE };

static const char *const channels[EXPORTS_CHANNELS] = {
	[CHANNEL_CLIENT] = "/proc/net/rpc/auth.unix.ip/channel",
	[CHANNEL_EXPORT] = "/proc/net/rpc/nfsd.export/channel",
	[CHANNEL_HANDLE] = "/proc/net/rpc/nfsd.fh/channel",
};

/*
 * A question is a line of words; each is answered by its own words, until when that holds, and what is asked
 * for, or nothing: there is none.  Words are quoted as they came, so what is compared needs no quoting.
 */
static void answer(enum channel c, char *question, struct buf *to)
{
	char *save = NULL, *client = strtok_r(question, " \n", &save), *what = strtok_r(NULL, " \n", &save);
	char *rest = strtok_r(NULL, " \n", &save);

	if (!client || !what)
		return;
	buf_addf(to, "%s %s", client, what);
	if (c == CHANNEL_CLIENT)		/* "nfsd ADDRESS" */
		buf_adds(to, " " FOREVER " " EXPORTS_ANYBODY);
	else if (c == CHANNEL_HANDLE)		/* "CLIENT FSIDTYPE FSID" */
		buf_addf(to, " %s " FOREVER " " MOUNT_POINT, rest ? rest : "");
	else if (strcmp(what, MOUNT_POINT) == 0)	/* "CLIENT PATH" */
		buf_addf(to, " " EXPORT_WORDS, EXPORT_FLAGS, NOBODY, NOBODY);
	else
		buf_adds(to, " " FOREVER);
	buf_addc(to, '\n');
}

void exports_answer(const struct exports *x, int fd)
{
	char question[QUESTION_MAX + 1];
	auto_buf struct buf text = { 0 };
	ssize_t n = read(fd, question, QUESTION_MAX);

	if (n <= 0)
		return;
	question[n] = '\0';
	for (int c = 0; c < EXPORTS_CHANNELS; c++)
		if (x->fd[c] == fd)
			answer((enum channel)c, question, &text);
	if (text.len && write(fd, text.data, text.len) < 0)
		tell("note", "the NFS server did not take an answer: %s", strerror(errno));
}

int tcp_listen(int family, unsigned port)
{
	auto_close int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	const struct sockaddr *a = family == AF_INET6 ? (const struct sockaddr *)&six :
							(const struct sockaddr *)&four;
	socklen_t len = family == AF_INET6 ? sizeof(six) : sizeof(four);
	int on = 1;

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, a, len) < 0 || listen(fd, 64) < 0 ? -1 : take_fd(fd);
}

/* The server gets its socket from here: so version 4 needs no portmapper to be told to. */
static int listen_on(int family, unsigned port, struct err *e)
{
	auto_close int fd = tcp_listen(family, port);
	char text[16];
	int r;

	if (fd < 0 && family == AF_INET6)	/* a kernel without IPv6 */
		return 0;
	if (fd < 0)
		return err_set(e, errno, "the NFS server's port %u: %s", port, strerror(errno));
	snprintf(text, sizeof(text), "%d\n", fd);
	r = put(NFSD "/portlist", text);
	return r < 0 ? err_set(e, -r, "the NFS server does not take port %u: %s", port, strerror(-r)) : 0;
}

/* Handles are made of what the kernel knows already: for them it asks nobody. */
static int tell_export(struct err *e)
{
	auto_free char *text = xasprintf(EXPORTS_ANYBODY " " MOUNT_POINT " " EXPORT_WORDS "\n", EXPORT_FLAGS, NOBODY, NOBODY);
	/* Of those that it takes for anybody there is one, so that it knows them. */
	int r = put(channels[CHANNEL_CLIENT], "nfsd 127.0.0.1 " FOREVER " " EXPORTS_ANYBODY "\n");

	if (r == 0)
		r = put(channels[CHANNEL_EXPORT], text);
	return r < 0 ? err_set(e, -r, "the NFS server does not take its export: %s", strerror(-r)) : 0;
}

static int set(const char *name, const char *text, struct err *e)
{
	auto_free char *path = xasprintf(NFSD "/%s", name);
	int r = put(path, text);

	return r < 0 ? err_set(e, -r, "'%s' does not take '%s': %s", path, text, strerror(-r)) : 0;
}

int exports_start(struct exports *x, const char *version, unsigned port, struct err *e)
{
	bool three = strcmp(version, "3") == 0;
	int r;

	for (int c = 0; c < EXPORTS_CHANNELS; c++)
		x->fd[c] = -1;
	if (mount("nfsd", NFSD, "nfsd", 0, NULL) < 0)
		return err_set(e, errno, "cannot mount '%s': %s", NFSD, strerror(errno));
	for (int c = 0; c < EXPORTS_CHANNELS; c++) {
		x->fd[c] = open(channels[c], O_RDWR | O_CLOEXEC);
		if (x->fd[c] < 0)
			return err_set(e, errno, "cannot open '%s': %s", channels[c], strerror(errno));
	}
	/* The kernel's lock manager, which comes with version 3, registers there. */
	r = three ? tell_export(e) : 0;
	if (r == 0 && three)
		r = mountd_start(port, e);
	if (r < 0)
		return r;
	/* Nobody was here before, so nobody has anything to claim: no time is kept for it. */
	put(NFSD "/nfsv4gracetime", "10\n");
	put(NFSD "/nfsv4leasetime", "10\n");
	r = set("versions", three ? "+3 -4\n" : "-3 +4\n", e);
	r = r < 0 ? r : listen_on(AF_INET, port, e);
	r = r < 0 ? r : listen_on(AF_INET6, port, e);
	r = r < 0 ? r : set("threads", THREADS "\n", e);
	if (r == 0 && !three)
		put(NFSD "/v4_end_grace", "Y\n");
	return r;
}
