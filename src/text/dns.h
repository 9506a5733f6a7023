/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_DNS_H
#define CRASHCFG_DNS_H

#include "buf.h"
#include "ipaddr.h"

#include <stdint.h>

/*
 * One question to a name server and its answer (RFC 1035, RFC 3596): a static program
 * has no resolver.
 */
#define DNS_PACKET_MAX 4096

/* -EINVAL: NAME is no host name.  FAMILY: AF_INET asks for A, AF_INET6 for AAAA. */
int dns_ask(struct buf *to, uint16_t id, const char *name, int family);
/*
 * The lowest address in the answer to that very question, so that the same set always gives the same
 * one.  Aliases are followed within the answer.  -EINVAL: no answer to it, or a damaged one;
 * -ENOENT: it has no such address.
 */
int dns_answer(const char *data, size_t len, uint16_t id, const char *name, int family, struct ipaddr *ret);

/* The "nameserver" lines of resolv.conf(5) that are addresses of other hosts. */
void resolv_servers(const char *text, struct strv *ret);

#endif
