/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include "kv.h"

#include <ctype.h>
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

/* Where in WORD a password stands ("x://me:SECRET@host/", "me:SECRET@host"); false: nowhere. */
static bool find_password(const char *word, const char **ret, size_t *ret_len)
{
	const char *end = word + strcspn(word, " \t"), *start = strstr(word, "://"), *colon, *at;

	start = start && start < end ? start + 3 : word;
	at = memrchr(start, '@', strcspn(start, "/ \t"));
	colon = at ? memchr(start, ':', (size_t)(at - start)) : NULL;
	if (!colon || colon + 1 == at)
		return false;
	*ret = colon + 1;
	*ret_len = (size_t)(at - colon - 1);
	return true;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* TEXT without SECRET.  A short one is many words' part, so it counts only by itself. */
static void cut_out(char **text, const char *secret, size_t len)
{
	struct buf out = { 0 };
	const char *rest = *text, *at;

	while ((at = memmem(rest, strlen(rest), secret, len))) {
		bool alone = (at == *text || !is_word(at[-1])) && !is_word(at[len]);

		buf_add(&out, rest, (size_t)(at - rest));
		if (len > 3 || alone)
			buf_adds(&out, "***");
		else
			buf_add(&out, at, len);
		rest = at + len;
	}
	buf_adds(&out, rest);
	free(*text);
	*text = buf_take(&out);
}

/* Of a web hook all behind its host is as good as a password. */
static const char *hook_secret(const char *key, const char *value)
{
	const char *host = strcmp(key, "NOTIFY_WEBHOOK") == 0 ? strstr(value, "://") : NULL;
	const char *path = host ? strchr(host + 3, '/') : NULL;

	return path && path[1] ? path + 1 : NULL;
}

char *setting_shown(const char *key, const char *value)
{
	const char *hook = hook_secret(key, value), *secret;
	struct buf out = { 0 };
	size_t len;

	for (const char *word = value, *end; *word; word = end) {
		end = word + strcspn(word, " \t");
		end += strspn(end, " \t");
		if (find_password(word, &secret, &len)) {
			buf_add(&out, word, (size_t)(secret - word));
			buf_adds(&out, "***");
			word = secret + len;
		}
		if (hook && hook >= word && hook < end) {
			buf_add(&out, word, (size_t)(hook - word));
			buf_adds(&out, "***");
			break;
		}
		buf_add(&out, word, (size_t)(end - word));
	}
	return buf_take(&out);
}

/* TEXT, which tells of VALUE, without what setting_shown() hides. */
static void cut_secrets(const char *key, const char *value, char **text)
{
	const char *secret, *hook = hook_secret(key, value);
	size_t len;

	for (const char *word = value + strspn(value, " \t"); *word; word += strspn(word, " \t")) {
		if (find_password(word, &secret, &len))
			cut_out(text, secret, len);
		word += strcspn(word, " \t");
	}
	if (hook)
		cut_out(text, hook, strlen(hook));
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
	f->value = setting_shown(f->key, value ? value : "");
	f->text = buf_take(&text);
	cut_secrets(f->key, value ? value : "", &f->text);
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
