/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks.h"

#include "proc.h"
#include "run.h"
#include "say.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOOK_MS 60000

/* What a program says goes to the console, line by line. */
struct words {
	char line[200];
	size_t len;
};

static void heard(void *ctx, int stream, const char *data, size_t len)
{
	struct words *w = ctx;

	(void)stream;
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n' && w->len < sizeof(w->line) - 1) {
			w->line[w->len++] = data[i];
			continue;
		}
		w->line[w->len] = '\0';
		if (w->len)
			say(CONSOLE_HOOK, "%s", w->line);
		w->len = 0;
	}
}

/* Never more than a quarter of the time that the capture, or a phase without progress, has. */
static int patience(const struct recipe *r)
{
	long long ms = HOOK_MS;

	if (r->deadline && (long long)r->deadline * 250 < ms)
		ms = (long long)r->deadline * 250;
	if (r->stall && (long long)r->stall * 250 < ms)
		ms = (long long)r->stall * 250;
	return (int)ms;
}

static void run_hook(struct capture *c, const char *phase, const char *path, const char *arg, int target,
		     int folder)
{
	const char *const argv[] = { path, arg, NULL };
	struct words words = { .len = 0 };
	struct run run = { .argv = argv, .folder = folder, .out_fd = -1, .heard = heard, .ctx = &words,
			   .deadline_ms = patience(c->recipe) };
	long long began = now_ms();
	struct err e = { 0 };
	struct stat st;
	int r;

	/* Not every place is a folder. */
	if (folder >= 0 && (fstat(folder, &st) < 0 || !S_ISDIR(st.st_mode)))
		run.folder = -1;
	page_phase_begin(c->page, phase, target);
	r = run_check(&run, &e);
	page_phase_end(c->page, run.status ? run.status : r < 0, r < 0 ? e.text : "");
	heard(&words, 0, "\n", 1);
	if (r < 0)
		say(CONSOLE_FAILED, "%s: %s", phase, e.text);
	else
		say(CONSOLE_HOOK, "'%s' ended well after %.1f s", path, (double)(now_ms() - began) / 1000);
}

void hooks_pre(struct capture *c, const struct place *at)
{
	/* Counted before it runs: one that takes the worker along does not get a second turn. */
	while (c->page->next_pre < c->recipe->pre.n)
		run_hook(c, "pre", c->recipe->pre.v[c->page->next_pre++], NULL, at->target, at->dir);
}

void hooks_post(struct capture *c)
{
	auto_place struct place at = { .dir = -1 };
	int winner = c->page->winner;

	if (c->page->next_post < c->recipe->post.n && winner >= 0)
		place_reopen(c->page, c->recipe, winner, &at, NULL);
	while (c->page->next_post < c->recipe->post.n)
		run_hook(c, "post", c->recipe->post.v[c->page->next_post++],
			 winner >= 0 ? "saved" : "failed", winner, at.dir);
}
