/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_GUEST_H
#define CRASHCFG_LAB_GUEST_H

/*
 * What the laboratory and its guest agree on.
 *
 * The guest's PID 1 reads GUEST_PLAN, lines of "key value":
 *	mode crash | collect | serve
 *	module PATH [PARAMETERS]	insert it; in this order
 *	disks N				wait for so many, that of the stream not counted
 *	do PROGRAM			run it, in this order, once the disks are there
 *	stay PROGRAM			likewise, and it goes on running (serve)
 *	arg WORD			of the last of these; "@0" is the first disk's node, "@@0" is "@0"
 *	device NODE			what these have made of the disks: the file system's
 *	disk any | SERIAL		the scratch disk: the only one, or by its serial number
 *	fstype ext4 | xfs | btrfs	of the scratch disk; without one none is mounted
 *	options TEXT			mount options for it
 *	dir /PATH			dump folder in it (collect)
 *	out SERIAL			where the stream goes (collect)
 *	image PATH			the capture image whose hash is told (crash)
 *	own UID DIR			make the folder in it, as UID's (serve)
 *	nfs 3 | 4			export it (serve)
 *	port N				of the NFS server
 *	name HOST ADDRESS		what the name server answers (serve)
 *	token WORD			goes to the kernel log before the crash
 *	run WORD			program and arguments that arm the machine, a line each
 * and tells on the console what it did, GUEST_MARK first and then one of the words below.
 */
#define GUEST_PLAN "/lab/plan"
#define GUEST_MARK "crashcfg-lab: "
#define GUEST_BOOT "boot"		/* kernel release */
#define GUEST_ARMED "armed"		/* sha256 of the image, bytes reserved */
#define GUEST_CRASH "crash"		/* sysrq c is next */
#define GUEST_COLLECTED "collected"	/* number of files */
#define GUEST_READY "ready"		/* the server takes dumps */
#define GUEST_FAILED "failed"		/* one sentence; the guest ends */
#define GUEST_TOKEN GUEST_MARK "token "	/* in the kernel log */

/* A line on the console of a server: no more dumps come, hand out what there is. */
#define GUEST_END "end"

/* Words of "do" that are lab-init's own programs. */
#define GUEST_FOLDER "folder"		/* PATH: make it and what is missing above it */
#define GUEST_LVM_IDS "lvm-ids"		/* FILE GROUP-ID VOLUME VOLUME-ID: puts them into a backup of lvm's metadata */

/*
 * The stream on the out disk, in units of STREAM_UNIT bytes: a unit of text
 * "STREAM_FILE<size> <name>\n" and NULs, then the file's bytes, padded with
 * NULs; last a unit that starts with STREAM_END.
 */
#define STREAM_UNIT 512
#define STREAM_FILE "crashcfg-lab-file "
#define STREAM_END "crashcfg-lab-end"

#define SERIAL_SCRATCH "scratch"
#define SERIAL_OUT "out"

#endif
