/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include "schema.h"

#include <string.h>

struct settings *settings_new(void)
{
	struct settings *s = xcalloc(1, sizeof(*s));

	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		const struct schema_row *row = &schema_rows[k];

		if (row->type->parse(row, row->otherwise, s, NULL) < 0)
			abort();	/* schema.def contradicts itself; a unit test looks at every row */
		s->values[k].text = xstrdup(row->otherwise);
	}
	return s;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		const struct schema_row *row = &schema_rows[k];

		if (row->type->done)
			row->type->done(row, s);
		free(s->values[k].text);
		free(s->values[k].file);
	}
	free(s);
}

static void put(char **to, const char *text)
{
	if (*to && strcmp(*to, text) == 0)
		return;
	free(*to);
	*to = xstrdup(text);
}

void settings_set(struct settings *s, enum setting_key k, const char *text, const char *file, unsigned line,
		  struct fault_list *faults)
{
	const struct schema_row *row = &schema_rows[k];
	struct err wrong;

	if (!*text && k == SET_DUMP_TARGETS)
		fault_add(faults, FAULT_WARNING, file, line, row->name, text,
			  "an empty list means the default, '%s' (write that, or DUMP_ACTIVE=\"no\" for no "
			  "dumps)",
			  row->otherwise);
	if (row->type->parse(row, *text ? text : row->otherwise, s, &wrong) < 0) {
		fault_add(faults, FAULT_ERROR, file, line, row->name, text, "%s", wrong.text);
		return;
	}
	put(&s->values[k].text, *text ? text : row->otherwise);
	put(&s->values[k].file, file);
	s->values[k].line = line;
}
