/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "importparts.h"

#include "num.h"

#include <string.h>

/*
 * /etc/sysconfig/dump of the Linux Kernel Crash Dump project (lkcd_config(1), and the levels, flags and
 * packings of its linux/dump.h).  It wrote memory to a bare device (DUMPDEV) before the reset, and copied
 * it into a folder (DUMPDIR) in the next boot; or sent it to a netdump server by UDP.
 */

#define DEFAULT_DIR "/var/log/dump"
#define FLAG_STAY 0x1u			/* go on running after the dump */
#define FLAG_SOFTBOOT 0x2u		/* written by a second kernel: what crashcfg always does */
#define FLAG_NET 0x40000000u
#define FLAG_DISK 0x80000000u

static void take_level(struct import *im, struct import_line *l)
{
	uint64_t level;

	if (num_parse(l->read.value, 31, &level) < 0)
		import_note(im, l, IMPORT_UNREAD, "not a level of LKCD (0, 1, 2, 4, 8 or 16)");
	else if (level >= 16 && import_put(im, l, SET_DUMP_LEVEL, "0") == 0)
		import_note(im, l, IMPORT_NEAR, "all of memory; that of firmware and devices is left out");
	else if (level >= 16)
		return;
	else if (level >= 8)
		import_put(im, l, SET_DUMP_LEVEL, "0");
	else if (level >= 4)
		import_put(im, l, SET_DUMP_LEVEL, "zero+free");
	else if (level >= 2)
		import_put(im, l, SET_DUMP_LEVEL, "zero+cache+private+user+free");
	else if (import_put(im, l, SET_DUMP_LEVEL, "log") == 0 && !level)
		import_note(im, l, IMPORT_NEAR, "no dump at all was made there; the log is saved here");
}

static void take_compress(struct import *im, struct import_line *l)
{
	static const struct {
		const char *there, *here;
	} rows[] = {
		{ "0", "none" }, { "none", "none" }, { "1", "lzo" }, { "rle", "lzo" },
		{ "2", "zlib" }, { "gzip", "zlib" },
	};
	const char *value = l->read.value;

	if (strncasecmp(value, "DUMP_COMPRESS_", 14) == 0)
		value += 14;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcasecmp(value, rows[i].there) == 0) {
			if (import_put(im, l, SET_DUMP_COMPRESS, rows[i].here) == 0 &&
			    strcmp(rows[i].here, "lzo") == 0)
				import_note(im, l, IMPORT_NEAR,
					    "makedumpfile has no run-length packing; lzo is the nearest");
			return;
		}
	import_note(im, l, IMPORT_UNREAD, "not a packing of LKCD (0 none, 1 RLE, 2 GZIP)");
}

static void take_flags(struct import *im, struct import_line *l)
{
	uint64_t flags;

	if (num_parse(l->read.value, UINT32_MAX, &flags) < 0) {
		import_note(im, l, IMPORT_UNREAD, "not the flags of LKCD (such as 0x80000000)");
		return;
	}
	im->flags = l;
	if (flags & FLAG_STAY)
		import_note(im, l, IMPORT_NONE, "0x1: the crashed kernel never goes on");
	if (flags & FLAG_SOFTBOOT)
		import_note(im, l, IMPORT_UNNEEDED, "0x2: a second kernel always writes the dump");
	if (flags & FLAG_DISK || !flags)
		import_note(im, l, IMPORT_UNNEEDED, "0x80000000: DUMPDEV and DUMPDIR say where");
	if (flags & FLAG_NET)
		import_note(im, l, IMPORT_NONE,
			    "0x40000000: LKCD's netdump protocol is not spoken (set DUMP_TARGETS to an ssh: "
			    "or nfs: target on that server, or hub: where crashhub runs there)");
	flags &= ~(uint64_t)(FLAG_STAY | FLAG_SOFTBOOT | FLAG_DISK | FLAG_NET);
	if (flags)
		import_note(im, l, IMPORT_NONE, "0x%llx is not known", (unsigned long long)flags);
}

static void take_device(struct import *im, struct import_line *l)
{
	if (im->device && im->device != l)
		import_note(im, im->device, IMPORT_OVERRIDDEN, "line %u says the same", l->read.line);
	im->device = l;
}

