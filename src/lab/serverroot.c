/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the scratch server is made of: lab-init, this machine's ip and sshd, and the kernel's modules. */
#include "guest/guest.h"
#include "keys.h"
#include "server.h"

#include <errno.h>
#include <string.h>

#define NOBODY 65534
#define USER_ID 1000
#define SSHD_FOLDER "/etc/ssh"

/* Version 3 is asked for by an option alone. */
static bool is_three(const char *options)
{
	return strstr(options, "vers=3") || strcmp(options, "v3") == 0 || strncmp(options, "v3,", 3) == 0 ||
	       strstr(options, ",v3");
}

static void add_nfs(const struct recipe_target *t, struct buf *plan)
{
	buf_addf(plan, "nfs %d\nown %u %s\n", is_three(t->options) ? 3 : 4, NOBODY, t->dir);
	if (t->port)
		buf_addf(plan, "port %u\n", t->port);
}

/* The account may do nothing but what the capture needs: file transfer, below the scratch disk. */
static void add_sshd_config(struct initrd *i, const struct recipe_target *t)
{
	auto_buf struct buf text = { 0 };

	buf_addf(&text, "Port %u\n", t->port ? t->port : 22);
	buf_adds(&text, "HostKey " SSHD_FOLDER "/" KEYS_HOST "\nAuthorizedKeysFile " SSHD_FOLDER "/authorized\n"
		 "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n"
		 "UseDNS no\nPidFile none\nLogLevel ERROR\nSubsystem sftp internal-sftp\n"
		 "ForceCommand internal-sftp\nChrootDirectory /mnt\n");
	initrd_add(i, SSHD_FOLDER "/sshd_config", 0644, text.data, text.len);
}

static void add_accounts(struct initrd *i, const char *user)
{
	static const char fixed[] = "root:x:0:0:root:/:/init\nsshd:x:74:74:sshd:/:/init\n";
	auto_buf struct buf text = { 0 };

	buf_adds(&text, fixed);
	if (*user && strcmp(user, "root") != 0)
		buf_addf(&text, "%s:x:%u:%u::/:/init\n", user, USER_ID, USER_ID);
	initrd_add(i, "/etc/passwd", 0644, text.data, text.len);
	initrd_add(i, "/etc/nsswitch.conf", 0644, "passwd: files\n", 14);
}

/* Since 9.8 sshd is several programs. */
static int add_sshd_parts(struct initrd *i, struct err *e)
{
	static const char *const dirs[] = { "/usr/lib/openssh", "/usr/libexec/openssh", "/usr/libexec", "/usr/lib/ssh" };
	static const char *const names[] = { "sshd-session", "sshd-auth" };
	int r = 0;

	for (size_t d = 0; d < ARRAY_SIZE(dirs); d++)
		for (size_t n = 0; r == 0 && n < ARRAY_SIZE(names); n++) {
			auto_free char *path = xasprintf("%s/%s", dirs[d], names[n]);

			if (access(path, X_OK) == 0)
				r = initrd_add_program(i, path, e);
		}
	return r;
}

static int add_ssh(struct initrd *i, const struct lab_request *q, const struct recipe_target *t,
		   struct script *s, struct buf *plan, struct err *e)
{
	/* Where sshd was built to have an empty folder: Debian's, Fedora's, SUSE's. */
	static const char *const empty[] = { "/run/sshd", "/usr/share/empty.sshd", "/var/empty/sshd", "/var/lib/empty" };
	auto_free char *host = xasprintf("%s/" KEYS_HOST, q->work);
	auto_free char *user = xasprintf("%s/" KEYS_USER KEYS_PUBLIC, q->work);
	int r;

	for (size_t n = 0; n < ARRAY_SIZE(empty); n++)
		script_own(s, GUEST_FOLDER, empty[n]);
	script_stay(s, "sshd", "-D", "-e", "-f", (SSHD_FOLDER "/sshd_config"));
	buf_addf(plan, "own %u %s\n", strcmp(t->user, "root") == 0 ? 0 : USER_ID, t->dir);
	add_sshd_config(i, t);
	r = initrd_add_file(i, SSHD_FOLDER "/" KEYS_HOST, 0600, host, e);
	r = r < 0 ? r : initrd_add_file(i, SSHD_FOLDER "/authorized", 0644, user, e);
	return r < 0 ? r : add_sshd_parts(i, e);
}

static bool has_vlan(const struct wire *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->links[i]->kind == LINK_VLAN)
			return true;
	return false;
}

int server_initrd(const struct lab_request *q, const struct recipe_target *t, const struct wire *w,
		  struct buf *ret, struct err *e)
{
	auto_initrd struct initrd i = { 0 };
	auto_script struct script s = { 0 };
	auto_buf struct buf plan = { 0 };
	auto_strv struct strv names = { 0 };
	int r;

	if (wire_has_name(q->recipe, t))
		buf_addf(&plan, "name %s %s\n", t->host, t->address);
	buf_addf(&plan, "mode serve\ndisk " SERIAL_SCRATCH "0\nout " SERIAL_OUT "\nfstype ext4\ndir %s\n", t->dir);
	strv_add(&names, "virtio_pci");
	strv_add(&names, "virtio_blk");
	strv_add(&names, "virtio_net");
	strv_add(&names, "ext4");
	if (has_vlan(w))
		strv_add(&names, "8021q");
	if (t->kind == TARGET_NFS)
		strv_add(&names, "nfsd");
	r = wire_server(q->recipe, t, w, &s, e);
	if (r == 0 && t->kind == TARGET_NFS)
		add_nfs(t, &plan);
	else if (r == 0)
		r = add_ssh(&i, q, t, &s, &plan, e);
	add_accounts(&i, t->user);
	r = r < 0 ? r : initrd_add_init(&i, q, e);
	r = r < 0 ? r : initrd_add_script(&i, &s, &plan, e);
	r = r < 0 ? r : initrd_add_modules(&i, q, &names, &plan, e);
	if (r < 0)
		return r;
	initrd_finish(&i, &plan, ret);
	return 0;
}
