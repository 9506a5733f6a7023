/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"

#include "cpio.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#define SECRET_MAX (1u << 20)

static bool has_kind(const struct settings *s, enum target_kind kind)
{
	for (size_t i = 0; i < s->n_targets; i++)
		if (s->targets[i].kind == kind)
			return true;
	return false;
}

/* Overwritten before it is freed. */
static void own_secret(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->len);
	buf_done(b);
}

static int add_secret(const struct root *root, const char *key, const char *from, const char *to,
		      struct buf *archive, unsigned *inode, struct err *e)
{
	AUTO(own_secret) struct buf text = { 0 };
	int r = root_read(root, from, SECRET_MAX, &text, e);

	if (r < 0)
		return err_wrap(e, "%s", key);
	cpio_add(archive, inode, to + 1, S_IFREG | 0600, text.data, text.len, 0, 0);
	return 0;
}

/* --- iSCSI --------------------------------------------------------------------------------------- */

/* TEXT without lines of sessions' proofs, which are another session's. */
static void keep_lines(const char *text, struct buf *to)
{
	static const char auth[] = "node.session.auth.";

	while (*text) {
		size_t blank = strspn(text, " \t"), len = strcspn(text, "\n");

		if (strncmp(text + blank, auth, sizeof(auth) - 1) != 0) {
			buf_add(to, text, len);
			buf_addc(to, '\n');
		}
		text += len + (text[len] == '\n');
	}
}

/* The proofs of T's sessions; PROOF has that of an earlier target. */
static int add_proofs(const struct root *root, const struct target *t, struct buf *proof, struct err *e)
{
	auto_storage struct storage found = { 0 };

	/* One that cannot be found has none to be proved; others tell of it. */
	if (storage_find(root, t, &found, NULL) < 0)
		return 0;
	for (size_t i = 0; i < found.n_sessions; i++) {
		AUTO(own_secret) struct buf one = { 0 };
		int r = iscsi_session_proof(root, &found.sessions[i], &one, e);

		if (r < 0)
			return r;
		if (proof->len && one.len && strcmp(buf_text(proof), buf_text(&one)) != 0)
			return err_set(e, ENOTSUP, "'%s' is reached by another CHAP secret than the targets before it, and "
				       "the capture has one for all", t->url);
		if (!proof->len)
			buf_add(proof, one.data, one.len);
	}
	return 0;
}

/*
 * What iscsid reads, with the secret by which the running sessions proved who they are: sessions that the capture
 * makes anew have their settings from it (open-iscsi, idbm_recinfo_node()).
 */
static int add_iscsi(const struct root *root, const struct settings *s, struct buf *archive, unsigned *inode,
		     struct err *e)
{
	AUTO(own_secret) struct buf host = { 0 }, text = { 0 }, proof = { 0 };
	auto_strv struct strv sessions = { 0 };
	int r = 0;

	if (!root->host || root_list(root, "/sys/class/iscsi_session", &sessions) < 0 || !sessions.n)
		return 0;
	for (size_t i = 0; r == 0 && i < s->n_targets; i++)
		if (s->targets[i].kind == TARGET_FILE || s->targets[i].kind == TARGET_FS)
			r = add_proofs(root, &s->targets[i], &proof, e);
	if (r < 0 || !proof.len)
		return r;
	if (root_read(root, ISCSID_CONF_PATH, SECRET_MAX, &host, NULL) == 0)
		keep_lines(buf_text(&host), &text);
	buf_add(&text, proof.data, proof.len);
	cpio_add(archive, inode, &ISCSID_CONF_PATH[1], S_IFREG | 0600, text.data, text.len, 0, 0);
	return 0;
}

int secrets_collect(const struct root *root, const struct settings *s, struct buf *ret, struct err *e)
{
	struct buf archive = { 0 };
	unsigned inode = 0;
	int r = 0, other = 0, third;

	if (s->ssh_key && has_kind(s, TARGET_SSH))
		r = add_secret(root, "SSH_KEY", s->ssh_key, SSH_KEY_PATH, &archive, &inode, e);
	if (s->luks_key_file)
		other = add_secret(root, "LUKS_KEY_FILE", s->luks_key_file, LUKS_KEY_PATH, &archive, &inode,
				   r < 0 ? NULL : e);
	third = add_iscsi(root, s, &archive, &inode, r < 0 || other < 0 ? NULL : e);
	if (archive.len)
		cpio_end(&archive);
	*ret = archive;
	return r < 0 ? r : other < 0 ? other : third;
}

void secrets_done(struct buf *archive)
{
	own_secret(archive);
}

int secrets_append(int image, const struct buf *archive)
{
	auto_close int fd = memfd_create("capture", MFD_CLOEXEC);
	static const char zeros[4];
	struct stat st;
	off_t at = 0;

	if (fd < 0 || fstat(image, &st) < 0)
		return -errno;
	while (at < st.st_size) {
		ssize_t n = sendfile(fd, image, &at, (size_t)(st.st_size - at));

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	/* An archive that is not packed begins at a multiple of four bytes. */
	if (fd_write_all(fd, zeros, (size_t)(-st.st_size & 3)) < 0 ||
	    fd_write_all(fd, archive->data, archive->len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -ENOSPC;
	return take_fd(fd);
}
