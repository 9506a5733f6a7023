/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_SETTINGS_H
#define CRASHCFG_SETTINGS_H

#include "buf.h"
#include "crashkernel.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

enum setting_key {
#define KEY(name, ...) SET_##name,
#include "schema.def"
#undef KEY
	SETTING_COUNT
};

/* A value and where it came from.  file is NULL (line 0) for a default. */
struct setting {
	char *text;
	char *file;
	unsigned line;
};

enum fault_level { FAULT_ERROR, FAULT_WARNING };

struct fault {
	enum fault_level level;
	char *file;		/* "" when it is not about a place in a file */
	unsigned line;
	char *key, *value;	/* "" likewise */
	char *text;		/* what is wrong (what to write) */
};

struct fault_list {
	struct fault *v;
	size_t n;
	size_t errors;		/* how many are FAULT_ERROR */
};

void fault_list_done(struct fault_list *l);
#define auto_faults AUTO(fault_list_done)
void fault_add(struct fault_list *l, enum fault_level level, const char *file, unsigned line, const char *key,
	       const char *value, const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* "file:line: KEY = 'value': text", unprintable bytes as \xNN. */
void fault_format(const struct fault *f, struct buf *to);

enum compress { COMPRESS_AUTO, COMPRESS_NONE, COMPRESS_ZLIB, COMPRESS_LZO, COMPRESS_SNAPPY, COMPRESS_ZSTD };
enum capture_builder { BUILDER_AUTO, BUILDER_NATIVE, BUILDER_DRACUT };

/* The settings, typed.  "auto" is 0, NULL or the enum's _AUTO, as said beside each. */
struct settings {
	struct setting values[SETTING_COUNT];	/* text of every key: default or as written */

	bool dump_active;
	struct target *targets;			/* DUMP_TARGETS in order, at least one */
	size_t n_targets;
	unsigned dump_level;			/* 0 to 31 */
	enum compress compress;
	unsigned threads;			/* 0: auto */
	unsigned timeout;			/* seconds; 0: auto */
	unsigned keep, keep_days;
	uint64_t min_free;			/* bytes */
	unsigned loop_count, loop_span;		/* DUMP_LOOP 3/1h: 3, 3600; 0, 0: off */
	enum end_action on_success, on_failure;
	unsigned shell_timeout;			/* seconds */
	char *crashkernel;			/* NULL: auto; else the value as written, parsed and good */
	enum capture_builder builder;
	char *capture_kernel;			/* NULL: auto, the running or default kernel itself */
	char *cmdline_add, *cmdline_remove;	/* "" when empty */
	struct strv capture_modules;		/* extra modules, "auto" gives none */
	char *watchdog;				/* NULL: auto; "no": none; else a module's name */
};

void settings_free(struct settings *s);		/* accepts NULL */
static inline void own_settings(struct settings **s)
{
	settings_free(*s);
}
#define auto_settings AUTO(own_settings)

/* The schema's face. */
const char *setting_name(enum setting_key k);
const char *setting_default(enum setting_key k);
const char *setting_summary(enum setting_key k);

#endif
