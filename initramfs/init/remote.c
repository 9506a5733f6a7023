/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "remote.h"

#include "file.h"
#include "proc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define VERSION 3
#define WINDOW 64		/* writes on their way: 2 MiB */
#define ANSWER_MS 90000		/* ssh itself gives up on a silent host before */
#define NAMES_MAX 100000

/* --- packets --------------------------------------------------------------------------------------- */

static int die(struct remote *r)
{
	r->dead = true;
	return -ECONNRESET;
}

static int read_exactly(struct remote *r, char *to, size_t len)
{
	while (len) {
		struct pollfd fd = { .fd = r->from, .events = POLLIN };
		ssize_t n;

		if (poll(&fd, 1, ANSWER_MS) == 0)
			return die(r);
		n = read(r->from, to, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return die(r);
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_packet(struct remote *r, struct sftp_packet *ret)
{
	unsigned char head[4];
	size_t len;

	if (r->dead || read_exactly(r, (char *)head, sizeof(head)) < 0)
		return -ECONNRESET;
	len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (len > SFTP_PACKET_MAX)
		return die(r);
	buf_clear(&r->in);
	if (read_exactly(r, buf_room(&r->in, len), len) < 0)
		return -ECONNRESET;
	r->in.len = len;
	return sftp_parse(buf_text(&r->in), len, ret) < 0 ? die(r) : 0;
}

static int send_packet(struct remote *r, const struct buf *packet)
{
	return r->dead || fd_write_all(r->to, packet->data, packet->len) < 0 ? die(r) : 0;
}

/* Writes are numbered apart, so that their answers are told from the one that is waited for. */
#define IS_WRITE 0x80000000u

static void take_write(struct remote *r, const struct sftp_packet *p)
{
	if (r->writes)
		r->writes--;
	if (p->type != SFTP_STATUS)
		r->failed = r->failed ? r->failed : -EPROTO;
	else if (p->status != SFTP_OK && !r->failed)
		r->failed = -(sftp_errno(p->status) ? sftp_errno(p->status) : EIO);
}

/* The answer to request ID; those to writes are taken on the way. */
static int wait_for(struct remote *r, uint32_t id, struct sftp_packet *ret)
{
	for (;;) {
		int code = read_packet(r, ret);

		if (code < 0)
			return code;
		if (ret->id == id)
			return 0;
		if (!(ret->id & IS_WRITE) || !r->writes)
			return die(r);
		take_write(r, ret);
	}
}

/* One request of a path, and what TYPE wants behind it; answered by a status or by WANT. */
static int call(struct remote *r, struct buf *packet, size_t begun, enum sftp_type want,
		struct sftp_packet *ret)
{
	int code;

	sftp_end(packet, begun);
	code = send_packet(r, packet);
	if (code == 0)
		code = wait_for(r, r->id, ret);
	if (code < 0)
		return code;
	if (ret->type == SFTP_STATUS && ret->status != SFTP_OK)
		return ret->status == SFTP_EOF ? -ENODATA : -sftp_errno(ret->status);
	return ret->type == want ? 0 : -EPROTO;
}

static uint32_t next_id(struct remote *r)
{
	r->id = (r->id + 1) & ~IS_WRITE;
	return r->id;
}

static size_t begin_path(struct remote *r, struct buf *packet, enum sftp_type type, const char *path)
{
	size_t at = sftp_begin(packet, type, next_id(r));

	sftp_put_text(packet, path, strlen(path));
	return at;
}

static size_t begin_extended(struct remote *r, struct buf *packet, const char *name)
{
	return begin_path(r, packet, SFTP_EXTENDED, name);
}

static size_t begin_handle(struct remote *r, struct buf *packet, enum sftp_type type,
			   const struct buf *handle)
{
	size_t at = sftp_begin(packet, type, next_id(r));

	sftp_put_text(packet, buf_text(handle), handle->len);
	return at;
}

int remote_open(struct remote *r, const struct recipe_target *t, const struct ipaddr *address,
		struct err *e)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;
	char words[REMOTE_WORDS_MAX];
	int code;

	*r = (struct remote){ .to = -1, .from = -1, .words = -1 };
	code = remote_start(r, t, address);
	if (code < 0)
		return err_set(e, -code, "cannot start ssh: %s", strerror(-code));
	sftp_end(&packet, sftp_begin(&packet, SFTP_INIT, VERSION));
	code = send_packet(r, &packet);
	if (code == 0)
		code = read_packet(r, &p);
	if (code < 0 || p.type != SFTP_VERSION || p.id < VERSION) {
		remote_last_words(r, words);
		return err_set(e, code < 0 ? -code : EPROTO, "ssh to '%s' as '%s': %s", t->known, t->user,
			       words[0] ? words : code < 0 ? "the connection ended" :
							     "the server does not speak sftp version 3");
	}
	r->can_fsync = sftp_has_extension(&p, "fsync@openssh.com");
	r->can_space = sftp_has_extension(&p, "statvfs@openssh.com");
	r->can_rename = sftp_has_extension(&p, "posix-rename@openssh.com");
	return 0;
}

void remote_close(struct remote *r)
{
	int *const fds[] = { &r->to, &r->from, &r->words };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		own_close(fds[i]);
		*fds[i] = -1;
	}
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	r->pid = 0;
	r->dead = true;
	buf_done(&r->in);
}

/* --- what can be done ------------------------------------------------------------------------------ */

int remote_stat(struct remote *r, const char *path, bool follow, struct sftp_attrs *ret)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;
	int code = call(r, &packet, begin_path(r, &packet, follow ? SFTP_STAT : SFTP_LSTAT, path),
			SFTP_ATTRS, &p);

	if (code == 0)
		*ret = p.attrs;
	return code;
}

