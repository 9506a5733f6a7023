/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rpcbind(8) and rpc.mountd(8) are to a client of NFS version 3: it is told which ports there are, and gets the
 * handle of the folder that it mounts, which the kernel makes.  The kernel's own server registers here too.
 *
 * Remote procedure calls: RFC 5531, over TCP with its record marks; port numbers: RFC 1833; mounting: RFC 1813, 5.
 */
#include "init.h"
#include "own.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define PORTMAP_PORT 111
#define MOUNT_PORT 20048
#define LISTENERS 4
#define CONNECTIONS 16
#define RECORD_MAX 4096
#define LAST_PART 0x80000000U
#define HANDLE_MAX 64		/* NFS3_FHSIZE */

enum { PROG_PORTMAP = 100000, PROG_NFS = 100003, PROG_MOUNT = 100005 };
enum { CALL = 0, REPLY = 1, RPC_VERSION = 2, AUTH_SYS_FLAVOR = 1 };
enum { SUCCESS = 0, PROG_UNAVAIL = 1, PROC_UNAVAIL = 3, GARBAGE_ARGS = 4 };
enum { MNT3ERR_NOENT = 2 };

/* --- numbers and texts of XDR (RFC 4506) --------------------------------------------------------- */

struct reader {
	const char *at;
	size_t left;
	bool bad;
};

static uint32_t take_u32(struct reader *r)
{
	uint32_t n = 0;

	if (r->left < 4) {
		r->bad = true;
		return 0;
	}
	memcpy(&n, r->at, 4);
	r->at += 4;
	r->left -= 4;
	return ntohl(n);
}

/* LEN bytes and what fills them up to a multiple of four; NULL when they are not there. */
static const char *take_opaque(struct reader *r, uint32_t *ret_len)
{
	const char *data;
	size_t len = take_u32(r), whole = (len + 3) & ~(size_t)3;

	if (r->bad || len > RECORD_MAX || whole > r->left) {
		r->bad = true;
		return NULL;
	}
	data = r->at;
	r->at += whole;
	r->left -= whole;
	*ret_len = (uint32_t)len;
	return data;
}

static void put_u32(struct buf *to, uint32_t n)
{
	n = htonl(n);
	buf_add(to, &n, 4);
}

static void put_opaque(struct buf *to, const void *data, size_t len)
{
	put_u32(to, (uint32_t)len);
	buf_add(to, data, len);
	buf_zero(to, (4 - len % 4) % 4);
}

/* --- ports ------------------------------------------------------------------------------------------ */

static uint32_t port_of(uint32_t program, unsigned nfs_port)
{
	return program == PROG_MOUNT ? MOUNT_PORT : program == PROG_NFS ? nfs_port : 0;
}

/* Versions 3 and 4 tell an address in words, of which the client takes the port alone. */
static uint32_t tell_address(struct reader *args, uint32_t port, struct buf *to)
{
	uint32_t len = 0;
	const char *netid;
	bool six;
	auto_free char *text = NULL;

	take_u32(args);		/* the version that is wanted */
	netid = take_opaque(args, &len);
	if (!netid)
		return GARBAGE_ARGS;
	six = len && netid[len - 1] == '6';
	text = port ? xasprintf("%s.%u.%u", six ? "::" : "0.0.0.0", port >> 8, port & 255) : xstrdup("");
	put_opaque(to, text, strlen(text));
	return SUCCESS;
}

static uint32_t portmap(uint32_t version, uint32_t procedure, struct reader *args, unsigned nfs_port, struct buf *to)
{
	switch (procedure) {
	case 0:		/* NULL */
		return SUCCESS;
	case 1:		/* SET, UNSET: the kernel's server tells what is known here */
	case 2:
		put_u32(to, 1);
		return SUCCESS;
	case 3:		/* GETPORT, GETADDR */
		if (version > 2)
			return tell_address(args, port_of(take_u32(args), nfs_port), to);
		put_u32(to, port_of(take_u32(args), nfs_port));
		return args->bad ? GARBAGE_ARGS : SUCCESS;
	}
	return PROC_UNAVAIL;
}

