/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "foreign.h"

#include <stdarg.h>
#include <string.h>

#define JOIN_MAX 20	/* lines that one quoted value may take */

/* The line at work; END and NEXT move on where a value takes more lines. */
struct cursor {
	struct foreign_file *file;
	unsigned line, lines;		/* its number, and how many it takes */
	const char *p, *end;		/* without line feed and carriage return */
	const char *next, *stop;	/* the line behind it, the file's end */
};

void foreign_done(struct foreign_file *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->lines[i].key);
		free(f->lines[i].value);
		free(f->lines[i].trouble);
	}
	free(f->lines);
	*f = (struct foreign_file){ 0 };
}

/* --- what both syntaxes share ---------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(const char **p, const char **end)
{
	while (*p < *end && is_blank(**p))
		++*p;
	while (*end > *p && is_blank((*end)[-1]))
		--*end;
}

/* Put the line from NEXT on into the cursor.  False: there is none. */
static bool take_line(struct cursor *c)
{
	const char *lf;

	if (c->next >= c->stop)
		return false;
	lf = memchr(c->next, '\n', (size_t)(c->stop - c->next));
	c->p = c->next;
	c->end = lf ? lf : c->stop;
	c->next = lf ? lf + 1 : c->stop;
	if (c->end > c->p && c->end[-1] == '\r')
		c->end--;
	return true;
}

static void put(struct cursor *c, enum foreign_kind kind, const char *key, size_t key_len, const char *value,
		size_t value_len, const char *trouble)
{
	struct foreign_line *l;

	if (c->file->n >= FOREIGN_LINES_MAX)
		return;
	l = vec_push(&c->file->lines, &c->file->n);
	if (c->file->n == FOREIGN_LINES_MAX) {
		kind = FOREIGN_BAD;
		key_len = value_len = 0;
		trouble = "too many lines, those from here on are not read (is this a settings file?)";
	}
	*l = (struct foreign_line){
		.kind = kind, .line = c->line, .key = xstrndup(key, key_len),
		.value = xstrndup(value, value_len), .trouble = xstrdup(trouble),
	};
}

/* The line from P on, or the lines that a value takes, cannot be read. */
static void put_bad(struct cursor *c, const char *p, const char *key, size_t key_len, const char *trouble)
{
	const char *end = c->end;

	trim(&p, &end);
	put(c, FOREIGN_BAD, key, key_len, p, (size_t)(end - p), trouble);
	for (char *at = c->file->lines[c->file->n - 1].value; (at = strpbrk(at, "\r\n"));)
		*at = ' ';
}

static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return true;
	return false;
}

/* --- KEY=value ------------------------------------------------------------------------------- */

static const char *key_end(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || *p == '_' ||
			   (p > start && *p >= '0' && *p <= '9')))
		p++;
	return p;
}

static bool starts_assignment(const char *p, const char *end)
{
	const char *after = key_end(p, end);

	return after > p && after < end && *after == '=';
}

/* A value while it is read. */
struct value {
	struct buf text;
	const char *trouble;		/* why it cannot be read, NULL: it can */
	const char *repaired;		/* what was mended, NULL: nothing */
};

#define EXPANDS \
	"the value holds '$' or '`', and nothing is expanded or executed here (write what it stands for)"
#define UNCLOSED "the quote was never closed; it is taken to end with the line"
#define JOINED "the value goes on over the next lines, which are joined"
#define TYPOGRAPHIC "typographic quotes are taken for plain ones"

/*
 * A quote is open at the line's end.  Does it close in one of the next lines, before anything that looks
 * like a line of its own?  sh would read on in any case; a forgotten quote must not eat the file.
 */
static bool closes_later(const struct cursor *c, char quote)
{
	struct cursor look = *c;

	for (int i = 0; i < JOIN_MAX && take_line(&look); i++) {
		const char *p = look.p;

		while (p < look.end && is_blank(*p))
			p++;
		if (p == look.end || *p == '#' || starts_assignment(p, look.end))
			return false;
		for (; p < look.end && *p != quote; p++)
			if (*p == '\\' && quote == '"' && p + 1 < look.end)
				p++;
		if (p < look.end)
			return true;
	}
	return false;
}

/* Go on in the next line, a blank between. */
static bool join(struct cursor *c, struct value *v)
{
	if (c->lines >= JOIN_MAX || !take_line(c))
		return false;
	c->lines++;
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
	buf_addc(&v->text, ' ');
	v->repaired = JOINED;
	return true;
}

