/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include "ipaddr.h"
#include "num.h"
#include "plain.h"

#include <errno.h>
#include <string.h>

/*
 * iSCSI sessions as the kernel tells them (drivers/scsi/scsi_transport_iscsi.c): attributes of
 * /sys/class/iscsi_session/sessionN, and of its connection /sys/class/iscsi_connection/connectionN:0.
 */

#define SESSIONS "/sys/class/iscsi_session"
#define CONNECTIONS "/sys/class/iscsi_connection"
#define SECRET_MAX 512
/* What a name of iSCSI is made of (RFC 3722), here without what is not ASCII. */
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_"
#define NAME_MAX_BYTES 223

void iscsi_session_done(struct iscsi_session *s)
{
	free(s->name);
	free(s->target);
	free(s->address);
	free(s->initiator);
	*s = (struct iscsi_session){ 0 };
}

/* An attribute; "" where there is none, or where the kernel has "(null)" for it. */
static char *attr(const struct root *root, const char *class, const char *name, const char *file)
{
	auto_free char *path = xasprintf("%s/%s/%s", class, name, file);
	char *line = root_read_line(root, path);

	if (line && strcmp(line, "(null)") == 0)
		line[0] = '\0';
	return line ? line : xstrdup("");
}

/* "/sys/devices/platform/host2/session1/target2:0:0/...": "session1".  Caller frees; NULL: there is none. */
static char *session_of(const char *disk)
{
	const char *at = strstr(disk, "/session");
	size_t len = at ? strcspn(at + 1, "/") : 0;

	if (!at || strspn(at + 8, "0123456789") != len - 7 || len < 8)
		return NULL;
	return xstrndup(at + 1, len);
}

static int check_name(const char *session, const char *file, char *value, struct err *e)
{
	if (*value && strlen(value) <= NAME_MAX_BYTES && strspn(value, NAME_LETTERS) == strlen(value))
		return 0;
	return err_set(e, ENOTSUP, "iSCSI '%s', whose %s is '%.80s', which is no name of iSCSI", session,
		       file, text_plain(value));
}

static int read_portal(const struct root *root, struct iscsi_session *s, struct err *e)
{
	auto_free char *connection = xasprintf("connection%s:0", s->name + strlen("session"));
	auto_free char *address = attr(root, CONNECTIONS, connection, "persistent_address");
	auto_free char *port = attr(root, CONNECTIONS, connection, "persistent_port");
	struct ipaddr a;
	uint64_t n;

	if (!*address) {
		free(address);
		address = attr(root, CONNECTIONS, connection, "address");
	}
	if (!ipaddr_parse(address, &a) || num_parse(port, 65535, &n) < 0 || !n)
		return err_set(e, ENOTSUP,
			       "iSCSI '%s', whose portal is '%.80s' port '%.10s', which is no address",
			       s->name, text_plain(address), text_plain(port));
	s->address = take_ptr(address);
	s->port = (unsigned)n;
	return 0;
}

int iscsi_session_read(const struct root *root, const char *disk, struct iscsi_session *ret, struct err *e)
{
	AUTO(iscsi_session_done) struct iscsi_session s = { .name = session_of(disk) };
	auto_free char *user = NULL;
	int r;

	if (!s.name)
		return err_set(e, ENOENT, "'%s' came by no iSCSI session", disk);
	s.target = attr(root, SESSIONS, s.name, "targetname");
	s.initiator = attr(root, SESSIONS, s.name, "initiatorname");
	user = attr(root, SESSIONS, s.name, "username");
	s.chap = *user != '\0';
	r = check_name(s.name, "target", s.target, e);
	if (r == 0)
		r = check_name(s.name, "initiator", s.initiator, e);
	if (r == 0)
		r = read_portal(root, &s, e);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct iscsi_session){ 0 };
	return 0;
}

/* Overwritten before it is freed. */
static void own_word(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
}

static int add_line(const struct root *root, const struct iscsi_session *s, const char *file, struct buf *to,
		    struct err *e)
{
	AUTO(own_word) char *value = attr(root, SESSIONS, s->name, file);

	if (!*value)
		return 0;
	if (strlen(value) > SECRET_MAX || strpbrk(value, "\n\r"))
		return err_set(e, EINVAL, "'%s' of iSCSI '%s' is not one that a file can hold", file,
			       s->name);
	buf_addf(to, "node.session.auth.%s = %s\n", file, value);
	return 0;
}

int iscsi_session_proof(const struct root *root, const struct iscsi_session *s, struct buf *to,
			struct err *e)
{
	static const char *const files[] = { "username", "password", "username_in", "password_in" };
	AUTO(own_word) char *secret = attr(root, SESSIONS, s->name, "password");
	int r = 0;

	if (!s->chap)
		return 0;
	if (!*secret)
		return err_set(e, EACCES, "the secret of iSCSI '%s' cannot be read (run this as root)",
			       s->name);
	buf_adds(to, "node.session.auth.authmethod = CHAP\n");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = add_line(root, s, files[i], to, e);
	return r;
}
