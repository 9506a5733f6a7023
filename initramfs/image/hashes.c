/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "imageparts.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#define HASHES_NAME "hashes"
#define HASHES_MAX (16u << 20)
#define HEAD "crashcfg hashes 1"
#define ENTRIES_MAX 2048	/* beyond it only what this run used is kept */
/*
 * A file that changed so recently may change again without its ctime telling: the
 * clock of file systems ticks in milliseconds, on some in whole seconds.
 */
#define FRESH_SECONDS 2

/* A line of the file: key, tab, text. */
struct entry {
	char *key;		/* "file DEV:INODE:CTIME:SIZE" or "KIND KEY" */
	char *text;		/* a hash, or JSON on one line */
	bool used;
};

struct hashes {
	const struct root *root;
	struct entry *v;
	size_t n;
	bool changed;
};

static struct entry *find(struct hashes *h, const char *key)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->v[i].key, key) == 0) {
			h->v[i].used = true;
			return &h->v[i];
		}
	return NULL;
}

static void put(struct hashes *h, char *key, char *text, bool used)
{
	struct entry *e = find(h, key);

	if (e) {
		free(key);
		free(e->text);
	} else {
		e = vec_push(&h->v, &h->n);
		e->key = key;
	}
	e->text = text;
	e->used = used;
}

static void parse(struct hashes *h, char *text)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save);

	if (!line || strcmp(line, HEAD) != 0)
		return;
	while ((line = strtok_r(NULL, "\n", &save)) && h->n < 2 * ENTRIES_MAX) {
		char *tab = strchr(line, '\t');
		struct entry *e;

		if (!tab)
			continue;
		e = vec_push(&h->v, &h->n);
		e->key = xstrndup(line, (size_t)(tab - line));
		e->text = xstrdup(tab + 1);
	}
}

struct hashes *hashes_load(const struct root *root)
{
	struct hashes *h = xcalloc(1, sizeof(*h));
	auto_buf struct buf text = { 0 };

	h->root = root;
	if (root && root_read(root, IMAGE_DIR "/" HASHES_NAME, HASHES_MAX, &text, NULL) == 0 && text.data)
		parse(h, text.data);
	return h;
}

void hashes_free(struct hashes *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].key);
		free(h->v[i].text);
	}
	free(h->v);
	free(h);
}

void hashes_save(struct hashes *h)
{
	auto_buf struct buf text = { 0 };
	auto_close int dir = -1;

	if (!h->root || !h->changed || root_mkdirs(h->root, IMAGE_DIR, 0700) < 0)
		return;
	dir = root_openat(h->root, IMAGE_DIR, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return;
	buf_adds(&text, HEAD "\n");
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].used || h->n <= ENTRIES_MAX)
			buf_addf(&text, "%s\t%s\n", h->v[i].key, h->v[i].text);
	if (file_replace_at(dir, HASHES_NAME, text.data, text.len, 0600) == 0)
		h->changed = false;
}

void hashes_forget(const struct root *root)
{
	auto_close int dir = root_openat(root, IMAGE_DIR, O_RDONLY | O_DIRECTORY, 0);

	if (dir >= 0)
		unlinkat(dir, HASHES_NAME, 0);
}

struct file_stamp file_stamp(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct file_stamp){
		.dev = st->st_dev, .ino = st->st_ino, .size = (uint64_t)st->st_size,
		.sec = st->st_ctim.tv_sec, .nsec = st->st_ctim.tv_nsec,
		.sure = st->st_ctim.tv_sec < now.tv_sec - FRESH_SECONDS,
	};
}

bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->sec == b->sec &&
	       a->nsec == b->nsec;
}

char *file_stamp_text(const struct file_stamp *s)
{
	return xasprintf("%llx:%llx:%lld.%09lld:%llx", (unsigned long long)s->dev, (unsigned long long)s->ino,
			 (long long)s->sec, (long long)s->nsec, (unsigned long long)s->size);
}

static bool is_hash(const char *text)
{
	return strlen(text) == HASH_TEXT_MAX - 1 && strspn(text, "0123456789abcdef") == HASH_TEXT_MAX - 1;
}

int hashes_file(struct hashes *h, int fd, char text[static HASH_TEXT_MAX], struct file_stamp *ret_stamp)
{
	struct file_stamp stamp, after;
	auto_free char *key = NULL, *state = NULL;
	struct entry *known;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	stamp = file_stamp(&st);
	state = file_stamp_text(&stamp);
	key = xasprintf("file %s", state);
	*ret_stamp = stamp;
	known = stamp.sure ? find(h, key) : NULL;
	if (known && is_hash(known->text)) {
		memcpy(text, known->text, HASH_TEXT_MAX);
		return 0;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	r = hash_fd(fd, text, NULL);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	after = file_stamp(&st);
	if (!file_stamp_equal(&stamp, &after))
		ret_stamp->sure = false;	/* written to while it was read */
	if (ret_stamp->sure) {
		put(h, take_ptr(key), xstrdup(text), true);
		h->changed = true;
	}
	return 0;
}

struct json *hashes_note(struct hashes *h, const char *kind, const char *key)
{
	auto_free char *name = xasprintf("%s %s", kind, key);
	struct entry *e = find(h, name);
	struct json *j;

	return e && js_parse(e->text, strlen(e->text), &j, NULL) == 0 ? j : NULL;
}

void hashes_keep(struct hashes *h, const char *kind, const char *key, const struct json *value)
{
	struct buf text = { 0 };

	/* Within JSON a line's end is a blank like any other: those of texts are escaped. */
	js_write(value, &text);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\n')
			text.data[i] = ' ';
	put(h, xasprintf("%s %s", kind, key), buf_take(&text), true);
	h->changed = true;
}
