/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LUKS_H
#define CRASHCFG_LUKS_H

#include "buf.h"
#include "err.h"

#include <stdint.h>

/*
 * The header of an encrypted device: LUKS1 On-Disk Format Specification 1.2.3 and LUKS2 On-Disk Format
 * Specification 1.1.0 (both of cryptsetup).  No key material is looked at.
 */
#define LUKS_SLOTS 32
#define LUKS_HEADER_LEAST 592	/* bytes; a LUKS1 header has no more */
#define LUKS_HEADER_MAX (4u << 20)

struct luks_slot {
	unsigned number;
	bool preferred;		/* tried before those that are not */
	bool argon2;		/* else PBKDF2, which takes next to no memory */
	uint64_t memory;	/* bytes that deriving its key takes */
};

struct luks {
	unsigned version;	/* 1 or 2 */
	char uuid[41];
	struct strv ciphers;	/* of the data and of the key slots: "aes-xts-plain64" */
	bool integrity;		/* its sectors are authenticated: dm-integrity lies below */
	struct luks_slot slots[LUKS_SLOTS];
	size_t n_slots;		/* those in use */
};

void luks_done(struct luks *l);
#define auto_luks AUTO(luks_done)

/* How many bytes the header has, by its first LUKS_HEADER_LEAST; 0: this is none. */
size_t luks_header_size(const char *data, size_t len);
/* -EINVAL: no such header, or a damaged one. */
int luks_read(const char *data, size_t len, struct luks *ret, struct err *e);

/* What opening it takes: the slot that takes most of those that are tried first.  NULL: no slot is in use. */
const struct luks_slot *luks_costliest(const struct luks *l);

#endif
