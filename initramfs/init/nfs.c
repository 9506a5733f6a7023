/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include "live.h"
#include "net.h"
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/*
 * Targets on an NFS server.  mount(2) does it all: the kernel asks the server's portmapper and mount daemon
 * itself (version 3) once it has their address (nfs(5), fs/nfs/fs_context.c).
 */

/* A server that hangs gives errors after some time, in place of hanging us: the next target has its
 * turn. */
#define USUAL "soft,timeo=100,retrans=3"

static const char *const versions[] = { "4.2", "4.1", "4.0", "3" };

/* Is the option NAME (or NAME=...) among OPTIONS? */
static bool has_option(const char *options, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = options; *p; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, name, len) == 0 && (!p[len] || p[len] == ',' || p[len] == '='))
			return true;
	return false;
}

/* What the settings say comes last, so it wins. */
static void make_options(const struct recipe_target *t, const char *address, const char *version, bool six,
			 struct buf *to)
{
	bool three = version ? strcmp(version, "3") == 0 :
			       strstr(t->options, "vers=3") || has_option(t->options, "v3");

	buf_addf(to, "addr=%s,proto=%s," USUAL, address, six ? "tcp6" : "tcp");
	if (version)
		buf_addf(to, ",vers=%s", version);
	if (t->port)
		buf_addf(to, ",port=%u", t->port);
	/* Nobody else writes there, and no lock daemon is here to ask. */
	if (three)
		buf_addf(to, ",nolock,mountaddr=%s,mountproto=%s", address, six ? "tcp6" : "tcp");
	if (t->options[0])
		buf_addf(to, ",%s", t->options);
}

/* Another version may do. */
static bool is_version(int r)
{
	return r == -EPROTONOSUPPORT || r == -EINVAL || r == -ENODEV || r == -EPROTO || r == -EOPNOTSUPP;
}

static int mount_path(const struct recipe_target *t, const char *server, const char *address, bool six,
		      const char *path, const char *where, struct err *e)
{
	bool chosen = has_option(t->options, "vers") || has_option(t->options, "nfsvers") ||
		      has_option(t->options, "v3") || has_option(t->options, "v4") ||
		      has_option(t->options, "v4.0") || has_option(t->options, "v4.1") ||
		      has_option(t->options, "v4.2");
	auto_free char *source = xasprintf("%s:%s", server, path);
	int r = 0;

	for (size_t i = 0; i < (chosen ? 1 : ARRAY_SIZE(versions)); i++) {
		auto_buf struct buf options = { 0 };

		make_options(t, address, chosen ? NULL : versions[i], six, &options);
		r = mount(source, where, "nfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME,
			  buf_text(&options)) < 0 ?
			    -errno : 0;
		if (r == 0) {
			say(CONSOLE_DEVICE, "%s is mounted (NFS%s%s)", source, chosen ? "" : " ",
			    chosen ? "" : versions[i]);
			return 0;
		}
		if (!is_version(r))
			break;
	}
	return err_set(e, -r, "cannot mount '%s' (%s): %s", source, address, strerror(-r));
}

/*
 * The folder itself, or where the server has none of that name yet the nearest one above that it has.
 * *ret_sub is the rest, which is to be made there.
 */
static int mount_nearest(const struct recipe_target *t, const struct ipaddr *address, const char *where,
			 const char **ret_sub, struct err *e)
{
	char text[IPADDR_TEXT_MAX];
	bool six = address->family == AF_INET6;
	auto_free char *server = NULL, *path = xstrdup(t->dir);
	struct err first = { 0 };
	int r;

	ipaddr_text(address, text);
	server = six ? xasprintf("[%s]", text) : xstrdup(text);
	for (;;) {
		struct err why = { 0 };
		char *slash = strrchr(path, '/');

		r = mount_path(t, server, text, six, path, where, &why);
		if (r == 0) {
			*ret_sub = t->dir + (strcmp(path, "/") == 0 ? 0 : strlen(path));
			*ret_sub += strspn(*ret_sub, "/");
			return 0;
		}
		if (!first.code)
			first = why;
		if (r != -ENOENT || slash == path)
			return err_set(e, first.code, "%s", first.text);
		*slash = '\0';
	}
}

static int nfs_open(struct capture *c, int i, struct place *ret, struct err *e)
{
	const struct recipe_target *t = &c->recipe->targets[i];
	char where[MOUNT_POINT_MAX];
	const char *sub = "";
	struct ipaddr address;
	struct statvfs st;
	int r = net_reach(c, t, &address, e);

	if (r < 0)
		return r;
	place_mount_point(i, where);
	mkdir(where, 0700);
	live_step(c, "mount");
	r = mount_nearest(t, &address, where, &sub, e);
	if (r < 0)
		return r;
	c->page->attempts[i].mounted = true;
	page_beat(c->page);
	if (statvfs(where, &st) == 0 && (st.f_flag & ST_RDONLY))
		return err_set(e, EROFS, "'%s' is exported read-only", t->url);
	return folder_make(c, i, sub, false, ret, e);
}

static bool nfs_takes(const struct recipe_target *t)
{
	return t->kind == TARGET_NFS;
}

const struct destination destination_nfs = { .name = "nfs", .takes = nfs_takes, .open = nfs_open };
