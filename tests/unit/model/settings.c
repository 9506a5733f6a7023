/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include "kv.h"
#include "schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define FILE_NAME "/etc/sysconfig/crashcfg"
#define S(text) (char *)(uintptr_t)(text)

static void the_defaults_are_those_of_the_table(void **state)
{
	auto_settings struct settings *s = settings_new();

	(void)state;
	assert_true(s->dump_active);
	assert_int_equal(s->n_targets, 1);
	assert_string_equal(s->targets[0].dir, "/var/crash");
	assert_int_equal(s->dump_level, 31);
	assert_int_equal(s->compress, COMPRESS_AUTO);
	assert_int_equal(s->threads, 0);
	assert_int_equal(s->timeout, 0);
	assert_int_equal(s->keep, 5);
	assert_int_equal(s->keep_days, 30);
	assert_int_equal(s->min_free, 1 << 30);
	assert_int_equal(s->loop_count, 3);
	assert_int_equal(s->loop_span, 3600);
	assert_int_equal(s->on_success, END_REBOOT);
	assert_int_equal(s->on_failure, END_REBOOT);
	assert_int_equal(s->shell_timeout, 600);
	assert_null(s->upload);
	assert_true(s->progress.console);
	assert_null(s->crashkernel);
	assert_int_equal(s->builder, BUILDER_AUTO);
	assert_null(s->capture_kernel);
	assert_string_equal(s->cmdline_add, "");
	assert_string_equal(s->cmdline_remove, "");
	assert_int_equal(s->capture_modules.n, 0);
	assert_null(s->watchdog);
	assert_int_equal(s->net_wait, 60);
	assert_true(s->panic_on_oops);
	assert_false(s->panic_on_hung_task || s->panic_on_lockup || s->panic_on_nmi);
	assert_int_equal(s->log_console_level, -1);
	assert_null(s->hub.host);
	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		assert_string_equal(s->values[k].text, setting_default((enum setting_key)k));
		assert_null(s->values[k].file);
	}
}

static void every_row_of_the_table_is_whole(void **state)
{
	(void)state;
	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		const struct schema_row *row = &schema_rows[k];
		auto_buf struct buf quoted = { 0 };

		assert_int_equal(schema_find(row->name, row->name_len), k);
		assert_string_equal(schema_nearest(row->name), row->name);
		assert_true(*row->summary && row->summary[strlen(row->summary) - 1] != '.');
		assert_true(!*row->help || row->help[strlen(row->help) - 1] == '.');
		assert_true(kv_quote(row->otherwise, &quoted));
		assert_true(row->least <= row->most);
		assert_true(!row->choices == (row->type != &type_CHOICE));
	}
	assert_int_equal(schema_find("DUMP_LEVE", 9), SETTING_COUNT);
	assert_int_equal(schema_find("", 0), SETTING_COUNT);
}

struct value_row {
	enum setting_key key;
	const char *text;
	const char *want;	/* part of the message; NULL: the value is good */
};

