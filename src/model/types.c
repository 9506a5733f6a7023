/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "types.h"

#include "cmdline.h"
#include "crashkernel.h"
#include "num.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define TEXT_MAX 2047		/* COMMAND_LINE_SIZE of x86, less its NUL */
#define WORDS_MAX 64		/* of a list */
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
#define SIZE_LEAST (UINT64_C(16) << 20)	/* no kernel that can kexec fits into less */

int put_text(const struct schema_row *row, struct settings *s, const char *text)
{
	char **to = member(row, s);

	free(*to);
	*to = text ? xstrdup(text) : NULL;
	return 0;
}

void done_text(const struct schema_row *row, struct settings *s)
{
	put_text(row, s, NULL);
}

void split_words(const char *text, struct strv *ret)
{
	for (;;) {
		size_t len;

		text += strspn(text, " \t");
		if (!*text)
			return;
		len = strcspn(text, " \t");
		strv_take(ret, xstrndup(text, len));
		text += len;
	}
}

void put_words(struct strv *to, struct strv *words)
{
	strv_done(to);
	*to = *words;
	*words = (struct strv){ 0 };
}

void done_words(const struct schema_row *row, struct settings *s)
{
	strv_done(member(row, s));
}

void done_hostport(const struct schema_row *row, struct settings *s)
{
	struct hostport *h = member(row, s);

	free(h->host);
	*h = (struct hostport){ 0 };
}

static int too_many(const struct strv *words, struct err *e)
{
	return err_set(e, EINVAL, "a list of %zu (at most %d)", words->n, WORDS_MAX);
}

/* --- yes and no, names, numbers ------------------------------------------------------------- */

static int parse_bool(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(text, words[i]) == 0) {
			*(bool *)member(row, s) = i & 1;
			return 0;
		}
	return err_set(e, EINVAL, "neither yes nor no (write yes or no)");
}
const struct setting_type type_BOOL = { .parse = parse_bool };

static int parse_choice(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	auto_strv struct strv choices = { 0 };

	_Static_assert(sizeof(enum compress) == sizeof(unsigned) &&
			       sizeof(enum end_action) == sizeof(unsigned) &&
			       sizeof(enum capture_builder) == sizeof(unsigned),
		       "choices are stored as unsigned");
	split_words(row->choices, &choices);
	for (unsigned i = 0; i < choices.n; i++)
		if (strcmp(choices.v[i], text) == 0) {
			memcpy(member(row, s), &i, sizeof(i));
			return 0;
		}
	return err_set(e, EINVAL, "not one of the words that this key knows (write one of: %s)",
		       row->choices);
}
const struct setting_type type_CHOICE = { .parse = parse_choice };

/* The sum of the bits that the names in TEXT, joined by '+', stand for; -1: a name is unknown. */
static int level_of_names(const char *text)
{
	static const char *const names[] = { "zero", "cache", "private", "user", "free" };
	int level = 0;

	for (;; text++) {
		size_t len = strcspn(text, "+"), i = 0;

		while (i < ARRAY_SIZE(names) &&
		       (strlen(names[i]) != len || strncmp(names[i], text, len) != 0))
			i++;
		if (i == ARRAY_SIZE(names))
			return -1;
		level |= 1 << i;
		text += len;
		if (!*text)
			return level;
	}
}

static int parse_level(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	int level = level_of_names(text);
	uint64_t n;

	if (strcmp(text, "log") == 0)
		level = DUMP_LEVEL_LOG;
	if (level < 0 && text[strspn(text, "0123456789")] == '\0' && num_parse(text, 31, &n) == 0)
		level = (int)n;
	if (level < 0)
		return err_set(e, EINVAL, "not a dump level (0 to 31, names such as 'zero+free', or log)");
	*(unsigned *)member(row, s) = (unsigned)level;
	return 0;
}
const struct setting_type type_LEVEL = { .parse = parse_level };

/* Decimal alone: 0x10 and 010 are not what a person means by a count. */
static int decimal(const struct schema_row *row, const char *text, uint64_t *ret)
{
	size_t len = strlen(text);

	if (!len || strspn(text, "0123456789") != len || (text[0] == '0' && len > 1) ||
	    num_parse(text, row->most, ret) < 0)
		return -EINVAL;
	return *ret < row->least ? -ERANGE : 0;
}

