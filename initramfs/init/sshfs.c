/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sshfs.h"

#include "runs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define WRITE_BYTES (128u << 10)
#define REQUEST_BYTES (WRITE_BYTES + 8192)	/* a write and its headers */
#define MINOR 31
#define NODES_MAX 4096
#define HANDLES_MAX 64

/* A path that the kernel knows by its number, 1 + its place in the list.  Never forgotten: there are
 * few. */
struct node {
	char *path;		/* the server's */
	struct runs runs;	/* what was written to it */
};

struct handle {
	bool used;
	uint64_t node;
	struct buf remote;
	struct strv names;	/* of a folder */
};

struct server {
	int fd;
	struct remote *r;
	struct node *nodes;
	size_t n_nodes;
	struct handle handles[HANDLES_MAX];
	char request[REQUEST_BYTES];
	char data[WRITE_BYTES];
};

/* --- answers -------------------------------------------------------------------------------------- */

static void answer(struct server *s, const struct fuse_in_header *in, int code, const void *data,
		   size_t len)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + (code ? 0 : len)), .error = code, .unique = in->unique,
	};
	struct iovec parts[2] = { { &out, sizeof(out) }, { (void *)(uintptr_t)data, code ? 0 : len } };

	/* A request that was interrupted wants no answer any more: then the kernel says so, and that is
	 * all. */
	if (writev(s->fd, parts, 2) < 0)
		errno = 0;
}

static struct node *node_of(struct server *s, uint64_t id)
{
	return id >= 1 && id <= s->n_nodes ? &s->nodes[id - 1] : NULL;
}

static uint64_t node_add(struct server *s, const char *path)
{
	for (size_t i = 0; i < s->n_nodes; i++)
		if (strcmp(s->nodes[i].path, path) == 0)
			return i + 1;
	if (s->n_nodes == NODES_MAX)
		return 0;
	vec_push(&s->nodes, &s->n_nodes)->path = xstrdup(path);
	return s->n_nodes;
}

static char *child_path(const struct node *parent, const char *name)
{
	return xasprintf("%s%s%s", parent->path, strcmp(parent->path, "/") == 0 ? "" : "/", name);
}

static struct fuse_attr to_attr(uint64_t id, const struct sftp_attrs *a)
{
	return (struct fuse_attr){
		.ino = id,
		.size = a->size,
		.blocks = (a->size + 511) / 512,
		.mtime = a->mtime,
		.ctime = a->mtime,
		.atime = a->atime,
		.mode = a->has_mode ? a->mode : S_IFREG | 0600,
		.nlink = 1,
		.blksize = 4096,
	};
}

/* --- names ---------------------------------------------------------------------------------------- */

static int enter(struct server *s, const char *path, struct fuse_entry_out *ret)
{
	struct sftp_attrs a;
	int code = remote_stat(s->r, path, false, &a);
	uint64_t id;

	if (code < 0)
		return code;
	id = node_add(s, path);
	if (!id)
		return -ENOMEM;
	*ret = (struct fuse_entry_out){ .nodeid = id, .attr = to_attr(id, &a) };
	return 0;
}

static void do_lookup(struct server *s, const struct fuse_in_header *in, const struct node *n,
		      const char *arg)
{
	auto_free char *path = child_path(n, arg);
	struct fuse_entry_out out;
	int code = enter(s, path, &out);

	answer(s, in, code, &out, sizeof(out));
}

static void do_getattr(struct server *s, const struct fuse_in_header *in, const struct node *n)
{
	struct fuse_attr_out out = { 0 };
	struct sftp_attrs a;
	int code = remote_stat(s->r, n->path, in->nodeid == FUSE_ROOT_ID, &a);

	if (code == 0)
		out.attr = to_attr(in->nodeid, &a);
	answer(s, in, code, &out, sizeof(out));
}

static void do_setattr(struct server *s, const struct fuse_in_header *in, struct node *n, const char *arg)
{
	const struct fuse_setattr_in *set = (const struct fuse_setattr_in *)(const void *)arg;
	struct sftp_attrs a = {
		.has_size = set->valid & FATTR_SIZE, .size = set->size,
		.has_mode = set->valid & FATTR_MODE, .mode = set->mode & 07777,
	};
	int code = 0;

	if (a.has_size || a.has_mode)
		code = remote_set(s->r, n->path, &a);
	if (code == 0 && a.has_size)
		runs_cut(&n->runs, set->size);
	if (code < 0)
		answer(s, in, code, NULL, 0);
	else
		do_getattr(s, in, n);
}

