/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keys.h"
#include "file.h"
#include "proc.h"
#include "tools.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define KEYGEN_MS 60000

static int make_one(const char *program, const char *work, const char *name, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", work, name);
	const char *argv[] = { program, "-q", "-t", "ed25519", "-N", "", "-C", "crashcfg-test", "-f", path, NULL };
	auto_proc struct proc p = { .argv = argv, .deadline_ms = KEYGEN_MS };
	int r = proc_check(&p, e);

	return r < 0 ? err_wrap(e, "cannot make a key for the test") : 0;
}

/* "KNOWN ssh-ed25519 AAAA..." */
static int write_known(const char *work, const char *known, struct err *e)
{
	auto_free char *from = xasprintf("%s/" KEYS_HOST KEYS_PUBLIC, work);
	auto_free char *to = xasprintf("%s/" KEYS_KNOWN, work);
	auto_close int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	auto_buf struct buf key = { 0 }, text = { 0 };
	int r = in < 0 ? -errno : fd_read_all(in, 65536, &key);

	buf_addf(&text, "%s %s", known, buf_text(&key));
	if (r == 0)
		out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r == 0)
		r = out < 0 ? -errno : fd_write_all(out, text.data, text.len);
	return r < 0 ? err_set(e, -r, "cannot write '%s': %s", to, strerror(-r)) : 0;
}

int keys_make(const char *work, const char *known, struct err *e)
{
	auto_free char *program = NULL;
	int r = tool_find("ssh-keygen", &program, e);

	r = r < 0 ? r : make_one(program, work, KEYS_USER, e);
	r = r < 0 ? r : make_one(program, work, KEYS_HOST, e);
	return r < 0 ? r : write_known(work, known, e);
}
