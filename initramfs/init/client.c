/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenSSH's client, as a child that is spoken to by pipes. */
#include "remote.h"

#include "plain.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define SSH "/usr/bin/ssh"
#define SSH_OTHER "/bin/ssh"
#define WORDS_MS 500

static void child(char *const argv[], int in, int out, int words)
{
	static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C", home[] = "HOME=/root";
	char *const env[] = { search, locale, home, NULL };

	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(words, STDERR_FILENO) >= 0) {
		execve(SSH, argv, env);
		execve(SSH_OTHER, argv, env);
	}
	dprintf(STDERR_FILENO, "cannot run '%s': %s\n", SSH, strerror(errno));
	_exit(127);
}

/*
 * Only that host, only that key, no question to anybody, and no file but those of the image.  A host
 * that is silent for a minute is given up.
 */
static void make_argv(const struct recipe_target *t, const struct ipaddr *address, struct strv *argv)
{
	static const char *const options[] = {
		"BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "CheckHostIP=no",
		("UserKnownHostsFile=" SSH_KNOWN_PATH " " SSH_KNOWN_PATH "2"), "GlobalKnownHostsFile=/dev/null",
		"IdentitiesOnly=yes", ("IdentityFile=" SSH_KEY_PATH), "PreferredAuthentications=publickey",
		"ConnectTimeout=30", "ServerAliveInterval=15", "ServerAliveCountMax=4", "LogLevel=ERROR",
		"IPQoS=none",
	};
	char text[IPADDR_TEXT_MAX];

	strv_add(argv, "ssh");
	strv_add(argv, "-F");
	strv_add(argv, "/dev/null");
	strv_add(argv, "-axT");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		strv_add(argv, "-o");
		strv_add(argv, options[i]);
	}
	strv_add(argv, "-o");
	strv_addf(argv, "HostKeyAlias=%s", t->known);
	strv_add(argv, "-p");
	strv_addf(argv, "%u", t->port ? t->port : 22);
	strv_add(argv, "-l");
	strv_add(argv, t->user);
	strv_add(argv, "-s");
	strv_add(argv, "--");
	strv_add(argv, ipaddr_text(address, text));
	strv_add(argv, "sftp");
}

int remote_start(struct remote *r, const struct recipe_target *t, const struct ipaddr *address)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, words[2] = { -1, -1 };
	auto_strv struct strv argv = { 0 };

	make_argv(t, address, &argv);
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(words, O_CLOEXEC) < 0)
		return -errno;
	r->to = in[1];
	r->from = out[0];
	r->words = words[0];
	fcntl(r->words, F_SETFL, O_NONBLOCK);
	r->pid = fork();
	if (r->pid == 0)
		child(argv.v, in[0], out[1], words[1]);
	own_close(&in[0]);
	own_close(&out[1]);
	own_close(&words[1]);
	return r->pid < 0 ? -errno : 0;
}

void remote_last_words(struct remote *r, char text[static REMOTE_WORDS_MAX])
{
	struct pollfd wait = { .fd = r->words, .events = POLLIN };
	long long left, end = now_ms() + WORDS_MS;
	char data[4096], *rest = data, *line;
	size_t len = 0;

	/* What the far end said last may come behind the end of its answers. */
	while (r->words >= 0 && (left = end - now_ms()) > 0 && poll(&wait, 1, (int)left) > 0) {
		ssize_t n = read(r->words, data + len, sizeof(data) - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[0] = data[len] = '\0';
	while ((line = strsep(&rest, "\r\n")))
		if (line[0] && line[1])
			snprintf(text, REMOTE_WORDS_MAX, "%s", line);
	/* What the far end says on its stderr comes as it is. */
	text_plain(text);
}