static void do_mkdir(struct server *s, const struct fuse_in_header *in, const struct node *n,
		     const char *arg)
{
	auto_free char *path = child_path(n, arg + sizeof(struct fuse_mkdir_in));
	struct fuse_entry_out out;
	int code = remote_mkdir(s->r, path);

	if (code == 0)
		code = enter(s, path, &out);
	answer(s, in, code, &out, sizeof(out));
}

static void do_remove(struct server *s, const struct fuse_in_header *in, const struct node *n,
		      const char *arg)
{
	auto_free char *path = child_path(n, arg);

	answer(s, in, remote_remove(s->r, path, in->opcode == FUSE_RMDIR), NULL, 0);
}

/* Both names stand behind the head, each with its NUL. */
static void do_rename(struct server *s, const struct fuse_in_header *in, const struct node *n,
		      uint64_t new_dir, unsigned flags, const char *names)
{
	const struct node *to_dir = node_of(s, new_dir);
	auto_free char *from = child_path(n, names);
	auto_free char *to = to_dir ? child_path(to_dir, names + strlen(names) + 1) : NULL;
	int code;

	if (!to || (flags & ~(unsigned)RENAME_NOREPLACE)) {
		answer(s, in, to ? -EINVAL : -ENOENT, NULL, 0);
		return;
	}
	code = remote_rename(s->r, from, to, !(flags & RENAME_NOREPLACE));
	for (size_t i = 0; code == 0 && i < s->n_nodes; i++) {
		/* The number goes with the file; the one that bore the new name is gone. */
		if (strcmp(s->nodes[i].path, to) == 0)
			s->nodes[i].path[0] = '\0';
		else if (strcmp(s->nodes[i].path, from) == 0) {
			free(s->nodes[i].path);
			s->nodes[i].path = xstrdup(to);
		}
	}
	answer(s, in, code, NULL, 0);
}

/* --- files ---------------------------------------------------------------------------------------- */

static struct handle *handle_of(struct server *s, uint64_t fh)
{
	return fh < HANDLES_MAX && s->handles[fh].used ? &s->handles[fh] : NULL;
}

static struct handle *handle_new(struct server *s, uint64_t *ret)
{
	for (size_t i = 0; i < HANDLES_MAX; i++)
		if (!s->handles[i].used) {
			*ret = i;
			s->handles[i].used = true;
			return &s->handles[i];
		}
	return NULL;
}

static void handle_done(struct handle *h)
{
	buf_done(&h->remote);
	strv_done(&h->names);
	*h = (struct handle){ 0 };
}

static int open_file(struct server *s, uint64_t node, const char *path, unsigned flags, unsigned more,
		     struct fuse_open_out *ret)
{
	unsigned access = (flags & O_ACCMODE) == O_RDONLY ? SFTP_O_READ :
			  (flags & O_ACCMODE) == O_WRONLY ? SFTP_O_WRITE : SFTP_O_READ | SFTP_O_WRITE;
	struct handle *h = handle_new(s, &ret->fh);
	int code = h ? remote_open_file(s->r, path, access | more, &h->remote) : -EMFILE;

	if (h && code < 0)
		handle_done(h);
	if (code < 0)
		return code;
	h->node = node;
	/* Nothing is kept in this small memory, and what is read is what the server has. */
	ret->open_flags = FOPEN_DIRECT_IO;
	return 0;
}

static void do_open(struct server *s, const struct fuse_in_header *in, const struct node *n,
		    const char *arg)
{
	const struct fuse_open_in *open = (const struct fuse_open_in *)(const void *)arg;
	struct fuse_open_out out = { 0 };
	int code = open_file(s, in->nodeid, n->path, open->flags, 0, &out);

	answer(s, in, code, &out, sizeof(out));
}

static void do_create(struct server *s, const struct fuse_in_header *in, const struct node *n,
		      const char *arg)
{
	const struct fuse_create_in *create = (const struct fuse_create_in *)(const void *)arg;
	auto_free char *path = child_path(n, arg + sizeof(*create));
	unsigned more = SFTP_O_CREATE | (create->flags & O_EXCL ? SFTP_O_EXCL : 0u) |
			(create->flags & O_TRUNC ? SFTP_O_TRUNC : 0u);
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out = { 0 };
	uint64_t id = node_add(s, path);
	int code = id ? open_file(s, id, path, create->flags, more, &out.open) : -ENOMEM;

	if (code == 0)
		code = enter(s, path, &out.entry);
	if (code == 0 && out.entry.attr.size == 0)
		runs_cut(&node_of(s, id)->runs, 0);
	answer(s, in, code, &out, sizeof(out));
}

