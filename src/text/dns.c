/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 255
#define LABEL_MAX 63
#define HEAD 12
#define JUMPS_MAX 64
#define ALIASES_MAX 16
#define TYPE_A 1
#define TYPE_CNAME 5
#define TYPE_AAAA 28
#define CLASS_IN 1

static unsigned type_of(int family)
{
	return family == AF_INET6 ? TYPE_AAAA : TYPE_A;
}

static void put16(struct buf *to, unsigned v)
{
	buf_addc(to, (char)(v >> 8));
	buf_addc(to, (char)v);
}

int dns_ask(struct buf *to, uint16_t id, const char *name, int family)
{
	auto_buf struct buf labels = { 0 };

	while (*name) {
		size_t len = strcspn(name, ".");

		if (!len || len > LABEL_MAX)
			return -EINVAL;
		buf_addc(&labels, (char)len);
		buf_add(&labels, name, len);
		name += len + (name[len] == '.');
	}
	if (!labels.len || labels.len > NAME_MAX_BYTES - 1)
		return -EINVAL;
	buf_addc(&labels, '\0');
	put16(to, id);
	put16(to, 0x0100);	/* recursion desired */
	put16(to, 1);
	put16(to, 0);
	put16(to, 0);
	put16(to, 0);
	buf_add(to, labels.data, labels.len);
	put16(to, type_of(family));
	put16(to, CLASS_IN);
	return 0;
}

struct reader {
	const unsigned char *data;
	size_t len, at;
};

static int get16(struct reader *r, unsigned *ret)
{
	if (r->len - r->at < 2)
		return -EINVAL;
	*ret = (unsigned)r->data[r->at] << 8 | r->data[r->at + 1];
	r->at += 2;
	return 0;
}

/* A name with its dots, "" for the root.  Pointers lead backwards only so often. */
static int get_name(struct reader *r, char name[static NAME_MAX_BYTES + 1])
{
	size_t at = r->at, n = 0;
	bool jumped = false;

	for (unsigned jumps = 0; jumps < JUMPS_MAX;) {
		size_t len;

		if (at >= r->len)
			return -EINVAL;
		len = r->data[at++];
		if (len >= 0xc0) {
			if (at >= r->len)
				return -EINVAL;
			if (!jumped)
				r->at = at + 1;
			jumped = true;
			jumps++;
			at = (len & 0x3f) << 8 | r->data[at];
			continue;
		}
		if (len > LABEL_MAX || len > r->len - at || n + len + 1 > NAME_MAX_BYTES)
			return -EINVAL;
		if (!len) {
			name[n] = '\0';
			if (!jumped)
				r->at = at;
			return 0;
		}
		if (memchr(r->data + at, '\0', len))
			return -EINVAL;
		if (n)
			name[n++] = '.';
		memcpy(name + n, r->data + at, len);
		n += len;
		at += len;
	}
	return -EINVAL;
}

struct record {
	char name[NAME_MAX_BYTES + 1];
	unsigned type, class;
	struct reader data;	/* from its first byte on; the packet is there for pointers */
	size_t data_len;
};

static int get_record(struct reader *r, struct record *ret)
{
	unsigned ttl, len;

	if (get_name(r, ret->name) < 0 || get16(r, &ret->type) < 0 || get16(r, &ret->class) < 0 ||
	    get16(r, &ttl) < 0 || get16(r, &ttl) < 0 || get16(r, &len) < 0 || len > r->len - r->at)
		return -EINVAL;
	ret->data = *r;
	ret->data_len = len;
	r->at += len;
	return 0;
}

static bool same_name(const char *a, const char *b)
{
	size_t len = strlen(a);

	len -= len && a[len - 1] == '.';
	return strncasecmp(a, b, len) == 0 && (!b[len] || strcmp(b + len, ".") == 0);
}

/* Addresses of NAME; where there is none, the name that NAME stands for, in NAME itself. */
static int look(struct reader r, unsigned n, char name[static NAME_MAX_BYTES + 1], int family,
		struct ipaddr *ret)
{
	char alias[NAME_MAX_BYTES + 1] = "";

	ret->family = 0;
	for (unsigned i = 0; i < n; i++) {
		size_t len = ipaddr_len(family);
		struct record rec;

		if (get_record(&r, &rec) < 0)
			return -EINVAL;
		if (rec.class != CLASS_IN || !same_name(name, rec.name))
			continue;
		if (rec.type == TYPE_CNAME && get_name(&rec.data, alias) < 0)
			return -EINVAL;
		if (rec.type != type_of(family) || rec.data_len != len)
			continue;
		if (ret->family && memcmp(rec.data.data + rec.data.at, ret->bytes, len) >= 0)
			continue;
		*ret = (struct ipaddr){ .family = family, .prefix = (unsigned)len * 8 };
		memcpy(ret->bytes, rec.data.data + rec.data.at, len);
	}
	if (ret->family)
		return 0;
	strcpy(name, alias);
	return *alias ? 1 : -ENOENT;
}

int dns_answer(const char *data, size_t len, uint16_t id, const char *name, int family, struct ipaddr *ret)
{
	struct reader r = { .data = (const unsigned char *)data, .len = len };
	char asked[NAME_MAX_BYTES + 1];
	unsigned their_id, flags, questions, answers, type, class;
	struct ipaddr found = { 0 };
	int code = 1;

	if (len < HEAD || get16(&r, &their_id) < 0 || get16(&r, &flags) < 0 || get16(&r, &questions) < 0 ||
	    get16(&r, &answers) < 0)
		return -EINVAL;
	r.at = HEAD;
	if (their_id != id || !(flags & 0x8000) || questions != 1 || get_name(&r, asked) < 0 ||
	    get16(&r, &type) < 0 || get16(&r, &class) < 0 || !same_name(name, asked) ||
	    type != type_of(family))
		return -EINVAL;
	if ((flags & 0xf) == 3)
		return -ENOENT;
	if (flags & 0xf)
		return -EINVAL;
	for (unsigned i = 0; code == 1 && i < ALIASES_MAX; i++)
		code = look(r, answers, asked, family, &found);
	if (code)
		return code < 0 ? code : -EINVAL;
	*ret = found;
	return 0;
}

void resolv_servers(const char *text, struct strv *ret)
{
	auto_free char *copy = xstrdup(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		struct ipaddr a;
		char plain[IPADDR_TEXT_MAX], *word;

		if (strncmp(line, "nameserver", 10) != 0 || (line[10] != ' ' && line[10] != '\t'))
			continue;
		word = line + 10 + strspn(line + 10, " \t");
		word[strcspn(word, " \t\r#;/")] = '\0';
		if (ipaddr_parse(word, &a) && !ipaddr_is_loopback(&a) && !ipaddr_is_link_local(&a) &&
		    ret->n < 8)
			strv_add_once(ret, ipaddr_text(&a, plain));
	}
}
