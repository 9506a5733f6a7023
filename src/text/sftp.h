/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_SFTP_H
#define CRASHCFG_SFTP_H

#include "buf.h"

#include <stdint.h>

/*
 * Packets of the SSH file transfer protocol, version 3 (draft-ietf-secsh-filexfer-02, and OpenSSH's
 * PROTOCOL for the names with "@openssh.com").  Bytes to structs and structs to bytes.
 */
#define SFTP_PACKET_MAX (256u << 10)	/* of one packet without its length; no server sends more */
#define SFTP_DATA_MAX (32u << 10)	/* bytes of data in one packet that every server takes */

enum sftp_type {
	SFTP_INIT = 1, SFTP_VERSION = 2, SFTP_OPEN = 3, SFTP_CLOSE = 4, SFTP_READ = 5, SFTP_WRITE = 6,
	SFTP_LSTAT = 7, SFTP_SETSTAT = 9, SFTP_OPENDIR = 11, SFTP_READDIR = 12, SFTP_REMOVE = 13,
	SFTP_MKDIR = 14, SFTP_RMDIR = 15, SFTP_STAT = 17, SFTP_RENAME = 18, SFTP_STATUS = 101,
	SFTP_HANDLE = 102, SFTP_DATA = 103, SFTP_NAME = 104, SFTP_ATTRS = 105, SFTP_EXTENDED = 200,
	SFTP_EXTENDED_REPLY = 201,
};

enum sftp_status {
	SFTP_OK, SFTP_EOF, SFTP_NO_SUCH_FILE, SFTP_PERMISSION_DENIED, SFTP_FAILURE, SFTP_BAD_MESSAGE,
	SFTP_NO_CONNECTION, SFTP_CONNECTION_LOST, SFTP_UNSUPPORTED,
};

/* For SFTP_OPEN. */
enum { SFTP_O_READ = 1, SFTP_O_WRITE = 2, SFTP_O_CREATE = 8, SFTP_O_TRUNC = 16, SFTP_O_EXCL = 32 };

/* HAS_...: which members are told, or are to be set. */
struct sftp_attrs {
	bool has_size, has_mode, has_time;
	uint64_t size;
	uint32_t mode;		/* with the type's bits, as stat(2) */
	uint32_t atime, mtime;
};

/* A packet to be sent: begin, add what the type wants, end.  The buffer may hold others before it. */
size_t sftp_begin(struct buf *to, enum sftp_type type, uint32_t id);	/* SFTP_INIT: ID is the version */
void sftp_put_u32(struct buf *to, uint32_t v);
void sftp_put_u64(struct buf *to, uint64_t v);
void sftp_put_text(struct buf *to, const void *data, size_t len);
void sftp_put_attrs(struct buf *to, const struct sftp_attrs *a);
void sftp_end(struct buf *to, size_t begun);

/* A packet that came.  Texts point into its bytes and do not end in NUL. */
struct sftp_packet {
	enum sftp_type type;
	uint32_t id;		/* SFTP_VERSION: the version */
	uint32_t status;	/* SFTP_STATUS */
	const char *data;	/* SFTP_STATUS: its words; SFTP_HANDLE, SFTP_DATA; the rest of all others */
	size_t len;
	uint32_t count;		/* SFTP_NAME: of names, see sftp_next_name() */
	struct sftp_attrs attrs;	/* SFTP_ATTRS */
};
/* LEN bytes behind the packet's length.  -EINVAL: none of those that a client may get. */
int sftp_parse(const char *data, size_t len, struct sftp_packet *ret);

struct sftp_name {
	const char *name;
	size_t len;
	struct sftp_attrs attrs;
};
/* The next name of an SFTP_NAME; its data and len go on behind it.  False: there is none, or it is
 * damaged. */
bool sftp_next_name(struct sftp_packet *p, struct sftp_name *ret);
/* Does the server tell of extension NAME in its SFTP_VERSION? */
bool sftp_has_extension(const struct sftp_packet *version, const char *name);

/* SFTP_EXTENDED_REPLY to statvfs@openssh.com: bytes.  -EINVAL: too short. */
struct sftp_space {
	uint64_t block, blocks, available, files, files_free;
};
int sftp_read_space(const struct sftp_packet *p, struct sftp_space *ret);

/* The errno value for a status; 0 for SFTP_OK and SFTP_EOF. */
int sftp_errno(uint32_t status);

#endif
