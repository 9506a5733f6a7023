/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uevent.h"

#include <string.h>

static void take(const char *value, size_t len, char *to, size_t size)
{
	if (len >= size)
		len = 0;
	memcpy(to, value, len);
	to[len] = '\0';
}

bool uevent_parse(const char *data, size_t len, struct uevent *ret)
{
	struct uevent ev = { .action = "" };
	size_t at = strnlen(data, len);

	if (!memchr(data, '@', at))
		return false;
	for (at++; at < len;) {
		const char *word = data + at;
		size_t n = strnlen(word, len - at);

		if (n > 7 && memcmp(word, "ACTION=", 7) == 0)
			take(word + 7, n - 7, ev.action, sizeof(ev.action));
		else if (n > 10 && memcmp(word, "SUBSYSTEM=", 10) == 0)
			take(word + 10, n - 10, ev.subsystem, sizeof(ev.subsystem));
		else if (n > 8 && memcmp(word, "DEVNAME=", 8) == 0)
			take(word + 8, n - 8, ev.devname, sizeof(ev.devname));
		at += n + 1;
	}
	if (strstr(ev.devname, "..") || ev.devname[0] == '/')
		ev.devname[0] = '\0';
	if (!ev.action[0] || !ev.subsystem[0])
		return false;
	*ret = ev;
	return true;
}
