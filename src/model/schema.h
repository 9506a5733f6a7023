/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_SCHEMA_H
#define CRASHCFG_SCHEMA_H

#include "settings.h"

/*
 * The table of all keys, made from schema.def, and what is printed from it.
 */
enum setting_group {
	GROUP_DUMP, GROUP_CAPTURE, GROUP_NET, GROUP_PANIC, GROUP_LOG, GROUP_NOTIFY, GROUP_HUB,
	GROUP_COUNT
};

struct schema_row;

/* A kind of value: how its text becomes the typed member of struct settings. */
struct setting_type {
	/*
	 * Put TEXT into the member; what was there is freed.  "" is given only where the
	 * default is "".  -EINVAL: the member is as it was, the text says what is wrong.
	 */
	int (*parse)(const struct schema_row *row, const char *text, struct settings *s, struct err *e);
	void (*done)(const struct schema_row *row, struct settings *s);	/* NULL: owns nothing */
};

struct schema_row {
	const char *name;
	size_t name_len;
	const struct setting_type *type;
	const char *otherwise;		/* the default */
	enum setting_group group;
	size_t at;			/* offset in struct settings */
	uint64_t least, most;		/* RANGE */
	const char *choices;		/* CHOICES, blank-separated */
	const char *summary;		/* one phrase, no full stop */
	const char *help;		/* sentences, or "" */
};

#define SETTING_TYPES(T) \
	T(BOOL) T(TARGETS) T(TARGET) T(LEVEL) T(CHOICE) T(COUNT) T(COUNT_AUTO) T(SPAN) T(SPAN_AUTO) \
	T(SIZE) T(SIZE_OPTIONAL) T(MASK) T(LOGLEVEL) T(LOOP) T(PATH) T(PATHS) T(PROGRESS) T(CRASHKERNEL) \
	T(RELEASE) T(CMDLINE_ADD) T(CMDLINE_REMOVE) T(MODULES) T(WATCHDOG) T(IFNAME) T(ADDRESS) T(GATEWAY) \
	T(MOUNT_OPTIONS) T(NETCONSOLE) T(MAILS) T(HOSTPORT) T(WEBHOOK) T(HUB_URL)
#define T(name) extern const struct setting_type type_##name;
SETTING_TYPES(T)
#undef T

extern const struct schema_row schema_rows[SETTING_COUNT];
const char *setting_group_title(enum setting_group g);

/* The key named by LEN bytes; SETTING_COUNT: none. */
enum setting_key schema_find(const char *name, size_t len);
/* The known key that NAME was most likely meant to be, whatever its case; NULL: none is near enough. */
const char *schema_nearest(const char *name);

/* The shipped settings file: every key, commented out, with its help and its default. */
void schema_file_text(struct buf *to);
/* The body of crashcfg(5): .SS for each group, .TP for each key. */
void schema_man(struct buf *to);

#endif
