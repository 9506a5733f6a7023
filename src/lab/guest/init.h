/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_INIT_H
#define CRASHCFG_LAB_INIT_H

#include "buf.h"
#include "err.h"
#include "guest.h"
#include "ipaddr.h"

#include <stdbool.h>

#define MOUNT_POINT "/mnt"

/* A "do" or "stay". */
struct order {
	struct strv argv;
	bool stays;
};

/* GUEST_PLAN, taken apart. */
struct plan {
	char *mode, *disks, *device, *disk, *fstype, *options, *dir, *out, *image, *token, *own, *nfs, *port, *name;
	struct strv modules, run;
	struct order *orders;
	size_t n_orders;
};
int plan_read(struct plan *ret, struct err *e);

void tell(const char *word, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The rest of a file of /proc or /sys, without line ends behind it; "" when it cannot be read. */
void get(const char *path, struct buf *to);
/* Write it whole.  0 or -errno. */
int put(const char *path, const char *text);

int modules_insert(const struct strv *modules, struct err *e);
/* "/dev/vda" for SERIAL, or for "any" the only disk.  Waits for it. */
int disk_find(const char *serial, char **ret, struct err *e);
/* The nodes of N disks, that of the stream left out, in the order of their names.  Waits for them. */
int disks_find(unsigned n, struct strv *ret, struct err *e);
/* Mount the scratch disk at MOUNT_POINT; a btrfs gets the subvolume that the options name if CREATE. */
int disk_mount(const struct plan *p, const char *device, bool create, struct err *e);
/* Write the stream of all files below MOUNT_POINT/DIR to DEVICE. */
int stream_write(const char *dir, const char *device, unsigned *ret_files, struct err *e);


/* --- orders.c --------------------------------------------------------------------------------- */

/* Run a program; its words go to the console.  -EIO: it failed. */
int program_run(const struct strv *argv, struct err *e);
/* All "do" and "stay" of the plan, in order. */
int orders_run(const struct plan *p, struct err *e);

/* --- serve.c ---------------------------------------------------------------------------------- */

/* Take dumps until the console says GUEST_END; then hand them out. */
int serve(const struct plan *p, struct err *e);

/* --- names.c: a name server that knows one name ------------------------------------------------ */

#define NAMES_SOCKETS 2
struct names {
	const char *host;	/* NULL: none runs */
	struct ipaddr address;
	int fd[NAMES_SOCKETS];	/* by IPv4, by IPv6; -1: none */
};
/* NAME: "HOST ADDRESS", "" gives none. */
int names_start(struct names *n, char *name, struct err *e);
void names_answer(const struct names *n, int fd);

/* --- exports.c: who may reach what, asked by the kernel's NFS server --------------------------- */

#define NFSD "/proc/fs/nfsd"
#define EXPORTS_ANYBODY "everyone"	/* whom the kernel takes all clients for */
#define EXPORTS_CHANNELS 3
struct exports {
	int fd[EXPORTS_CHANNELS];
};
/* Start the kernel's NFS server for VERSION "3" or "4" on PORT; MOUNT_POINT is the root of what it exports. */
int exports_start(struct exports *x, const char *version, unsigned port, struct err *e);
/* Answer what is asked on FD, one of x->fd. */
void exports_answer(const struct exports *x, int fd);
/* A socket that takes connections; -1 and errno: none is to be had. */
int tcp_listen(int family, unsigned port);

/* --- mountd.c: ports and handles, which version 3 asks for --------------------------------------- */

/* A process of its own, which ends with this one.  NFS_PORT: where the kernel's server listens. */
int mountd_start(unsigned nfs_port, struct err *e);

#endif
