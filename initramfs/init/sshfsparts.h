/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_SSHFSPARTS_H
#define CRASHCFG_INIT_SSHFSPARTS_H

#include "remote.h"
#include "runs.h"

#include <linux/fuse.h>

/* What sshfs.c, the loop, and sshfs_files.c, which does what is asked, share. */

#define WRITE_BYTES (128u << 10)
#define REQUEST_BYTES (WRITE_BYTES + 8192)	/* a write and its headers */
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

/* CODE: 0 with LEN bytes of DATA, or -errno. */
void sshfs_answer(struct server *s, const struct fuse_in_header *in, int code, const void *data,
		size_t len);
/* NULL: the kernel has no such number. */
struct node *sshfs_node(struct server *s, uint64_t id);
/* 0: there are too many. */
uint64_t sshfs_node_add(struct server *s, const char *path);

/* Requests, each answered before it returns.  N: the node that it is for; ARG: what lies behind IN. */
void sshfs_lookup(struct server *s, const struct fuse_in_header *in, const struct node *n,
		const char *arg);
void sshfs_getattr(struct server *s, const struct fuse_in_header *in, const struct node *n);
void sshfs_setattr(struct server *s, const struct fuse_in_header *in, struct node *n,
		const char *arg);
void sshfs_mkdir(struct server *s, const struct fuse_in_header *in, const struct node *n,
		const char *arg);
void sshfs_remove(struct server *s, const struct fuse_in_header *in, const struct node *n,
		const char *arg);
void sshfs_rename(struct server *s, const struct fuse_in_header *in, const struct node *n,
		uint64_t new_dir, unsigned flags, const char *names);
void sshfs_open(struct server *s, const struct fuse_in_header *in, const struct node *n,
		const char *arg);
void sshfs_create(struct server *s, const struct fuse_in_header *in, const struct node *n,
		const char *arg);
void sshfs_read(struct server *s, const struct fuse_in_header *in, const char *arg);
void sshfs_write(struct server *s, const struct fuse_in_header *in, const char *arg);
void sshfs_fsync(struct server *s, const struct fuse_in_header *in, uint64_t fh);
void sshfs_release(struct server *s, const struct fuse_in_header *in, uint64_t fh);
void sshfs_opendir(struct server *s, const struct fuse_in_header *in, const struct node *n);
void sshfs_readdir(struct server *s, const struct fuse_in_header *in, const struct node *n,
		const char *arg);
void sshfs_statfs(struct server *s, const struct fuse_in_header *in, const struct node *n);
#endif
