/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include "live.h"
#include "manifest.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The dump's own folder in a file system that is mounted, whatever it came by. */

#define SUFFIX_MAX 99

/* Go down to DIR part by part, making what is missing; no symbolic link, no "..". */
static int walk(int top, const char *dir, struct err *e)
{
	auto_free char *copy = xstrdup(dir);
	auto_close int at = dup(top);
	char *rest = copy, *part;

	while (at >= 0 && (part = strsep(&rest, "/"))) {
		int next;

		if (!*part || strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0)
			return err_set(e, EINVAL, "dump folder '%s' has a '..' in it", dir);
		if (mkdirat(at, part, 0700) == 0 && fsync(at) < 0 && errno != EINVAL)
			return err_set(e, errno, "cannot make '%s' of '%s': %s", part, dir,
				       strerror(errno));
		next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return err_set(e, errno, "cannot enter '%s' of '%s': %s", part, dir,
				       errno == ENOTDIR || errno == ELOOP
					       ? "it is no folder, or a symbolic link"
					       : strerror(errno));
		close(at);
		at = next;
	}
	return at < 0 ? err_set(e, errno, "cannot enter '%s': %s", dir, strerror(errno)) : take_fd(at);
}

/* A folder that nothing was in before. */
static int make_folder(const struct capture *c, int parent, char **ret_name, struct err *e)
{
	int64_t when = c->notes.crash_time ? c->notes.crash_time : (int64_t)time(NULL);
	auto_free char *base = manifest_folder(when, c->boot_id);

	for (unsigned i = 1; i <= SUFFIX_MAX; i++) {
		auto_free char *name = i == 1 ? xstrdup(base) : xasprintf("%s.%u", base, i);
		int fd;

		if (mkdirat(parent, name, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			break;
		}
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fsync(parent) < 0)
			break;
		*ret_name = take_ptr(name);
		return fd;
	}
	return err_set(e, errno, "cannot make dump folder '%s': %s", base, strerror(errno));
}

/*
 * The host's own folder within the dump folder.  Where others may write there, the host's name may be
 * somebody's link, file or folder: then the dump's own fresh folder lies in the dump folder itself.
 */
static int walk_to_host(int top, const char *sub, bool ours, char **name, struct err *e)
{
	struct err why = { 0 };
	auto_close int at = walk(top, *name, &why);
	struct stat st;

	if (at >= 0 && fstat(at, &st) == 0 && (!ours || st.st_uid == 0 || st.st_uid == geteuid()))
		return take_fd(at);
	say(CONSOLE_FAILED, "%s", at >= 0 ? "the host's dump folder belongs to a user" : why.text);
	free(*name);
	*name = xstrdup(*sub ? sub : ".");
	return walk(top, *name, e);
}

int folder_make(struct capture *c, int i, const char *sub, bool ours, struct place *ret, struct err *e)
{
	const char *dir_name = c->recipe->targets[i].dir;
	struct page_attempt *a = &c->page->attempts[i];
	char where[MOUNT_POINT_MAX];
	auto_close int top = -1, parent = -1, dir = -1;
	auto_free char *parent_name = NULL, *name = NULL;
	size_t above;
	int r;

	live_step(c, "folder");
	place_mount_point(i, where);
	top = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_set(e, errno, "cannot enter '%s': %s", dir_name, strerror(errno));
	parent_name = xasprintf("%s%s%s", sub, *sub ? "/" : "", c->recipe->host);
	parent = walk_to_host(top, sub, ours, &parent_name, e);
	if (parent < 0)
		return parent;
	dir = c->live ? live_folder(c, parent, &name, e) : make_folder(c, parent, &name, e);
	if (dir < 0)
		return dir;
	r = snprintf(a->folder, sizeof(a->folder), "%s/%s", parent_name, name);
	if (r < 0 || (size_t)r >= sizeof(a->folder)) {
		a->folder[0] = '\0';
		return err_set(e, ENAMETOOLONG, "dump folder '%s' is too long", parent_name);
	}
	/* What of the dump folder lies above the place where it was mounted is shown all the same. */
	above = strlen(dir_name) - strlen(sub);
	while (above && dir_name[above - 1] == '/')
		above--;
	*ret = (struct place){
		.target = i, .dir = take_fd(dir),
		.shown = xasprintf("%.*s/%s", (int)above, dir_name, a->folder),
	};
	return 0;
}
