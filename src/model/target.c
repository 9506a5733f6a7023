/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target.h"

#include "num.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#define FORMS "file:///dir, fs:UUID=...:/dir, fs:LABEL=...:/dir, fs:/dev/...:/dir, raw:/dev/..., raw:swap, " \
	"nfs://host/export, ssh://user@host/dir or hub:"

void target_done(struct target *t)
{
	free(t->url);
	free(t->uuid);
	free(t->label);
	free(t->device);
	free(t->user);
	free(t->host);
	free(t->dir);
	*t = (struct target){ 0 };
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool target_equal(const struct target *a, const struct target *b)
{
	return a->kind == b->kind && same(a->uuid, b->uuid) && same(a->label, b->label) &&
	       same(a->device, b->device) && same(a->user, b->user) && same(a->host, b->host) &&
	       a->port == b->port && same(a->dir, b->dir);
}

bool target_is_remote(enum target_kind kind)
{
	return kind == TARGET_NFS || kind == TARGET_SSH;
}

bool target_native(enum target_kind kind)
{
	return kind == TARGET_FILE || kind == TARGET_FS || kind == TARGET_RAW || target_is_remote(kind);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/*
 * LEN bytes with %XX taken as a byte: printable ASCII but the slash, for all else
 * can be written as it is.  '?' and '#', which cut a URL elsewhere, must be written so.
 * NULL: *e says what is wrong.
 */
static char *decode(const char *text, size_t len, struct err *e)
{
	auto_free char *out = xmalloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (text[i] == '?' || text[i] == '#') {
			err_set(e, EINVAL, "'%c' in a target (write %%%02X for it)", text[i], (unsigned)text[i]);
			return NULL;
		}
		if (text[i] != '%') {
			out[n++] = text[i];
			continue;
		}
		high = i + 2 < len ? hex(text[i + 1]) : -1;
		low = i + 2 < len ? hex(text[i + 2]) : -1;
		if (high < 0 || low < 0) {
			err_set(e, EINVAL, "'%%' without two hex digits behind it (write %%25 for the sign itself)");
			return NULL;
		}
		out[n] = (char)(high << 4 | low);
		if (out[n] < 0x20 || out[n] > 0x7e || out[n] == '/') {
			err_set(e, EINVAL, "'%.3s' is written so for no reason (write %%20 for a blank, "
				"others as they are)", text + i);
			return NULL;
		}
		n++;
		i += 2;
	}
	out[n] = '\0';
	return take_ptr(out);
}

int path_parse(const char *text, char **ret, struct err *e)
{
	auto_buf struct buf out = { 0 };

	if (*text != '/')
		return err_set(e, EINVAL, "'%.80s' is not an absolute path (begin with '/')", text);
	while (*text) {
		size_t len = strcspn(text, "/");

		if ((len == 1 && text[0] == '.') || (len == 2 && text[0] == '.' && text[1] == '.'))
			return err_set(e, EINVAL, "'%.*s' within a path (write the path without it)",
				       (int)len, text);
		if (len > 255)
			return err_set(e, EINVAL, "a name of %zu bytes in a path (at most 255)", len);
		if (len) {
			buf_addc(&out, '/');
			buf_add(&out, text, len);
		}
		text += len + (text[len] == '/');
	}
	if (!out.len)
		buf_addc(&out, '/');
	if (out.len > 4000)
		return err_set(e, EINVAL, "a path of %zu bytes (at most 4000)", out.len);
	*ret = buf_take(&out);
	return 0;
}

/* RFC 1123 names, and "_" which some networks have. */
static bool host_name_good(const char *name)
{
	size_t label = 0;

	if (!*name || strlen(name) > 253)
		return false;
	for (const char *p = name; *p; p++) {
		if (*p == '.') {
			if (!label || p[-1] == '-')
				return false;
			label = 0;
			continue;
		}
		if ((!isascii(*p) || !isalnum((unsigned char)*p)) && *p != '_' && (*p != '-' || !label))
			return false;
		if (++label > 63)
			return false;
	}
	return label == 0 || name[strlen(name) - 1] != '-';
}

int hostport_parse(const char *text, size_t len, char **ret_host, unsigned *ret_port, struct err *e)
{
	auto_free char *host = xstrndup(text, len);
	struct in6_addr v6;
	uint64_t port = 0;
	char *behind;

	if (host[0] == '[') {
		behind = strchr(host, ']');
		if (!behind)
			return err_set(e, EINVAL, "'%s' lacks its ']' (write [address]:port)", host);
		*behind++ = '\0';
		memmove(host, host + 1, strlen(host + 1) + 1);
		if (inet_pton(AF_INET6, host, &v6) != 1)
			return err_set(e, EINVAL, "'%s' is not an IPv6 address", host);
	} else if (inet_pton(AF_INET6, host, &v6) == 1) {
		return err_set(e, EINVAL, "an IPv6 address without brackets (write [%s])", host);
	} else {
		behind = strchrnul(host, ':');
	}
	if (*behind && *behind != ':')
		return err_set(e, EINVAL, "'%s' behind the address (write [address]:port)", behind);
	if (*behind) {
		*behind++ = '\0';
		if (num_parse(behind, 65535, &port) < 0 || port == 0)
			return err_set(e, EINVAL, "'%s' is not a port from 1 to 65535", behind);
	}
	if (!strchr(host, ':') && !host_name_good(host))
		return err_set(e, EINVAL, "'%s' is not a host name or address", host);
	*ret_host = take_ptr(host);
	*ret_port = (unsigned)port;
	return 0;
}

/* "/dir" of a URL, decoded. */
static int read_dir(struct target *t, const char *text, struct err *e)
{
	auto_free char *dir = decode(text, strlen(text), e);

	return dir ? path_parse(dir, &t->dir, e) : -EINVAL;
}

static int read_file(struct target *t, const char *rest, struct err *e)
{
	if (strncmp(rest, "//", 2) != 0 || rest[2] != '/')
		return err_set(e, EINVAL,
			       "'%.80s' is not a local folder's URL (write file:///var/crash, with three "
			       "slashes)",
			       t->url);
	return read_dir(t, rest + 2, e);
}

static int read_device(struct target *t, const char *text, struct err *e)
{
	if (path_parse(text, &t->device, e) < 0 || !t->device)
		return -EINVAL;
	if (strncmp(t->device, "/dev/", 5) != 0)
		return err_set(e, EINVAL, "'%.80s' is not a device (write its path below /dev)", text);
	return 0;
}

/* As blkid prints them: hex digits and dashes, lower case where it is a full UUID. */
static int read_uuid(struct target *t, const char *text, struct err *e)
{
	size_t len = strlen(text);

	if (!len || len > 36 || strspn(text, "0123456789abcdefABCDEF-") != len)
		return err_set(e, EINVAL,
			       "'%.80s' is not a UUID (take it from 'blkid', such as 0f3c1a2b-...)", text);
	t->uuid = xstrdup(text);
	if (len == 36)
		for (char *p = t->uuid; *p; p++)
			*p = (char)tolower((unsigned char)*p);
	return 0;
}

static int read_fs(struct target *t, const char *rest, struct err *e)
{
	const char *dir = strstr(rest, ":/");
	auto_free char *where = NULL;
	int r = 0;

	if (!dir)
		return err_set(e, EINVAL,
			       "'%.80s' names no folder (write fs:UUID=...:/dir; ':/' for the top)", t->url);
	where = decode(rest, (size_t)(dir - rest), e);
	if (!where)
		return -EINVAL;
	if (strncmp(where, "UUID=", 5) == 0) {
		r = read_uuid(t, where + 5, e);
	} else if (strncmp(where, "LABEL=", 6) == 0) {
		if (!where[6])
			return err_set(e, EINVAL, "an empty label in '%.80s'", t->url);
		t->label = xstrdup(where + 6);
	} else if (*where == '/') {
		r = read_device(t, where, e);
	} else {
		return err_set(e, EINVAL,
			       "'%.80s' names no file system (write fs:UUID=...:/dir, fs:LABEL=...:/dir or "
			       "fs:/dev/...:/dir)",
			       t->url);
	}
	return r < 0 ? r : read_dir(t, dir + 1, e);
}

static int read_raw(struct target *t, const char *rest, struct err *e)
{
	auto_free char *where = NULL;

	if (strcmp(rest, "swap") == 0) {
		t->device = xstrdup(rest);
		return 0;
	}
	where = decode(rest, strlen(rest), e);
	return where ? read_device(t, where, e) : -EINVAL;
}

/* "//host[:port]/dir" of nfs, "//user@host[:port]/dir" of ssh. */
static int read_net(struct target *t, const char *rest, struct err *e)
{
	bool ssh = t->kind == TARGET_SSH;
	const char *form = ssh ? "ssh://user@host/dir" : "nfs://host/export";
	const char *host, *dir, *at;
	int r;

	if (strncmp(rest, "//", 2) != 0)
		return err_set(e, EINVAL, "'%.80s' lacks '//' (write %s)", t->url, form);
	host = rest + 2;
	dir = strchr(host, '/');
	if (!dir)
		return err_set(e, EINVAL, "'%.80s' names no folder (write %s)", t->url, form);
	at = memchr(host, '@', (size_t)(dir - host));
	if (!at != !ssh)
		return err_set(e, EINVAL,
			       ssh ? "'%.80s' names no user (write %s)"
				   : "'%.80s' names a user, which NFS knows not (write %s)",
			       t->url, form);
	if (at) {
		size_t len = strcspn(host, "@:");

		if (host + len < at)
			return err_set(e, EINVAL,
				       "a password in a URL is never used (write ssh://user@host/dir, and "
				       "set SSH_KEY)");
		t->user = decode(host, len, e);
		if (!t->user)
			return -EINVAL;
		if (!*t->user || *t->user == '-' || strpbrk(t->user, " @:"))
			return err_set(e, EINVAL, "'%.40s' is not a user's name (write %s)", t->user, form);
		host = at + 1;
	}
	r = hostport_parse(host, (size_t)(dir - host), &t->host, &t->port, e);
	return r < 0 ? r : read_dir(t, dir, e);
}

static int read_hub(struct target *t, const char *rest, struct err *e)
{
	if (*rest)
		return err_set(e, EINVAL,
			       "'%.80s' says more than 'hub:' (write hub: alone, and its address in HUB_URL)",
			       t->url);
	return 0;
}

static int read_target(struct target *t, struct err *e)
{
	static const struct {
		const char *scheme;
		enum target_kind kind;
		int (*read)(struct target *t, const char *rest, struct err *e);
	} kinds[] = {
		{ "file", TARGET_FILE, read_file }, { "fs", TARGET_FS, read_fs },
		{ "raw", TARGET_RAW, read_raw },    { "nfs", TARGET_NFS, read_net },
		{ "ssh", TARGET_SSH, read_net },    { "hub", TARGET_HUB, read_hub },
	};
	size_t len = strcspn(t->url, ":");

	if (t->url[0] == '/')
		return err_set(e, EINVAL, "'%.80s' is a path, not a target (write file://%.80s)", t->url,
			       t->url);
	for (size_t i = 0; t->url[len] && i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].scheme) == len && strncmp(t->url, kinds[i].scheme, len) == 0) {
			t->kind = kinds[i].kind;
			return kinds[i].read(t, t->url + len + 1, e);
		}
	return err_set(e, EINVAL, "'%.80s' is not a target (write " FORMS ")", t->url);
}

int target_parse(const char *url, struct target *ret, struct err *e)
{
	struct target t = { .url = xstrdup(url) };
	int r = read_target(&t, e);

	if (r < 0)
		target_done(&t);
	else
		*ret = t;
	return r;
}
