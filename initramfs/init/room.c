/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "room.h"

#include "dump.h"
#include "num.h"
#include "progress.h"
#include "run.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What a compressed dump has seldom more of than one part in so many of the memory. */
#define COMPRESSED_PART 2

int room_free(int dir, uint64_t *ret)
{
	struct statfs st;

	if (fstatfs(dir, &st) < 0)
		return -errno;
	/* What ext4 keeps for root is ours; elsewhere "free" counts blocks that no file can have. */
	*ret = (uint64_t)(st.f_type == EXT4_SUPER_MAGIC ? st.f_bfree : st.f_bavail) *
	       (uint64_t)(st.f_frsize ? st.f_frsize : st.f_bsize);
	return 0;
}

bool room_is_doubtful(const struct capture *c, const struct place *at)
{
	uint64_t most = atomic_load(&c->page->vmcore_size), bytes = 0;

	if (c->page->attempts[at->target].how != DUMP_AS_SET ||
	    dump_next(c->recipe, DUMP_AS_SET, -ENOSPC, false) < 0 || room_free(at->dir, &bytes) < 0)
		return false;
	return bytes < (c->recipe->compress[0] ? most / COMPRESSED_PART : most);
}

struct line {
	char text[200];
	size_t len;
};

struct counting {
	struct page *page;
	struct line lines[2];	/* of stdout, which tells the bytes, and of stderr, which tells the progress */
	unsigned permille;
	uint64_t bytes;
};

static void heard_line(struct counting *k, const struct line *l)
{
	struct progress p;

	report_bytes(l->text, l->len, &k->bytes);
	if (progress_parse(l->text, l->len, &p) && p.permille != k->permille) {
		k->permille = p.permille;
		page_beat(k->page);
	}
}

static void heard(void *ctx, int stream, const char *data, size_t len)
{
	struct counting *k = ctx;
	struct line *l = &k->lines[stream == STDERR_FILENO];

	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' || data[i] == '\r') {
			heard_line(k, l);
			l->len = 0;
		} else if (l->len < sizeof(l->text)) {
			l->text[l->len++] = data[i];
		}
	}
}

int room_look(struct capture *c, const struct place *at, struct err *e)
{
	unsigned level = dump_level(c->recipe, DUMP_AS_SET);
	char level_text[16], want[SIZE_TEXT_MAX], have[SIZE_TEXT_MAX];
	const char *argv[] = {
		"makedumpfile", "--dry-run", "--show-stats", "--message-level", "7", "-d", level_text, VMCORE,
		DUMP_PART, c->recipe->compress[0] ? c->recipe->compress : NULL, NULL
	};
	struct counting k = { .page = c->page };
	struct run run = { .argv = argv, .folder = at->dir, .out_fd = -1, .heard = heard, .ctx = &k };
	uint64_t bytes = 0;
	int r;

	snprintf(level_text, sizeof(level_text), "%u", level);
	r = run_check(&run, e);
	if (r < 0)
		return r == -ENOSPC ? -EIO : r;
	if (!k.bytes || room_free(at->dir, &bytes) < 0)
		return err_set(e, ENODATA, "'makedumpfile --dry-run' did not tell how much it would write");
	if (k.bytes > bytes)
		return err_set(e, ENOSPC, "a dump of level %u would take more than there is room for: %s of %s", level,
			       size_human(k.bytes, want), size_human(bytes, have));
	return 0;
}
