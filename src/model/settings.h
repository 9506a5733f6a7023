/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRASHCFG_SETTINGS_H
#define CRASHCFG_SETTINGS_H

#include "buf.h"
#include "crashkernel.h"
#include "facts.h"
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
	unsigned line;		/* 0: about the whole file */
	char *key, *value;	/* "" likewise; a password in a URL is masked */
	char *text;		/* what is wrong (what to write) */
};

struct fault_list {
	struct fault *v;
	size_t n;
	size_t errors;		/* how many are FAULT_ERROR, also of those that did not fit */
	size_t warnings;
};

#define FAULTS_MAX 10000u	/* the last one says that there are more */

void fault_list_done(struct fault_list *l);
#define auto_faults AUTO(fault_list_done)
/* VALUE of KEY as it may be shown: passwords, and the path of a web hook, are "***".  Caller frees. */
char *setting_shown(const char *key, const char *value);
/* The same holds for the value and the text of a fault. */
void fault_add(struct fault_list *l, enum fault_level level, const char *file, unsigned line, const char *key,
	       const char *value, const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/*
 * "file:line: KEY = 'value': text", unprintable bytes as \xNN, the value cut; parts that are "" are
 * left out.  A warning says so before the key.
 */
void fault_format(const struct fault *f, struct buf *to);

enum compress { COMPRESS_AUTO, COMPRESS_NONE, COMPRESS_ZLIB, COMPRESS_LZO, COMPRESS_SNAPPY, COMPRESS_ZSTD };
enum capture_builder { BUILDER_AUTO, BUILDER_NATIVE, BUILDER_DRACUT };

/* HOST[:PORT] of a service. */
struct hostport {
	char *host;		/* NULL: not set; an IPv6 address without brackets */
	unsigned port;		/* 0: the protocol's own */
};

/* DUMP_PROGRESS; all empty: no. */
struct progress_to {
	bool console, netconsole;
	struct hostport syslog;
};

/* The settings, typed.  "auto" is 0, NULL or the enum's _AUTO, as said beside each. */
struct settings {
	struct setting values[SETTING_COUNT];	/* text of every key: default or as written */

	bool dump_active;
	struct target *targets;			/* DUMP_TARGETS in order, at least one */
	size_t n_targets;
	unsigned dump_level;			/* 0 to 31, or DUMP_LEVEL_LOG */
	enum compress compress;
	unsigned threads;			/* 0: auto */
	unsigned timeout;			/* seconds; 0: auto */
	unsigned keep, keep_days;		/* 0: no limit */
	uint64_t min_free;			/* bytes */
	unsigned loop_count, loop_span;		/* DUMP_LOOP 3/1h: 3, 3600; 0, 0: off */
	enum end_action on_success, on_failure;
	unsigned shell_timeout;			/* seconds */
	struct strv dump_pre, dump_post;	/* absolute paths */
	bool raw_force;
	struct target *upload;			/* DUMP_UPLOAD, NULL: none */
	struct progress_to progress;

	char *crashkernel;			/* NULL: auto; else the value as written, parsed and good */
	enum capture_builder builder;
	char *capture_kernel;			/* NULL: auto, the running or newest one; else a release */
	char *cmdline_add, *cmdline_remove;	/* "" when empty or auto */
	struct strv capture_modules;		/* extra modules, "auto" gives none */
	char *watchdog;				/* NULL: auto; "no": none; else a module's name */
	char *luks_key_file;			/* this and every path below: NULL when not set */

	char *net_device;			/* NULL: auto */
	char *net_address;			/* NULL: auto; "dhcp"; else "192.0.2.7/24" */
	char *net_gateway;			/* NULL: auto; "no": none; else an address */
	unsigned net_wait;			/* seconds */
	char *ssh_key, *ssh_known_hosts;
	char *nfs_options;			/* "" when empty */

	bool panic_on_oops, panic_on_hung_task, panic_on_lockup, panic_on_nmi;
	unsigned panic_print;
	uint64_t log_buffer;			/* bytes; 0: left as it is */
	int log_console_level;			/* -1: left as it is */
	char *log_netconsole;			/* netconsole='s value; NULL: none */

	struct strv notify_mail;
	struct hostport notify_smtp;		/* host NULL: sendmail */
	char *notify_webhook;			/* NULL: none */
	struct hostport hub;			/* HUB_URL: port filled in; host NULL: no hub */
	char *hub_token_file, *hub_cert, *hub_key, *hub_ca;
};

#define HUB_PORT 6688

/* Every key at its default. */
struct settings *settings_new(void);
void settings_free(struct settings *s);		/* accepts NULL */
static inline void own_settings(struct settings **s)
{
	settings_free(*s);
}
#define auto_settings AUTO(own_settings)

/*
 * Take TEXT, found at FILE:LINE, for key K.  "" means the default.  A wrong value is
 * a fault, and what the key had stays.
 */
void settings_set(struct settings *s, enum setting_key k, const char *text, const char *file, unsigned line,
		  struct fault_list *faults);
/* What keys demand of each other. */
void settings_check(const struct settings *s, struct fault_list *faults);
/* What the settings demand of this host; what FACTS does not know is not checked. */
void settings_check_facts(const struct settings *s, const struct facts *facts, struct fault_list *faults);
/* What the collector was built with, see struct collector. */
struct codecs {
	bool zlib, lzo, snappy, zstd;
};
void settings_check_codecs(const struct settings *s, const struct codecs *codecs, struct fault_list *faults);
/* A fault of key K, at the place where its value was written. */
void settings_fault(const struct settings *s, enum setting_key k, enum fault_level level,
		    struct fault_list *faults, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The schema's face. */
const char *setting_name(enum setting_key k);
const char *setting_default(enum setting_key k);

#endif
