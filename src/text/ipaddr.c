/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipaddr.h"

#include "num.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool ipaddr_parse(const char *text, struct ipaddr *ret)
{
	struct ipaddr a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	size_t len = strcspn(text, "/");
	char address[INET6_ADDRSTRLEN];
	uint64_t prefix = ipaddr_len(a.family) * 8;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (text[len] && (text[len + 1] < '0' || text[len + 1] > '9' ||
			  num_parse(text + len + 1, prefix, &prefix) < 0))
		return false;
	if (inet_pton(a.family, address, a.bytes) != 1)
		return false;
	a.prefix = (unsigned)prefix;
	*ret = a;
	return true;
}

const char *ipaddr_text(const struct ipaddr *a, char text[static IPADDR_TEXT_MAX])
{
	text[0] = '\0';
	if (a->family)
		inet_ntop(a->family, a->bytes, text, IPADDR_TEXT_MAX);
	return text;
}

const char *ipaddr_text_prefix(const struct ipaddr *a, char text[static IPADDR_TEXT_MAX])
{
	size_t len = strlen(ipaddr_text(a, text));

	if (len)
		snprintf(text + len, IPADDR_TEXT_MAX - len, "/%u", a->prefix);
	return text;
}

bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, ipaddr_len(a->family)) == 0;
}

bool ipaddr_is_link_local(const struct ipaddr *a)
{
	return a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

bool ipaddr_is_loopback(const struct ipaddr *a)
{
	static const unsigned char one[16] = { [15] = 1 };

	return a->family == AF_INET ? a->bytes[0] == 127 :
				      a->family == AF_INET6 && memcmp(a->bytes, one, 16) == 0;
}

const char *hwaddr_text(const unsigned char *bytes, size_t len, char text[static HWADDR_TEXT_MAX])
{
	char *p = text;

	*p = '\0';
	for (size_t i = 0; i < len && i < HWADDR_MAX; i++)
		p += sprintf(p, "%s%02x", i ? ":" : "", bytes[i]);
	return text;
}

size_t hwaddr_parse(const char *text, unsigned char bytes[static HWADDR_MAX])
{
	size_t n = 0;

	while (*text && n < HWADDR_MAX) {
		unsigned byte;
		int len = 0;

		if (sscanf(text, "%2x%n", &byte, &len) != 1 || len != 2 || text[0] == ' ')
			return 0;
		bytes[n++] = (unsigned char)byte;
		text += 2;
		if (*text && *text++ != ':')
			return 0;
	}
	return *text ? 0 : n;
}
