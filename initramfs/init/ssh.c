/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include "live.h"
#include "net.h"
#include "say.h"
#include "sshfs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/*
 * Targets by SSH: the account's file transfer server becomes a file system here (sshfs.h), so nothing has
 * to be installed at the far end, and an account that may do nothing else will do.
 */

/* The target's folder with its missing parents.  One that cannot be made may be there: the last tells. */
static int make_folders(struct remote *r, const char *dir, struct err *e)
{
	auto_free char *path = xstrdup(dir);
	struct sftp_attrs a;
	int code;

	code = remote_stat(r, dir, true, &a);
	for (char *p = path + 1; code < 0; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		code = remote_mkdir(r, path);
		*p = c;
		if (!c)
			break;
		code = -ENOENT;
	}
	if (code < 0 && code != -EEXIST)
		return err_set(e, -code, "cannot make '%s' there: %s", dir, strerror(-code));
	code = remote_stat(r, dir, true, &a);
	if (code == 0 && !S_ISDIR(a.mode))
		code = -ENOTDIR;
	return code < 0 ? err_set(e, -code, "'%s' there: %s", dir, strerror(-code)) : 0;
}

/* Mount it, and leave a process behind that serves it until the capture ends. */
static int serve(struct remote *r, const char *where, const char *dir, struct err *e)
{
	auto_close int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[80];
	pid_t pid;

	if (fd < 0)
		return err_set(e, errno, "'/dev/fuse': %s: the image lacks the module fuse",
			       strerror(errno));
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	umount2(where, MNT_DETACH);
	if (mount("ssh", where, "fuse", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, options) < 0)
		return err_set(e, errno, "cannot mount '%s': %s", where, strerror(errno));
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		/* What comes from the server is read here, and needs no power over this machine. */
		shed_privileges(0);
		sshfs_serve(fd, r, dir);
		_exit(0);
	}
	if (pid < 0) {
		umount2(where, MNT_DETACH);
		return err_set(e, errno, "cannot serve '%s': %s", where, strerror(errno));
	}
	/* The client is the server's now: if this worker goes, it stays. */
	r->pid = 0;
	return 0;
}

static int ssh_reach(struct capture *c, int i, struct err *e)
{
	const struct recipe_target *t = &c->recipe->targets[i];
	char where[MOUNT_POINT_MAX], text[IPADDR_TEXT_MAX];
	struct ipaddr address;
	struct remote r = { .to = -1, .from = -1, .words = -1 };
	int code = net_reach(c, t, &address, e);

	if (code < 0)
		return code;
	live_step(c, "authenticate");
	if (access(SSH_KEY_PATH, R_OK) < 0)
		return err_set(e, ENOENT,
			       "there is no key to log in with: 'crashcfg load' could not read SSH_KEY");
	signal(SIGPIPE, SIG_IGN);
	code = remote_open(&r, t, &address, e);
	page_beat(c->page);
	if (code == 0)
		live_step(c, "folder");
	if (code == 0)
		code = make_folders(&r, t->dir, e);
	place_mount_point(i, where);
	mkdir(where, 0700);
	if (code == 0)
		code = serve(&r, where, t->dir, e);
	remote_close(&r);
	signal(SIGPIPE, SIG_DFL);
	if (code < 0)
		return code;
	c->page->attempts[i].mounted = true;
	say(CONSOLE_DEVICE, "%s@%s is reached (%s, sftp)", t->user, t->known, ipaddr_text(&address, text));
	return 0;
}

static int ssh_open(struct capture *c, int i, struct place *ret, struct err *e)
{
	int r = ssh_reach(c, i, e);

	return r < 0 ? r : folder_make(c, i, "", false, ret, e);
}

static bool ssh_takes(const struct recipe_target *t)
{
	return t->kind == TARGET_SSH;
}

const struct destination destination_ssh = {
	.name = "ssh", .takes = ssh_takes, .open = ssh_open, .again = ssh_reach,
};