static void do_read(struct server *s, const struct fuse_in_header *in, const char *arg)
{
	const struct fuse_read_in *read = (const struct fuse_read_in *)(const void *)arg;
	struct handle *h = handle_of(s, read->fh);
	ssize_t n = -EBADF;

	if (h && read->size <= sizeof(s->data))
		n = remote_read(s->r, &h->remote, read->offset, s->data, read->size);
	if (n > 0 && !runs_read(&node_of(s, h->node)->runs, read->offset, s->data, (size_t)n))
		n = -EIO;
	answer(s, in, n < 0 ? (int)n : 0, s->data, n < 0 ? 0 : (size_t)n);
}

/* It may go on as soon as it is on its way; an error is told to the next one, or by fsync. */
static void do_write(struct server *s, const struct fuse_in_header *in, const char *arg)
{
	const struct fuse_write_in *write = (const struct fuse_write_in *)(const void *)arg;
	struct handle *h = handle_of(s, write->fh);
	struct fuse_write_out out = { .size = write->size };
	const char *data = arg + sizeof(*write);
	int code = h ? s->r->failed : -EBADF;

	if (code < 0 && h)
		code = remote_settle(s->r, s->nodes[0].path);
	if (code == 0)
		code = remote_write(s->r, &h->remote, write->offset, data, write->size);
	if (code == 0)
		runs_written(&node_of(s, h->node)->runs, write->offset, data, write->size);
	answer(s, in, code, &out, sizeof(out));
}

static void do_fsync(struct server *s, const struct fuse_in_header *in, uint64_t fh)
{
	struct handle *h = handle_of(s, fh);
	int code = h ? remote_settle(s->r, s->nodes[0].path) : -EBADF;

	if (code == 0 && in->opcode == FUSE_FSYNC)
		code = remote_fsync(s->r, &h->remote);
	answer(s, in, code, NULL, 0);
}

static void do_release(struct server *s, const struct fuse_in_header *in, uint64_t fh)
{
	struct handle *h = handle_of(s, fh);

	if (h && h->remote.len)
		remote_close_handle(s->r, &h->remote);
	if (h)
		handle_done(h);
	answer(s, in, 0, NULL, 0);
}

/* --- folders -------------------------------------------------------------------------------------- */

static void do_opendir(struct server *s, const struct fuse_in_header *in, const struct node *n)
{
	struct fuse_open_out out = { 0 };
	struct handle *h = handle_new(s, &out.fh);
	int code = h ? 0 : -EMFILE;

	/* Most are opened for what lies below them; names are asked for when they are read. */
	if (h)
		h->node = in->nodeid;
	(void)n;
	answer(s, in, code, &out, sizeof(out));
}

static void do_readdir(struct server *s, const struct fuse_in_header *in, const struct node *n,
		       const char *arg)
{
	const struct fuse_read_in *read = (const struct fuse_read_in *)(const void *)arg;
	struct handle *h = handle_of(s, read->fh);
	size_t len = 0;
	int code = h ? 0 : -EBADF;

	if (h && read->offset == 0) {
		strv_done(&h->names);
		code = remote_list(s->r, n->path, &h->names);
	}
	for (uint64_t i = read->offset; code == 0 && i < h->names.n; i++) {
		size_t name_len = strlen(h->names.v[i]);
		struct fuse_dirent d = { .ino = i + 2, .off = i + 1, .namelen = (uint32_t)name_len };
		size_t step = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name_len);

		if (len + step > read->size || len + step > sizeof(s->data))
			break;
		memset(s->data + len, 0, step);
		memcpy(s->data + len, &d, FUSE_NAME_OFFSET);
		memcpy(s->data + len + FUSE_NAME_OFFSET, h->names.v[i], name_len);
		len += step;
	}
	answer(s, in, code, s->data, len);
}

static void do_statfs(struct server *s, const struct fuse_in_header *in, const struct node *n)
{
	struct fuse_statfs_out out = { 0 };
	struct sftp_space space = { 0 };
	int code = remote_space(s->r, n->path, &space);

	out.st.bsize = out.st.frsize = space.block > UINT32_MAX ? 4096 : (uint32_t)space.block;
	out.st.blocks = space.blocks;
	out.st.bfree = out.st.bavail = space.available;
	out.st.files = space.files;
	out.st.ffree = space.files_free;
	out.st.namelen = 255;
	answer(s, in, code, &out, sizeof(out));
}

/* --- the loop ------------------------------------------------------------------------------------- */

