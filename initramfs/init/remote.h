/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_INIT_REMOTE_H
#define CRASHCFG_INIT_REMOTE_H

#include "sftp.h"

#include "err.h"
#include "ipaddr.h"
#include "recipe.h"

#include <sys/types.h>

/*
 * A file transfer server at the other end of OpenSSH's client: one request after the other, but for
 * writes, of which many are on their way at a time.
 */
struct remote {
	int to, from, words;	/* the client's stdin, stdout, stderr; -1 closed */
	pid_t pid;
	uint32_t id;
	unsigned writes;	/* on their way */
	int failed;		/* -errno of the first write that failed since this was asked last */
	bool dead;
	bool can_fsync, can_space, can_rename;	/* extensions of the server */
	struct buf in;		/* the packet that came last */
};

/* Start the client for T at ADDRESS and shake hands.  The text is the client's own last words. */
int remote_open(struct remote *r, const struct recipe_target *t, const struct ipaddr *address,
		struct err *e);
void remote_close(struct remote *r);

/* Paths are the server's; relative ones begin in the account's folder.  0 or -errno. */
int remote_stat(struct remote *r, const char *path, bool follow, struct sftp_attrs *ret);
int remote_set(struct remote *r, const char *path, const struct sftp_attrs *a);
int remote_mkdir(struct remote *r, const char *path);
int remote_remove(struct remote *r, const char *path, bool folder);
/* REPLACE: what is there under the new name goes; else -EEXIST. */
int remote_rename(struct remote *r, const char *from, const char *to, bool replace);
/* FLAGS: SFTP_O_...  The handle is a run of bytes. */
int remote_open_file(struct remote *r, const char *path, unsigned flags, struct buf *ret_handle);
int remote_close_handle(struct remote *r, const struct buf *handle);
/* Goes on its way; how it ended is told by remote_settle(). */
int remote_write(struct remote *r, const struct buf *handle, uint64_t offset, const char *data, size_t len);
/* Wait for all writes.  0, or how the first of those that failed did. */
int remote_settle(struct remote *r, const char *folder);
int remote_fsync(struct remote *r, const struct buf *handle);
/* Bytes read, less than LEN at the file's end. */
ssize_t remote_read(struct remote *r, const struct buf *handle, uint64_t offset, char *to, size_t len);
int remote_list(struct remote *r, const char *path, struct strv *ret);
int remote_space(struct remote *r, const char *path, struct sftp_space *ret);

/* --- client.c --------------------------------------------------------------------------------- */

#define REMOTE_WORDS_MAX 200

/* Start ssh and tie R to it.  0 or -errno. */
int remote_start(struct remote *r, const struct recipe_target *t, const struct ipaddr *address);
/* The last line that it wrote ("Host key verification failed."), "" none. */
void remote_last_words(struct remote *r, char text[static REMOTE_WORDS_MAX]);

#endif
