/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "edit.h"

#include <string.h>

void edit_done(struct edit *edit)
{
	free(edit->path);
	free(edit->why);
	buf_done(&edit->old);
	buf_done(&edit->text);
	*edit = (struct edit){ 0 };
}

void edit_copy(struct edit *to, const struct edit *from)
{
	*to = *from;
	to->path = xstrdup(from->path);
	to->why = xstrdup(from->why);
	to->old = to->text = (struct buf){ 0 };
	buf_add(&to->old, buf_text(&from->old), from->old.len);
	buf_add(&to->text, buf_text(&from->text), from->text.len);
}

void edit_list_done(struct edit_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		edit_done(&l->v[i]);
	free(l->v);
	*l = (struct edit_list){ 0 };
}

void edit_add(struct edit_list *l, const char *path, const struct buf *old, const struct buf *text,
	      mode_t mode, const char *why)
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

void edit_add_link(struct edit_list *l, const char *path, const char *old, const char *text,
		   const char *why)
{
	struct edit *edit;

	if (!old && !text)
		return;
	if (old && text && strcmp(old, text) == 0)
		return;
	edit = vec_push(&l->v, &l->n);
	edit->path = xstrdup(path);
	edit->why = xstrdup(why);
	edit->had = old;
	edit->keep = text;
	edit->link = true;
	buf_adds(&edit->old, old ? old : "");
	buf_adds(&edit->text, text ? text : "");
}
