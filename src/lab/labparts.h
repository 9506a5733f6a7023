/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LABPARTS_H
#define CRASHCFG_LABPARTS_H

/* The laboratory's own parts; nobody else includes this. */

#include "hash.h"
#include "initrd.h"
#include "ipaddr.h"
#include "server.h"
#include "timeline.h"

#define LAB_KVM_HELLO_MS 6000	/* a guest under a KVM that works says its first word within 2 s */

/* One run, with the paths below the work folder. */
struct lab {
	const struct lab_request *q;
	const struct recipe_target *target;
	bool remote;				/* the target is a scratch server's */
	struct layers layers;			/* between file system and disks; disks 0: none */
	struct wire wire;			/* to the server */
	struct server server;
	char *known;				/* see struct initrd_spec */
	struct strv disk;			/* QEMU's arguments for the scratch disks, crash boot */
	unsigned disks;				/* how many */
	char *qemu, *out, *dump_dir, *errors;
	char token[33];
	char image_sha256[HASH_TEXT_MAX];
	long long end;				/* of all of it, now_ms() terms */
	struct timeline timeline;
};

/* Path of the N-th scratch disk; caller frees. */
char *lab_disk(const struct lab *l, unsigned n);
/* What is needed for the initrds of the crashing guest and of the one that hands out. */
struct initrd_spec lab_spec(const struct lab *l);
int lab_write(const char *path, const struct buf *data, struct err *e);

/* --- disks.c: what there has to be before the first boot ------------------------------------------ */

int disks_prepare(struct lab *l, struct err *e);
/* QEMU's arguments for all scratch disks as virtio disks of known serial numbers, and for the stream's. */
void disks_attach_all(const struct lab *l, struct strv *ret);

/* --- boots.c: the machines, one after the other ---------------------------------------------------- */

/* The one that crashes.  0, or why it did not get to its end. */
int boot_crash(struct lab *l, const char *initrd, struct lab_result *ret, struct err *e);
/* Why that one did not get through its capture; NULL: it did.  R and E: what boot_crash() gave. */
char *boot_reason(const struct lab *l, int r, const struct err *e);
/* The one that hands the dump out. */
int boot_collect(struct lab *l, struct lab_result *ret, struct err *e);

/* --- beside.c: the scratch server's machine --------------------------------------------------------- */

/* Bring it up, on one end of *ret_wire's pair; what follows has to use ret->accel. */
int beside_start(struct lab *l, struct lab_result *ret, int *ret_wire, struct err *e);
/* Have it hand out what it took. */
int beside_collect(struct lab *l, struct lab_result *ret, struct err *e);

/* --- netkinds.c ------------------------------------------------------------------------------------- */

/*
 * The way to SERVER by KINDS (see lab_remote()), into *ret, and what drives it into TO.  NAMED: a name server is asked for
 * it.  Both are the caller's to free, also on failure.
 */
int netkinds_fill(const char *kinds, const struct ipaddr *server, bool named, struct network *ret,
		  struct storage *to, struct err *e);

/* --- differs.c ---------------------------------------------------------------------------------------- */

/* In what the guests are not the host: a sentence each. */
void differs_tell(const struct lab *l, struct strv *to);

static inline void set_text(char **to, char *text)
{
	free(*to);
	*to = text;
}

#endif
