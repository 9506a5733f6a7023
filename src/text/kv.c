/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kv.h"

#include <stdarg.h>
#include <string.h>

/* The line at work; p is what is still to be read of it. */
struct cursor {
	struct kv_file *file;
	unsigned line;
	const char *p, *end;
	const char *key, *key_end;	/* NULL: none found yet */
	const char *raw;		/* start of what follows "=" */
};

void kv_done(struct kv_file *f)
{
	for (size_t i = 0; i < f->n_lines; i++)
		free(f->lines[i].key);	/* raw and value lie behind it */
	for (size_t i = 0; i < f->n_faults; i++) {
		free(f->faults[i].key);
		free(f->faults[i].value);
		free(f->faults[i].text);
	}
	free(f->lines);
	free(f->faults);
	*f = (struct kv_file){ 0 };
}

/* Bytes of the UTF-8 character at P (RFC 3629: shortest form, no surrogates, up to U+10FFFF), 0: none. */
static size_t utf8_len(const char *text, const char *end)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = (size_t)(end - text), n;
	unsigned c = p[0];

	if (c < 0x80)
		return 1;
	n = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] >= 0xa0) || (c == 0xf0 && p[1] < 0x90) ||
	    (c == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

static bool is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* C1 controls (U+0080 to U+009F), and U+202A to U+202E, U+2066 to U+2069, which reorder what is seen. */
static bool misleads(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;

	if (n == 2)
		return u[0] == 0xc2 && u[1] < 0xa0;
	return n == 3 && u[0] == 0xe2 &&
	       ((u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae) ||
		(u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9));
}

void kv_printable(const char *data, size_t len, size_t max, struct buf *to)
{
	const char *end = data + len, *plain = data;	/* from there on all is as it may be */

	for (size_t shown = 0; data < end; shown++) {
		size_t n = utf8_len(data, end);

		if (shown >= max)
			break;
		if (n && !is_control(*data) && *data != '\t' && !misleads(data, n)) {
			data += n;
			continue;
		}
		buf_add(to, plain, (size_t)(data - plain));
		for (n = n ? n : 1; n; n--, data++)
			buf_addf(to, "\\x%02x", (unsigned char)*data);
		plain = data;
	}
	buf_add(to, plain, (size_t)(data - plain));
	if (data < end)
		buf_adds(to, "...");
}

bool kv_quote(const char *value, struct buf *to)
{
	bool single = strpbrk(value, "$`");

	if (single && strpbrk(value, "'\\"))
		return false;
	for (const char *p = value, *end = value + strlen(value); *p;) {
		size_t n = utf8_len(p, end);

		if (!n || is_control(*p) || misleads(p, n))
			return false;
		p += n;
	}
	buf_addc(to, single ? '\'' : '"');
	for (; *value; value++) {
		if (!single && (*value == '"' || *value == '\\'))
			buf_addc(to, '\\');
		buf_addc(to, *value);
	}
	buf_addc(to, single ? '\'' : '"');
	return true;
}

/* Blanks at the end and one pair of quotes around all of it, off. */
static void without_quotes(const char **start, const char **end)
{
	const char *p = *start, *q = *end;

	while (q > p && (q[-1] == ' ' || q[-1] == '\t'))
		q--;
	*end = q;
	if (q - p < 2 || (*p != '"' && *p != '\'') || q[-1] != *p || memchr(p + 1, *p, (size_t)(q - p - 2)))
		return;
	*start = p + 1;
	*end = q - 1;
}

static void fault(struct cursor *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct cursor *c, const char *fmt, ...)
{
	struct kv_fault *f;
	struct buf value = { 0 }, text = { 0 };
	const char *end = c->end;
	va_list ap;

	if (c->file->n_faults >= KV_FAULTS_MAX)
		return;
	f = vec_push(&c->file->faults, &c->file->n_faults);
	f->line = c->line;
	if (c->file->n_faults == KV_FAULTS_MAX) {
		f->key = xstrdup("");
		f->value = xstrdup("");
		f->text = xasprintf("too many faults, those from here on are not told (is this a settings "
				    "file?)");
		return;
	}
	f->key = c->key ? xstrndup(c->key, (size_t)(c->key_end - c->key)) : xstrdup("");
	if (c->raw) {
		const char *start = c->raw;

		without_quotes(&start, &end);
		kv_printable(start, (size_t)(end - start), KV_VALUE_SHOWN, &value);
	}
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	f->value = buf_take(&value);
	f->text = buf_take(&text);
}

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
		c->p++;
}

