/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include "manifest.h"

#include <string.h>

#define NEWEST 16 /* dumps that are looked at, for each target */
#define RECORD_CAP (1u << 20)

void reserve_history_done(struct reserve_history *h)
{
	free(h->v);
	*h = (struct reserve_history){ 0 };
}

static bool is_target(const struct settings *s, const char *url)
{
	for (size_t i = 0; i < s->n_targets; i++)
		if (strcmp(s->targets[i].url, url) == 0)
			return true;
	return false;
}

static void read_one(const struct root *root, const char *path, const struct settings *s,
		     const char *release, struct reserve_history *h)
{
	auto_manifest struct manifest *m = NULL;
	auto_buf struct buf text = { 0 };
	struct reserve_seen *seen;

	if (root_read(root, path, RECORD_CAP, &text, NULL) < 0 ||
	    manifest_decode(buf_text(&text), text.len, &m, NULL) < 0)
		return;
	if (!m->mem_reserved || !m->mem_low || m->mem_low > m->mem_reserved ||
	    strcmp(m->kernel, release) != 0 || !is_target(s, m->target))
		return;
	seen = vec_push(&h->v, &h->n);
	*seen = (struct reserve_seen){
		.reserved = m->mem_reserved,
		.low = m->mem_low,
		.whole = m->state == MANIFEST_COMPLETE,
	};
}

void reserve_history_read(const struct root *root, const struct settings *s, const char *host,
			  const char *release, struct reserve_history *ret)
{
	struct reserve_history h = { 0 };

	for (size_t i = 0; i < s->n_targets; i++) {
		const char *dir = s->targets[i].dir;
		auto_strv struct strv names = { 0 };
		auto_free char *folder = NULL;
		size_t seen = 0;

		if (s->targets[i].kind != TARGET_FILE || path_answers(root, dir, NULL) < 0)
			continue;
		folder = xasprintf("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, host);
		if (root_list(root, folder, &names) < 0)
			continue;
		/* The names begin with the time. */
		for (size_t k = names.n; k > 0 && seen < NEWEST; k--) {
			auto_free char *path =
				xasprintf("%s/%s/" MANIFEST_NAME, folder, names.v[k - 1]);

			if (manifest_folder_time(names.v[k - 1]) < 0)
				continue;
			seen++;
			read_one(root, path, s, release, &h);
		}
	}
	*ret = h;
}