static int parse_count(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	uint64_t n;

	if (decimal(row, text, &n) < 0)
		return err_set(e, EINVAL, "not a number that fits here (write %llu to %llu)",
			       (unsigned long long)row->least, (unsigned long long)row->most);
	*(unsigned *)member(row, s) = (unsigned)n;
	return 0;
}
const struct setting_type type_COUNT = { .parse = parse_count };

static int parse_count_auto(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	uint64_t n = 0;

	if (strcmp(text, "auto") != 0 && decimal(row, text, &n) < 0)
		return err_set(e, EINVAL, "not a number that fits here (write auto, or %llu to %llu)",
			       (unsigned long long)row->least, (unsigned long long)row->most);
	*(unsigned *)member(row, s) = (unsigned)n;
	return 0;
}
const struct setting_type type_COUNT_AUTO = { .parse = parse_count_auto };

static int parse_mask(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	uint64_t n;

	if (num_parse(text, row->most, &n) < 0)
		return err_set(e, EINVAL, "not a sum of bits (write 0 to %llu, or hex with 0x)",
			       (unsigned long long)row->most);
	*(unsigned *)member(row, s) = (unsigned)n;
	return 0;
}
const struct setting_type type_MASK = { .parse = parse_mask };

static int parse_loglevel(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	uint64_t n;

	if (*text && decimal(row, text, &n) < 0)
		return err_set(e, EINVAL,
			       "not a level of kernel messages (write 0 to 8, or nothing to leave it as it "
			       "is)");
	*(int *)member(row, s) = *text ? (int)n : -1;
	return 0;
}
const struct setting_type type_LOGLEVEL = { .parse = parse_loglevel };

/* --- times and sizes ------------------------------------------------------------------------ */

static int parse_span(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	uint64_t n;

	if (span_parse(text, &n) < 0)
		return err_set(e, EINVAL, "not a time (write a number and s, m, h or d, such as %s)",
			       strcmp(row->otherwise, "auto") == 0 ? "30m, or auto" : row->otherwise);
	if (n < row->least || n > row->most)
		return err_set(e, EINVAL, "%s (write %llu to %llu seconds, such as %s)",
			       n < row->least ? "too short" : "too long", (unsigned long long)row->least,
			       (unsigned long long)row->most,
			       strcmp(row->otherwise, "auto") == 0 ? "30m" : row->otherwise);
	*(unsigned *)member(row, s) = (unsigned)n;
	return 0;
}
const struct setting_type type_SPAN = { .parse = parse_span };

static int parse_span_auto(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	if (strcmp(text, "auto") != 0)
		return parse_span(row, text, s, e);
	*(unsigned *)member(row, s) = 0;
	return 0;
}
const struct setting_type type_SPAN_AUTO = { .parse = parse_span_auto };

static int parse_size(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	char least[SIZE_TEXT_MAX], most[SIZE_TEXT_MAX];
	uint64_t n;

	if (size_parse(text, &n) < 0)
		return err_set(e, EINVAL, "not a size (write a number and K, M, G or T, such as 512M)");
	if (n < row->least || n > row->most)
		return err_set(e, EINVAL, "%s (write %s to %s)", n < row->least ? "too small" : "too large",
			       size_format(row->least, least), size_format(row->most, most));
	*(uint64_t *)member(row, s) = n;
	return 0;
}
const struct setting_type type_SIZE = { .parse = parse_size };

static int parse_size_optional(const struct schema_row *row, const char *text, struct settings *s,
			       struct err *e)
{
	if (*text)
		return parse_size(row, text, s, e);
	*(uint64_t *)member(row, s) = 0;
	return 0;
}
const struct setting_type type_SIZE_OPTIONAL = { .parse = parse_size_optional };

static int parse_loop(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	const char *slash = strchr(text, '/');
	auto_free char *left = slash ? xstrndup(text, (size_t)(slash - text)) : NULL;
	uint64_t count = 0, span = 0;

	(void)row;
	if (strcmp(text, "no") != 0 && (!left || num_parse(left, 1000, &count) < 0 || !count ||
					span_parse(slash + 1, &span) < 0 || !span || span > 30 * 86400))
		return err_set(e, EINVAL, "not a crash-loop brake (write COUNT/SPAN such as 3/1h, or no)");
	s->loop_count = (unsigned)count;
	s->loop_span = (unsigned)span;
	return 0;
}
const struct setting_type type_LOOP = { .parse = parse_loop };