static bool is_key(char ch, bool first)
{
	return (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || ch == '_' ||
	       (!first && ch >= '0' && ch <= '9');
}

static const char *key_end(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && is_key(*p, p == start))
		p++;
	return p;
}

static bool starts_assignment(const char *p, const char *end)
{
	const char *after = key_end(p, end);

	return after > p && after < end && *after == '=';
}

/* What stands where the key should be, shortened for a message. */
static const char *shown(const char *p, const char *end, struct buf *to)
{
	kv_printable(p, (size_t)(end - p), 24, to);
	return buf_text(to);
}

static void fault_no_assignment(struct cursor *c)
{
	static const char *const words[] = { "export", "declare", "typeset", "readonly",
					     "local",  "set",	  "setenv" };
	auto_buf struct buf text = { 0 };
	const char *after = key_end(c->p, c->end);

	if (c->file->n_faults >= KV_FAULTS_MAX)
		return;		/* not told, so not worded */
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == (size_t)(after - c->p) &&
		    strncmp(c->p, words[i], strlen(words[i])) == 0 && after < c->end &&
		    (*after == ' ' || *after == '\t')) {
			fault(c,
			      "'%s' is a shell's word, and no shell reads this file (write KEY=\"value\" "
			      "without it)",
			      words[i]);
			return;
		}
	if (*c->p == '[')
		fault(c, "'%s' looks like a section, and this file has none (remove the line)",
		      shown(c->p, c->end, &text));
	else if (*c->p == '=')
		fault(c, "no key before '=' (write KEY=\"value\")");
	else
		fault(c, "'%s' is not an assignment (write KEY=\"value\", or '#' before a comment)",
		      shown(c->p, c->end, &text));
}

/* KEY="value" as it should be written, with the value that stands there where that is plain and short. */
static const char *proper(const struct cursor *c, struct buf *to)
{
	const char *start = c->raw, *end = c->end;
	size_t len = 0;

	without_quotes(&start, &end);
	while (start + len < end && !is_control(start[len]) && (unsigned char)start[len] < 0x80 &&
	       !strchr("\t\"'\\$`;#=", start[len]))
		len++;
	buf_add(to, c->key, (size_t)(c->key_end - c->key));
	if (len && start + len == end && len <= KV_VALUE_SHOWN)
		buf_addf(to, "=\"%.*s\"", (int)len, start);
	else
		buf_adds(to, "=\"value\"");
	return buf_text(to);
}

/* Key and "=": on return c->p is behind "=". */
static bool read_key(struct cursor *c)
{
	const char *start = c->p, *after = key_end(start, c->end), *p = after;
	auto_buf struct buf text = { 0 };

	while (p < c->end && (*p == ' ' || *p == '\t'))
		p++;
	if (after == start || p == c->end || (*p != '=' && !(*p == '+' && p + 1 < c->end && p[1] == '='))) {
		fault_no_assignment(c);
		return false;
	}
	c->key = start;
	c->key_end = after;
	c->p = p + (*p == '+' ? 2 : 1);
	skip_blanks(c);
	c->raw = c->p;
	if (*p == '+')
		fault(c, "'+=' cannot add to a value (write all of it: %s)", proper(c, &text));
	else if (p != after)
		fault(c, "blanks around '=' (write %s)", proper(c, &text));
	else
		return true;
	return false;
}

