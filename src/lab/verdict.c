/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"
#include "guest/guest.h"
#include "oops.h"

#include <inttypes.h>
#include <string.h>

/* A kernel's own text, data and page tables alone are more: with fewer the filter took too much. */
#define PAGES_MIN 1024

static const char *first_error(const struct manifest *m)
{
	for (size_t i = 0; i < m->n_attempts; i++)
		if (*m->attempts[i].error)
			return m->attempts[i].error;
	for (size_t i = 0; i < m->n_phases; i++)
		if (m->phases[i].exit_code && *m->phases[i].error)
			return m->phases[i].error;
	return "no phase tells why";
}

static bool has_token(const char *log, const char *token)
{
	auto_free char *line = xasprintf("%s%s", GUEST_TOKEN, token);

	return strstr(log, line) != NULL;
}

static char *check_log_only(const struct evidence *ev)
{
	const struct manifest *m = ev->manifest;
	auto_free char *panic = ev->dmesg ? oops_panic_line(ev->dmesg, strlen(ev->dmesg)) : NULL;

	if (!m)
		return xstrdup("no '" MANIFEST_NAME "' is in the dump folder: nothing was saved");
	if (m->state != MANIFEST_LOG_ONLY || !*m->target)
		return xasprintf("the dump's state is '%s': %s", manifest_state_name(m->state),
				 first_error(m));
	if (ev->bytes)
		return xstrdup("there is a 'vmcore', and the log alone was asked for");
	if (!ev->dmesg || !has_token(ev->dmesg, ev->token))
		return xstrdup("'dmesg.txt' is not there, or not that of this run");
	if (!panic || !strstr(panic, "sysrq"))
		return xasprintf("'dmesg.txt' does not tell of sysrq's panic, but of '%s'",
				 panic ? panic : "nothing");
	return NULL;
}

static char *check_manifest(const struct evidence *ev)
{
	const struct manifest *m = ev->manifest;

	if (!m)
		return xstrdup("no '" MANIFEST_NAME "' is in the dump folder: nothing was saved");
	if (m->state != MANIFEST_COMPLETE)
		return xasprintf("the dump's state is '%s': %s", manifest_state_name(m->state),
				 first_error(m));
	if (!ev->bytes)
		return xstrdup("the manifest says complete, but there is no 'vmcore'");
	if (m->bytes != ev->bytes)
		return xasprintf("the manifest tells of %" PRIu64 " bytes, 'vmcore' has %" PRIu64, m->bytes,
				 ev->bytes);
	if (!*m->sha256 && ev->bytes <= ev->hash_max)
		return xstrdup("the manifest holds no sha256 of 'vmcore'");
	if (*m->sha256 && strcmp(m->sha256, ev->sha256) != 0)
		return xasprintf("the manifest's sha256 is %.12s..., that of 'vmcore' is %.12s...",
				 m->sha256, ev->sha256);
	if (!m->checked)
		return xasprintf("the capture did not find its dump whole: %s", m->check);
	if (strcmp(m->kernel, ev->release) != 0)
		return xasprintf("the manifest names kernel '%s', '%s' crashed", m->kernel, ev->release);
	return NULL;
}

static char *check_pages(const struct evidence *ev)
{
	const struct vmcore_look *l = ev->look;

	if (l->bad)
		return xasprintf("%" PRIu64 " of the dump's %" PRIu64 " pages cannot be read", l->bad,
				 l->pages);
	if (l->pages < PAGES_MIN)
		return xasprintf("the dump holds %" PRIu64 " pages only: too much was filtered out",
				 l->pages);
	if (l->pages > ev->memory / l->page_size)
		return xasprintf("the dump claims %" PRIu64 " pages, the guest had %" PRIu64, l->pages,
				 ev->memory / l->page_size);
	if (ev->manifest->pages && ev->manifest->pages != l->pages)
		return xasprintf("the manifest tells of %" PRIu64 " pages, the dump holds %" PRIu64,
				 ev->manifest->pages, l->pages);
	return NULL;
}

static char *check_log(const struct evidence *ev)
{
	const struct vmcore_look *l = ev->look;
	auto_free char *panic = oops_panic_line(l->log, strlen(l->log));

	if (strcmp(l->release, ev->release) != 0)
		return xasprintf("the dump is of kernel '%s', '%s' crashed", l->release, ev->release);
	if (*l->log_why)
		return xasprintf("the dump's kernel log cannot be read: %s", l->log_why);
	if (!has_token(l->log, ev->token))
		return xstrdup("the dump's kernel log is not that of this run");
	if (!panic || !strstr(panic, "sysrq"))
		return xasprintf("the dump's kernel log does not tell of sysrq's panic, but of '%s'",
				 panic ? panic : "nothing");
	if (!ev->dmesg || !has_token(ev->dmesg, ev->token))
		return xstrdup("'dmesg.txt' is not there, or not that of this run");
	return NULL;
}

char *verdict(const struct evidence *ev)
{
	char *why;

	if (strcmp(ev->sha256_image, ev->sha256_armed) != 0)
		return xasprintf("the guest loaded an image with sha256 %.12s..., not %.12s...",
				 ev->sha256_armed, ev->sha256_image);
	if (ev->log_only)
		return check_log_only(ev);
	why = check_manifest(ev);
	if (why)
		return why;
	if (!ev->look)
		return xasprintf("the dump cannot be opened: %s",
				 ev->look_error ? ev->look_error : "nobody looked");
	why = check_pages(ev);
	return why ? why : check_log(ev);
}
