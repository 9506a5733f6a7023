/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include <errno.h>
#include <string.h>

#define HEAD_BYTES 256	/* of a script's first line, as the kernel reads it (BINPRM_BUF_SIZE) */
#define SHELL "/bin/sh"

/* "#!/bin/sh -e" at HEAD: "/bin/sh"; NULL: no script.  Caller frees. */
static char *interpreter(const char *head)
{
	if (strncmp(head, "#!", 2) != 0)
		return NULL;
	head += 2 + strspn(head + 2, " \t");
	return xstrndup(head, strcspn(head, " \t\r\n"));
}

static int add_script(struct image_files *f, const char *path, const char *shell, struct strv *notes,
		      struct err *e)
{
	const char *last = strrchr(shell, '/');
	int r;

	if (*shell != '/' || strcmp(last, "/env") == 0)
		return err_set(e, ENOTSUP,
			       "'%s' leaves open which program '%s' is to run it (begin it with the path of its "
			       "interpreter, such as '#!/bin/sh')",
			       path, shell);
	r = image_files_program(f, shell, NULL, e);
	if (r < 0)
		return err_wrap(e, "the interpreter of '%s'", path);
	strv_addf(notes, "'%s' is a script: only it and '%s' are in the image, not what it calls", path, shell);
	return image_files_add(f, path, 0755, FROM_ROOT, path, TREAT_NOT, e);
}

static int add_hook(struct image_files *f, const char *path, struct strv *notes, struct err *e)
{
	auto_close int fd = image_files_open_source(f, FROM_ROOT, path, e);
	auto_free char *shell = NULL;
	char head[HEAD_BYTES + 1] = "";

	if (fd < 0)
		return fd;
	if (image_files_find(f, path))
		return 0;	/* twice in the settings, or a program that is there anyway */
	if (read(fd, head, HEAD_BYTES) < 0)
		return err_set(e, errno, "'%s': %s", path, strerror(errno));
	shell = interpreter(head);
	return shell ? add_script(f, path, shell, notes, e) : image_files_program(f, path, NULL, e);
}

static int add_hooks(struct image_files *f, const struct strv *paths, const char *key, struct strv *notes,
		     struct err *e)
{
	for (size_t i = 0; i < paths->n; i++) {
		int r = add_hook(f, paths->v[i], notes, e);

		if (r < 0)
			return err_wrap(e, "%s", key);
	}
	return 0;
}

/* The root's own shell, and where there is one a busybox, which is all the tools in one file. */
static int add_shell(struct image_files *f, struct err *e)
{
	static const char *const busybox[] = { "/bin/busybox", "/usr/bin/busybox", "/sbin/busybox" };
	int r = image_files_program(f, SHELL, NULL, e);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(busybox); i++)
		if (root_exists(f->root, busybox[i]))
			return image_files_program(f, busybox[i], NULL, e);
	return r;
}

int image_files_hooks(struct image_files *f, const struct settings *s, struct strv *notes, struct err *e)
{
	int r = add_hooks(f, &s->dump_pre, "DUMP_PRE", notes, e);

	if (r == 0)
		r = add_hooks(f, &s->dump_post, "DUMP_POST", notes, e);
	if (r == 0 && s->on_failure == END_SHELL && add_shell(f, e) < 0)
		r = err_wrap(e, "DUMP_ON_FAILURE = 'shell'");
	return r;
}