/* What may not stand in a value at all, and why. */
static bool check_value(struct cursor *c, const char *value, const char *end)
{
	for (const char *p = value; p < end;) {
		size_t n = utf8_len(p, end);

		if (*p == '\r')
			fault(c, "a carriage return within the line (end lines with a line feed)");
		else if (is_control(*p))
			fault(c, "control character \\x%02x in the value (remove it)", (unsigned char)*p);
		else if (!n)
			fault(c, "byte \\x%02x is not UTF-8 (save the file as UTF-8)", (unsigned char)*p);
		else if (misleads(p, n))
			fault(c, "an invisible control character in the value (type the value anew)");
		else {
			p += n;
			continue;
		}
		return false;
	}
	return true;
}

/* Nothing but blanks and a comment may follow a value. */
static bool check_rest(struct cursor *c, bool quoted)
{
	auto_buf struct buf text = { 0 };
	const char *behind = c->p;

	skip_blanks(c);
	if (c->p == c->end || (*c->p == '#' && c->p > behind))
		return true;
	if (*c->p == ';' || *c->p == '&' || *c->p == '|')
		fault(c,
		      "'%c' after the value, and nothing is executed here (one assignment on a line, nothing "
		      "behind it)",
		      *c->p);
	else if (starts_assignment(c->p, c->end))
		fault(c, "two assignments on one line (put '%s' on a line of its own)",
		      shown(c->p, c->end, &text));
	else if (quoted)
		fault(c,
		      "text after the closing quote: '%s' (put all of the value between one pair of quotes)",
		      shown(c->p, c->end, &text));
	else
		fault(c, "more than one word without quotes (write %s)", proper(c, &text));
	return false;
}

static void fault_expansion(struct cursor *c, char what)
{
	fault(c,
	      "nothing is expanded or executed here, so '%c' is not allowed (write the value itself; between "
	      "single quotes '%c' is plain text)",
	      what, what);
}

/* Between double quotes; c->p is behind the first one. */
static bool read_double(struct cursor *c, struct buf *value)
{
	for (; c->p < c->end && *c->p != '"'; c->p++) {
		if (*c->p == '$' || *c->p == '`') {
			fault_expansion(c, *c->p);
			return false;
		}
		if (*c->p == '\\') {
			if (c->p + 1 == c->end) {
				fault(c, "a backslash at the end of the line joins no lines here (put the "
					 "whole value on one line)");
				return false;
			}
			c->p++;
			if (*c->p != '"' && *c->p != '\\') {
				fault(c, "a backslash may stand before '\"' or a backslash only (write "
					 "'\\\\' for one)");
				return false;
			}
		}
		buf_addc(value, *c->p);
	}
	if (c->p == c->end) {
		fault(c, "no closing '\"' on this line (a value ends on the line where it starts)");
		return false;
	}
	c->p++;
	return true;
}

static bool read_single(struct cursor *c, struct buf *value)
{
	const char *close = memchr(c->p, '\'', (size_t)(c->end - c->p));
	const char *slash;

	if (!close) {
		fault(c, "no closing \"'\" on this line (a value ends on the line where it starts)");
		return false;
	}
	slash = memchr(c->p, '\\', (size_t)(close - c->p));
	if (slash) {
		fault(c, "a backslash between single quotes (write it as '\\\\' between double quotes)");
		return false;
	}
	buf_add(value, c->p, (size_t)(close - c->p));
	c->p = close + 1;
	return true;
}

static bool is_typographic_quote(const char *p, const char *end)
{
	return end - p >= 3 && p[0] == '\xe2' && p[1] == '\x80' && (unsigned char)p[2] >= 0x98 &&
	       (unsigned char)p[2] <= 0x9f;
}

static bool read_word(struct cursor *c, struct buf *value)
{
	const char *start = c->p;

	if (is_typographic_quote(start, c->end)) {
		fault(c, "a typographic quote (write the plain one: \")");
		return false;
	}
	for (; c->p < c->end && *c->p != ' ' && *c->p != '\t'; c->p++) {
		switch (*c->p) {
		case '$':
		case '`':
			fault_expansion(c, *c->p);
			return false;
		case '"':
		case '\'':
			fault(c, "a quote within the value (put all of the value between one pair of "
				 "quotes)");
			return false;
		case '\\':
			fault(c, "a backslash outside quotes (write '\\\\' between double quotes for one)");
			return false;
		case ';':
		case '&':
		case '|':
		case '<':
		case '>':
		case '(':
		case ')':
			fault(c,
			      "'%c' outside quotes, and nothing is executed here (put the value between "
			      "quotes, one assignment on a line)",
			      *c->p);
			return false;
		}
	}
	buf_add(value, start, (size_t)(c->p - start));
	return true;
}

