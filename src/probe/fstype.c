/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fstype.h"

#include <string.h>

const char *fstype_driver(const char *fstype)
{
	static const struct {
		const char *type, *driver;
	} known[] = {
		{ "ext4", "ext4" }, { "ext3", "ext4" }, { "ext2", "ext4" },
		{ "xfs", "xfs" }, { "btrfs", "btrfs" }, { "vfat", "vfat" }, { "f2fs", "f2fs" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i].type, fstype) == 0)
			return known[i].driver;
	return NULL;
}

/*
 * btrfs: the folder counts from the top, not from the subvolume that is its default.  vfat keeps neither owners nor
 * modes, so the mount makes them root's alone; its names are read as the host reads them.
 */
char *fstype_options(const char *driver, const char *host)
{
	static const char *const kept[] = { "codepage=", "iocharset=", "utf8" };
	struct buf out = { 0 };

	if (strcmp(driver, "btrfs") == 0)
		return xstrdup("subvolid=5");
	if (strcmp(driver, "vfat") != 0)
		return xstrdup("");
	buf_adds(&out, "uid=0,gid=0,fmask=0177,dmask=0077");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		for (const char *word = host; *word; word += strcspn(word, ","), word += *word == ',')
			if (strncmp(word, kept[i], strlen(kept[i])) == 0)
				buf_addf(&out, ",%.*s", (int)strcspn(word, ","), word);
	return buf_take(&out);
}

/* vfat: tables of character sets. */
void fstype_asks(const char *driver, const char *options, struct strv *aliases)
{
	const char *codepage = strstr(options, "codepage="), *charset = strstr(options, "iocharset=");

	if (strcmp(driver, "vfat") != 0)
		return;
	strv_addf(aliases, "nls_cp%.*s", codepage ? (int)strcspn(codepage + 9, ",") : 3,
		  codepage ? codepage + 9 : "437");
	if (charset)
		strv_addf(aliases, "nls_%.*s", (int)strcspn(charset + 10, ","), charset + 10);
	/* What kernels were built to take without a word. */
	strv_add_once(aliases, "nls_ascii");
	strv_add_once(aliases, "nls_iso8859-1");
}
