/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_LAB_KEYS_H
#define CRASHCFG_LAB_KEYS_H

#include "lab.h"

/*
 * Keys of one test: those of the host never enter a guest, whose memory may end up in a dump that is kept.
 * In the work folder: */
#define KEYS_USER LAB_SSH_KEY		/* logs in; beside it its public half, as below */
#define KEYS_HOST "host_key"		/* the scratch server's */
#define KEYS_KNOWN LAB_SSH_KNOWN	/* names it, as KNOWN */
#define KEYS_PUBLIC ".pub"

/* Make them by ssh-keygen.  KNOWN: the server's name as known_hosts(5) has it. */
int keys_make(const char *work, const char *known, struct err *e);

#endif