/* What a forgotten quote took in of a comment, and blanks, go off again. */
static void close_at_end(struct value *v, size_t from)
{
	char *text = v->text.data;
	size_t len = v->text.len;

	for (size_t i = from; i + 1 < len; i++)
		if (is_blank(text[i]) && text[i + 1] == '#')
			len = i;
	while (len > from && is_blank(text[len - 1]))
		len--;
	v->text.len = len;
	if (text)
		text[len] = '\0';
	v->repaired = UNCLOSED;
}

/* Past "$(...)", "${...}", "`...`" or "$name", so that its blanks end no word. */
static void skip_expansion(struct cursor *c)
{
	char open = c->p + 1 < c->end ? c->p[1] : '\0', close = open == '(' ? ')' : '}';
	int depth = 0;

	if (*c->p == '`') {
		const char *end = memchr(c->p + 1, '`', (size_t)(c->end - c->p - 1));

		c->p = end ? end + 1 : c->end;
		return;
	}
	c->p++;
	if (open != '(' && open != '{')
		return;
	for (; c->p < c->end; c->p++) {
		depth += *c->p == open;
		depth -= *c->p == close;
		if (!depth) {
			c->p++;
			return;
		}
	}
}

/* Between quotes; c->p is behind the first one. */
static void read_quoted(struct cursor *c, char quote, struct value *v)
{
	size_t from = v->text.len;

	for (;;) {
		if (c->p == c->end) {
			if (closes_later(c, quote) && join(c, v))
				continue;
			close_at_end(v, from);
			return;
		}
		if (*c->p == quote) {
			c->p++;
			return;
		}
		if (quote == '"' && (*c->p == '$' || *c->p == '`')) {
			v->trouble = EXPANDS;
			skip_expansion(c);
			continue;
		}
		if (quote == '"' && *c->p == '\\') {
			if (c->p + 1 == c->end) {
				c->p++;
				if (!join(c, v))
					close_at_end(v, from);
				continue;
			}
			if (strchr("\"\\$`", c->p[1]))
				c->p++;
		}
		buf_addc(&v->text, *c->p++);
	}
}

/* Bytes of a typographic quote (U+2018 to U+201F), 0: none. */
static size_t typographic(const char *p, const char *end)
{
	return end - p >= 3 && p[0] == '\xe2' && p[1] == '\x80' && (unsigned char)p[2] >= 0x98 &&
			       (unsigned char)p[2] <= 0x9f ? 3 : 0;
}

/* One or more bytes that stand outside quotes.  False: the value ends here. */
static bool read_bare(struct cursor *c, struct value *v)
{
	size_t n = typographic(c->p, c->end);

	if (n) {
		v->repaired = TYPOGRAPHIC;
		c->p += n;
		return true;
	}
	switch (*c->p) {
	case ' ':
	case '\t':
	case ';':
		return false;
	case '$':
	case '`':
		v->trouble = EXPANDS;
		skip_expansion(c);
		return true;
	case '(':
	case ')':
	case '&':
	case '|':
	case '<':
	case '>':
		v->trouble = "the value is an array or shell code, and nothing is executed here (put it "
			     "between quotes if it is text)";
		c->p = c->end;
		return true;
	case '\\':
		if (++c->p == c->end)
			return join(c, v);
		break;
	}
	buf_addc(&v->text, *c->p++);
	return true;
}

static void read_value(struct cursor *c, struct value *v)
{
	while (c->p < c->end) {
		if (*c->p == '"' || *c->p == '\'') {
			char quote = *c->p++;

			read_quoted(c, quote, v);
		} else if (!read_bare(c, v)) {
			return;
		}
	}
}

/* Blanks and ";" behind a value.  False: what follows is neither a comment nor an assignment. */
static bool rest_is_good(struct cursor *c)
{
	while (c->p < c->end && (is_blank(*c->p) || *c->p == ';'))
		c->p++;
	if (c->p == c->end || *c->p == '#') {
		c->p = c->end;
		return true;
	}
	return starts_assignment(c->p, c->end);
}

