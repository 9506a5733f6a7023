/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_GUEST_H
#define CRASHCFG_LAB_GUEST_H

/*
 * What the laboratory and its guest agree on.
 *
 * The guest's PID 1 reads GUEST_PLAN, lines of "key value":
 *	mode crash | collect
 *	module PATH [PARAMETERS]	insert it; in this order
 *	disk any | SERIAL		the scratch disk: the only one, or by its serial number
 *	fstype ext4 | xfs | btrfs	of the scratch disk
 *	options TEXT			mount options for it
 *	dir /PATH			dump folder in it (collect)
 *	out SERIAL			where the stream goes (collect)
 *	image PATH			the capture image whose hash is told (crash)
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
#define GUEST_FAILED "failed"		/* one sentence; the guest ends */
#define GUEST_TOKEN GUEST_MARK "token "	/* in the kernel log */

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
