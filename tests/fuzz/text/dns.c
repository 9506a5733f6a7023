/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever a name server says: an address of the family asked for, or an error; and resolv.conf of any content. */
#include "dns.h"

#include <arpa/inet.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	auto_strv struct strv servers = { 0 };
	struct ipaddr a;

	if (dns_answer((const char *)data, size, 0x1234, "d.example", AF_INET, &a) == 0 && a.family != AF_INET)
		abort();
	if (dns_answer((const char *)data, size, 0x1234, "d.example", AF_INET6, &a) == 0 && a.family != AF_INET6)
		abort();
	resolv_servers(text, &servers);
	for (size_t i = 0; i < servers.n; i++)
		if (!ipaddr_parse(servers.v[i], &a))
			abort();
	return 0;
}