/* One assignment; false: the line is done. */
static bool read_assignment(struct cursor *c)
{
	const char *start = c->p, *after = key_end(c->p, c->end), *p = after;
	size_t key_len = (size_t)(after - start);
	struct value v = { .trouble = NULL };
	auto_buf struct buf text = { 0 };
	bool more;

	while (p < c->end && is_blank(*p))
		p++;
	more = p + 1 < c->end && p[0] == '+' && p[1] == '=';
	if (!key_len || p == c->end || (*p != '=' && !more)) {
		put_bad(c, start, start, 0, "this is not an assignment, and no shell code is executed");
		return false;
	}
	c->p = p + (more ? 2 : 1);
	/* "KEY = value" is a command for sh; here it is plain what was meant. */
	if (p != after) {
		v.repaired = "blanks around '=' are left out";
		while (c->p < c->end && is_blank(*c->p))
			c->p++;
	}
	p = c->p;
	read_value(c, &v);
	text = v.text;
	if (!v.trouble && has_control(buf_text(&text), text.len))
		v.trouble = "the value holds a control character (write it anew)";
	if (v.trouble) {
		put_bad(c, p, start, key_len, v.trouble);
		return rest_is_good(c);
	}
	if (!rest_is_good(c)) {
		put_bad(c, p, start, key_len,
			"the words behind the value would run as a command, and nothing is executed here "
			"(put the whole value between quotes)");
		return false;
	}
	put(c, more ? FOREIGN_MORE : FOREIGN_SET, start, key_len, buf_text(&text), text.len,
	    v.repaired ? v.repaired : "");
	return true;
}

static void skip_word(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->p) > len && strncmp(c->p, word, len) == 0 && is_blank(c->p[len]))
		for (c->p += len; c->p < c->end && is_blank(*c->p);)
			c->p++;
}

static void read_shell_line(struct cursor *c)
{
	skip_word(c, "export");
	while (c->p < c->end && read_assignment(c))
		;
}

static void read_shell_comment(struct cursor *c)
{
	const char *key, *after, *value, *end = c->end;

	while (c->p < c->end && (*c->p == '#' || is_blank(*c->p)))
		c->p++;
	key = c->p;
	after = key_end(key, c->end);
	if (after == key || after == c->end || *after != '=')
		return;
	value = after + 1;
	trim(&value, &end);
	put(c, FOREIGN_OFF, key, (size_t)(after - key), value, (size_t)(end - value), "");
}

/* --- key value ------------------------------------------------------------------------------- */

/* KEY's end and what stands behind it up to a '#', as kdump's own reader has it. */
static const char *split_words_line(const struct cursor *c, const char **value, const char **end)
{
	const char *after = c->p, *hash;

	while (after < c->end && !is_blank(*after))
		after++;
	hash = memchr(after, '#', (size_t)(c->end - after));
	*value = after;
	*end = hash ? hash : c->end;
	trim(value, end);
	return after;
}

static void read_words_line(struct cursor *c)
{
	const char *value, *end, *after = split_words_line(c, &value, &end), *repaired = "";
	size_t key_len = (size_t)(after - c->p);
	bool open, close;

	open = value < end && *value == '"';
	close = end - value > 1 && end[-1] == '"';
	if (memchr(c->p, '=', key_len)) {
		put_bad(c, c->p, c->p, (size_t)(key_end(c->p, after) - c->p),
			"this file has lines of the form 'key value', without '='");
		return;
	}
	if (open && !close && !memchr(value + 1, '"', (size_t)(end - value - 1)))
		repaired = UNCLOSED;
	if (open && (close || *repaired)) {
		value++;
		end -= close;
	}
	if (has_control(value, (size_t)(end - value)))
		put_bad(c, value, c->p, key_len, "the value holds a control character (write it anew)");
	else
		put(c, FOREIGN_SET, c->p, key_len, value, (size_t)(end - value), repaired);
}

/* "#key value"; "# some prose" is a comment. */
static void read_words_comment(struct cursor *c)
{
	const char *value, *end, *after;

	while (c->p < c->end && *c->p == '#')
		c->p++;
	after = split_words_line(c, &value, &end);
	if (after > c->p && key_end(c->p, after) == after && value < end)
		put(c, FOREIGN_OFF, c->p, (size_t)(after - c->p), value, (size_t)(end - value), "");
}

/* --- the file -------------------------------------------------------------------------------- */

static void read_line(struct cursor *c, enum foreign_syntax syntax)
{
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
	if (c->p == c->end)
		return;
	if (memchr(c->p, '\0', (size_t)(c->end - c->p)))
		put(c, FOREIGN_BAD, "", 0, "", 0, "the line holds a NUL byte (is the file damaged?)");
	else if (*c->p == '#')
		(syntax == FOREIGN_SHELL ? read_shell_comment : read_words_comment)(c);
	else
		(syntax == FOREIGN_SHELL ? read_shell_line : read_words_line)(c);
}

void foreign_split(enum foreign_syntax syntax, const char *data, size_t len, struct foreign_file *ret)
{
	struct foreign_file file = { 0 };
	struct cursor c = { .file = &file, .line = 1, .next = data, .stop = data + len };

	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		c.next += 3;
	for (; take_line(&c); c.line += c.lines) {
		c.lines = 1;
		read_line(&c, syntax);
	}
	*ret = file;
}
