/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knownhosts.h"

#include "hash.h"
#include "own.h"

#include <fnmatch.h>
#include <string.h>

#define DIGEST 20
#define MAGIC "|1|"

/* "|1|SALT|HMAC", both in base64; the key is the salt, the message the name. */
static bool hashed_is(const char *word, const char *name)
{
	unsigned char salt[DIGEST], want[DIGEST], got[DIGEST];
	const char *bar = strchr(word + strlen(MAGIC), '|');
	auto_free char *salt_text = NULL;

	if (!bar)
		return false;
	salt_text = xstrndup(word + strlen(MAGIC), (size_t)(bar - word) - strlen(MAGIC));
	if (base64_bytes(salt_text, salt, DIGEST) != DIGEST || base64_bytes(bar + 1, want, DIGEST) != DIGEST)
		return false;
	hash_hmac_sha1(salt, DIGEST, name, strlen(name), got);
	return memcmp(got, want, DIGEST) == 0;
}

/* "web,192.0.2.*,!old": one that begins with "!" takes the line's match away.  "[" is no class in here. */
static bool pattern_is(const char *pattern, const char *name)
{
	auto_free char *plain = xmalloc(strlen(pattern) * 2 + 1);
	char *to = plain;

	for (; *pattern; pattern++) {
		if (*pattern == '[' || *pattern == ']' || *pattern == '\\')
			*to++ = '\\';
		*to++ = *pattern;
	}
	*to = '\0';
	return fnmatch(plain, name, FNM_CASEFOLD) == 0;
}

static bool list_has(char *list, const char *name)
{
	bool found = false;
	char *pattern;

	if (strncmp(list, MAGIC, strlen(MAGIC)) == 0)
		return hashed_is(list, name);
	while ((pattern = strsep(&list, ","))) {
		bool not_this = *pattern == '!';

		if (!pattern_is(pattern + not_this, name))
			continue;
		if (not_this)
			return false;
		found = true;
	}
	return found;
}

/* The next word of *LINE, NULL: none. */
static char *word(char **line)
{
	char *w;

	while ((w = strsep(line, " \t\r")))
		if (*w)
			return w;
	return NULL;
}

bool known_hosts_has(const char *text, const char *name)
{
	auto_free char *copy = xstrdup(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *first = word(&line);

		if (!first || *first == '#' || strcmp(first, "@revoked") == 0)
			continue;
		if (*first == '@')
			first = word(&line);
		/* Names, the key's type, the key. */
		if (first && list_has(first, name) && word(&line) && word(&line))
			return true;
	}
	return false;
}