static bool read_value(struct cursor *c, struct buf *value)
{
	const char *start = c->p;
	bool blanks, quoted;

	skip_blanks(c);
	blanks = c->p > start;
	if (c->p == c->end || (blanks && *c->p == '#')) {
		c->p = start;
		return true;
	}
	if (blanks) {
		auto_buf struct buf text = { 0 };

		c->raw = c->p;
		fault(c, "a blank after '=' (write %s)", proper(c, &text));
		return false;
	}
	quoted = *c->p == '"' || *c->p == '\'';
	if (quoted && *c->p++ == '"') {
		if (!read_double(c, value))
			return false;
	} else if (quoted) {
		if (!read_single(c, value))
			return false;
	} else if (!read_word(c, value)) {
		return false;
	}
	return check_value(c, start, c->p);
}

static char *put_text(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	at[len] = '\0';
	return at + len + 1;
}

/* One allocation for the three: a file may hold a hundred thousand lines. */
static void put_texts(struct kv_line *l, const char *key, size_t key_len, const char *raw, size_t raw_len,
		      const char *value, size_t value_len)
{
	l->key = xmalloc(key_len + raw_len + value_len + 3);
	l->raw = put_text(l->key, key, key_len);
	l->value = put_text(l->raw, raw, raw_len);
	put_text(l->value, value, value_len);
}

static void read_line(struct cursor *c, struct buf *value)
{
	struct kv_line *l;
	const char *raw;
	size_t len;
	bool quoted;

	skip_blanks(c);
	if (c->p == c->end)
		return;
	if (memchr(c->p, '\0', (size_t)(c->end - c->p))) {
		fault(c, "the line holds a NUL byte (is the file damaged, or UTF-16? write the line anew)");
		return;
	}
	if (*c->p == '#') {
		if (memchr(c->p, '\r', (size_t)(c->end - c->p)))
			fault(c, "a carriage return within a comment: what follows it would be lost (end "
				 "lines with a line feed)");
		return;
	}
	if (c->end - c->p > (ptrdiff_t)KV_LINE_MAX) {
		if (starts_assignment(c->p, c->end)) {
			c->key = c->p;
			c->key_end = key_end(c->p, c->end);
			c->raw = c->key_end + 1;
		}
		fault(c, "the line is %zu bytes long (at most %u)", (size_t)(c->end - c->p), KV_LINE_MAX);
		return;
	}
	if (!read_key(c))
		return;
	raw = c->p = c->raw = c->key_end + 1;
	if (!read_value(c, value))
		return;
	quoted = c->p > raw && (*raw == '"' || *raw == '\'');
	len = quoted || value->len ? (size_t)(c->p - raw) : 0;
	if (!check_rest(c, quoted))
		return;
	l = vec_push(&c->file->lines, &c->file->n_lines);
	l->line = c->line;
	put_texts(l, c->key, (size_t)(c->key_end - c->key), raw, len, buf_text(value), value->len);
}

void kv_split(const char *data, size_t len, struct kv_file *ret)
{
	auto_buf struct buf value = { 0 };
	struct kv_file file = { 0 };
	const char *end = data + len;
	unsigned line = 1;

	if (len >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0)) {
		struct cursor c = { .file = &file, .line = 1 };

		fault(&c, "the file is UTF-16 (save it as UTF-8)");
		*ret = file;
		return;
	}
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		data += 3;
	while (data < end) {
		const char *lf = memchr(data, '\n', (size_t)(end - data));
		const char *stop = lf ? lf : end;
		struct cursor c = { .file = &file, .line = line, .p = data, .end = stop };

		if (stop > data && stop[-1] == '\r')
			c.end--;
		buf_clear(&value);
		read_line(&c, &value);
		data = lf ? lf + 1 : end;
		line++;
	}
	*ret = file;
}
