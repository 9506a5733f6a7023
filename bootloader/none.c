/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No loader that we can edit.  Nothing is ever changed; asked to set an
 * argument, it says what was seen here and what to do by hand.
 */
#include "bootloader.h"

#include "bootfile.h"

#include <errno.h>
#include <string.h>

struct seen {
	const char *path;	/* its being there tells the loader */
	const char *name;
	const char *advice;	/* where the argument goes; %s is the argument */
};

static const struct seen loaders[] = {
	{ "/ostree", "OSTree", "run 'rpm-ostree kargs --append=%s'" },
	{ "/boot/efi/loader/entries", "systemd-boot",
	  "add '%s' to the options line of each file in /boot/efi/loader/entries and to "
	  "/etc/kernel/cmdline" },
	{ "/efi/loader/entries", "systemd-boot",
	  "add '%s' to the options line of each file in /efi/loader/entries and to "
	  "/etc/kernel/cmdline" },
	{ "/boot/loader/loader.conf", "systemd-boot",
	  "add '%s' to the options line of each file in /boot/loader/entries and to "
	  "/etc/kernel/cmdline" },
	{ "/boot/grub2/grub.cfg", "GRUB without boot loader entries",
	  "add '%s' to GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub and run 'grub2-mkconfig -o "
	  "/boot/grub2/grub.cfg'" },
	{ "/boot/grub/grub.cfg", "GRUB without drop-ins in /etc/default/grub.d",
	  "add '%s' to GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub and run 'grub-mkconfig -o "
	  "/boot/grub/grub.cfg'" },
	{ "/boot/extlinux/extlinux.conf", "extlinux",
	  "add '%s' to the append lines of /boot/extlinux/extlinux.conf" },
	{ "/etc/zipl.conf", "zipl", "add '%s' to the parameters of /etc/zipl.conf and run 'zipl'" },
	{ "/boot/firmware/cmdline.txt", "the Raspberry Pi's firmware",
	  "add '%s' to /boot/firmware/cmdline.txt" },
};

struct boot_state {
	const struct seen *seen;	/* NULL: nothing we have a name for */
};

static bool none_probe(const struct root *root)
{
	(void)root;
	return true;
}

static int none_load(const struct root *root, struct boot_state **ret, struct err *e)
{
	struct boot_state *s = xcalloc(1, sizeof(*s));

	(void)e;
	for (size_t i = 0; i < ARRAY_SIZE(loaders) && !s->seen; i++)
		if (root_exists(root, loaders[i].path))
			s->seen = &loaders[i];
	*ret = s;
	return 0;
}

static char *none_get_default(const struct boot_state *s, const char *key)
{
	(void)s, (void)key;
	return NULL;
}

static void none_conflicts(const struct boot_state *s, const char *key, struct boot_conflict **ret,
			   size_t *ret_n)
{
	(void)s, (void)key;
	*ret = NULL;
	*ret_n = 0;
}

/* The advice with WORD in the place of its %s. */
static char *fill(const char *advice, const char *word)
{
	const char *at = strstr(advice, "%s");

	return xasprintf("%.*s%s%s", (int)(at - advice), advice, word, at + 2);
}

static int none_set_arg(struct boot_state *s, const char *key, const char *value, bool force,
			struct err *e)
{
	auto_free char *word = xasprintf("%s=%s", key, value ? value : ""), *advice = NULL;

	(void)force;
	if (!value)
		return 0;	/* none of ours is here */
	advice = fill(
		s->seen ? s->seen->advice
			: "add '%s' to the kernel's command line in the boot loader's configuration",
		word);
	if (s->seen)
		return err_set(e, ENOTSUP, "the boot loader here is %s, which cannot be edited yet; %s",
			       s->seen->name, advice);
	return err_set(
		e, ENOTSUP,
		"no boot loader that can be edited was found (GRUB with /etc/default/grub.d, or entries"
		" in /boot/loader/entries); %s",
		advice);
}

static int none_emit(const struct boot_state *s, struct edit_list *edits, struct err *e)
{
	(void)s, (void)edits, (void)e;
	return 0;
}

static int none_command(const struct boot_state *s, struct boot_command *ret)
{
	(void)s, (void)ret;
	return 1;
}

static void none_free(struct boot_state *s)
{
	free(s);
}

const struct boot_editor boot_none = {
	.name = "none",
	.probe = none_probe,
	.load = none_load,
	.get_default = none_get_default,
	.conflicts = none_conflicts,
	.set_arg = none_set_arg,
	.emit = none_emit,
	.command = none_command,
	.free = none_free,
};
