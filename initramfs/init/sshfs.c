/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sshfs.h"

#include "sshfsparts.h"

#include <errno.h>
#include <string.h>

#define MINOR 31

static void do_init(struct server *s, const struct fuse_in_header *in, const char *arg)
{
	const struct fuse_init_in *init = (const struct fuse_init_in *)(const void *)arg;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION, .minor = MINOR, .max_readahead = 0, .max_write = WRITE_BYTES,
		.flags = init->flags & FUSE_BIG_WRITES, .max_background = 4, .congestion_threshold = 3,
		.time_gran = 1000000000,
	};

	sshfs_answer(s, in, init->major < 7 ? -EPROTO : 0, &out, sizeof(out));
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
		sshfs_answer(s, in, -EINVAL, NULL, 0);
		return;
	}
	switch (in->opcode) {
	case FUSE_LOOKUP:
		sshfs_lookup(s, in, n, arg);
		break;
	case FUSE_MKDIR:
		sshfs_mkdir(s, in, n, arg);
		break;
	case FUSE_CREATE:
		sshfs_create(s, in, n, arg);
		break;
	case FUSE_RENAME:
	case FUSE_RENAME2:
		sshfs_rename(s, in, n, rename->newdir, in->opcode == FUSE_RENAME2 ? rename->flags : 0,
			  arg + head);
		break;
	default:
		sshfs_remove(s, in, n, arg);
	}
}

/* False: the file system is gone. */
static bool serve_one(struct server *s, const struct fuse_in_header *in, char *arg)
{
	struct node *n = sshfs_node(s, in->nodeid);

	/* The argument of each that follows is at least as long as the largest head of them; the rest is
	 * zero. */
	switch (in->opcode) {
	case FUSE_INIT:
		do_init(s, in, arg);
		return true;
	case FUSE_DESTROY:
		sshfs_answer(s, in, 0, NULL, 0);
		return false;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return true;	/* no answer is wanted */
	default:
		break;
	}
	if (!n || !n->path[0]) {
		sshfs_answer(s, in, -ESTALE, NULL, 0);
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
		sshfs_getattr(s, in, n);
		break;
	case FUSE_SETATTR:
		sshfs_setattr(s, in, n, arg);
		break;
	case FUSE_OPEN:
		sshfs_open(s, in, n, arg);
		break;
	case FUSE_READ:
		sshfs_read(s, in, arg);
		break;
	case FUSE_WRITE:
		sshfs_write(s, in, arg);
		break;
	case FUSE_FLUSH:
	case FUSE_FSYNC:
		sshfs_fsync(s, in, *(const uint64_t *)(const void *)arg);
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		sshfs_release(s, in, *(const uint64_t *)(const void *)arg);
		break;
	case FUSE_OPENDIR:
		sshfs_opendir(s, in, n);
		break;
	case FUSE_READDIR:
		sshfs_readdir(s, in, n, arg);
		break;
	case FUSE_STATFS:
		sshfs_statfs(s, in, n);
		break;
	default:
		sshfs_answer(s, in, -ENOSYS, NULL, 0);
	}
	return true;
}

void sshfs_serve(int fd, struct remote *r, const char *top)
{
	struct server *s = xcalloc(1, sizeof(*s));
	bool go_on = true;

	s->fd = fd;
	s->r = r;
	sshfs_node_add(s, top);
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
		/* Without the server at the far end the file system goes too, so that both can be had anew. */
		go_on = serve_one(s, &in, s->request + sizeof(in)) && !r->dead;
	}
	free(s);
}