static const struct value_row values[] = {
	{ SET_DUMP_ACTIVE, "yes", NULL }, { SET_DUMP_ACTIVE, "No", NULL },
	{ SET_DUMP_ACTIVE, "TRUE", NULL }, { SET_DUMP_ACTIVE, "off", NULL },
	{ SET_DUMP_ACTIVE, "0", NULL }, { SET_DUMP_ACTIVE, "", NULL },
	{ SET_DUMP_ACTIVE, "y",			"write yes or no" },
	{ SET_DUMP_ACTIVE, "2",			"write yes or no" },
	{ SET_DUMP_ACTIVE, " yes",		"write yes or no" },
	{ SET_DUMP_TARGETS, "file:///a  hub:", NULL },
	{ SET_DUMP_TARGETS, " ",		"no target (write at least one" },
	{ SET_DUMP_TARGETS, "file:///a,file:///b hub", "'hub' is not a target" },
	{ SET_DUMP_LEVEL, "0", NULL }, { SET_DUMP_LEVEL, "31", NULL },
	{ SET_DUMP_LEVEL, "zero+free", NULL }, { SET_DUMP_LEVEL, "cache", NULL },
	{ SET_DUMP_LEVEL, "log", NULL },	{ SET_DUMP_LEVEL, "log+free",	"not a dump level" },
	{ SET_DUMP_LEVEL, "32",			"not a dump level (0 to 31, names such as 'zero+free', or log)" },
	{ SET_DUMP_LEVEL, "-1",			"not a dump level" },
	{ SET_DUMP_LEVEL, "0x1f",		"not a dump level" },
	{ SET_DUMP_LEVEL, "zero+",		"not a dump level" },
	{ SET_DUMP_LEVEL, "zero,free",		"not a dump level" },
	{ SET_DUMP_LEVEL, "1+2",		"not a dump level" },
	{ SET_DUMP_LEVEL, "99999999999999999999", "not a dump level" },
	{ SET_DUMP_COMPRESS, "zstd", NULL },
	{ SET_DUMP_COMPRESS, "gzip",		"write one of: auto none zlib lzo snappy zstd" },
	{ SET_DUMP_COMPRESS, "ZSTD",		"write one of" },
	{ SET_DUMP_THREADS, "1", NULL }, { SET_DUMP_THREADS, "auto", NULL },
	{ SET_DUMP_THREADS, "0",		"write auto, or 1 to 1024" },
	{ SET_DUMP_THREADS, "1025",		"write auto, or 1 to 1024" },
	{ SET_DUMP_TIMEOUT, "30m", NULL }, { SET_DUMP_TIMEOUT, "auto", NULL },
	{ SET_DUMP_TIMEOUT, "90", NULL },
	{ SET_DUMP_TIMEOUT, "0",		"too short" },
	{ SET_DUMP_TIMEOUT, "8d",		"too long" },
	{ SET_DUMP_TIMEOUT, "30 m",		"not a time" },
	{ SET_DUMP_TIMEOUT, "1w",		"not a time" },
	{ SET_DUMP_KEEP, "0", NULL },
	{ SET_DUMP_KEEP, "1000001",		"write 0 to 1000000" },
	{ SET_DUMP_KEEP, "07",			"not a number that fits here" },
	{ SET_DUMP_KEEP, "five",		"not a number that fits here" },
	{ SET_DUMP_MIN_FREE, "512M", NULL }, { SET_DUMP_MIN_FREE, "0", NULL },
	{ SET_DUMP_MIN_FREE, "10%",		"not a size" },
	{ SET_DUMP_MIN_FREE, "2000T",		"too large" },
	{ SET_DUMP_LOOP, "2/10m", NULL }, { SET_DUMP_LOOP, "no", NULL },
	{ SET_DUMP_LOOP, "3",			"write COUNT/SPAN" },
	{ SET_DUMP_LOOP, "0/1h",		"write COUNT/SPAN" },
	{ SET_DUMP_LOOP, "3/0",			"write COUNT/SPAN" },
	{ SET_DUMP_LOOP, "3/1h/2",		"write COUNT/SPAN" },
	{ SET_DUMP_ON_SUCCESS, "halt", NULL },
	{ SET_DUMP_ON_SUCCESS, "shell",		"write one of: reboot poweroff halt" },
	{ SET_DUMP_ON_FAILURE, "shell", NULL },
	{ SET_DUMP_PRE, "/a /b", NULL },
	{ SET_DUMP_PRE, "a",			"is not an absolute path" },
	{ SET_DUMP_UPLOAD, "ssh://a@b/c", NULL }, { SET_DUMP_UPLOAD, "", NULL },
	{ SET_DUMP_UPLOAD, "raw:swap",		"nothing can be copied there" },
	{ SET_DUMP_UPLOAD, "hub: hub:",		"says more than 'hub:'" },
	{ SET_DUMP_PROGRESS, "no", NULL }, { SET_DUMP_PROGRESS, "console syslog://[::1]:514", NULL },
	{ SET_DUMP_PROGRESS, "tty",		"is no place for progress" },
	{ SET_DUMP_PROGRESS, "syslog://a syslog://b", "is no place for progress" },
	{ SET_DUMP_PROGRESS, "syslog://",	"write syslog://HOST" },
	{ SET_CRASHKERNEL, "auto", NULL }, { SET_CRASHKERNEL, "256M", NULL },
	{ SET_CRASHKERNEL, "1G-4G:192M,4G-:256M", NULL },
	{ SET_CRASHKERNEL, "1G,high", NULL },
	{ SET_CRASHKERNEL, "banana",		"where the size should be" },
	{ SET_CRASHKERNEL, "256",		"write 256M for megabytes" },
	{ SET_CRASHKERNEL, "1K",		"hold no kernel" },
	{ SET_CRASHKERNEL, "0",			"reserves nothing" },
	{ SET_CRASHKERNEL, "256M,low",		"',low' alone" },
	{ SET_CRASHKERNEL, "256M,cma",		"',cma' alone" },
	{ SET_CAPTURE_BUILDER, "native", NULL },
	{ SET_CAPTURE_KERNEL, "6.1.0-50-amd64", NULL },
	{ SET_CAPTURE_KERNEL, "/boot/vmlinuz",	"not a kernel's release" },
	{ SET_CAPTURE_KERNEL, "../x",		"not a kernel's release" },
	{ SET_CAPTURE_CMDLINE_ADD, "nr_cpus=2 dyndbg=\"file a.c +p\"", NULL },
	{ SET_CAPTURE_CMDLINE_ADD, "a=\"b",	"quote is left open" },
	{ SET_CAPTURE_CMDLINE_ADD, "crashkernel=1G", "'crashkernel=' is decided" },
	{ SET_CAPTURE_CMDLINE_ADD, "a -- b",	"'--' hands the rest to init" },
	{ SET_CAPTURE_CMDLINE_REMOVE, "quiet splash", NULL },
	{ SET_CAPTURE_CMDLINE_REMOVE, "a=b",	"without '=' and quotes" },
	{ SET_CAPTURE_MODULES, "virtio_blk ahci", NULL }, { SET_CAPTURE_MODULES, "auto", NULL },
	{ SET_CAPTURE_MODULES, "virtio_blk,ahci", "is not a module's name" },
	{ SET_CAPTURE_MODULES, "../x",		"is not a module's name" },
	{ SET_CAPTURE_MODULES, "auto ahci",	"'auto' among names" },
	{ SET_CAPTURE_WATCHDOG, "no", NULL }, { SET_CAPTURE_WATCHDOG, "iTCO_wdt", NULL },
	{ SET_CAPTURE_WATCHDOG, "yes",		"write auto, no, or a module's name" },
	{ SET_LUKS_KEY_FILE, "/root/key", NULL },
	{ SET_LUKS_KEY_FILE, "key",		"is not an absolute path" },
	{ SET_LUKS_KEY_FILE, "/",		"'/' is not a file" },
	{ SET_NET_DEVICE, "eth0", NULL }, { SET_NET_DEVICE, "bond0.12", NULL },
	{ SET_NET_DEVICE, "a/b",		"not a network interface" },
	{ SET_NET_DEVICE, "sixteen-letters0",	"not a network interface" },
	{ SET_NET_ADDRESS, "192.0.2.7/24", NULL }, { SET_NET_ADDRESS, "2001:db8::7/64", NULL },
	{ SET_NET_ADDRESS, "dhcp", NULL },
	{ SET_NET_ADDRESS, "192.0.2.7",		"write 192.0.2.7/24" },
	{ SET_NET_ADDRESS, "192.0.2.7/33",	"not an address" },
	{ SET_NET_ADDRESS, "192.0.2/24",	"not an address" },
	{ SET_NET_GATEWAY, "192.0.2.1", NULL }, { SET_NET_GATEWAY, "no", NULL },
	{ SET_NET_GATEWAY, "192.0.2.1/24",	"not a gateway" },
	{ SET_NET_WAIT, "2m", NULL },
	{ SET_NET_WAIT, "2h",			"too long" },
	{ SET_NFS_OPTIONS, "vers=4.2,timeo=50", NULL },
	{ SET_NFS_OPTIONS, "vers=4.2, timeo=50", "separate them by commas alone" },
	{ SET_NFS_OPTIONS, "vers=4.2,",		"an empty option" },
	{ SET_PANIC_PRINT, "0x7f", NULL }, { SET_PANIC_PRINT, "64", NULL },
	{ SET_PANIC_PRINT, "65536",		"not a sum of bits" },
	{ SET_LOG_BUFFER, "16M", NULL }, { SET_LOG_BUFFER, "", NULL },
	{ SET_LOG_BUFFER, "1K",			"too small (write 4K to 2G)" },
	{ SET_LOG_CONSOLE_LEVEL, "7", NULL }, { SET_LOG_CONSOLE_LEVEL, "0", NULL },
	{ SET_LOG_CONSOLE_LEVEL, "9",		"write 0 to 8" },
	{ SET_LOG_NETCONSOLE, "@/eth0,6666@192.0.2.7/", NULL },
	{ SET_LOG_NETCONSOLE, "+r4444@10.0.0.1/eth1,9353@10.0.0.2/12:34:56:78:9a:bc", NULL },
	{ SET_LOG_NETCONSOLE, "192.0.2.7",	"not a netconsole" },
	{ SET_LOG_NETCONSOLE, "@/eth0,0@192.0.2.7/", "not a netconsole" },
	{ SET_LOG_NETCONSOLE, "@/eth0,6666@host/", "not a netconsole" },
	{ SET_LOG_NETCONSOLE, "@/eth0,6666@192.0.2.7/12:34", "not a netconsole" },
	{ SET_NOTIFY_MAIL, "root@localhost ops@example.org", NULL },
	{ SET_NOTIFY_MAIL, "root",		"is not a mail address" },
	{ SET_NOTIFY_MAIL, "-f@x",		"is not a mail address" },
	{ SET_NOTIFY_SMTP, "mail.example.org:587", NULL },
	{ SET_NOTIFY_SMTP, "smtp://x",		"write HOST or HOST:PORT" },
	{ SET_NOTIFY_WEBHOOK, "https://hooks.example.org/x?y=z", NULL },
	{ SET_NOTIFY_WEBHOOK, "ftp://x",	"not a URL" },
	{ SET_NOTIFY_WEBHOOK, "https://u:p@x/", "is never used" },
	{ SET_HUB_URL, "https://hub.example.org", NULL }, { SET_HUB_URL, "https://[::1]:7000/", NULL },
	{ SET_HUB_URL, "hub.example.org",	"write https://HOST" },
	{ SET_HUB_URL, "http://hub",		"write https://HOST" },
	{ SET_HUB_URL, "https://hub/x",		"a path behind" },
	{ SET_HUB_URL, "https://",		"is not a host name" },
};

