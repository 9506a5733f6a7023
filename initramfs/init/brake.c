/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "brake.h"

#include "manifest.h"
#include "say.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define NAMES_MAX 100000u	/* a folder with more is not gone through for ever */

/* Folders of other crashes of the time from FROM to TO beside the folder DIR, whose name is OWN. */
static unsigned count(int dir, const char *own, int64_t from, int64_t to)
{
	int fd = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	unsigned n = 0;

	if (!d && fd >= 0)
		close(fd);
	for (unsigned i = 0; d && i < NAMES_MAX && (entry = readdir(d)); i++) {
		int64_t t = manifest_folder_time(entry->d_name);

		/* This very crash may have made a folder for another target here. */
		if (t >= from && t <= to && strncmp(entry->d_name, own, MANIFEST_FOLDER_LEN) != 0)
			n++;
	}
	return n;
}

void brake_look(struct capture *c, const struct place *at)
{
	const struct recipe *r = c->recipe;
	const char *folder = c->page->attempts[at->target].folder, *slash = strrchr(folder, '/');
	const char *own = slash ? slash + 1 : folder;
	int64_t when = manifest_folder_time(own);
	char text[160];
	unsigned n;

	if (!r->loop_count || c->page->log_only || when < 0)
		return;
	/* A clock without battery begins anew at every boot: a crash before this one may bear a later time. */
	n = count(at->dir, own, when - r->loop_span, when + r->loop_span) + 1;
	if (n < r->loop_count)
		return;
	snprintf(text, sizeof(text), "crash %u within %u s: only the log and the record are saved (DUMP_LOOP)", n,
		 r->loop_span);
	say(CONSOLE_CHECK, "%s", text);
	page_text(c->page->check, text);
	c->page->log_only = true;
}
