/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "knownhosts.h"

#include <errno.h>
#include <string.h>

#define KNOWN_MAX (4u << 20)

/* The first of PATHS that the root has; NULL: none. */
static const char *first_there(const struct root *root, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (root_exists(root, paths[i]))
			return paths[i];
	return NULL;
}

int image_files_dhcp(struct image_files *f, const struct network *net, struct err *e)
{
	static const char *const paths[] = { "/usr/sbin/dhcpcd", "/sbin/dhcpcd", "/usr/bin/dhcpcd" };
	const char *path = first_there(f->root, paths, ARRAY_SIZE(paths)), *link = NULL;

	for (size_t i = 0; i < net->n_nets; i++)
		if (net->nets[i].method == NET_DHCP)
			link = net->nets[i].link;
	if (!link)
		return 0;
	if (!path)
		return err_set(e, ENOENT,
			       "'%s' has its address from DHCP, and '%s' is missing: install the package "
			       "dhcpcd-base (dhcpcd), or write the address in NET_ADDRESS", link, paths[0]);
	image_files_folder(f, "/var/lib/dhcpcd", 0700);
	image_files_folder(f, "/run/dhcpcd", 0755);
	return image_files_program(f, path, NULL, e);
}

/* Is NAME known in the file PATH?  Without its key the capture would be refused by its own ssh. */
static bool knows(const struct image_files *f, enum file_place place, const char *path, const char *name)
{
	auto_buf struct buf text = { 0 };

	return root_read(place == FROM_HERE ? &f->here : f->root, path, KNOWN_MAX, &text, NULL) == 0 &&
	       known_hosts_has(buf_text(&text), name);
}

static int add_known_hosts(struct image_files *f, const struct settings *s, enum file_place place,
			   const struct strv *names, struct err *e)
{
	static const char *const usual[] = { "/root/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts" };
	static const char *const to[] = { SSH_KNOWN_PATH, SSH_KNOWN_PATH "2" };
	const char *from[] = { s->ssh_known_hosts ? s->ssh_known_hosts : usual[0], usual[1] };
	size_t n = s->ssh_known_hosts ? 1 : ARRAY_SIZE(from);

	for (size_t i = 0; i < names->n; i++) {
		bool known = false;

		for (size_t k = 0; k < n; k++)
			known = known || knows(f, place, from[k], names->v[i]);
		if (!known)
			return err_set(e, ENOENT,
				       "'%s' holds no key of '%s', and ssh speaks to no host without; add one that "
				       "you checked (ssh-keyscan tells it)", from[0], names->v[i]);
	}
	for (size_t k = 0; k < n; k++) {
		int r = root_exists(place == FROM_HERE ? &f->here : f->root, from[k]) ?
				image_files_add(f, to[k], 0644, place, from[k], TREAT_NOT, e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int image_files_ssh(struct image_files *f, const struct settings *s, enum file_place place,
		    const struct strv *names, char hash[static HASH_TEXT_MAX], struct err *e)
{
	static const char *const paths[] = { "/usr/bin/ssh", "/bin/ssh" };
	/* Before 2.34 the C library read /etc/passwd by a library of its own. */
	static const char *const nss[] = {
		"/lib/x86_64-linux-gnu/libnss_files.so.2", "/lib/aarch64-linux-gnu/libnss_files.so.2",
		"/lib64/libnss_files.so.2", "/usr/lib64/libnss_files.so.2",
	};
	const char *path = first_there(f->root, paths, ARRAY_SIZE(paths));
	auto_strv struct strv opened = { 0 };
	auto_close int key = -1;
	struct file_stamp stamp;
	int r;

	if (!path)
		return err_set(e, ENOENT, "'%s' is missing: install the package openssh-client", paths[0]);
	if (!s->ssh_key)
		return err_set(e, EINVAL,
			       "an ssh: target needs SSH_KEY, a private key without a passphrase");
	key = image_files_open_source(f, place, s->ssh_key, e);
	if (key < 0)
		return err_wrap(e, "SSH_KEY");
	r = hashes_file(f->hashes, key, hash, &stamp);
	if (r < 0)
		return err_set(e, -r, "SSH_KEY = '%s': %s", s->ssh_key, strerror(-r));
	if (first_there(f->root, nss, ARRAY_SIZE(nss)))
		strv_add(&opened, "libnss_files.so.2");
	image_files_text(f, "/etc/passwd", 0644, "root:x:0:0:root:/root:/sbin/nologin\n");
	image_files_folder(f, "/root", 0700);
	r = image_files_program(f, path, &opened, e);
	return r < 0 ? r : add_known_hosts(f, s, place, names, e);
}
