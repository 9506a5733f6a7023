/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_IPADDR_H
#define CRASHCFG_IPADDR_H

#include <stdbool.h>
#include <stddef.h>

/* An IPv4 or IPv6 address.  Family 0: none. */
struct ipaddr {
	int family;			/* AF_INET, AF_INET6 */
	unsigned prefix;		/* of an interface's address; else 32 or 128 */
	unsigned char bytes[16];	/* network order; IPv4 has the first four */
};

#define IPADDR_TEXT_MAX 64

static inline size_t ipaddr_len(int family)
{
	return family == 2 ? 4 : 16;	/* AF_INET */
}

/* "192.0.2.7", "2001:db8::7", with or without "/PREFIX".  False: no such thing. */
bool ipaddr_parse(const char *text, struct ipaddr *ret);
/* Without and with the prefix. */
const char *ipaddr_text(const struct ipaddr *a, char text[static IPADDR_TEXT_MAX]);
const char *ipaddr_text_prefix(const struct ipaddr *a, char text[static IPADDR_TEXT_MAX]);
bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b);	/* the prefix does not count */
/* fe80::/10: means nothing without its interface. */
bool ipaddr_is_link_local(const struct ipaddr *a);
bool ipaddr_is_loopback(const struct ipaddr *a);

/* "52:54:00:12:34:56" of LEN bytes, at most 32. */
#define HWADDR_MAX 32
#define HWADDR_TEXT_MAX (HWADDR_MAX * 3 + 1)
const char *hwaddr_text(const unsigned char *bytes, size_t len, char text[static HWADDR_TEXT_MAX]);
/* The number of bytes, 0: no such address. */
size_t hwaddr_parse(const char *text, unsigned char bytes[static HWADDR_MAX]);

#endif
