/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_KNOWNHOSTS_H
#define CRASHCFG_KNOWNHOSTS_H

#include <stdbool.h>

/*
 * Does TEXT, a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"), hold a key of host NAME ("web",
 * "[web]:2222")?  Patterns and hashed names are known; revoked keys are none.
 */
bool known_hosts_has(const char *text, const char *name);

#endif
