/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mdsuper.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0xa92b4efcu
#define SECTOR 512u
#define DISKS_MOST 4096u	/* more than MD knows */

/* struct mdp_superblock_1, little endian. */
#define V1_VERSION 4
#define V1_DISKS 92
#define V1_OFFSET 144		/* where it lies, in sectors */
#define V1_NUMBER 160		/* this device's index in the roles */
#define V1_UPDATED 192		/* the low 40 bits are seconds */
#define V1_EVENTS 200
#define V1_ROLES_MAX 220
#define V1_ROLES 256		/* 16 bits each: the place in the array, or more than any */

/* struct mdp_superblock_s, 32 bits each in the order of the machine that made it; all that boot here are little endian. */
#define V0_VERSION 1
#define V0_DISKS 10
#define V0_UPDATED 32
#define V0_ACTIVE 34
#define V0_EVENTS 39		/* low, then high */
#define V0_THIS_STATE 996
#define V0_STATE_ACTIVE 2u	/* bit MD_DISK_ACTIVE */
#define V0_RESERVED 65536u	/* it begins the last whole piece of this size */

static uint16_t get16(const char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static uint32_t get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t get64(const char *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static uint32_t word(const char *data, size_t i)
{
	return get32(data + 4 * i);
}

size_t mdsuper_places(uint64_t size, uint64_t ret[static MDSUPER_PLACES])
{
	uint64_t sectors = size / SECTOR;
	size_t n = 0;

	if (size < 2 * V0_RESERVED)
		return 0;
	ret[n++] = 4096;					/* 1.2 */
	ret[n++] = 0;						/* 1.1 */
	ret[n++] = ((sectors - 16) & ~UINT64_C(7)) * SECTOR;	/* 1.0 */
	ret[n++] = (size & ~(uint64_t)(V0_RESERVED - 1)) - V0_RESERVED;
	return n;
}

static void read_v1(const char *data, size_t len, struct mdsuper *ret)
{
	size_t n = get32(data + V1_ROLES_MAX), most = (len - V1_ROLES) / 2;
	uint32_t number = get32(data + V1_NUMBER);

	n = n < most ? n : most;
	ret->disks = get32(data + V1_DISKS);
	ret->events = get64(data + V1_EVENTS);
	ret->updated = (int64_t)(get64(data + V1_UPDATED) & ((UINT64_C(1) << 40) - 1));
	for (size_t i = 0; i < n; i++)
		ret->active += get16(data + V1_ROLES + 2 * i) < ret->disks;
	ret->member = number < n && get16(data + V1_ROLES + 2 * (size_t)number) < ret->disks;
	/* One that is being replaced has its place twice. */
	if (ret->active > ret->disks)
		ret->active = ret->disks;
}

static void read_v0(const char *data, struct mdsuper *ret)
{
	ret->disks = word(data, V0_DISKS);
	ret->events = word(data, V0_EVENTS) | (uint64_t)word(data, V0_EVENTS + 1) << 32;
	ret->updated = word(data, V0_UPDATED);
	ret->active = word(data, V0_ACTIVE) < ret->disks ? word(data, V0_ACTIVE) : ret->disks;
	ret->member = word(data, V0_THIS_STATE) & V0_STATE_ACTIVE;
}

int mdsuper_read(const char *data, size_t len, uint64_t at, struct mdsuper *ret, struct err *e)
{
	struct mdsuper out = { 0 };
	uint32_t version;

	if (len < MDSUPER_BYTES || get32(data) != MAGIC)
		return err_set(e, ENODATA, "no superblock of an array");
	version = get32(data + V1_VERSION);
	/* A 1.x one tells its place: one in the middle of a disk is that of an image, or of a partition. */
	if (version == 1 && get64(data + V1_OFFSET) == at / SECTOR)
		read_v1(data, len, &out);
	else if (version == 0)
		read_v0(data, &out);
	else
		return err_set(e, ENODATA, "the superblock of an array that lies elsewhere");
	if (!out.disks || out.disks > DISKS_MOST)
		return err_set(e, ENODATA, "the superblock of an array of %u disks", out.disks);
	*ret = out;
	return 0;
}

unsigned mdsuper_ages(const struct mdsuper *v, size_t n, enum mdage *ret)
{
	const struct mdsuper *last = NULL;

	for (size_t i = 0; i < n; i++)
		if (v[i].member && (!last || v[i].events > last->events))
			last = &v[i];
	for (size_t i = 0; i < n; i++) {
		if (!v[i].member)
			ret[i] = MD_STALE;
		else if (last->events - v[i].events <= 1)
			ret[i] = MD_FRESH;
		else	/* both have 40 bits at most */
			ret[i] = llabs(last->updated - v[i].updated) <= MDSUPER_TOGETHER ? MD_RECENT : MD_STALE;
	}
	return last ? last->active : 0;
}