int remote_set(struct remote *r, const char *path, const struct sftp_attrs *a)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;
	size_t at = begin_path(r, &packet, SFTP_SETSTAT, path);

	sftp_put_attrs(&packet, a);
	return call(r, &packet, at, SFTP_STATUS, &p);
}

/* The protocol has one word for all failures: one that is there already is told by looking. */
static int or_exists(struct remote *r, const char *path, int code)
{
	struct sftp_attrs a;

	return code == -EIO && remote_stat(r, path, false, &a) == 0 ? -EEXIST : code;
}

int remote_mkdir(struct remote *r, const char *path)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;
	size_t at = begin_path(r, &packet, SFTP_MKDIR, path);

	sftp_put_attrs(&packet, &(struct sftp_attrs){ .has_mode = true, .mode = 0700 });
	return or_exists(r, path, call(r, &packet, at, SFTP_STATUS, &p));
}

int remote_remove(struct remote *r, const char *path, bool folder)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;

	return call(r, &packet, begin_path(r, &packet, folder ? SFTP_RMDIR : SFTP_REMOVE, path),
		    SFTP_STATUS, &p);
}

int remote_rename(struct remote *r, const char *from, const char *to, bool replace)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;
	size_t at;

	if (replace && r->can_rename) {
		at = begin_extended(r, &packet, "posix-rename@openssh.com");
		sftp_put_text(&packet, from, strlen(from));
	} else {
		if (replace)
			remote_remove(r, to, false);
		at = begin_path(r, &packet, SFTP_RENAME, from);
	}
	sftp_put_text(&packet, to, strlen(to));
	return or_exists(r, to, call(r, &packet, at, SFTP_STATUS, &p));
}

static int take_handle(const struct sftp_packet *p, struct buf *ret)
{
	if (p->len > 256)
		return -EPROTO;
	buf_clear(ret);
	buf_add(ret, p->data, p->len);
	return 0;
}

int remote_open_file(struct remote *r, const char *path, unsigned flags, struct buf *ret_handle)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;
	size_t at = begin_path(r, &packet, SFTP_OPEN, path);
	int code;

	sftp_put_u32(&packet, flags);
	sftp_put_attrs(&packet, &(struct sftp_attrs){ .has_mode = flags & SFTP_O_CREATE, .mode = 0600 });
	code = call(r, &packet, at, SFTP_HANDLE, &p);
	if (code == 0)
		return take_handle(&p, ret_handle);
	return flags & SFTP_O_EXCL ? or_exists(r, path, code) : code;
}

int remote_close_handle(struct remote *r, const struct buf *handle)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;

	return call(r, &packet, begin_handle(r, &packet, SFTP_CLOSE, handle), SFTP_STATUS, &p);
}

int remote_write(struct remote *r, const struct buf *handle, uint64_t offset, const char *data, size_t len)
{
	while (len) {
		auto_buf struct buf packet = { 0 };
		size_t part = len < SFTP_DATA_MAX ? len : SFTP_DATA_MAX;
		size_t at = sftp_begin(&packet, SFTP_WRITE, next_id(r) | IS_WRITE);
		struct sftp_packet p;
		int code;

		sftp_put_text(&packet, buf_text(handle), handle->len);
		sftp_put_u64(&packet, offset);
		sftp_put_text(&packet, data, part);
		sftp_end(&packet, at);
		code = send_packet(r, &packet);
		r->writes++;
		while (code == 0 && r->writes >= WINDOW) {
			code = read_packet(r, &p);
			if (code == 0 && !(p.id & IS_WRITE))
				code = die(r);
			if (code == 0)
				take_write(r, &p);
		}
		if (code < 0)
			return code;
		data += part;
		offset += part;
		len -= part;
	}
	return 0;
}

