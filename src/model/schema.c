/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "schema.h"

#include "words.h"

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
		[GROUP_NOTIFY] = "Who hears of a dump (this version tells nobody)",
		[GROUP_HUB] = "The fleet's repository (not in this version)",
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

const char *schema_nearest(const char *name)
{
	struct near near = near_begin(name);

	for (unsigned k = 0; k < SETTING_COUNT; k++)
		near_try(&near, schema_rows[k].name);
	return near.name;
}

/* --- what is printed from the table ---------------------------------------------------------- */

#define WIDTH 98

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
		words_wrap(buf_text(&summary), "# ", "# ", WIDTH, to);
		words_wrap(row->help, "# ", "# ", WIDTH, to);
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
