/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bring.h"

#include "file.h"
#include "net.h"
#include "plain.h"
#include "proc.h"
#include "run.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* What it leaves when it failed: one line, for people. */
#define LAST_WORDS "/run/crashcfg.bring-up"
#define WORDS_MAX 4096

/* What the bringer's hooks, and who they call, wrote on the console was not for us. */
static void take_words(char words[static 160])
{
	auto_close int fd = open(LAST_WORDS, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_buf struct buf text = { 0 };

	words[0] = '\0';
	if (fd < 0 || fd_read_all(fd, WORDS_MAX, &text) < 0)
		return;
	snprintf(words, 160, "%.*s", (int)strcspn(buf_text(&text), "\n"), buf_text(&text));
	text_plain(words);
}

static void beat(void *ctx)
{
	page_beat(ctx);
}

/* Seconds for it: never past the half of what is left of the capture's time. */
static long long patience_ms(const struct capture *c)
{
	long long wanted = (long long)c->recipe->bringer_wait * 1000, left = wanted;

	if (c->recipe->deadline)
		left = ((long long)c->recipe->deadline * 1000 - now_ms()) / 2;
	return left < wanted ? left : wanted;
}

static int run_bringer(struct capture *c, struct err *e)
{
	const char *const argv[] = { c->recipe->bringer, NULL };
	struct run r = { .argv = argv, .folder = -1, .out_fd = -1, .tick = beat, .ctx = c->page };
	char words[160];
	long long ms = patience_ms(c);
	int err;

	if (ms < 1000)
		return err_set(e, ETIMEDOUT, "no time is left to bring the disk up");
	r.deadline_ms = (int)ms;
	say(CONSOLE_DEVICE, "bringing up disks, at most %lld s", ms / 1000);
	err = run_check(&r, e);
	if (err == 0)
		return 0;
	take_words(words);
	return words[0] ? err_set(e, -err, "the disk could not be brought up: %s", words)
			: err_wrap(e, "the disk could not be brought up");
}

int bring_up(struct capture *c, const struct recipe_target *t, struct err *e)
{
	struct page *p = c->page;
	struct ipaddr server;
	int r = 0;

	if (!t->brought || p->brought)
		return 0;
	if (!c->recipe->bringer[0])
		return err_set(e, ENOTSUP,
			       "the image holds nothing that brings up the disk of '%s': build it again",
			       t->url);
	if (p->bring_tried)
		return err_set(e, ENODEV, "the disk was to be brought up before, and was not");
	p->bring_tried = true;
	if (t->address[0])
		r = net_reach(c, t, &server, e);
	if (r == 0)
		r = run_bringer(c, e);
	if (r < 0)
		return r;
	p->brought = true;
	p->devices_since = now_ms();
	return 0;
}