static int parse_crashkernel(const struct schema_row *row, const char *text, struct settings *s,
			     struct err *e)
{
	auto_crashkernel struct crashkernel c = { 0 };
	auto_free char *joined = NULL;
	char size[SIZE_TEXT_MAX];

	if (strcmp(text, "auto") == 0)
		return put_text(row, s, NULL);
	if (strlen(text) > TEXT_MAX)
		return err_set(e, EINVAL, "%zu bytes are more than a kernel's command line holds",
			       strlen(text));
	if (crashkernel_parse(text, &c, e) < 0)
		return -EINVAL;
	for (size_t i = 0; i < c.n_ranges; i++) {
		uint64_t n = c.ranges[i].size;

		if (n && n < SIZE_LEAST && n < 65536 && text[strspn(text, "0123456789")] == '\0')
			return err_set(e, EINVAL, "%s bytes hold no kernel (write %sM for megabytes)", text,
				       text);
		if (n && n < SIZE_LEAST)
			return err_set(e, EINVAL, "%s hold no kernel (write a size such as 256M, or auto)",
				       size_human(n, size));
	}
	if (c.low)
		return err_set(e, EINVAL, "',low' alone reserves nothing (write SIZE, or SIZE,high)");
	if (c.cma)
		return err_set(e, EINVAL,
			       "',cma' alone leaves no memory that the running kernel does not write to "
			       "(write SIZE, or SIZE,high)");
	joined = crashkernel_join(text);
	return put_text(row, s, joined);
}
const struct setting_type type_CRASHKERNEL = { .parse = parse_crashkernel, .done = done_text };

/* --- targets -------------------------------------------------------------------------------- */

static void done_targets(const struct schema_row *row, struct settings *s)
{
	(void)row;
	for (size_t i = 0; i < s->n_targets; i++)
		target_done(&s->targets[i]);
	free(s->targets);
	s->targets = NULL;
	s->n_targets = 0;
}

static int parse_targets(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	auto_strv struct strv words = { 0 };
	struct settings made = { 0 };

	split_words(text, &words);
	if (!words.n)
		return err_set(e, EINVAL, "no target (write at least one, such as %s)", row->otherwise);
	if (words.n > WORDS_MAX)
		return too_many(&words, e);
	for (size_t i = 0; i < words.n; i++) {
		struct target *t = vec_push(&made.targets, &made.n_targets);

		if (target_parse(words.v[i], t, e) < 0) {
			done_targets(row, &made);
			return -EINVAL;
		}
	}
	done_targets(row, s);
	s->targets = made.targets;
	s->n_targets = made.n_targets;
	return 0;
}
const struct setting_type type_TARGETS = { .parse = parse_targets, .done = done_targets };

static void done_target(const struct schema_row *row, struct settings *s)
{
	struct target **t = member(row, s);

	if (*t)
		target_done(*t);
	free(*t);
	*t = NULL;
}

static int parse_target(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	struct target t = { 0 };

	if (*text && target_parse(text, &t, e) < 0)
		return -EINVAL;
	if (t.kind == TARGET_RAW || t.kind == TARGET_FS) {
		target_done(&t);
		return err_set(e, EINVAL,
			       "nothing can be copied there while the system runs (write a target of file:, "
			       "nfs:, ssh: or hub:)");
	}
	done_target(row, s);
	if (*text)
		*(struct target **)member(row, s) = xmemdup(&t, sizeof(t));
	return 0;
}
const struct setting_type type_TARGET = { .parse = parse_target, .done = done_target };

/* --- files, programs, names of the kernel --------------------------------------------------- */

static int parse_path(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	auto_free char *path = NULL;

	if (*text && path_parse(text, &path, e) < 0)
		return -EINVAL;
	if (path && strcmp(path, "/") == 0)
		return err_set(e, EINVAL, "'/' is not a file (write a file's path)");
	return put_text(row, s, path);
}
const struct setting_type type_PATH = { .parse = parse_path, .done = done_text };

static int parse_paths(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	auto_strv struct strv words = { 0 }, paths = { 0 };

	split_words(text, &words);
	if (words.n > WORDS_MAX)
		return too_many(&words, e);
	for (size_t i = 0; i < words.n; i++) {
		auto_free char *path = NULL;

		if (path_parse(words.v[i], &path, e) < 0)
			return -EINVAL;
		strv_take(&paths, take_ptr(path));
	}
	put_words(member(row, s), &paths);
	return 0;
}
const struct setting_type type_PATHS = { .parse = parse_paths, .done = done_words };