int remote_settle(struct remote *r, const char *folder)
{
	struct sftp_space space;
	struct sftp_packet p;
	int failed;

	while (r->writes) {
		int code = read_packet(r, &p);

		if (code < 0)
			return code;
		if (!(p.id & IS_WRITE))
			return die(r);
		take_write(r, &p);
	}
	failed = r->failed;
	r->failed = 0;
	/* The protocol has no word for a full disk. */
	if (failed == -EIO && remote_space(r, folder, &space) == 0 && space.available < 256)
		return -ENOSPC;
	return r->dead ? -ECONNRESET : failed;
}

int remote_fsync(struct remote *r, const struct buf *handle)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;
	size_t at;

	if (!r->can_fsync)
		return 0;
	at = begin_extended(r, &packet, "fsync@openssh.com");
	sftp_put_text(&packet, buf_text(handle), handle->len);
	return call(r, &packet, at, SFTP_STATUS, &p);
}

static int ask_part(struct remote *r, const struct buf *handle, uint64_t offset, size_t len)
{
	auto_buf struct buf packet = { 0 };
	size_t at = begin_handle(r, &packet, SFTP_READ, handle);

	sftp_put_u64(&packet, offset);
	sftp_put_u32(&packet, (uint32_t)len);
	sftp_end(&packet, at);
	return send_packet(r, &packet);
}

/* The answer to request ID, at most LEN bytes: how many, or -errno. */
static ssize_t take_part(struct remote *r, uint32_t id, char *to, size_t len)
{
	struct sftp_packet p;
	int code = wait_for(r, id, &p);

	if (code < 0)
		return code;
	if (p.type == SFTP_STATUS)
		return p.status == SFTP_EOF ? 0 : p.status == SFTP_OK ? -EPROTO : -sftp_errno(p.status);
	if (p.type != SFTP_DATA || p.len > len)
		return -EPROTO;
	memcpy(to, p.data, p.len);
	return (ssize_t)p.len;
}

/* All parts are asked for before the first is waited for.  Where one is short, it is the end, or it is
 * asked again. */
ssize_t remote_read(struct remote *r, const struct buf *handle, uint64_t offset, char *to, size_t len)
{
	size_t parts = (len + SFTP_DATA_MAX - 1) / SFTP_DATA_MAX, done = 0, sent = 0;
	uint32_t first = (r->id + 1) & ~IS_WRITE;
	ssize_t failed = 0;
	bool whole = true;

	for (; sent < parts && failed == 0; sent++) {
		size_t at = sent * SFTP_DATA_MAX;

		failed = ask_part(r, handle, offset + at,
				  len - at < SFTP_DATA_MAX ? len - at : SFTP_DATA_MAX);
	}
	for (size_t i = 0; i < sent && !r->dead; i++) {
		size_t at = i * SFTP_DATA_MAX, want = len - at < SFTP_DATA_MAX ? len - at : SFTP_DATA_MAX;
		ssize_t n = take_part(r, (first + (uint32_t)i) & ~IS_WRITE, to + at, want);

		failed = failed ? failed : n < 0 ? n : 0;
		/* What lies behind a gap is not told. */
		if (whole && n > 0)
			done += (size_t)n;
		whole = whole && n == (ssize_t)want;
	}
	return r->dead ? -ECONNRESET : failed < 0 ? failed : (ssize_t)done;
}

int remote_list(struct remote *r, const char *path, struct strv *ret)
{
	auto_buf struct buf packet = { 0 }, handle = { 0 };
	struct sftp_packet p;
	struct sftp_name n;
	size_t before;
	int code = call(r, &packet, begin_path(r, &packet, SFTP_OPENDIR, path), SFTP_HANDLE, &p);

	if (code == 0)
		code = take_handle(&p, &handle);
	if (code < 0)
		return code;
	do {
		auto_buf struct buf more = { 0 };

		before = ret->n;
		code = call(r, &more, begin_handle(r, &more, SFTP_READDIR, &handle), SFTP_NAME, &p);
		while (code == 0 && ret->n < NAMES_MAX && sftp_next_name(&p, &n))
			if (n.len && n.len < 256 && !memchr(n.name, '/', n.len) &&
			    !memchr(n.name, '\0', n.len))
				strv_take(ret, xstrndup(n.name, n.len));
		/* An answer without a name in it is none that a server gives twice in good faith. */
	} while (code == 0 && ret->n > before && ret->n < NAMES_MAX);
	remote_close_handle(r, &handle);
	return code == -ENODATA ? 0 : code;
}

int remote_space(struct remote *r, const char *path, struct sftp_space *ret)
{
	auto_buf struct buf packet = { 0 };
	struct sftp_packet p;
	size_t at;
	int code;

	if (!r->can_space)
		return -EOPNOTSUPP;
	at = begin_extended(r, &packet, "statvfs@openssh.com");
	sftp_put_text(&packet, path, strlen(path));
	code = call(r, &packet, at, SFTP_EXTENDED_REPLY, &p);
	return code < 0 ? code : sftp_read_space(&p, ret) < 0 ? -EPROTO : 0;
}