static void a_value_is_taken_or_told_what_to_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const struct value_row *row = &values[i];
		auto_settings struct settings *s = settings_new();
		auto_faults struct fault_list faults = { 0 };
		const struct setting *v = &s->values[row->key];

		settings_set(s, row->key, row->text, FILE_NAME, 12, &faults);
		if (!row->want) {
			if (faults.n)
				fail_msg("%s '%s': %s", setting_name(row->key), row->text, faults.v[0].text);
			assert_string_equal(v->text, *row->text ? row->text : setting_default(row->key));
			assert_string_equal(v->file, FILE_NAME);
			assert_int_equal(v->line, 12);
			continue;
		}
		if (faults.errors != 1)
			fail_msg("%s '%s' was taken", setting_name(row->key), row->text);
		if (!strstr(faults.v[0].text, row->want))
			fail_msg("%s '%s': %s", setting_name(row->key), row->text, faults.v[0].text);
		assert_string_equal(v->text, setting_default(row->key));
		assert_null(v->file);
	}
}

static void typed_values_follow_the_text(void **state)
{
	auto_settings struct settings *s = settings_new();
	auto_faults struct fault_list faults = { 0 };

	(void)state;
#define SET(key, text) settings_set(s, SET_##key, text, FILE_NAME, 1, &faults)
	SET(DUMP_ACTIVE, "off");
	SET(DUMP_LEVEL, "zero+free");
	SET(DUMP_COMPRESS, "snappy");
	SET(DUMP_TARGETS, "hub: file:///a");
	SET(DUMP_ON_FAILURE, "shell");
	SET(DUMP_TIMEOUT, "2h");
	SET(DUMP_LOOP, "no");
	SET(DUMP_UPLOAD, "ssh://a@b/c");
	SET(DUMP_PROGRESS, "netconsole syslog://log:5140");
	SET(CRASHKERNEL, "512M");
	SET(CAPTURE_CMDLINE_ADD, " nr_cpus=2");
	SET(CAPTURE_MODULES, "a b");
	SET(CAPTURE_WATCHDOG, "no");
	SET(PANIC_PRINT, "0x41");
	SET(LOG_BUFFER, "16M");
	SET(LOG_CONSOLE_LEVEL, "7");
	SET(HUB_URL, "https://hub");
	SET(NOTIFY_SMTP, "mail:587");
	assert_int_equal(faults.n, 0);
	assert_false(s->dump_active);
	assert_int_equal(s->dump_level, 17);
	assert_int_equal(s->compress, COMPRESS_SNAPPY);
	assert_int_equal(s->n_targets, 2);
	assert_int_equal(s->targets[0].kind, TARGET_HUB);
	assert_int_equal(s->on_failure, END_SHELL);
	assert_int_equal(s->timeout, 7200);
	assert_int_equal(s->loop_count, 0);
	assert_int_equal(s->upload->kind, TARGET_SSH);
	assert_true(s->progress.netconsole && !s->progress.console);
	assert_string_equal(s->progress.syslog.host, "log");
	assert_int_equal(s->progress.syslog.port, 5140);
	assert_string_equal(s->crashkernel, "512M");
	assert_string_equal(s->cmdline_add, "nr_cpus=2");
	assert_int_equal(s->capture_modules.n, 2);
	assert_string_equal(s->watchdog, "no");
	assert_int_equal(s->panic_print, 0x41);
	assert_int_equal(s->log_buffer, 16 << 20);
	assert_int_equal(s->log_console_level, 7);
	assert_string_equal(s->hub.host, "hub");
	assert_int_equal(s->hub.port, HUB_PORT);
	assert_int_equal(s->notify_smtp.port, 587);

	/* A later file's empty value is the default again, a wrong one changes nothing. */
	SET(DUMP_LEVEL, "");
	SET(DUMP_UPLOAD, "");
	SET(LOG_CONSOLE_LEVEL, "");
	SET(HUB_URL, "");
	assert_int_equal(faults.n, 0);
	assert_int_equal(s->dump_level, 31);
	assert_null(s->upload);
	assert_int_equal(s->log_console_level, -1);
	assert_null(s->hub.host);
	SET(DUMP_COMPRESS, "rle");
	SET(DUMP_TARGETS, "file:///b nonsense:");
	assert_int_equal(faults.errors, 2);
	assert_int_equal(s->compress, COMPRESS_SNAPPY);
	assert_int_equal(s->n_targets, 2);
#undef SET
}

