/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define COLLECTOR_MAX (16u << 20)

static const char *const paths[] = { "/usr/bin/makedumpfile", "/usr/sbin/makedumpfile",
				     "/sbin/makedumpfile" };

void collector_done(struct collector *c)
{
	free(c->path);
	free(c->version);
	*c = (struct collector){ 0 };
}

static const char *find(const struct buf *b, const char *text)
{
	return memmem(b->data, b->len, text, strlen(text));
}

/*
 * What `makedumpfile -v` prints are constants of the program (show_version() in
 * its makedumpfile.c: "makedumpfile: version 1.7.2 (released on ..." and
 * "lzo\tenabled\n"), and which codecs it has was decided when it was compiled.
 * So its own bytes are asked: no process is run, which holds below a foreign root
 * too and for a program of another architecture.
 */
static char *version(const struct buf *program)
{
	static const char mark[] = "makedumpfile: version ";
	const char *text = find(program, mark);
	size_t n = 0;

	if (!text)
		return xstrdup("");
	text += sizeof(mark) - 1;
	while (n < 32 &&
	       (isalnum((unsigned char)text[n]) || text[n] == '.' || text[n] == '-' || text[n] == '+'))
		n++;
	return xstrndup(text, n);
}

int collector_read(const struct root *root, struct collector *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_buf struct buf program = { 0 };
		int r;

		if (!root_exists(root, paths[i]))
			continue;
		r = root_read(root, paths[i], COLLECTOR_MAX, &program, e);
		if (r < 0)
			return r;
		*ret = (struct collector){
			.path = xstrdup(paths[i]),
			.version = version(&program),
			.zlib = true,		/* it is never built without */
			.lzo = find(&program, "lzo\tenabled"),
			.snappy = find(&program, "snappy\tenabled"),
			.zstd = find(&program, "zstd\tenabled"),
		};
		return 0;
	}
	return err_set(e, ENOENT, "'%s' is missing: install the package makedumpfile", paths[0]);
}
