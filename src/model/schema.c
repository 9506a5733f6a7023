/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "schema.h"

#include <stddef.h>
#include <string.h>

#define NONE .least = 0
#define RANGE(from, to) .least = (from), .most = (to)
#define CHOICES(list) .choices = (list)

const struct schema_row schema_rows[SETTING_COUNT] = {
#define KEY(name_, kind_, default_, group_, member_, arguments_, summary_, help_) \
	[SET_##name_] = { .name = #name_, .name_len = sizeof(#name_) - 1, .type = &type_##kind_, \
		.otherwise = (default_), .group = GROUP_##group_, .at = offsetof(struct settings, member_), \
		arguments_, .summary = (summary_), .help = (help_) },
#include "schema.def"
#undef KEY
};

const char *setting_group_title(enum setting_group g)
{
	static const char *const titles[GROUP_COUNT] = {
		[GROUP_DUMP] = "What is dumped, and where it goes",
		[GROUP_CAPTURE] = "The capture kernel and its memory",
		[GROUP_NET] = "Network and remote targets",
		[GROUP_PANIC] = "What becomes a dump",
		[GROUP_LOG] = "The kernel's log",
		[GROUP_NOTIFY] = "Who hears of a dump",
		[GROUP_HUB] = "The fleet's repository",
	};

	return titles[g];
}

const char *setting_name(enum setting_key k)
{
	return schema_rows[k].name;
}

const char *setting_default(enum setting_key k)
{
	return schema_rows[k].otherwise;
}

enum setting_key schema_find(const char *name, size_t len)
{
	unsigned k = 0;

	while (k < SETTING_COUNT &&
	       (schema_rows[k].name_len != len || memcmp(schema_rows[k].name, name, len) != 0))
		k++;
	return (enum setting_key)k;
}

#define NEAR_MAX 40	/* longer names are near to none */

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Letters to insert, delete, replace or swap with their neighbour to make A into B (optimal string
 * alignment, R. Lowrance and R. A. Wagner 1975), case aside; LIMIT + 1 where it is more than LIMIT.
 */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len, unsigned limit)
{
	unsigned rows[3][NEAR_MAX + 1];

	for (unsigned j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		const unsigned *above = rows[(i - 1) % 3], *swap = rows[(i + 1) % 3];
		unsigned *row = rows[i % 3], best = i;

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			char x = upper(a[i - 1]), y = upper(b[j - 1]);

			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == upper(b[j - 2]) && upper(a[i - 2]) == y)
				row[j] = least(row[j], swap[j - 2] + 1);
			best = least(best, row[j]);
		}
		if (best > limit)
			return limit + 1;
	}
	return rows[a_len % 3][b_len];
}

/* Which letters a name holds, case aside. */
static unsigned letters(const char *name)
{
	unsigned set = 0;

	for (; *name; name++)
		set |= 1u << (*name & 31);
	return set;
}

const char *schema_nearest(const char *name)
{
	size_t len = strlen(name);
	unsigned mine = letters(name);
	unsigned limit = len < 6 ? 1 : len < 10 ? 2 : 3;
	const char *nearest = NULL;

	if (len > NEAR_MAX)
		return NULL;
	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		const struct schema_row *row = &schema_rows[k];
		unsigned d;

		if (row->name_len > len + limit || len > row->name_len + limit)
			continue;
		/* A letter changed takes one out of the set and puts one in at most. */
		if ((unsigned)__builtin_popcount(letters(row->name) ^ mine) > 2 * limit)
			continue;
		d = distance(name, len, row->name, row->name_len, limit);
		if (d > limit)
			continue;
		nearest = row->name;
		if (d == 0)
			break;
		limit = d - 1;
	}
	return nearest;
}

/* --- what is printed from the table ---------------------------------------------------------- */

#define WIDTH 98

/* TEXT as comment lines, cut at blanks. */
static void comment(const char *text, struct buf *to)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + len > WIDTH) {
			buf_addc(to, '\n');
			column = 0;
		}
		buf_addc(to, column ? ' ' : '#');
		if (!column)
			buf_addc(to, ' ');
		buf_add(to, text, len);
		column += len + (column ? 1 : 2);
		text += len;
		text += strspn(text, " ");
	}
	if (column)
		buf_addc(to, '\n');
}

void schema_file_text(struct buf *to)
{
	enum setting_group group = GROUP_COUNT;

	buf_adds(to,
		 "# Settings of crashcfg, see crashcfg(5).  'crashcfg check' tells every fault in this file,\n"
		 "# 'crashcfg diff' what 'crashcfg apply' would change.\n"
		 "#\n"
		 "# Lines are KEY=\"value\".  Nothing is executed or expanded.  A key that is not set, or\n"
		 "# set to nothing, has its default: the value that stands here behind '#'.  Files in\n"
		 "# /etc/sysconfig/crashcfg.d/ whose names end in .conf are read after this one, in the\n"
		 "# order of their names; the last value of a key wins.\n");
	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		const struct schema_row *row = &schema_rows[k];
		auto_buf struct buf summary = { 0 };

		if (row->group != group) {
			group = row->group;
			buf_addf(to, "\n\n## %s\n", setting_group_title(group));
		}
		buf_addf(&summary, "%s.", row->summary);
		buf_addc(to, '\n');
		comment(buf_text(&summary), to);
		comment(row->help, to);
		buf_addf(to, "#%s=\"%s\"\n", row->name, row->otherwise);
	}
}

/* Text for roff: no escape, no request, and a dash that can be copied. */
static void roff(const char *text, struct buf *to)
{
	if (*text == '.' || *text == '\'')
		buf_adds(to, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			buf_adds(to, "\\e");
		else if (*text == '-')
			buf_adds(to, "\\-");
		else if (*text == '"')
			buf_adds(to, "\\(dq");
		else
			buf_addc(to, *text);
	}
}

void schema_man(struct buf *to)
{
	enum setting_group group = GROUP_COUNT;

	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		const struct schema_row *row = &schema_rows[k];

		if (row->group != group) {
			group = row->group;
			buf_adds(to, ".SS ");
			roff(setting_group_title(group), to);
			buf_addc(to, '\n');
		}
		buf_addf(to, ".TP\n\\fB%s\\fR", row->name);
		if (*row->otherwise) {
			buf_adds(to, " (default: \\fB");
			roff(row->otherwise, to);
			buf_adds(to, "\\fR)");
		}
		buf_addc(to, '\n');
		roff(row->summary, to);
		buf_adds(to, ".\n");
		if (*row->help) {
			roff(row->help, to);
			buf_addc(to, '\n');
		}
		if (row->choices) {
			buf_adds(to, "One of: ");
			roff(row->choices, to);
			buf_adds(to, ".\n");
		}
	}
}
