/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void script_done(struct script *s)
{
	buf_done(&s->plan);
	strv_done(&s->programs);
}

void script_words(struct script *s, const char *key, const char *const *argv)
{
	buf_addf(&s->plan, "%s %s\n", key, argv[0]);
	while (*++argv)
		script_arg(s, *argv);
}

void script_program(struct script *s, const char *key, const char *const *argv)
{
	auto_free char *path = NULL;

	if (tool_find(argv[0], &path, s->e.code ? NULL : &s->e) < 0)
		return;
	strv_add_once(&s->programs, path);
	buf_addf(&s->plan, "%s %s\n", key, path);
	while (*++argv)
		script_arg(s, *argv);
}

/* The plan has a line for each word, so a word has none. */
void script_arg(struct script *s, const char *word)
{
	if (strchr(word, '\n') && !s->e.code)
		err_set(&s->e, EINVAL, "'%s' has a line end in it", word);
	/* "@0" is a disk. */
	buf_addf(&s->plan, "arg %s%s\n", word[0] == '@' ? "@" : "", word);
}

void script_disk(struct script *s, unsigned n)
{
	buf_addf(&s->plan, "arg @%u\n", n);
}

void script_argf(struct script *s, const char *fmt, ...)
{
	auto_buf struct buf word = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&word, fmt, ap);
	va_end(ap);
	script_arg(s, buf_text(&word));
}

int script_check(const struct script *s, struct err *e)
{
	return s->e.code ? err_set(e, s->e.code, "%s", s->e.text) : 0;
}
