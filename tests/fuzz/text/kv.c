/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laws of settings lines: a line is blank, a comment, an assignment or a fault,
 * never two of them; a value that is quoted and split again is that value; no
 * message holds a byte that a terminal obeys.
 */
#include "kv.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void printable(const char *text)
{
	auto_buf struct buf again = { 0 };

	kv_printable(text, strlen(text), SIZE_MAX, &again);
	must(strcmp(buf_text(&again), text) == 0);
}

static void check_line(const struct kv_line *l)
{
	auto_buf struct buf text = { 0 };
	auto_kv struct kv_file again = { 0 };

	must(*l->key && l->key[strspn(l->key, KEY_CHARS)] == '\0');
	buf_addf(&text, "%s=", l->key);
	must(kv_quote(l->value, &text));
	buf_addf(&text, "\n%s=%s # x\n", l->key, l->raw);
	kv_split(text.data, text.len, &again);
	/* A value of nearly the cap may be over it with quotes. */
	must(again.n_lines == 2 || text.len > 2 * KV_LINE_MAX - 64);
	for (size_t i = 0; i < again.n_lines; i++)
		must(strcmp(again.lines[i].key, l->key) == 0 && strcmp(again.lines[i].value, l->value) == 0);
}

/* Walk the lines beside what was found. */
static void check_all(const struct kv_file *f, const char *p, const char *end)
{
	size_t line = 0, fault = 0;

	for (unsigned n = 1; p < end; n++) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *stop = lf ? lf : end;
		bool set = line < f->n_lines && f->lines[line].line == n;
		bool wrong = fault < f->n_faults && f->faults[fault].line == n;

		if (stop > p && stop[-1] == '\r')
			stop--;
		while (p < stop && (*p == ' ' || *p == '\t'))
			p++;
		if (p == stop)
			must(!set && !wrong);
		else if (*p == '#')
			must(!set);
		else
			must(set != wrong || f->n_faults == KV_FAULTS_MAX);
		line += set;
		fault += wrong;
		p = lf ? lf + 1 : end;
	}
	must(line == f->n_lines && fault == f->n_faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_kv struct kv_file f = { 0 };
	const char *text = (const char *)data;

	kv_split(text, size, &f);
	for (size_t i = 0; i < f.n_faults; i++) {
		must(f.faults[i].line > 0 && *f.faults[i].text);
		printable(f.faults[i].key);
		printable(f.faults[i].value);
		printable(f.faults[i].text);
	}
	for (size_t i = 0; i < f.n_lines; i++)
		check_line(&f.lines[i]);
	if (size >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
		must(f.n_lines == 0 && f.n_faults == 1);
	else
		check_all(&f, size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text,
			  text + size);
	return 0;
}
