/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "efilog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEAD "crashcfg-log 1 "
#define HEAD_MAX 128u	/* of the line before a part's text */
#define ROOM (EFILOG_PART_MAX - HEAD_MAX)

void efilog_done(struct efilog *l)
{
	buf_done(&l->text);
}

const char *efilog_name(unsigned part, char name[static EFILOG_NAME_MAX])
{
	snprintf(name, EFILOG_NAME_MAX, "CrashcfgLog%u-" EFILOG_GUID, part);
	return name;
}

unsigned efilog_encode(int64_t crash_time, const char *boot_id, const char *text, size_t len,
		       struct buf parts[static EFILOG_PARTS])
{
	size_t most = (size_t)ROOM * EFILOG_PARTS;
	unsigned n;

	if (len > most) {
		text += len - most;
		len = most;
	}
	n = (unsigned)((len + ROOM - 1) / ROOM);
	for (unsigned i = 0; i < n; i++) {
		size_t piece = len < ROOM ? len : ROOM;

		buf_clear(&parts[i]);
		buf_addf(&parts[i], HEAD "%u %u %" PRId64 " %.36s\n", i, n, crash_time,
			 *boot_id ? boot_id : "-");
		buf_add(&parts[i], text, piece);
		text += piece;
		len -= piece;
	}
	return n;
}

/* One part's line; *ret_text is where its text begins.  False: none of ours. */
static bool parse_head(const struct buf *part, unsigned *ret_i, unsigned *ret_n, struct efilog *to,
		       size_t *ret_text)
{
	const char *end = part->len ? memchr(part->data, '\n', part->len < HEAD_MAX ? part->len : HEAD_MAX)
				    : NULL;
	char line[HEAD_MAX + 1];
	int at = 0;

	if (!end || part->len < strlen(HEAD) || memcmp(part->data, HEAD, strlen(HEAD)) != 0)
		return false;
	memcpy(line, part->data, (size_t)(end - part->data));
	line[end - part->data] = '\0';
	if (sscanf(line + strlen(HEAD), "%1u %1u %19" SCNd64 " %39[0-9A-Za-z-]%n", ret_i, ret_n,
		   &to->crash_time, to->boot_id, &at) != 4 ||
	    line[strlen(HEAD) + (size_t)at] || *ret_n > EFILOG_PARTS || *ret_i >= *ret_n)
		return false;
	if (strcmp(to->boot_id, "-") == 0)
		to->boot_id[0] = '\0';
	*ret_text = (size_t)(end - part->data) + 1;
	return true;
}

int efilog_decode(const struct buf parts[static EFILOG_PARTS], struct efilog *ret, struct err *e)
{
	struct efilog l = { .whole = true };
	unsigned n = 0, seen = 0;

	for (unsigned k = 0; k < EFILOG_PARTS; k++) {
		struct efilog head = { 0 };
		unsigned i, of;
		size_t text;

		if (!parse_head(&parts[k], &i, &of, &head, &text) || i != k)
			continue;
		if (!seen) {
			l.crash_time = head.crash_time;
			memcpy(l.boot_id, head.boot_id, sizeof(l.boot_id));
			n = of;
		} else if (head.crash_time != l.crash_time || strcmp(head.boot_id, l.boot_id) != 0 || of != n) {
			continue;
		}
		seen++;
		buf_add(&l.text, parts[k].data + text, parts[k].len - text);
	}
	if (!seen)
		return err_set(e, ENOENT, "no EFI variable holds a log of ours");
	l.whole = seen == n;
	*ret = l;
	return 0;
}
