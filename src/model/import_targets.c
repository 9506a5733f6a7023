/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "importparts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* Places for dumps, as other tools write them, to targets of ours. */

void import_url_add(const char *text, struct buf *to)
{
	for (; *text; text++)
		if (strchr(" %?#", *text))
			buf_addf(to, "%%%02X", (unsigned char)*text);
		else
			buf_addc(to, *text);
}

char *import_below(const char *a, const char *b)
{
	size_t len = a ? strlen(a) : 0;

	while (len && a[len - 1] == '/')
		len--;
	while (b && *b == '/')
		b++;
	if (len && (!b || !*b))
		return xstrndup(a, len);
	return xasprintf("%.*s/%s", (int)len, a ? a : "", b ? b : "");
}

/* SCHEME, which is a good part of a URL, and a folder, whose odd bytes are written as %XX. */
static int put(struct import *im, const struct import_line *l, const char *scheme, const char *dir)
{
	auto_buf struct buf url = { 0 };

	if (dir[0] != '/') {
		import_note(im, l, IMPORT_UNREAD, "the folder is not an absolute path");
		return -EINVAL;
	}
	buf_adds(&url, scheme);
	import_url_add(dir, &url);
	return import_put_target(im, l, buf_text(&url));
}

int import_local(struct import *im, const struct import_line *l, const char *dir)
{
	return put(im, l, "file://", dir);
}

/* HOST of LEN bytes with brackets where it is an IPv6 address without. */
static char *bracketed(const char *host, size_t len)
{
	auto_free char *text = xstrndup(host, len);
	struct in6_addr any;

	return inet_pton(AF_INET6, text, &any) == 1 ? xasprintf("[%s]", text) : take_ptr(text);
}

int import_nfs(struct import *im, const struct import_line *l, const char *spec, const char *dir)
{
	const char *colon = strstr(spec, ":/");
	auto_free char *host = NULL, *scheme = NULL, *below = NULL;

	if (!colon) {
		import_note(im, l, IMPORT_UNREAD, "not an NFS export (wanted 'host:/export')");
		return -EINVAL;
	}
	host = bracketed(spec, (size_t)(colon - spec));
	scheme = xasprintf("nfs://%s", host);
	below = import_below(colon + 1, dir);
	return put(im, l, scheme, below);
}

int import_ssh(struct import *im, const struct import_line *l, const char *spec, const char *dir)
{
	const char *at = strchr(spec, '@');
	auto_free char *host = NULL, *scheme = NULL;

	if (!at || strpbrk(spec, "/ \t")) {
		import_note(im, l, IMPORT_UNREAD, "not a user at a host (wanted 'user@host')");
		return -EINVAL;
	}
	host = bracketed(at + 1, strlen(at + 1));
	scheme = xasprintf("ssh://%.*s@%s", (int)(at - spec), spec, host);
	return put(im, l, scheme, dir);
}

int import_fs(struct import *im, const struct import_line *l, const char *spec, const char *dir)
{
	static const struct {
		const char *tag, *folder;
	} tags[] = { { "PARTUUID=", "by-partuuid" }, { "PARTLABEL=", "by-partlabel" } };
	auto_buf struct buf where = { 0 }, scheme = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		if (strncmp(spec, tags[i].tag, strlen(tags[i].tag)) == 0)
			buf_addf(&where, "/dev/disk/%s/%s", tags[i].folder, spec + strlen(tags[i].tag));
	if (!where.len)
		buf_adds(&where, spec);
	buf_adds(&scheme, "fs:");
	import_url_add(buf_text(&where), &scheme);
	buf_addc(&scheme, ':');
	return put(im, l, buf_text(&scheme), dir);
}

int import_raw(struct import *im, const struct import_line *l, const char *device)
{
	return put(im, l, "raw:", device);
}

bool import_has_kind(const struct import *im, enum target_kind kind)
{
	for (size_t i = 0; i < im->n_targets; i++)
		if (im->targets[i].target.kind == kind)
			return true;
	return false;
}

void import_default_key(struct import *im, const char *path, const char *whose)
{
	for (size_t i = 0; i < im->n_targets && !im->values[SET_SSH_KEY]; i++) {
		struct import_line l = { .note = im->targets[i].note };

		if (im->targets[i].target.kind != TARGET_SSH)
			continue;
		if (import_put(im, &l, SET_SSH_KEY, path) == 0)
			import_note(im, &l, IMPORT_BECAME, "the key is %s default", whose);
	}
}
