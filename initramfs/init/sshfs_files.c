/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sshfsparts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* --- answers -------------------------------------------------------------------------------------- */

void sshfs_answer(struct server *s, const struct fuse_in_header *in, int code, const void *data,
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

struct node *sshfs_node(struct server *s, uint64_t id)
{
	return id >= 1 && id <= s->n_nodes ? &s->nodes[id - 1] : NULL;
}

uint64_t sshfs_node_add(struct server *s, const char *path)
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
	id = sshfs_node_add(s, path);
	if (!id)
		return -ENOMEM;
	*ret = (struct fuse_entry_out){ .nodeid = id, .attr = to_attr(id, &a) };
	return 0;
}

void sshfs_lookup(struct server *s, const struct fuse_in_header *in, const struct node *n,
		      const char *arg)
{
	auto_free char *path = child_path(n, arg);
	struct fuse_entry_out out;
	int code = enter(s, path, &out);

	sshfs_answer(s, in, code, &out, sizeof(out));
}

void sshfs_getattr(struct server *s, const struct fuse_in_header *in, const struct node *n)
{
	struct fuse_attr_out out = { 0 };
	struct sftp_attrs a;
	int code = remote_stat(s->r, n->path, in->nodeid == FUSE_ROOT_ID, &a);

	if (code == 0)
		out.attr = to_attr(in->nodeid, &a);
	sshfs_answer(s, in, code, &out, sizeof(out));
}

void sshfs_setattr(struct server *s, const struct fuse_in_header *in, struct node *n, const char *arg)
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
		sshfs_answer(s, in, code, NULL, 0);
	else
		sshfs_getattr(s, in, n);
}

void sshfs_mkdir(struct server *s, const struct fuse_in_header *in, const struct node *n,
		     const char *arg)
{
	auto_free char *path = child_path(n, arg + sizeof(struct fuse_mkdir_in));
	struct fuse_entry_out out;
	int code = remote_mkdir(s->r, path);

	if (code == 0)
		code = enter(s, path, &out);
	sshfs_answer(s, in, code, &out, sizeof(out));
}

void sshfs_remove(struct server *s, const struct fuse_in_header *in, const struct node *n,
		      const char *arg)
{
	auto_free char *path = child_path(n, arg);

	sshfs_answer(s, in, remote_remove(s->r, path, in->opcode == FUSE_RMDIR), NULL, 0);
}

/* Both names stand behind the head, each with its NUL. */
void sshfs_rename(struct server *s, const struct fuse_in_header *in, const struct node *n,
		      uint64_t new_dir, unsigned flags, const char *names)
{
	const struct node *to_dir = sshfs_node(s, new_dir);
	auto_free char *from = child_path(n, names);
	auto_free char *to = to_dir ? child_path(to_dir, names + strlen(names) + 1) : NULL;
	int code;

	if (!to || (flags & ~(unsigned)RENAME_NOREPLACE)) {
		sshfs_answer(s, in, to ? -EINVAL : -ENOENT, NULL, 0);
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
	sshfs_answer(s, in, code, NULL, 0);
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

void sshfs_open(struct server *s, const struct fuse_in_header *in, const struct node *n,
		    const char *arg)
{
	const struct fuse_open_in *open = (const struct fuse_open_in *)(const void *)arg;
	struct fuse_open_out out = { 0 };
	int code = open_file(s, in->nodeid, n->path, open->flags, 0, &out);

	sshfs_answer(s, in, code, &out, sizeof(out));
}

void sshfs_create(struct server *s, const struct fuse_in_header *in, const struct node *n,
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
	uint64_t id = sshfs_node_add(s, path);
	int code = id ? open_file(s, id, path, create->flags, more, &out.open) : -ENOMEM;

	if (code == 0)
		code = enter(s, path, &out.entry);
	if (code == 0 && out.entry.attr.size == 0)
		runs_cut(&sshfs_node(s, id)->runs, 0);
	sshfs_answer(s, in, code, &out, sizeof(out));
}

void sshfs_read(struct server *s, const struct fuse_in_header *in, const char *arg)
{
	const struct fuse_read_in *read = (const struct fuse_read_in *)(const void *)arg;
	struct handle *h = handle_of(s, read->fh);
	ssize_t n = -EBADF;

	if (h && read->size <= sizeof(s->data))
		n = remote_read(s->r, &h->remote, read->offset, s->data, read->size);
	if (n > 0 && !runs_read(&sshfs_node(s, h->node)->runs, read->offset, s->data, (size_t)n))
		n = -EIO;
	sshfs_answer(s, in, n < 0 ? (int)n : 0, s->data, n < 0 ? 0 : (size_t)n);
}

/* It may go on as soon as it is on its way; an error is told to the next one, or by fsync. */
void sshfs_write(struct server *s, const struct fuse_in_header *in, const char *arg)
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
		runs_written(&sshfs_node(s, h->node)->runs, write->offset, data, write->size);
	sshfs_answer(s, in, code, &out, sizeof(out));
}

void sshfs_fsync(struct server *s, const struct fuse_in_header *in, uint64_t fh)
{
	struct handle *h = handle_of(s, fh);
	int code = h ? remote_settle(s->r, s->nodes[0].path) : -EBADF;

	if (code == 0 && in->opcode == FUSE_FSYNC)
		code = remote_fsync(s->r, &h->remote);
	sshfs_answer(s, in, code, NULL, 0);
}

void sshfs_release(struct server *s, const struct fuse_in_header *in, uint64_t fh)
{
	struct handle *h = handle_of(s, fh);

	if (h && h->remote.len)
		remote_close_handle(s->r, &h->remote);
	if (h)
		handle_done(h);
	sshfs_answer(s, in, 0, NULL, 0);
}

/* --- folders -------------------------------------------------------------------------------------- */

void sshfs_opendir(struct server *s, const struct fuse_in_header *in, const struct node *n)
{
	struct fuse_open_out out = { 0 };
	struct handle *h = handle_new(s, &out.fh);
	int code = h ? 0 : -EMFILE;

	/* Most are opened for what lies below them; names are asked for when they are read. */
	if (h)
		h->node = in->nodeid;
	(void)n;
	sshfs_answer(s, in, code, &out, sizeof(out));
}

void sshfs_readdir(struct server *s, const struct fuse_in_header *in, const struct node *n,
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
	sshfs_answer(s, in, code, s->data, len);
}

void sshfs_statfs(struct server *s, const struct fuse_in_header *in, const struct node *n)
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
	sshfs_answer(s, in, code, &out, sizeof(out));
}