static void take_dir(struct import *im, struct import_line *l)
{
	if (l->read.value[0] == '/')
		import_local(im, l, l->read.value);
	else
		import_note(im, l, IMPORT_NONE,
			    strncasecmp(l->read.value, "ftp:", 4) == 0
				    ? "FTP is not spoken (set DUMP_TARGETS to an ssh: or nfs: target)"
				    : "not a folder");
}

static void take_save(struct import *im, struct import_line *l)
{
	bool yes;

	if (import_yes(im, l, &yes) < 0)
		return;
	if (yes)
		import_note(im, l, IMPORT_UNNEEDED, "a dump lies in its folder when the host is back");
	else
		import_note(im, l, IMPORT_NONE, "a dump is never left on a bare device for good");
}

/* Without DUMPDIR the folder was LKCD's own. */
static void put_default_dir(struct import *im)
{
	struct import_line l = import_about(im, im->first[IMPORT_LKCD]);

	if (import_local(im, &l, DEFAULT_DIR) == 0)
		import_note(im, &l, IMPORT_BECAME, "DUMPDIR is not set there, and this is its default");
}

/* A network interface; or what was written to before the folder, which now comes behind it. */
static void finish(struct import *im)
{
	const struct import_line *l = im->device;
	uint64_t flags = 0;

	if (im->flags)
		num_parse(im->flags->read.value, UINT32_MAX, &flags);
	if (!import_has_kind(im, TARGET_FILE))
		put_default_dir(im);
	import_kept(im, IMPORT_LKCD);
	if (!l)
		return;
	if (l->read.value[0] != '/') {
		if (import_put(im, l, SET_NET_DEVICE, l->read.value) == 0 && !(flags & FLAG_NET))
			import_note(im, l, IMPORT_NEAR, "taken for a network interface");
	} else if (strcmp(l->read.value, "/dev/vmdump") == 0) {
		if (import_put_target(im, l, "raw:swap") == 0)
			import_note(im, l, IMPORT_NEAR,
				    "LKCD's own link, by default to the first swap; tried when the folder "
				    "cannot be written");
	} else if (import_raw(im, l, l->read.value) == 0) {
		import_note(im, l, IMPORT_NEAR, "tried when the folder cannot be written");
	}
}

static const struct import_row rows[] = {
	{ .key = "DUMP_ACTIVE", .take = take_bool, .to = SET_DUMP_ACTIVE },
	{ .key = "DUMPDEV", .take = take_device },
	{ .key = "DUMP_DEV", .take = take_device },
	{ .key = "DUMP_DEVICE", .take = take_device },
	{ .key = "DUMPDIR", .take = take_dir },
	{ .key = "DUMP_SAVE", .take = take_save },
	{ .key = "DUMP_LEVEL", .take = take_level },
	{ .key = "DUMP_FLAGS", .take = take_flags },
	{ .key = "DUMP_COMPRESS", .take = take_compress },
	{ .key = "PANIC_TIMEOUT", .take = take_unneeded,
	  .text = "the capture kernel starts at once; DUMP_ON_SUCCESS or DUMP_ON_FAILURE always follows" },
	{ .key = "BOUNDS_LIMIT", .take = take_value, .to = SET_DUMP_KEEP },
	{ .key = "KEXEC_IMAGE", .take = take_kernel, .to = SET_CAPTURE_KERNEL },
	{ .key = "KEXEC_CMDLINE", .take = take_none,
	  .text = "the capture kernel's command line is made from the running one (CAPTURE_CMDLINE_ADD and "
		  "CAPTURE_CMDLINE_REMOVE change it)" },
	{ .key = "TARGET_HOST", .take = take_none,
	  .text = "LKCD's netdump protocol is not spoken (name this server in an ssh:, nfs: or hub: "
		  "target of DUMP_TARGETS)" },
	{ .key = "TARGET_PORT", .take = take_none, .text = "of netdump; a target's URL names its own port" },
	{ .key = "SOURCE_PORT", .take = take_none, .text = "of netdump; the system chooses it" },
	{ .key = "ETH_ADDRESS", .take = take_unneeded, .text = "the next hop is found by the route" },
	{ .key = NULL },
};

const struct import_dialect_row import_lkcd = {
	.name = "lkcd", .title = "LKCD", .path = "/etc/sysconfig/dump", .syntax = FOREIGN_SHELL, .rows = rows,
	.finish = finish,
};