static int parse_release(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	size_t len = strlen(text);

	if (strcmp(text, "auto") == 0)
		return put_text(row, s, NULL);
	if (len > 64 || text[0] < '0' || text[0] > '9' || strspn(text, NAME_CHARS ".+~-") != len)
		return err_set(e, EINVAL,
			       "not a kernel's release (write auto, or a name that 'uname -r' prints, such "
			       "as 6.1.0-50-amd64)");
	return put_text(row, s, text);
}
const struct setting_type type_RELEASE = { .parse = parse_release, .done = done_text };

/* Parameters that kexec and the image decide, and what a second one would do. */
static int refuse_param(void *ctx, const char *key, const char *value)
{
	static const char *const keys[] = { "crashkernel", "elfcorehdr", "rdinit", "initrd" };
	struct err *e = ctx;

	(void)value;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return err_set(e, EINVAL, "'%s=' is decided by crashcfg and kexec (remove it)", key);
	return 0;
}

static int parse_cmdline_add(const struct schema_row *row, const char *text, struct settings *s,
			     struct err *e)
{
	struct err wrong = { 0 };

	if (strcmp(text, "auto") == 0)
		return put_text(row, s, "");
	if (strlen(text) > TEXT_MAX)
		return err_set(e, EINVAL, "%zu bytes are more than a kernel's command line holds",
			       strlen(text));
	if (cmdline_each(text, refuse_param, &wrong) < 0)
		return err_set(e, EINVAL, "%s",
			       wrong.code ? wrong.text : "a double quote is left open (close it)");
	for (const char *p = text; (p = strstr(p, "--")); p++)
		if ((p == text || p[-1] == ' ') && (p[2] == '\0' || p[2] == ' '))
			return err_set(e, EINVAL,
				       "'--' hands the rest to init, and nothing behind it reaches the "
				       "kernel (remove it)");
	return put_text(row, s, text + strspn(text, " \t"));
}
const struct setting_type type_CMDLINE_ADD = { .parse = parse_cmdline_add, .done = done_text };

static int parse_cmdline_remove(const struct schema_row *row, const char *text, struct settings *s,
				struct err *e)
{
	auto_strv struct strv words = { 0 };

	if (strcmp(text, "auto") == 0)
		return put_text(row, s, "");
	split_words(text, &words);
	if (words.n > WORDS_MAX)
		return too_many(&words, e);
	for (size_t i = 0; i < words.n; i++)
		if (strpbrk(words.v[i], "=\"'"))
			return err_set(e, EINVAL,
				       "'%.40s' is more than a parameter's name (write names alone, without "
				       "'=' and quotes)",
				       words.v[i]);
	return put_text(row, s, text + strspn(text, " \t"));
}
const struct setting_type type_CMDLINE_REMOVE = { .parse = parse_cmdline_remove, .done = done_text };

static bool module_name_good(const char *name)
{
	size_t len = strlen(name);

	return len && len < 56 && *name != '-' && strspn(name, NAME_CHARS "-") == len;
}

static int parse_modules(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	auto_strv struct strv words = { 0 };

	split_words(text, &words);
	if (words.n == 1 && strcmp(words.v[0], "auto") == 0)
		strv_done(&words);
	if (words.n > WORDS_MAX)
		return too_many(&words, e);
	for (size_t i = 0; i < words.n; i++)
		if (!module_name_good(words.v[i]))
			return err_set(e, EINVAL,
				       "'%.60s' is not a module's name (write names such as virtio_blk, "
				       "separated by blanks)",
				       words.v[i]);
		else if (strcmp(words.v[i], "auto") == 0)
			return err_set(e, EINVAL,
				       "'auto' among names (write the names alone; what is needed is always "
				       "found)");
	put_words(member(row, s), &words);
	return 0;
}
const struct setting_type type_MODULES = { .parse = parse_modules, .done = done_words };

static int parse_watchdog(const struct schema_row *row, const char *text, struct settings *s, struct err *e)
{
	if (strcmp(text, "auto") == 0)
		return put_text(row, s, NULL);
	if (strcmp(text, "yes") == 0 || !module_name_good(text))
		return err_set(e, EINVAL,
			       "not a watchdog's driver (write auto, no, or a module's name such as "
			       "iTCO_wdt)");
	return put_text(row, s, text);
}
const struct setting_type type_WATCHDOG = { .parse = parse_watchdog, .done = done_text };
