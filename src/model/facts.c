/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <ctype.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

void facts_free(struct facts *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n_kernels; i++) {
		free(f->kernels[i].release);
		free(f->kernels[i].image);
		free(f->kernels[i].modules);
	}
	free(f->kernels);
	free(f->host);
	free(f->machine_id);
	free(f->os_id);
	free(f->os_pretty);
	free(f->machine);
	free(f->running);
	free(f->cmdline);
	free(f->boot_id);
	free(f->lockdown);
	free(f);
}

static const struct kernel_fact *find_kernel(const struct facts *f, const char *release)
{
	for (size_t i = 0; i < f->n_kernels; i++)
		if (strcmp(f->kernels[i].release, release) == 0)
			return &f->kernels[i];
	return NULL;
}

const struct kernel_fact *facts_kernel(const struct facts *f, const char *release)
{
	const struct kernel_fact *running;

	if (release)
		return find_kernel(f, release);
	running = f->running ? find_kernel(f, f->running) : NULL;
	if (running)
		return running;
	return f->n_kernels ? &f->kernels[f->n_kernels - 1] : NULL;
}

/* A part of a version.  Their order is that of versions: 6.1-rc2 < 6.1 < 6.1-amd64 < 6.1-2. */
struct part {
	enum { PART_PRE, PART_END, PART_WORD, PART_NUMBER } kind;
	const char *text;
	size_t len;
};

static bool is_prerelease(const char *text, size_t len)
{
	static const char *const words[] = { "alpha", "beta", "pre", "rc" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (len == strlen(words[i]) && strncasecmp(text, words[i], len) == 0)
			return true;
	return false;
}

/* Take the next run of digits or letters; what stands between only separates, but "~" means "before". */
static struct part next_part(const char **at)
{
	struct part p = { .kind = PART_END };

	while (**at && !isalnum((unsigned char)**at) && **at != '~')
		(*at)++;
	p.text = *at;
	if (**at == '~') {
		p.kind = PART_PRE;
		(*at)++;
		return p;
	}
	if (isdigit((unsigned char)**at)) {
		p.kind = PART_NUMBER;
		while (isdigit((unsigned char)**at))
			(*at)++;
		while (p.text + 1 < *at && *p.text == '0')
			p.text++;
	} else if (**at) {
		while (isalpha((unsigned char)**at))
			(*at)++;
		p.kind = is_prerelease(p.text, (size_t)(*at - p.text)) ? PART_PRE : PART_WORD;
	}
	p.len = (size_t)(*at - p.text);
	return p;
}

static int compare_parts(const struct part *a, const struct part *b)
{
	size_t shorter = a->len < b->len ? a->len : b->len;
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == PART_NUMBER && a->len != b->len)
		return a->len < b->len ? -1 : 1;
	order = shorter ? memcmp(a->text, b->text, shorter) : 0;
	if (order)
		return order;
	return a->len == b->len ? 0 : a->len < b->len ? -1 : 1;
}

int version_compare(const char *a, const char *b)
{
	const char *at_a = a, *at_b = b;

	for (;;) {
		struct part pa = next_part(&at_a), pb = next_part(&at_b);
		int order = compare_parts(&pa, &pb);

		if (order)
			return order;
		if (pa.kind == PART_END)
			return strcmp(a, b);
	}
}

uint64_t meminfo_ram(const char *text, uint64_t reserved)
{
	const char *at = strncmp(text, "MemTotal:", 9) == 0 ? text : strstr(text, "\nMemTotal:");
	uint64_t bytes;

	if (!at)
		return 0;
	at = strchr(at, ':') + 1;
	at += strspn(at, " \t");
	if (!isdigit((unsigned char)*at))
		return 0;
	bytes = strtoull(at, NULL, 10);
	if (bytes == 0 || bytes > UINT64_MAX >> 12 || reserved > UINT64_MAX >> 2)
		return 0;
	bytes = bytes * 1024 + reserved;
	bytes += bytes / 64;		/* the array of struct page: 64 bytes for each 4096 */
	return (bytes + 256 * MIB - 1) / (256 * MIB) * (256 * MIB);
}

unsigned cpu_list_count(const char *text)
{
	unsigned long n = 0;

	for (const char *at = text;;) {
		unsigned long first, last;
		char *end;

		if (!isdigit((unsigned char)*at))
			return 0;
		first = last = strtoul(at, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return 0;
			last = strtoul(end + 1, &end, 10);
		}
		if (last < first || last > 1 << 20)
			return 0;
		n += last - first + 1;
		if (n > 1 << 20)
			return 0;
		if (!*end || *end == '\n')
			return (unsigned)n;
		if (*end != ',')
			return 0;
		at = end + 1;
	}
}

/* One value of os-release up to the line's end: quotes taken off, backslashes as in double quotes. */
static char *os_release_value(const char *at)
{
	auto_buf struct buf b = { 0 };
	char quote = 0;

	for (; *at && *at != '\n'; at++) {
		if (*at == quote)
			quote = 0;
		else if (!quote && (*at == '"' || *at == '\''))
			quote = *at;
		else if (!quote && isspace((unsigned char)*at))
			break;
		else if (*at == '\\' && quote != '\'' && at[1] && at[1] != '\n')
			buf_addc(&b, *++at);
		else
			buf_addc(&b, *at);
	}
	return xstrdup(buf_text(&b));
}

char *os_release_get(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		line += strspn(line, " \t");
		if (strncmp(line, key, len) == 0 && line[len] == '=')
			return os_release_value(line + len + 1);
	}
	return NULL;
}

char *lockdown_parse(const char *text)
{
	const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;

	return close ? xstrndup(open + 1, (size_t)(close - open - 1)) : NULL;
}

int64_t cpuinfo_boot_apicid(const char *text)
{
	const char *end = strstr(text, "\n\n");		/* after the first CPU */
	const char *at = strstr(text, "\ninitial apicid");
	unsigned long id;
	char *rest;

	if (!at || (end && at > end))
		return -1;
	at += strlen("\ninitial apicid");
	at += strspn(at, " \t");
	if (*at++ != ':')
		return -1;
	at += strspn(at, " \t");
	if (!isdigit((unsigned char)*at))
		return -1;
	id = strtoul(at, &rest, 10);
	return *rest == '\n' && id < UINT32_MAX ? (int64_t)id : -1;
}

static uint32_t le(const unsigned char *p, unsigned bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

void kernel_head_read(const void *head, size_t len, struct kernel_fact *ret)
{
	const unsigned char *h = head;
	uint32_t protocol;

	ret->init_size = 0;
	ret->cmdline_max = 0;
	if (len < KERNEL_HEAD || memcmp(h + 0x202, "HdrS", 4) != 0)
		return;
	protocol = le(h + 0x206, 2);
	if (protocol >= 0x206)
		ret->cmdline_max = le(h + 0x238, 4);
	if (protocol >= 0x20a)
		ret->init_size = le(h + 0x260, 4);
}