/* --- handles ---------------------------------------------------------------------------------------- */

/* As qword_add() of the kernel takes a word: what would end it is written in octal. */
static void add_word(struct buf *to, const char *text)
{
	for (; *text; text++) {
		if (isspace((unsigned char)*text) || *text == '\\')
			buf_addf(to, "\\%03o", (unsigned char)*text);
		else
			buf_addc(to, *text);
	}
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* "\x01000..." and a line end. */
static size_t parse_handle(const char *text, unsigned char handle[static HANDLE_MAX])
{
	size_t n = 0;

	if (text[0] != '\\' || text[1] != 'x')
		return 0;
	for (text += 2; n < HANDLE_MAX && hex_digit(text[0]) >= 0 && hex_digit(text[1]) >= 0; text += 2)
		handle[n++] = (unsigned char)((unsigned)hex_digit(text[0]) * 16 + (unsigned)hex_digit(text[1]));
	return n;
}

/* One question, one answer (fs/nfsd/nfsctl.c, write_filehandle()).  0: there is none. */
static size_t find_handle(const char *dir, unsigned char handle[static HANDLE_MAX])
{
	auto_close int fd = open(NFSD "/filehandle", O_RDWR | O_CLOEXEC);
	auto_free char *path = xasprintf("%s%s%s", MOUNT_POINT, *dir == '/' ? "" : "/", dir);
	auto_buf struct buf question = { 0 };
	char text[4 * HANDLE_MAX];
	ssize_t n;

	if (fd < 0 || strstr(dir, ".."))
		return 0;
	buf_adds(&question, EXPORTS_ANYBODY " ");
	add_word(&question, path);
	buf_addf(&question, " %d\n", HANDLE_MAX);
	if (write(fd, question.data, question.len) != (ssize_t)question.len)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return parse_handle(text, handle);
}

static uint32_t mount_program(uint32_t procedure, struct reader *args, struct buf *to)
{
	unsigned char handle[HANDLE_MAX];
	auto_free char *dir = NULL;
	const char *path;
	uint32_t len = 0;
	size_t n;

	if (procedure == 0 || procedure == 3)	/* NULL, UMNT: nobody keeps a list */
		return SUCCESS;
	if (procedure != 1)			/* MNT */
		return PROC_UNAVAIL;
	path = take_opaque(args, &len);
	if (!path)
		return GARBAGE_ARGS;
	dir = xstrndup(path, len);
	n = find_handle(dir, handle);
	put_u32(to, n ? 0 : MNT3ERR_NOENT);
	if (!n)
		return SUCCESS;
	put_opaque(to, handle, n);
	put_u32(to, 1);
	put_u32(to, AUTH_SYS_FLAVOR);
	return SUCCESS;
}

/* --- calls ------------------------------------------------------------------------------------------ */

/* false: that is no call. */
static bool answer(const char *record, size_t len, unsigned nfs_port, struct buf *to)
{
	struct reader r = { record, len, false };
	auto_buf struct buf result = { 0 };
	uint32_t id = take_u32(&r), type = take_u32(&r), rpc = take_u32(&r), program = take_u32(&r), version = take_u32(&r);
	uint32_t procedure = take_u32(&r), status, skip = 0;

	/* Who calls, and how that is proven: two kinds, each with its bytes. */
	for (int i = 0; i < 2; i++) {
		take_u32(&r);
		take_opaque(&r, &skip);
	}
	if (r.bad || type != CALL || rpc != RPC_VERSION)
		return false;
	status = program == PROG_PORTMAP ? portmap(version, procedure, &r, nfs_port, &result) :
		 program == PROG_MOUNT ? mount_program(procedure, &r, &result) : PROG_UNAVAIL;
	if (status != SUCCESS)
		buf_clear(&result);
	put_u32(to, LAST_PART | (uint32_t)(24 + result.len));
	put_u32(to, id);
	put_u32(to, REPLY);
	buf_zero(to, 12);	/* accepted; nothing is proven by nothing */
	put_u32(to, status);
	buf_add(to, buf_text(&result), result.len);
	return true;
}

struct connection {
	int fd;			/* 0: free */
	struct buf heard;
};

static void hang_up(struct connection *c)
{
	close(c->fd);
	buf_done(&c->heard);
	*c = (struct connection){ 0 };
}

/* Each whole record is answered.  A call in several parts is longer than any that is known here. */
static bool answer_all(struct connection *c, unsigned nfs_port)
{
	while (c->heard.len >= 4) {
		struct reader mark = { c->heard.data, c->heard.len, false };
		uint32_t head = take_u32(&mark), len = head & ~LAST_PART;
		auto_buf struct buf reply = { 0 };

		if (!(head & LAST_PART) || len > RECORD_MAX)
			return false;
		if (mark.left < len)
			return true;
		if (!answer(mark.at, len, nfs_port, &reply) ||
		    send(c->fd, reply.data, reply.len, MSG_NOSIGNAL) != (ssize_t)reply.len)
			return false;
		c->heard.len -= 4 + len;
		memmove(c->heard.data, c->heard.data + 4 + len, c->heard.len);
	}
	return true;
}

static void hear(struct connection *c, unsigned nfs_port)
{
	ssize_t n = recv(c->fd, buf_room(&c->heard, RECORD_MAX), RECORD_MAX, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->heard.len += (size_t)n;
	if (n <= 0 || !answer_all(c, nfs_port))
		hang_up(c);
}

static void let_in(struct connection *all, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 0; fd >= 0 && i < CONNECTIONS; i++)
		if (!all[i].fd) {
			all[i].fd = fd;
			return;
		}
	if (fd >= 0)
		close(fd);
}

static _Noreturn void serve_calls(const int listeners[static LISTENERS], unsigned nfs_port)
{
	struct connection all[CONNECTIONS] = { 0 };

	for (;;) {
		struct pollfd fds[LISTENERS + CONNECTIONS];

		for (int i = 0; i < LISTENERS; i++)
			fds[i] = (struct pollfd){ .fd = listeners[i], .events = POLLIN };
		for (int i = 0; i < CONNECTIONS; i++)
			fds[LISTENERS + i] = (struct pollfd){ .fd = all[i].fd ? all[i].fd : -1, .events = POLLIN };
		if (poll(fds, LISTENERS + CONNECTIONS, -1) < 0)
			continue;
		for (int i = 0; i < CONNECTIONS; i++)
			if (fds[LISTENERS + i].revents)
				hear(&all[i], nfs_port);
		for (int i = 0; i < LISTENERS; i++)
			if (fds[i].revents & POLLIN)
				let_in(all, listeners[i]);
	}
}

int mountd_start(unsigned nfs_port, struct err *e)
{
	static const struct {
		int family;
		unsigned port;
	} wanted[LISTENERS] = { { AF_INET, PORTMAP_PORT }, { AF_INET, MOUNT_PORT }, { AF_INET6, PORTMAP_PORT }, { AF_INET6, MOUNT_PORT } };
	int listeners[LISTENERS];
	pid_t pid;

	for (int i = 0; i < LISTENERS; i++) {
		listeners[i] = tcp_listen(wanted[i].family, wanted[i].port);
		if (listeners[i] < 0 && wanted[i].family == AF_INET)
			return err_set(e, errno, "port %u of the mount daemon: %s", wanted[i].port, strerror(errno));
	}
	pid = fork();
	if (pid < 0)
		return err_set(e, errno, "cannot run the mount daemon: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve_calls(listeners, nfs_port);
	}
	for (int i = 0; i < LISTENERS; i++)
		if (listeners[i] >= 0)
			close(listeners[i]);
	return 0;
}
