/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shvar.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct scan {
	const char *s;
	size_t len, at;
	unsigned line;
	/* of the command at hand */
	bool at_start;		/* the next word may be an assignment or the command's name */
	bool exports;		/* "export": assignments are its arguments */
	bool conditional;	/* behind && or ||, or in a pipe */
	bool any;		/* a word of it was seen */
	size_t pending;		/* first assignment of it in the list */
	/* of what is around it */
	unsigned compound, parens;
	bool lost;		/* a here-document, exit or open quote: nothing behind is sure */
	struct shvar_list *out;
};

void shvar_list_done(struct shvar_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
	*l = (struct shvar_list){ 0 };
}

static char peek(const struct scan *s, size_t ahead)
{
	return s->at + ahead < s->len ? s->s[s->at + ahead] : '\0';
}

static void advance(struct scan *s, size_t n)
{
	while (n-- && s->at < s->len)
		s->line += s->s[s->at++] == '\n';
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t name_len(const char *s, size_t len)
{
	size_t n = 0;

	if (len && isdigit((unsigned char)*s))
		return 0;
	while (n < len && is_name_char(s[n]))
		n++;
	return n;
}

/* Go behind the character END, which no backslash hides.  Leaves at the file's end when there is none. */
static void skip_to(struct scan *s, char end)
{
	while (s->at < s->len && s->s[s->at] != end)
		advance(s, s->s[s->at] == '\\' && end != '\'' ? 2 : 1);
	s->lost = s->lost || s->at >= s->len;
	advance(s, 1);
}

/* Behind "$(": to the parenthesis that closes it.  Quotes in it are minded, no more. */
static void skip_substitution(struct scan *s)
{
	unsigned depth = 1;

	while (depth && s->at < s->len) {
		char c = s->s[s->at];

		advance(s, c == '\\' ? 2 : 1);
		if (c == '\'' || c == '"')
			skip_to(s, c);
		depth += c == '(';
		depth -= c == ')';
	}
	s->lost = s->lost || depth;
}

/* At "$" or "`".  Returns whether it is a mere $NAME, ${NAME}, or a dollar sign that stands for itself. */
static bool skip_expansion(struct scan *s)
{
	size_t n;

	if (s->s[s->at] == '`') {
		advance(s, 1);
		skip_to(s, '`');
		return false;
	}
	advance(s, 1);
	if (peek(s, 0) == '(') {
		advance(s, 1);
		skip_substitution(s);
		return false;
	}
	if (peek(s, 0) == '{') {
		n = name_len(s->s + s->at + 1, s->len - s->at - 1);
		if (n && peek(s, n + 1) == '}') {
			advance(s, n + 2);
			return true;
		}
		skip_to(s, '}');
		return false;
	}
	n = name_len(s->s + s->at, s->len - s->at);
	advance(s, n);
	return n || !strchr("'\"@*#?-$!0123456789", peek(s, 0)) || s->at >= s->len;
}

static bool skip_double_quoted(struct scan *s)
{
	bool plain = true;

	advance(s, 1);
	while (s->at < s->len && s->s[s->at] != '"') {
		char c = s->s[s->at];

		if (c == '$' && peek(s, 1) == '"')
			advance(s, 1);
		else if (c == '$' || c == '`')
			plain = skip_expansion(s) && plain;
		else
			advance(s, c == '\\' ? 2 : 1);
	}
	s->lost = s->lost || s->at >= s->len;
	advance(s, 1);
	return plain;
}

static bool ends_word(char c)
{
	return strchr(" \t\n;&|<>()", c) != NULL;	/* NUL too */
}

/* Go behind the word at hand.  Returns whether it is plain. */
static bool skip_word(struct scan *s)
{
	bool plain = true;

	while (s->at < s->len && !ends_word(s->s[s->at])) {
		char c = s->s[s->at];

		if (c == '\'') {
			advance(s, 1);
			skip_to(s, '\'');
		} else if (c == '"') {
			plain = skip_double_quoted(s) && plain;
		} else if (c == '$' || c == '`') {
			plain = skip_expansion(s) && plain;
		} else {
			advance(s, c == '\\' ? 2 : 1);
		}
	}
	return plain && peek(s, 0) != '(';
}

static void end_command(struct scan *s)
{
	s->conditional = s->conditional && !s->any;	/* "a &&", newline, "b" */
	s->at_start = true;
	s->exports = s->any = false;
	s->pending = s->out->n;
}

/* The assignments before a command's name are for that command alone. */
static void spoil_pending(struct scan *s)
{
	for (size_t i = s->pending; i < s->out->n; i++)
		s->out->v[i].plain = false;
}

static bool one_of(const char *word, size_t len, const char *list)
{
	for (const char *p = list; *p; p += strlen(p) + 1)
		if (strlen(p) == len && memcmp(p, word, len) == 0)
			return true;
	return false;
}

static void command_word(struct scan *s, const char *word, size_t len)
{
	if (one_of(word, len, "if\0while\0until\0{\0")) {
		s->compound++;
	} else if (one_of(word, len, "for\0case\0select\0function\0")) {
		s->compound += !one_of(word, len, "function\0");
		s->at_start = false;
	} else if (one_of(word, len, "fi\0done\0esac\0}\0")) {
		s->compound -= s->compound > 0;
		s->at_start = false;
	} else if (one_of(word, len, "export\0readonly\0")) {
		s->exports = true;
	} else if (!one_of(word, len, "then\0else\0elif\0do\0!\0")) {
		spoil_pending(s);
		s->at_start = false;
		s->lost = s->lost || one_of(word, len, "exit\0return\0exec\0");
	}
}

static void take_word(struct scan *s)
{
	const size_t start = s->at;
	const unsigned line = s->line;
	const bool sure = !s->lost && !s->conditional && !s->compound && !s->parens;
	const bool plain = skip_word(s) && !s->lost;
	const char *word = s->s + start;
	size_t len = s->at - start, n = name_len(word, len), skip = 0;
	struct shvar *v = vec_push(&s->out->v, &s->out->n);

	if (s->at_start && n && n < len && word[n] == '=')
		skip = n + 1;
	else if (s->at_start && n && n + 1 < len && word[n] == '+' && word[n + 1] == '=')
		skip = n + 2;
	*v = (struct shvar){
		.name = skip ? xstrndup(word, n) : xstrdup(""),
		.start = start + skip, .end = s->at, .line = line,
		.append = skip == n + 2, .plain = skip && plain && sure,
	};
	if (!skip && s->at_start && !s->exports)
		command_word(s, word, len);
	s->any = true;
}

static void take_operator(struct scan *s)
{
	char c = s->s[s->at], next = peek(s, 1);

	if (c == '<' || c == '>') {
		s->lost = s->lost || (c == '<' && next == '<');
		advance(s, 1);
		return;
	}
	if (c == '(' || c == ')') {
		s->parens += c == '(';
		s->parens -= c == ')' && s->parens;
	}
	/* What ran in a pipe or in the background ran in a process of its own. */
	if ((c == '|' && next != '|') || (c == '&' && next != '&'))
		spoil_pending(s);
	end_command(s);
	s->conditional = s->conditional || c == '|' || (c == '&' && next == '&');
	advance(s, (c == '|' || c == '&') && next == c ? 2 : 1);
}

void shvar_scan(const struct buf *text, struct shvar_list *ret)
{
	struct scan s = { .s = buf_text(text),
			  .len = strlen(buf_text(text)),
			  .line = 1,
			  .at_start = true,
			  .out = ret };

	while (s.at < s.len) {
		char c = s.s[s.at];

		if (c == ' ' || c == '\t' || c == '\r') {
			advance(&s, 1);
		} else if (c == '\\' && peek(&s, 1) == '\n') {
			advance(&s, 2);
		} else if (c == '#') {
			while (s.at < s.len && s.s[s.at] != '\n')
				s.at++;
		} else if (c == '\n' || c == ';') {
			end_command(&s);
			advance(&s, 1);
		} else if (ends_word(c)) {
			take_operator(&s);
		} else {
			take_word(&s);
		}
	}
}

/* --- values ------------------------------------------------------------------------------------ */

/* One byte of a decoded value and the bytes of RAW that it came from. */
struct piece {
	char c;
	char quote;		/* ', ", or 0 */
	bool expands;		/* part of $NAME */
	size_t raw, raw_len;
};

struct pieces {
	struct piece *v;
	size_t n;
};

static void add_piece(struct pieces *p, const char *raw, size_t at, size_t len, char quote, bool expands)
{
	*vec_push(&p->v, &p->n) = (struct piece){
		.c = raw[at + len - 1], .quote = quote, .expands = expands, .raw = at, .raw_len = len,
	};
}

/* Length of $NAME or ${NAME} at RAW; 0: the dollar sign stands for itself; -1: it is more than that. */
static int expansion_len(const char *raw)
{
	struct scan s = { .s = raw, .len = strlen(raw), .line = 1 };
	bool plain = skip_expansion(&s);

	if (!plain || s.lost)
		return -1;
	return s.at == 1 ? 0 : (int)s.at;
}

/* Behind a backslash, outside quotes and in double ones. */
static bool hides(char quote, char c)
{
	return c && (!quote || strchr("$`\"\\\n", c));
}

static int take_pieces(const char *raw, struct pieces *ret)
{
	char quote = 0;
	size_t i = 0;

	while (raw[i]) {
		char c = raw[i];
		int n = 0;

		if ((c == '\'' && quote != '"') || (c == '"' && quote != '\'')) {
			quote = quote ? 0 : c;
			i++;
			continue;
		}
		if (quote != '\'' && c == '\\' && hides(quote, raw[i + 1])) {
			if (raw[i + 1] != '\n')
				add_piece(ret, raw, i, 2, quote, false);
			i += 2;
			continue;
		}
		if (quote != '\'' && c == '$' && !(quote && raw[i + 1] == '"'))
			n = expansion_len(raw + i);
		if (n < 0 || (quote != '\'' && c == '`') || (!quote && ends_word(c)))
			return -EINVAL;
		for (int k = 0; k < (n ? n : 1); k++)
			add_piece(ret, raw, i++, 1, quote, n > 0);
	}
	return quote ? -EINVAL : 0;
}

int shvar_decode(const char *raw, char **ret)
{
	struct pieces p = { 0 };
	auto_buf struct buf text = { 0 };
	int r = take_pieces(raw, &p);

	for (size_t i = 0; i < p.n; i++)
		buf_addc(&text, p.v[i].c);
	free(p.v);
	if (r < 0)
		return r;
	*ret = buf_take(&text);
	return 0;
}

/* Put TEXT as it must stand between quotes of this kind.  False: it cannot stand there. */
static bool add_quoted(struct buf *to, char quote, const char *text, size_t len)
{
	static const char bare[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,:@+%=/-";

	for (size_t i = 0; i < len; i++) {
		if (quote == '\'' ? text[i] == '\'' : !quote && !strchr(bare, text[i]))
			return false;
		if (quote == '"' && strchr("$`\"\\", text[i]))
			buf_addc(to, '\\');
		buf_addc(to, text[i]);
	}
	return true;
}

/* What pieces [from, to) give way to. */
struct change {
	size_t from, to;
	const char *text;
	size_t len;
};

/* Within one run of quotes: only the changed bytes. */
static bool change_in_place(const char *raw, const struct pieces *p, const struct change *c,
			    struct buf *to)
{
	size_t start, end;
	char quote;

	if (!p->n)
		return false;
	if (c->from == c->to) {		/* goes where the byte before it is quoted */
		const struct piece *at = &p->v[c->from ? c->from - 1 : 0];

		quote = at->quote;
		start = end = at->raw + (c->from ? at->raw_len : 0);
	} else {
		quote = p->v[c->from].quote;
		start = p->v[c->from].raw;
		end = p->v[c->to - 1].raw + p->v[c->to - 1].raw_len;
		for (size_t i = c->from + 1; i < c->to; i++)
			if (p->v[i].quote != quote ||
			    p->v[i].raw != p->v[i - 1].raw + p->v[i - 1].raw_len)
				return false;
	}
	buf_add(to, raw, start);
	if (!add_quoted(to, quote, c->text, c->len))
		return false;
	buf_adds(to, raw + end);
	return true;
}

/* The whole value anew, in double quotes; what expands still does. */
static void change_all(const struct pieces *p, const struct change *c, struct buf *to)
{
	buf_clear(to);
	buf_addc(to, '"');
	for (size_t i = 0; i <= p->n; i++) {
		if (i == c->from)
			add_quoted(to, '"', c->text, c->len);
		if (i == p->n || (i >= c->from && i < c->to))
			continue;
		if (p->v[i].expands)
			buf_addc(to, p->v[i].c);
		else
			add_quoted(to, '"', &p->v[i].c, 1);
	}
	buf_addc(to, '"');
}

/* Does a change that begins or ends at I cut a variable's name in two? */
static bool cuts_name(const struct pieces *p, size_t i)
{
	return i && i < p->n && p->v[i - 1].expands && p->v[i].expands && p->v[i].c != '$';
}

static size_t count_expanding(const struct pieces *p, size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += p->v[i].expands;
	return n;
}

/* RAW must decode to TEXT, and expand EXPANDING bytes: no variable was lost, lengthened or made. */
static bool verify(const char *raw, const char *text, size_t expanding)
{
	auto_free char *check = NULL;
	struct pieces p = { 0 };
	bool ok = take_pieces(raw, &p) == 0 && count_expanding(&p, 0, p.n) == expanding;

	free(p.v);
	return ok && shvar_decode(raw, &check) == 0 && strcmp(check, text) == 0;
}

static void find_change(const struct pieces *p, const char *text, struct change *ret)
{
	struct change c = { .len = strlen(text) };
	size_t tail = 0;

	while (c.from < p->n && c.from < c.len && p->v[c.from].c == text[c.from])
		c.from++;
	while (tail < p->n - c.from && tail < c.len - c.from &&
	       p->v[p->n - 1 - tail].c == text[c.len - 1 - tail])
		tail++;
	c.to = p->n - tail;
	c.text = text + c.from;
	c.len -= c.from + tail;
	*ret = c;
}

int shvar_encode(const char *raw, const char *text, char **ret)
{
	auto_buf struct buf out = { 0 };
	struct pieces p = { 0 };
	size_t expanding = 0;
	struct change c;
	bool ok = take_pieces(raw, &p) == 0;

	find_change(&p, text, &c);
	ok = ok && !cuts_name(&p, c.from) && !cuts_name(&p, c.to);
	if (ok && c.from == c.to && !c.len)
		buf_adds(&out, raw);
	else if (ok && !change_in_place(raw, &p, &c, &out))
		change_all(&p, &c, &out);
	if (ok)
		expanding = count_expanding(&p, 0, p.n) - count_expanding(&p, c.from, c.to);
	free(p.v);
	if (!ok || !verify(buf_text(&out), text, expanding))
		return -ENOTSUP;
	*ret = buf_take(&out);
	return 0;
}

bool shvar_uses(const char *raw, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = strchr(raw, '$'); p; p = strchr(p + 1, '$')) {
		const char *at = p + 1 + (p[1] == '{');

		if (strncmp(at, name, len) == 0 && !is_name_char(at[len]))
			return true;
	}
	return false;
}