static void do_init(struct server *s, const struct fuse_in_header *in, const char *arg)
{
	const struct fuse_init_in *init = (const struct fuse_init_in *)(const void *)arg;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION, .minor = MINOR, .max_readahead = 0, .max_write = WRITE_BYTES,
		.flags = init->flags & FUSE_BIG_WRITES, .max_background = 4, .congestion_threshold = 3,
		.time_gran = 1000000000,
	};

	answer(s, in, init->major < 7 ? -EPROTO : 0, &out, sizeof(out));
}

static bool ends_in_nul(const struct fuse_in_header *in, const char *arg, size_t head, unsigned names)
{
	size_t len = in->len - sizeof(*in);

	for (unsigned i = 0; i < names; i++) {
		const char *end = head < len ? memchr(arg + head, '\0', len - head) : NULL;

		if (!end)
			return false;
		head = (size_t)(end - arg) + 1;
	}
	return true;
}

static void do_named(struct server *s, const struct fuse_in_header *in, const struct node *n,
		     const char *arg)
{
	const struct fuse_rename2_in *rename = (const struct fuse_rename2_in *)(const void *)arg;
	size_t head = in->opcode == FUSE_MKDIR ? sizeof(struct fuse_mkdir_in) :
		      in->opcode == FUSE_CREATE ? sizeof(struct fuse_create_in) :
		      in->opcode == FUSE_RENAME ? sizeof(struct fuse_rename_in) :
		      in->opcode == FUSE_RENAME2 ? sizeof(*rename) : 0;
	bool two = in->opcode == FUSE_RENAME || in->opcode == FUSE_RENAME2;

	if (!ends_in_nul(in, arg, head, two ? 2 : 1)) {
		answer(s, in, -EINVAL, NULL, 0);
		return;
	}
	switch (in->opcode) {
	case FUSE_LOOKUP:
		do_lookup(s, in, n, arg);
		break;
	case FUSE_MKDIR:
		do_mkdir(s, in, n, arg);
		break;
	case FUSE_CREATE:
		do_create(s, in, n, arg);
		break;
	case FUSE_RENAME:
	case FUSE_RENAME2:
		do_rename(s, in, n, rename->newdir, in->opcode == FUSE_RENAME2 ? rename->flags : 0,
			  arg + head);
		break;
	default:
		do_remove(s, in, n, arg);
	}
}

/* False: the file system is gone. */
static bool serve_one(struct server *s, const struct fuse_in_header *in, char *arg)
{
	struct node *n = node_of(s, in->nodeid);

	/* The argument of each that follows is at least as long as the largest head of them; the rest is
	 * zero. */
	switch (in->opcode) {
	case FUSE_INIT:
		do_init(s, in, arg);
		return true;
	case FUSE_DESTROY:
		answer(s, in, 0, NULL, 0);
		return false;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return true;	/* no answer is wanted */
	default:
		break;
	}
	if (!n || !n->path[0]) {
		answer(s, in, -ESTALE, NULL, 0);
		return true;
	}
	switch (in->opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKDIR:
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_RENAME:
	case FUSE_RENAME2:
	case FUSE_CREATE:
		do_named(s, in, n, arg);
		break;
	case FUSE_GETATTR:
		do_getattr(s, in, n);
		break;
	case FUSE_SETATTR:
		do_setattr(s, in, n, arg);
		break;
	case FUSE_OPEN:
		do_open(s, in, n, arg);
		break;
	case FUSE_READ:
		do_read(s, in, arg);
		break;
	case FUSE_WRITE:
		do_write(s, in, arg);
		break;
	case FUSE_FLUSH:
	case FUSE_FSYNC:
		do_fsync(s, in, *(const uint64_t *)(const void *)arg);
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		do_release(s, in, *(const uint64_t *)(const void *)arg);
		break;
	case FUSE_OPENDIR:
		do_opendir(s, in, n);
		break;
	case FUSE_READDIR:
		do_readdir(s, in, n, arg);
		break;
	case FUSE_STATFS:
		do_statfs(s, in, n);
		break;
	default:
		answer(s, in, -ENOSYS, NULL, 0);
	}
	return true;
}

void sshfs_serve(int fd, struct remote *r, const char *top)
{
	struct server *s = xcalloc(1, sizeof(*s));
	bool go_on = true;

	s->fd = fd;
	s->r = r;
	node_add(s, top);
	while (go_on) {
		struct fuse_in_header in;
		ssize_t n = read(fd, s->request, sizeof(s->request));

		if (n < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN))
			continue;
		if (n < (ssize_t)sizeof(in))
			break;
		memcpy(&in, s->request, sizeof(in));
		/* What a short one lacks is zero, not what the one before it left. */
		if ((size_t)n < 4096)
			memset(s->request + n, 0, 256);
		go_on = serve_one(s, &in, s->request + sizeof(in));
	}
	free(s);
}