static void a_misspelt_key_finds_the_one_that_was_meant(void **state)
{
	static const struct { const char *name, *want; } rows[] = {
		{ "DUMP_TARGET",	"DUMP_TARGETS" },
		{ "DUMP_TARGTES",	"DUMP_TARGETS" },
		{ "dump_level",		"DUMP_LEVEL" },
		{ "DUMPLEVEL",		"DUMP_LEVEL" },
		{ "CRASH_KERNEL",	"CRASHKERNEL" },
		{ "DUMP_COMPRESION",	"DUMP_COMPRESS" },
		{ "DUMP_KEEPDAYS",	"DUMP_KEEP_DAYS" },
		{ "NOTIFY_EMAIL",	"NOTIFY_MAIL" },
		{ "HUB_UR",		"HUB_URL" },
		{ "PATH",		NULL },
		{ "KDUMP_COREDIR",	NULL },
		{ "x",			NULL },
		{ "",			NULL },
		{ "DUMP_TARGETS_THAT_ARE_MUCH_LONGER_THAN_ANY_KEY", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *got = schema_nearest(rows[i].name);

		if (!rows[i].want != !got || (got && strcmp(got, rows[i].want) != 0))
			fail_msg("'%s' gives %s", rows[i].name, got ? got : "none");
	}
}

struct pair {
	enum setting_key key;
	const char *text;
};

static void keys_that_need_each_other_are_checked(void **state)
{
	static const struct {
		struct pair set[4];	/* ends with text NULL */
		enum fault_level level;
		const char *want;	/* NULL: no fault */
	} rows[] = {
		{ { { 0 } }, 0, NULL },
		{ { { SET_DUMP_TARGETS, "file:///a fs:LABEL=b:/c" } }, 0, NULL },
		{ { { SET_DUMP_TARGETS, "file:///a file:///a/" } }, FAULT_WARNING, "stands there twice" },
		{ { { SET_DUMP_TARGETS, "" } }, FAULT_WARNING, "an empty list means the default" },
		{ { { SET_DUMP_TARGETS, "file:///a hub:" }, { SET_HUB_TOKEN_FILE, "/t" } },
		  FAULT_ERROR, "set HUB_URL" },
		{ { { SET_DUMP_TARGETS, "file:///a hub:" }, { SET_HUB_URL, "https://h" } },
		  FAULT_WARNING, "set HUB_TOKEN_FILE" },
		{ { { SET_DUMP_TARGETS, "file:///a ssh://a@b/c" } }, FAULT_ERROR, "set SSH_KEY" },
		{ { { SET_DUMP_UPLOAD, "ssh://a@b/c" } }, FAULT_ERROR, "set SSH_KEY" },
		{ { { SET_DUMP_UPLOAD, "ssh://a@b/c" }, { SET_SSH_KEY, "/k" } }, FAULT_WARNING, "no effect in this version" },
		{ { { SET_DUMP_TARGETS, "file:///a raw:/dev/sda3" } }, FAULT_WARNING, "may be another disk" },
		{ { { SET_DUMP_TARGETS, "file:///a raw:/dev/disk/by-id/x" } },
		  0, NULL },
		{ { { SET_DUMP_TARGETS, "nfs://h/e" } }, 0, NULL },
		{ { { SET_DUMP_TARGETS, "hub:" }, { SET_HUB_URL, "https://h" }, { SET_HUB_TOKEN_FILE, "/t" } },
		  FAULT_ERROR, "cannot yet write to 'hub:' targets" },
		{ { { SET_DUMP_RAW_FORCE, "yes" } }, FAULT_WARNING, "no target is raw:" },
		{ { { SET_HUB_CERT, "/c" } }, FAULT_ERROR, "set HUB_KEY" },
		{ { { SET_HUB_KEY, "/k" } }, FAULT_ERROR, "set HUB_CERT" },
		{ { { SET_HUB_KEY, "/k" }, { SET_HUB_CERT, "/c" } }, FAULT_WARNING, "no effect in this version" },
		{ { { SET_NOTIFY_SMTP, "h" } }, FAULT_WARNING, "set NOTIFY_MAIL" },
		{ { { SET_DUMP_PROGRESS, "netconsole" } }, FAULT_ERROR, "set LOG_NETCONSOLE" },
		{ { { SET_NET_ADDRESS, "192.0.2.7/24" }, { SET_NET_GATEWAY, "2001:db8::1" } },
		  FAULT_ERROR, "write an IPv4 address" },
		{ { { SET_NET_ADDRESS, "192.0.2.7/24" }, { SET_NET_GATEWAY, "no" } }, 0, NULL },
		{ { { SET_DUMP_TIMEOUT, "20s" } }, FAULT_WARNING, "20 seconds are little" },
		{ { { SET_CAPTURE_CMDLINE_ADD, "a quiet" }, { SET_CAPTURE_CMDLINE_REMOVE, "b quiet" } },
		  FAULT_WARNING,
		  "'quiet' is also in CAPTURE_CMDLINE_ADD" },
		{ { { SET_CAPTURE_CMDLINE_ADD, "quiet" }, { SET_CAPTURE_CMDLINE_REMOVE, "quieter xquiet" } },
		  0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_settings struct settings *s = settings_new();
		auto_faults struct fault_list faults = { 0 };
		bool found = false;

		for (const struct pair *p = rows[i].set; p->text; p++)
			settings_set(s, p->key, p->text, FILE_NAME, 1, &faults);
		settings_check(s, &faults);
		for (size_t j = 0; j < faults.n; j++)
			found |= rows[i].want && strstr(faults.v[j].text, rows[i].want) &&
				 faults.v[j].level == rows[i].level;
		if (rows[i].want ? !found : faults.n > 0)
			fail_msg("row %zu: %s", i, faults.n ? faults.v[0].text : "no fault");
	}
}

static void the_reservation_is_held_against_the_memory(void **state)
{
	static const struct {
		const char *text;
		uint64_t mem;
		enum fault_level level;
		const char *want;
	} rows[] = {
		{ "auto", UINT64_C(1) << 30, 0, NULL },
		{ "256M", UINT64_C(1) << 30, 0, NULL },
		{ "256M", 0, 0, NULL },
		{ "600M", UINT64_C(1) << 30, FAULT_WARNING, "more than half of this host's memory, 1.0 GB" },
		{ "1G", UINT64_C(1) << 30, FAULT_ERROR, "more than this host's memory" },
		{ "64G", UINT64_C(1) << 30, FAULT_ERROR, "64.0 GB are more than this host's memory" },
		{ "2G-4G:256M,4G-:512M", UINT64_C(1) << 30, FAULT_ERROR, "reserves nothing on this host" },
		{ "256M@900M", UINT64_C(1) << 30, FAULT_WARNING, "ends above" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_settings struct settings *s = settings_new();
		auto_faults struct fault_list faults = { 0 };
		struct facts facts = { .mem_total = rows[i].mem };

		settings_set(s, SET_CRASHKERNEL, rows[i].text, FILE_NAME, 1, &faults);
		settings_check_facts(s, &facts, &faults);
		if (!rows[i].want) {
			assert_int_equal(faults.n, 0);
			continue;
		}
		assert_int_equal(faults.n, 1);
		assert_int_equal(faults.v[0].level, rows[i].level);
		if (!strstr(faults.v[0].text, rows[i].want))
			fail_msg("%s: %s", rows[i].text, faults.v[0].text);
	}
}

static void a_capture_kernel_must_be_installed(void **state)
{
	auto_settings struct settings *s = settings_new();
	auto_faults struct fault_list faults = { 0 };
	char release[] = "6.1.0-50-amd64";
	struct kernel_fact kernel = { .release = release };
	struct facts facts = { .kernels = &kernel, .n_kernels = 1 };

	(void)state;
	settings_set(s, SET_CAPTURE_KERNEL, release, FILE_NAME, 1, &faults);
	settings_check_facts(s, &facts, &faults);
	assert_int_equal(faults.n, 0);
	settings_set(s, SET_CAPTURE_KERNEL, "6.1.0-51-amd64", FILE_NAME, 1, &faults);
	settings_check_facts(s, &facts, &faults);
	assert_int_equal(faults.errors, 1);
	assert_non_null(strstr(faults.v[0].text, "or one of: 6.1.0-50-amd64"));
}

static void a_codec_that_the_collector_lacks_is_an_error(void **state)
{
	auto_settings struct settings *s = settings_new();
	auto_faults struct fault_list faults = { 0 };
	struct codecs codecs = { .zlib = true, .lzo = true };

	(void)state;
	settings_check_codecs(s, &codecs, &faults);
	settings_set(s, SET_DUMP_COMPRESS, "lzo", FILE_NAME, 1, &faults);
	settings_check_codecs(s, &codecs, &faults);
	assert_int_equal(faults.n, 0);
	settings_set(s, SET_DUMP_COMPRESS, "zstd", FILE_NAME, 7, &faults);
	settings_check_codecs(s, &codecs, &faults);
	assert_int_equal(faults.errors, 1);
	assert_int_equal(faults.v[0].line, 7);
	assert_non_null(strstr(faults.v[0].text, "write auto, zlib, lzo, or none"));
}

static void a_fault_is_one_line(void **state)
{
	static const struct { struct fault f; const char *want; } rows[] = {
		{ { FAULT_ERROR, S("/f"), 12, S("DUMP_LEVEL"), S("42"), S("not a dump level (0 to 31)") },
		  "/f:12: DUMP_LEVEL = '42': not a dump level (0 to 31)" },
		{ { FAULT_WARNING, S("/f"), 1, S("A"), S(""), S("x") },	"/f:1: warning: A = '': x" },
		{ { FAULT_ERROR, S("/f"), 0, S(""), S(""), S("x") },	"/f: x" },
		{ { FAULT_ERROR, S(""), 0, S("A"), S("b"), S("x") },	"A = 'b': x" },
		{ { FAULT_ERROR, S("/a\nb"), 3, S("A"), S("\x1b[0m\n"), S("x\ny") },
		  "/a\\x0ab:3: A = '\\x1b[0m\\x0a': x\\x0ay" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf got = { 0 };

		fault_format(&rows[i].f, &got);
		assert_string_equal(buf_text(&got), rows[i].want);
	}
}

static void passwords_are_masked(void **state)
{
	static const struct { const char *value, *want; } rows[] = {
		{ "ssh://me:secret@host/d",			"ssh://me:***@host/d" },
		{ "file:///a ssh://me:s:e@c@host/d hub:",	"file:///a ssh://me:***@host/d hub:" },
		{ "https://u:p@a https://b:1/@x",		"https://u:***@a https://b:1/@x" },
		{ "ssh://me@host:22/d",				"ssh://me@host:22/d" },
		{ "me:secret@mail:25",				"me:***@mail:25" },
		{ "a@b c:1",					"a@b c:1" },
		{ "://",					"://" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_faults struct fault_list faults = { 0 };

		fault_add(&faults, FAULT_ERROR, "", 0, "A", rows[i].value, "x");
		assert_string_equal(faults.v[0].value, rows[i].want);
	}
}

static void the_words_about_a_value_hide_what_it_hides(void **state)
{
	auto_faults struct fault_list faults = { 0 };
	auto_free char *hook = setting_shown("NOTIFY_WEBHOOK", "https://hooks.example.org/T0/B1/x"),
		       *plain = setting_shown("HUB_URL", "https://hub.example.org/T0");

	(void)state;
	fault_add(&faults, FAULT_ERROR, "", 0, "HUB_URL", "https://u:SECRETPW@h", "'%s' is no port", "SECRETPW@h");
	assert_string_equal(faults.v[0].text, "'***@h' is no port");
	fault_add(&faults, FAULT_ERROR, "", 0, "HUB_URL", "https://u:a@h", "'a@h' is a bad part");
	assert_string_equal(faults.v[1].text, "'***@h' is *** bad part");
	fault_add(&faults, FAULT_ERROR, "", 0, "NOTIFY_WEBHOOK", "https://h/T0/B1", "'T0/B1': no");
	assert_string_equal(faults.v[2].text, "'***': no");
	assert_string_equal(hook, "https://hooks.example.org/***");
	assert_string_equal(plain, "https://hub.example.org/T0");
}

static void faults_without_end_are_counted_and_cut_off(void **state)
{
	auto_faults struct fault_list faults = { 0 };

	(void)state;
	for (unsigned i = 0; i < FAULTS_MAX + 10; i++)
		fault_add(&faults, FAULT_ERROR, "/f", i, "A", "b", "x");
	assert_int_equal(faults.n, FAULTS_MAX);
	assert_int_equal(faults.errors, FAULTS_MAX + 10);
	assert_non_null(strstr(faults.v[FAULTS_MAX - 1].text, "more faults"));
}

static void the_shipped_file_says_the_defaults(void **state)
{
	auto_buf struct buf text = { 0 }, keys = { 0 };
	auto_kv struct kv_file f = { 0 };
	unsigned k = 0;

	(void)state;
	schema_file_text(&text);
	kv_split(text.data, text.len, &f);
	assert_int_equal(f.n_lines, 0);
	assert_int_equal(f.n_faults, 0);
	for (char *line = text.data; *line; line = strchr(line, '\n') + 1) {
		assert_true(strcspn(line, "\n") <= 100 || line[1] != ' ');
		if (line[0] == '#' && line[1] >= 'A' && line[1] <= 'Z')
			buf_add(&keys, line + 1, strcspn(line, "\n"));
	}
	kv_done(&f);
	kv_split(keys.data, keys.len, &f);
	assert_int_equal(f.n_faults, 0);
	assert_int_equal(f.n_lines, SETTING_COUNT);
	for (; k < SETTING_COUNT; k++) {
		assert_string_equal(f.lines[k].key, setting_name((enum setting_key)k));
		assert_string_equal(f.lines[k].value, setting_default((enum setting_key)k));
	}
}

static void the_man_page_has_an_entry_for_each_key(void **state)
{
	auto_buf struct buf text = { 0 };
	unsigned entries = 0;

	(void)state;
	schema_man(&text);
	for (const char *p = text.data; (p = strstr(p, ".TP\n\\fB")); p++)
		entries++;
	assert_int_equal(entries, SETTING_COUNT);
	for (const char *line = text.data; *line; line = strchr(line, '\n') + 1)
		assert_true(*line != '\'' && (*line != '.' || strncmp(line, ".TP\n", 4) == 0 ||
					      strncmp(line, ".SS ", 4) == 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_those_of_the_table),
		cmocka_unit_test(every_row_of_the_table_is_whole),
		cmocka_unit_test(a_value_is_taken_or_told_what_to_write),
		cmocka_unit_test(typed_values_follow_the_text),
		cmocka_unit_test(a_misspelt_key_finds_the_one_that_was_meant),
		cmocka_unit_test(keys_that_need_each_other_are_checked),
		cmocka_unit_test(the_reservation_is_held_against_the_memory),
		cmocka_unit_test(a_capture_kernel_must_be_installed),
		cmocka_unit_test(a_codec_that_the_collector_lacks_is_an_error),
		cmocka_unit_test(a_fault_is_one_line),
		cmocka_unit_test(passwords_are_masked),
		cmocka_unit_test(the_words_about_a_value_hide_what_it_hides),
		cmocka_unit_test(faults_without_end_are_counted_and_cut_off),
		cmocka_unit_test(the_shipped_file_says_the_defaults),
		cmocka_unit_test(the_man_page_has_an_entry_for_each_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
