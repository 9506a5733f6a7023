/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tools.h"

#include <errno.h>
#include <string.h>

/* The packages that bring them where the name of the program is not that of the package. */
static const struct {
	const char *program, *package;
} packages[] = {
	{ "mkfs.ext4", "e2fsprogs" },
	{ "mkfs.ext3", "e2fsprogs" },
	{ "mkfs.ext2", "e2fsprogs" },
	{ "mkfs.xfs", "xfsprogs" },
	{ "mkfs.btrfs", "btrfs-progs" },
	{ "ip", "iproute2 (iproute)" },
	{ "sshd", "openssh-server" },
	{ "ssh-keygen", "openssh-client (openssh)" },
	{ "lvm", "lvm2" },
	{ "cryptsetup", "cryptsetup-bin (cryptsetup)" },
};

int tool_find(const char *program, char **ret, struct err *e)
{
	static const char *const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin" };
	const char *package = program;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = xasprintf("%s/%s", dirs[i], program);

		if (access(path, X_OK) < 0)
			continue;
		*ret = take_ptr(path);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++)
		if (strcmp(packages[i].program, program) == 0)
			package = packages[i].package;
	return err_set(e, ENOENT, "no '%s' on this machine (apt-get or dnf install %s)", program, package);
}

void script_done(struct script *s)
{
	buf_done(&s->plan);
	strv_done(&s->programs);
}

void script_words(struct script *s, const char *key, const char *const *argv)
{
	buf_addf(&s->plan, "%s %s\n", key, argv[0]);
	while (*++argv)
		script_arg(s, *argv);
}

void script_program(struct script *s, const char *key, const char *const *argv)
{
	auto_free char *path = NULL;

	if (tool_find(argv[0], &path, s->e.code ? NULL : &s->e) < 0)
		return;
	strv_add_once(&s->programs, path);
	buf_addf(&s->plan, "%s %s\n", key, path);
	while (*++argv)
		script_arg(s, *argv);
}

/* The plan has a line for each word, so a word has none. */
void script_arg(struct script *s, const char *word)
{
	if (strchr(word, '\n') && !s->e.code)
		err_set(&s->e, EINVAL, "'%s' has a line end in it", word);
	/* "@0" is a disk. */
	buf_addf(&s->plan, "arg %s%s\n", word[0] == '@' ? "@" : "", word);
}

void script_disk(struct script *s, unsigned n)
{
	buf_addf(&s->plan, "arg @%u\n", n);
}

void script_argf(struct script *s, const char *fmt, ...)
{
	auto_buf struct buf word = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&word, fmt, ap);
	va_end(ap);
	script_arg(s, buf_text(&word));
}

int script_check(const struct script *s, struct err *e)
{
	return s->e.code ? err_set(e, s->e.code, "%s", s->e.text) : 0;
}
