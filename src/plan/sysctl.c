/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sysctl.h"

#include <stdio.h>
#include <string.h>

#define MARK "# Written by crashcfg: 'crashcfg apply' makes it anew from /etc/sysconfig/crashcfg,\n" \
	"# 'crashcfg remove' takes it off again; changes made here are lost.\n"

/* Documentation/admin-guide/sysctl/kernel.rst. */
static const char *const names[] = {
	"kernel.panic_on_oops", "kernel.hung_task_panic", "kernel.softlockup_panic", "kernel.hardlockup_panic",
	"kernel.unknown_nmi_panic", "kernel.panic_on_unrecovered_nmi", "kernel.panic_print", "kernel.printk",
};

const char *const *sysctl_names(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(names);
	return names;
}

static void want(struct sysctl *list, size_t *n, const char *name, bool optional, uint64_t value)
{
	struct sysctl *one = &list[(*n)++];

	*one = (struct sysctl){ .name = name, .optional = optional };
	snprintf(one->value, sizeof(one->value), "%llu", (unsigned long long)value);
}

void sysctls_wanted(const struct settings *s, struct sysctl list[static SYSCTLS_MAX], size_t *ret_n)
{
	const struct {
		enum setting_key key;
		bool on, optional;
		const char *name;
	} switches[] = {
		{ SET_PANIC_ON_OOPS, s->panic_on_oops, false, names[0] },
		{ SET_PANIC_ON_HUNG_TASK, s->panic_on_hung_task, true, names[1] },
		{ SET_PANIC_ON_LOCKUP, s->panic_on_lockup, true, names[2] },
		{ SET_PANIC_ON_LOCKUP, s->panic_on_lockup, true, names[3] },
		{ SET_PANIC_ON_NMI, s->panic_on_nmi, true, names[4] },
		{ SET_PANIC_ON_NMI, s->panic_on_nmi, true, names[5] },
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (switches[i].on || s->values[switches[i].key].file)
			want(list, &n, switches[i].name, switches[i].optional, switches[i].on);
	if (s->panic_print || s->values[SET_PANIC_PRINT].file)
		want(list, &n, names[6], true, s->panic_print);
	if (s->log_console_level >= 0)
		want(list, &n, names[7], false, (uint64_t)s->log_console_level);
	*ret_n = n;
}

char *sysctl_path(const char *name)
{
	char *path = xasprintf("/proc/sys/%s", name);

	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	return path;
}

bool sysctl_is(const char *now, const char *value)
{
	size_t len = strcspn(now, " \t\n");

	return strlen(value) == len && strncmp(now, value, len) == 0;
}

const char *dropin_path(size_t i)
{
	static const char *const paths[DROPINS] = { SYSCTL_PATH, MODPROBE_PATH, MODULES_LOAD_PATH };

	return paths[i];
}

/* sysctl.d(5): '-' before a key, that it may be missing. */
static void sysctl_text(const struct settings *s, struct buf *to)
{
	struct sysctl list[SYSCTLS_MAX];
	size_t n;

	sysctls_wanted(s, list, &n);
	for (size_t i = 0; i < n; i++)
		buf_addf(to, "%s%s%s = %s\n", i ? "" : MARK, list[i].optional ? "-" : "", list[i].name,
			 list[i].value);
}

void dropin_text(const struct settings *s, size_t i, struct buf *to)
{
	if (i == 0)
		sysctl_text(s, to);
	else if (s->log_netconsole && i == 1)
		buf_addf(to, MARK "options netconsole netconsole=%s\n", s->log_netconsole);
	else if (s->log_netconsole)
		buf_adds(to, MARK "netconsole\n");
}
