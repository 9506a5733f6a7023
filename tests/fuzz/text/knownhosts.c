/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any file is looked through to its end, and one more line with the name is always found. */
#include "knownhosts.h"

#include "own.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	auto_free char *more = xasprintf("%s\nweb.example.org ssh-ed25519 AAAA", text);

	known_hosts_has(text, "web.example.org");
	if (!known_hosts_has(more, "web.example.org"))
		abort();
	return 0;
}
