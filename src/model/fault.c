/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include "kv.h"

#include <string.h>

void fault_list_done(struct fault_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].file);
		free(l->v[i].key);
		free(l->v[i].value);
		free(l->v[i].text);
	}
	free(l->v);
	*l = (struct fault_list){ 0 };
}

/* "ssh://me:secret@host/" becomes "ssh://me:***@host/", wherever it stands in VALUE. */
char *fault_mask(const char *value)
{
	auto_buf struct buf out = { 0 };

	for (;;) {
		const char *slashes = strstr(value, "://"), *colon, *at;
		size_t len;

		if (!slashes)
			break;
		len = strcspn(slashes + 3, "/ \t");
		at = memrchr(slashes + 3, '@', len);
		colon = at ? memchr(slashes + 3, ':', (size_t)(at - slashes - 3)) : NULL;
		if (colon) {
			buf_add(&out, value, (size_t)(colon + 1 - value));
			buf_adds(&out, "***");
			value = at;
		} else {
			buf_add(&out, value, (size_t)(slashes + 3 - value));
			value = slashes + 3;
		}
	}
	buf_adds(&out, value);
	return buf_take(&out);
}

void fault_add(struct fault_list *l, enum fault_level level, const char *file, unsigned line, const char *key,
	       const char *value, const char *fmt, ...)
{
	struct buf text = { 0 };
	struct fault *f;
	va_list ap;

	if (level == FAULT_ERROR)
		l->errors++;
	else
		l->warnings++;
	if (l->n >= FAULTS_MAX)
		return;
	f = vec_push(&l->v, &l->n);
	f->level = level;
	if (l->n == FAULTS_MAX) {
		buf_adds(&text, "there are more faults than are told");
		file = key = value = "";
		line = 0;
	} else {
		va_start(ap, fmt);
		buf_vaddf(&text, fmt, ap);
		va_end(ap);
	}
	f->file = xstrdup(file ? file : "");
	f->line = line;
	f->key = xstrdup(key ? key : "");
	f->value = fault_mask(value ? value : "");
	f->text = buf_take(&text);
}

void fault_format(const struct fault *f, struct buf *to)
{
	if (*f->file) {
		kv_printable(f->file, strlen(f->file), 4096, to);
		if (f->line)
			buf_addf(to, ":%u", f->line);
		buf_adds(to, ": ");
	}
	if (f->level == FAULT_WARNING)
		buf_adds(to, "warning: ");
	if (*f->key) {
		kv_printable(f->key, strlen(f->key), KV_VALUE_SHOWN, to);
		buf_adds(to, " = '");
		kv_printable(f->value, strlen(f->value), KV_VALUE_SHOWN + 3, to);
		buf_adds(to, "': ");
	}
	kv_printable(f->text, strlen(f->text), 1024, to);
}
