/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define JOURNAL_MAX (4u << 20)

static const char *const state_names[] = {
	[JOURNAL_STAGING] = "staging", [JOURNAL_RENAMING] = "renaming", [JOURNAL_RUNNING] = "running",
	[JOURNAL_DONE] = "done",
};

void journal_done(struct journal *j)
{
	for (size_t i = 0; i < j->n; i++)
		free(j->v[i].path);
	free(j->v);
	strv_done(&j->folders);
	strv_done(&j->command);
	*j = (struct journal){ 0 };
}

static struct json *change_json(const struct change *c)
{
	struct json *one = js_object();

	js_set_text(one, "path", c->path);
	js_set_bool(one, "had", c->had);
	js_set_bool(one, "keep", c->keep);
	js_set_bool(one, "link", c->link);
	js_set_text(one, "old", c->old_hash);
	js_set_text(one, "new", c->new_hash);
	return one;
}

int journal_write(const struct root *root, const struct journal *j, struct err *e)
{
	auto_json struct json *tree = js_object();
	auto_buf struct buf text = { 0 };
	auto_close int dir = -1;
	struct json *files = js_array();
	const char *name;
	int r;

	js_set_int(tree, "schema", 1);
	js_set_text(tree, "state", state_names[j->state]);
	js_set_bool(tree, "removing", j->removing);
	js_set_strv(tree, "folders", &j->folders);
	js_set_strv(tree, "command", &j->command);
	js_set(tree, "files", files);
	for (size_t i = 0; i < j->n; i++)
		js_add(files, change_json(&j->v[i]));
	js_write(tree, &text);
	dir = root_open_parent(root, JOURNAL_PATH, &name);
	r = dir < 0 ? dir : file_replace_at(dir, name, text.data, text.len, 0600);
	if (r < 0)
		return err_set(e, -r, "journal '%s%s': %s", root->path, JOURNAL_PATH, strerror(-r));
	return 0;
}

static int copy_hash(const char *text, char hash[static HASH_TEXT_MAX])
{
	size_t len = text ? strlen(text) : 1;

	if (len && (len != HASH_TEXT_MAX - 1 || strspn(text, "0123456789abcdef") != len))
		return -EINVAL;
	memcpy(hash, text, len + 1);
	return 0;
}

/* A path that this program could have written: absolute, without "." and "..", ending in a name. */
static bool is_plain_path(const char *path)
{
	if (!path || *path != '/' || strlen(path) > 4000)
		return false;
	for (const char *part = path; *part;) {
		size_t len = strcspn(++part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += len;
	}
	return true;
}

static int change_parse(const struct json *one, struct change *c)
{
	const char *path = js_get_text(one, "path");

	if (!is_plain_path(path) || copy_hash(js_get_text(one, "old"), c->old_hash) < 0 ||
	    copy_hash(js_get_text(one, "new"), c->new_hash) < 0)
		return -EINVAL;
	c->path = xstrdup(path);
	c->had = js_get_bool(one, "had", false);
	c->keep = js_get_bool(one, "keep", false);
	c->link = js_get_bool(one, "link", false);
	if (c->had != (*c->old_hash != '\0') || c->keep != (*c->new_hash != '\0'))
		return -EINVAL;
	return 0;
}

static int journal_parse(const struct buf *text, struct journal *ret)
{
	auto_json struct json *tree = NULL;
	auto_journal struct journal j = { 0 };
	const struct json *files;
	const char *state;
	size_t s = 0;

	if (js_parse(buf_text(text), text->len, &tree, NULL) < 0 || js_get_int(tree, "schema", 0) != 1)
		return -EINVAL;
	state = js_get_text(tree, "state");
	while (s < ARRAY_SIZE(state_names) && (!state || strcmp(state, state_names[s]) != 0))
		s++;
	if (s == ARRAY_SIZE(state_names))
		return -EINVAL;
	j.state = (enum journal_state)s;
	j.removing = js_get_bool(tree, "removing", false);
	js_get_strv(tree, "folders", &j.folders);
	js_get_strv(tree, "command", &j.command);
	for (size_t i = 0; i < j.folders.n; i++)
		if (!is_plain_path(j.folders.v[i]))
			return -EINVAL;
	if (j.command.n && !boot_command_known(&j.command))
		return -EINVAL;
	files = js_get(tree, "files");
	for (size_t i = 0; i < js_len(files); i++)
		if (change_parse(js_at(files, i), vec_push(&j.v, &j.n)) < 0)
			return -EINVAL;
	*ret = j;
	j = (struct journal){ 0 };
	return 0;
}

/* What a journal that was cut off while it was written left behind. */
static int drop_debris(int dir)
{
	return unlinkat(dir, ".journal.new", 0) < 0 && errno != ENOENT ? -errno : 0;
}

int journal_read(const struct root *root, struct journal *ret, struct err *e)
{
	auto_buf struct buf text = { 0 };
	struct err why = { 0 };
	int r = root_read(root, JOURNAL_PATH, JOURNAL_MAX, &text, &why);

	if (r == -ENOENT || r == -ENOTDIR) {
		auto_close int dir = root_openat(root, IMAGE_DIR, O_RDONLY | O_DIRECTORY, 0);

		/* Cut off while it was first written, a run had not begun yet. */
		if (dir >= 0)
			drop_debris(dir);
		return 0;
	}
	if (r < 0)
		return err_set(e, -r, "%s", why.text);
	if (journal_parse(&text, ret) < 0)
		return err_set(e, EINVAL,
			       "journal '%s%s' is damaged, so an interrupted apply cannot be taken back; "
			       "look at what files '.*.crashcfg-old' there are, then delete the journal",
			       root->path, JOURNAL_PATH);
	return 1;
}

int journal_end(const struct root *root, struct err *e)
{
	const char *name;
	auto_close int dir = root_open_parent(root, JOURNAL_PATH, &name);

	if (dir < 0)
		return dir == -ENOENT ? 0 :
			err_set(e, -dir, "journal '%s': %s", JOURNAL_PATH, strerror(-dir));
	if (drop_debris(dir) < 0 || (unlinkat(dir, name, 0) < 0 && errno != ENOENT) ||
	    (fsync(dir) < 0 && errno != EINVAL))
		return err_set(e, errno, "journal '%s%s': cannot delete it: %s", root->path,
			       JOURNAL_PATH, strerror(errno));
	return 0;
}
