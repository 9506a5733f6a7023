/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plain.h"

#include <stdbool.h>

static bool is_upper_control(unsigned char c)
{
	return c >= 0x80 && c < 0xa0;
}

char *text_plain(char *text)
{
	bool within = false;	/* the byte before was one of a longer letter in UTF-8 */

	for (char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == 0xc2 && is_upper_control((unsigned char)p[1])) {
			*p++ = '?';
			*p = '?';
			within = false;
			continue;
		}
		if (c < ' ' || c == 0x7f || (is_upper_control(c) && !within))
			*p = '?';
		within = (unsigned char)*p >= 0x80;
	}
	return text;
}
