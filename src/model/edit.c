/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edit.h"

void edit_list_done(struct edit_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].path);
		free(l->v[i].why);
		buf_done(&l->v[i].old);
		buf_done(&l->v[i].text);
	}
	free(l->v);
	*l = (struct edit_list){ 0 };
}

void edit_add(struct edit_list *l, const char *path, const struct buf *old, const struct buf *text, mode_t mode,
	      const char *why)
{
	struct edit *edit;

	if (!old && !text)
		return;
	if (old && text && buf_equal(old, text))
		return;
	edit = vec_push(&l->v, &l->n);
	edit->path = xstrdup(path);
	edit->why = xstrdup(why);
	edit->mode = mode;
	edit->had = old;
	edit->keep = text;
	if (old)
		buf_add(&edit->old, buf_text(old), old->len);
	if (text)
		buf_add(&edit->text, buf_text(text), text->len);
}
