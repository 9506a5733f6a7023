/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* A regular file that is there; false: a fault was told. */
static bool look(const struct root *root, const struct settings *s, enum setting_key k, const char *path,
		 struct stat *ret, struct fault_list *faults)
{
	struct err why = { 0 };
	int r = path_answers(root, path, &why);

	if (r < 0) {
		settings_fault(s, k, FAULT_ERROR, faults, "%s", why.text);
		return false;
	}
	r = root_stat(root, path, ret);
	if (r == -ENOENT || r == -ENOTDIR)
		settings_fault(s, k, FAULT_ERROR, faults,
			       "'%s' is not there (make it, or write another path)", path);
	else if (r < 0)
		settings_fault(s, k, FAULT_ERROR, faults, "'%s' cannot be looked at: %s", path, strerror(-r));
	else if (!S_ISREG(ret->st_mode))
		settings_fault(s, k, FAULT_ERROR, faults, "'%s' is not a regular file (write a file's path)",
			       path);
	else
		return true;
	return false;
}

/* A file that nobody but its owner should read. */
static void check_secret(const struct root *root, const struct settings *s, enum setting_key k,
			 const char *path, struct fault_list *faults)
{
	struct stat st;

	if (!path || !look(root, s, k, path, &st, faults))
		return;
	if (st.st_size == 0)
		settings_fault(s, k, FAULT_ERROR, faults, "'%s' is empty", path);
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		settings_fault(s, k, k == SET_SSH_KEY ? FAULT_ERROR : FAULT_WARNING, faults,
			       "'%s' is open to others%s (run: chmod 600 %s)", path,
			       k == SET_SSH_KEY ? ", and ssh refuses such a key" : "", path);
}

static void check_plain(const struct root *root, const struct settings *s, enum setting_key k,
			const char *path, struct fault_list *faults)
{
	struct stat st;

	if (path && look(root, s, k, path, &st, faults) && st.st_size == 0)
		settings_fault(s, k, FAULT_ERROR, faults, "'%s' is empty", path);
}

/* The program named in the "#!" line that HEAD begins with; NULL: it has none. */
static char *interpreter(const char *head)
{
	if (strncmp(head, "#!", 2) != 0)
		return NULL;
	head += 2 + strspn(head + 2, " \t");
	return xstrndup(head, strcspn(head, " \t\r\n"));
}

static void check_program(const struct root *root, const struct settings *s, enum setting_key k,
			  const char *path, struct fault_list *faults)
{
	auto_close int fd = -1;
	auto_free char *shell = NULL;
	char head[256] = "";
	struct stat st;

	if (!look(root, s, k, path, &st, faults))
		return;
	if (!(st.st_mode & 0111)) {
		settings_fault(s, k, FAULT_ERROR, faults, "'%s' is not executable (run: chmod +x %s)", path,
			       path);
		return;
	}
	if (st.st_mode & S_IWOTH)
		settings_fault(s, k, FAULT_WARNING, faults, "anybody may write to '%s' (run: chmod o-w %s)",
			       path, path);
	fd = root_openat(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0 || read(fd, head, sizeof(head) - 1) < 0) {
		settings_fault(s, k, FAULT_ERROR, faults, "'%s' cannot be read: %s", path,
			       strerror(fd < 0 ? -fd : errno));
		return;
	}
	shell = interpreter(head);
	if (!shell && memcmp(head, "\177ELF", 4) != 0)
		settings_fault(s, k, FAULT_ERROR, faults,
			       "'%s' is neither a program nor a script (begin a script with '#!/bin/sh')",
			       path);
	else if (shell && strcmp(strrchr(shell, '/') ? strrchr(shell, '/') : "", "/env") == 0)
		settings_fault(s, k, FAULT_ERROR, faults,
			       "'%s' leaves it to '%s' to find its interpreter, and the image holds none "
			       "(begin it with the path of the interpreter, such as '#!/bin/sh')",
			       path, shell);
	else if (shell && (*shell != '/' || root_stat(root, shell, &st) < 0 || !S_ISREG(st.st_mode)))
		settings_fault(s, k, FAULT_ERROR, faults, "'%s' wants '%s', which is not there (install it)",
			       path, shell);
}

void settings_check_files(const struct root *root, const struct settings *s, struct fault_list *faults)
{
	check_secret(root, s, SET_LUKS_KEY_FILE, s->luks_key_file, faults);
	check_secret(root, s, SET_SSH_KEY, s->ssh_key, faults);
	check_secret(root, s, SET_HUB_TOKEN_FILE, s->hub_token_file, faults);
	check_secret(root, s, SET_HUB_KEY, s->hub_key, faults);
	check_plain(root, s, SET_SSH_KNOWN_HOSTS, s->ssh_known_hosts, faults);
	check_plain(root, s, SET_HUB_CERT, s->hub_cert, faults);
	check_plain(root, s, SET_HUB_CA, s->hub_ca, faults);
	for (size_t i = 0; i < s->dump_pre.n; i++)
		check_program(root, s, SET_DUMP_PRE, s->dump_pre.v[i], faults);
	for (size_t i = 0; i < s->dump_post.n; i++)
		check_program(root, s, SET_DUMP_POST, s->dump_post.v[i], faults);
}
