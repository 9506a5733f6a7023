/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever a netlink socket gives: nothing beyond it is read, every message goes on, texts end. */
#include "rtnl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtnl_message m;
	size_t at = 0, before = 0;

	while (rtnl_next((const char *)data, size, &at, &m) == 1) {
		if (at <= before || at > size + 3)
			abort();
		before = at;
		if (memchr(m.link.name, '\0', sizeof(m.link.name)) == NULL ||
		    memchr(m.link.kind, '\0', sizeof(m.link.kind)) == NULL ||
		    m.link.address_len > HWADDR_MAX || m.link.permanent_len > HWADDR_MAX)
			abort();
	}
	return 0;
}
