/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumps.h"

#include "elfcore.h"
#include "file.h"
#include "flat.h"
#include "hash.h"
#include "kdump.h"
#include "num.h"
#include "probe.h"
#include "vmcore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#define PIECE (1u << 20)
#define SPARE_BYTES (4u << 20)		/* for the record, folders and the file system's own needs */
#define SUFFIX_MAX 99
#define LOOK_MS 120000

/* One collection at work. */
struct collect {
	const struct root *root;
	const struct area *area;
	const char *dir;		/* DIR below the root */
	char *work;			/* name of the folder while it is filled */
	int parent, folder;
	struct manifest *manifest;
	struct buf faults;		/* what was found damaged */
	bool dumped, whole;		/* a vmcore is there; and it is whole */
};

static void own_collect(struct collect *c)
{
	own_close(&c->parent);
	own_close(&c->folder);
	manifest_free(c->manifest);
	buf_done(&c->faults);
	free(c->work);
}

void collected_done(struct collected *c)
{
	free(c->path);
	free(c->check);
	*c = (struct collected){ 0 };
}

static void add_fault(struct collect *c, const char *text)
{
	buf_addf(&c->faults, "%s%s", c->faults.len ? "; " : "", text);
}

/* --- where to --------------------------------------------------------------------------------------- */

static int open_parent(struct collect *c, struct err *e)
{
	uint64_t need = SPARE_BYTES;
	char want[SIZE_TEXT_MAX], have[SIZE_TEXT_MAX];
	uint64_t bytes = 0;
	int r = dump_free_bytes(c->root, c->dir, &bytes);

	for (size_t i = RAWAREA_DMESG; i < RAWAREA_NAMES; i++)
		need += c->area->head->parts[i].len;
	if (r == 0 && bytes < need)
		return err_set(e, ENOSPC,
			       "the dump on '%s' wants %s, and '%s' has %s free; make room there (old dumps go only "
			       "once this one is safe) and run 'crashcfg save' again",
			       c->area->path, size_human(need, want), c->dir, size_human(bytes, have));
	if (r == 0)
		r = root_mkdirs(c->root, c->dir, 0700);
	if (r == 0)
		r = c->parent = root_openat(c->root, c->dir, O_RDONLY | O_DIRECTORY, 0);
	return r < 0 ? err_set(e, -r, "'%s%s': %s", c->root->path, c->dir, strerror(-r)) : 0;
}

static int make_folder(struct collect *c, struct err *e)
{
	c->work = xasprintf(".collecting-%.16s", c->area->head->id);
	if (mkdirat(c->parent, c->work, 0700) < 0)
		return err_set(e, errno, "cannot make '%s/%s': %s", c->dir, c->work, strerror(errno));
	c->folder = openat(c->parent, c->work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return c->folder < 0 ? err_set(e, errno, "'%s/%s': %s", c->dir, c->work, strerror(errno)) : 0;
}

static int create(const struct collect *c, const char *name, struct err *e)
{
	int fd = openat(c->folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_set(e, errno, "cannot make '%s/%s/%s': %s", c->dir, c->work, name, strerror(errno)) : fd;
}

/* --- parts ------------------------------------------------------------------------------------------- */

/* Each piece of PART goes to TAKE; *ret_good: its sum is what the header says. */
static int each_piece(const struct collect *c, const struct rawarea_part *part,
		      int (*take)(void *ctx, const char *data, size_t len, struct err *e), void *ctx, bool *ret_good,
		      struct err *e)
{
	auto_free char *data = xmalloc(PIECE);
	struct hash *h = hash_new();
	uint64_t at = part->at, left = part->len;
	char sha256[HASH_TEXT_MAX];
	int r = 0;

	while (left && r == 0) {
		ssize_t n = pread(c->area->fd, data, left < PIECE ? (size_t)left : PIECE, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = err_set(e, n < 0 ? errno : ENODATA, "cannot read '%s' at %llu: %s", c->area->path,
				    (unsigned long long)at, n < 0 ? strerror(errno) : "it ends there");
			break;
		}
		hash_add(h, data, (size_t)n);
		r = take(ctx, data, (size_t)n, e);
		at += (uint64_t)n;
		left -= (uint64_t)n;
	}
	hash_end(h, sha256);
	*ret_good = strcmp(sha256, part->sha256) == 0;
	return r;
}

static int take_text(void *ctx, const char *data, size_t len, struct err *e)
{
	(void)e;
	buf_add(ctx, data, len);
	return 0;
}

struct to_file {
	int fd;
	const char *name;
};

static int take_file(void *ctx, const char *data, size_t len, struct err *e)
{
	const struct to_file *f = ctx;
	int r = fd_write_all(f->fd, data, len);

	return r < 0 ? err_set(e, -r, "cannot write '%s': %s", f->name, strerror(-r)) : 0;
}

static int copy_part(struct collect *c, enum rawarea_name n, struct err *e)
{
	const struct rawarea_part *part = &c->area->head->parts[n];
	const char *name = rawarea_part_name(n);
	auto_close int fd = part->at ? create(c, name, e) : -1;
	struct to_file to = { fd, name };
	bool good = false;
	int r;

	if (!part->at)
		return 0;
	r = fd < 0 ? fd : each_piece(c, part, take_file, &to, &good, e);
	if (r == 0 && fsync(fd) < 0)
		r = err_set(e, errno, "cannot bring '%s' to the disk: %s", name, strerror(errno));
	if (r == 0 && !good) {
		auto_free char *text = xasprintf("'%s' is damaged: its sha256 is another", name);

		add_fault(c, text);
	}
	return r;
}

/* The capture's own record, as far as it came. */
static int read_manifest(struct collect *c, struct err *e)
{
	const struct rawarea_part *part = &c->area->head->parts[RAWAREA_MANIFEST];
	auto_buf struct buf text = { 0 };
	bool good = false;
	int r = part->at ? each_piece(c, part, take_text, &text, &good, e) : 0;

	if (r < 0)
		return r;
	if (good && manifest_decode(buf_text(&text), text.len, &c->manifest, NULL) == 0)
		return 0;
	add_fault(c, part->at ? "the capture's record is damaged" : "the capture left no record");
	return manifest_decode("{\"schema\":1,\"state\":\"saving\"}", 29, &c->manifest, e);
}

/* --- the dump ------------------------------------------------------------------------------------------- */

struct unflatten {
	int fd;
	struct flat flat;
	bool bad;		/* not such a stream from here on */
	struct err why;
};

static int put(void *ctx, uint64_t offset, const void *data, size_t len)
{
	const struct unflatten *u = ctx;

	return fd_write_at(u->fd, offset, data, len);
}

static int take_flat(void *ctx, const char *data, size_t len, struct err *e)
{
	struct unflatten *u = ctx;
	struct flat_sink to = { .data = put, .ctx = u };
	int r = u->bad ? 0 : flat_feed(&u->flat, data, len, &to, &u->why);

	if (r < 0 && !u->why.code)	/* not the stream, the disk */
		return err_set(e, -r, "cannot write the vmcore: %s", strerror(-r));
	u->bad |= r < 0;
	return 0;
}

static int read_file(void *ctx, uint64_t offset, void *to, size_t len)
{
	int fd = *(int *)ctx;
	ssize_t n = pread(fd, to, len, (off_t)offset);

	return n == (ssize_t)len ? 0 : n < 0 ? -errno : -ENODATA;
}

/* Headers first; then, in a child, every page and the log. */
static int look_at(struct collect *c, int fd, uint64_t size, struct err *e)
{
	auto_vmcore_look struct vmcore_look look = { 0 };
	auto_free char *path = NULL;
	auto_elfcore struct elfcore core = { 0 };
	struct kdump k = { .version = 0 };
	char magic[4] = "";
	int r = pread(fd, magic, 4, 0) == 4 && memcmp(magic, "\177ELF", 4) == 0 ?
			elfcore_read(read_file, &fd, size, &core, e) : kdump_check(read_file, &fd, size, &k, e);

	if (r < 0)
		return r;
	path = xasprintf("/proc/self/fd/%d", fd);
	r = vmcore_look(path, LOOK_MS, &look, e);
	if (r == -ETIMEDOUT) {		/* too large for that, and its headers are good */
		c->manifest->pages = k.pages;
		return 0;
	}
	if (r == 0 && look.bad)
		r = err_set(e, EBADMSG, "%llu of %llu pages cannot be read", (unsigned long long)look.bad,
			    (unsigned long long)look.pages);
	if (r == 0 && !*look.log)
		r = err_set(e, EBADMSG, "its log cannot be read: %s", look.log_why);
	c->manifest->pages = look.pages;
	return r;
}

static int settle_dump(struct collect *c, const struct unflatten *u, bool good, struct err *e)
{
	const struct rawarea_part *part = &c->area->head->parts[RAWAREA_VMCORE];
	struct err why = { 0 };
	char sha256[HASH_TEXT_MAX];
	int r;

	c->dumped = u->flat.size > 0;
	c->manifest->bytes = u->flat.size;
	if (u->bad)
		add_fault(c, u->why.text);
	else if (!part->whole || !u->flat.ended)
		add_fault(c, "the capture could not write the whole dump");
	else if (!good)
		add_fault(c, "the dump is damaged: its sha256 is another");
	else if (look_at(c, u->fd, u->flat.size, &why) < 0)
		add_fault(c, why.text);
	else
		c->whole = true;
	if (!c->whole)
		return 0;
	r = lseek(u->fd, 0, SEEK_SET) < 0 ? -errno : hash_fd(u->fd, sha256, NULL);
	if (r < 0)
		return err_set(e, -r, "cannot read the vmcore back: %s", strerror(-r));
	free(c->manifest->sha256);
	c->manifest->sha256 = xstrdup(sha256);
	if (renameat(c->folder, DUMP_VMCORE_PART, c->folder, DUMP_VMCORE) < 0)
		return err_set(e, errno, "cannot rename '" DUMP_VMCORE_PART "': %s", strerror(errno));
	return 0;
}

static int unflatten(struct collect *c, struct err *e)
{
	const struct rawarea_part *part = &c->area->head->parts[RAWAREA_VMCORE];
	auto_close int fd = part->len ? create(c, DUMP_VMCORE_PART, e) : -1;
	struct unflatten u = { .fd = fd };
	bool good = false;
	int r;

	if (!part->len)
		return 0;
	r = fd < 0 ? fd : each_piece(c, part, take_flat, &u, &good, e);
	if (r == 0 && fsync(fd) < 0)
		r = err_set(e, errno, "cannot bring the vmcore to the disk: %s", strerror(errno));
	return r < 0 ? r : settle_dump(c, &u, good, e);
}

/* --- the end ---------------------------------------------------------------------------------------------- */

static void tell_state(struct collect *c)
{
	const struct rawarea *head = c->area->head;
	struct manifest *m = c->manifest;
	bool cut = m->state == MANIFEST_SAVING;
	char size[SIZE_TEXT_MAX];

	m->state = c->whole ? MANIFEST_COMPLETE : c->dumped ? MANIFEST_INCOMPLETE :
		   head->parts[RAWAREA_DMESG].at ? MANIFEST_LOG_ONLY : MANIFEST_FAILED;
	m->checked = c->whole;
	if (!c->dumped)
		m->bytes = 0;
	if (!*m->target) {
		free(m->target);
		m->target = xstrdup(head->url);
	}
	free(m->area);
	m->area = xstrdup(head->id);
	if (cut)
		add_fault(c, "the capture was cut off");
	/* A log alone was all that the settings asked for: then what the capture said stands. */
	if (!c->whole && !c->faults.len)
		return;
	free(m->check);
	m->check = c->whole ? xasprintf("whole: %llu pages, %s, its log is readable%s%s", (unsigned long long)m->pages,
					size_human(m->bytes, size), c->faults.len ? "; " : "", buf_text(&c->faults)) :
			      xstrdup(buf_text(&c->faults));
}

static int write_manifest(struct collect *c, struct err *e)
{
	auto_buf struct buf text = { 0 };
	int r;

	tell_state(c);
	manifest_encode(c->manifest, &text);
	r = file_replace_at(c->folder, MANIFEST_NAME, text.data, text.len, 0600);
	return r < 0 ? err_set(e, -r, "cannot write '%s/%s/" MANIFEST_NAME "': %s", c->dir, c->work, strerror(-r)) : 0;
}

static int name_folder(struct collect *c, char **ret, struct err *e)
{
	int64_t when = c->manifest->crash_time ? c->manifest->crash_time : (int64_t)time(NULL);
	auto_free char *base = manifest_folder(when, c->manifest->boot_id);

	for (unsigned i = 1; i <= SUFFIX_MAX; i++) {
		auto_free char *name = i == 1 ? xstrdup(base) : xasprintf("%s.%u", base, i);

		if (renameat2(c->parent, c->work, c->parent, name, RENAME_NOREPLACE) == 0) {
			if (fsync(c->folder) < 0 || fsync(c->parent) < 0)
				break;
			*ret = xasprintf("%s/%s", c->dir, name);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return err_set(e, errno, "cannot give the dump its name '%s/%s': %s", c->dir, base, strerror(errno));
}

/* An earlier run came to its end but for giving the device back. */
static int find_collected(const struct root *root, const struct area *a, const char *dir, struct collected *ret,
			  struct err *e)
{
	auto_dumps struct dump_list l = { 0 };
	int r = dump_list_add(root, dir, false, &l, e);

	for (size_t i = 0; r == 0 && i < l.n; i++) {
		const struct manifest *m = l.v[i].manifest;

		if (!m || strcmp(m->area, a->head->id) != 0)
			continue;
		*ret = (struct collected){
			.path = xasprintf("%s/%s", dir, l.v[i].name), .before = true, .state = m->state,
			.bytes = m->bytes, .check = xstrdup(m->check),
		};
		return 1;
	}
	return r;
}

int area_collect(const struct root *root, const struct area *a, const char *dir, struct collected *ret, struct err *e)
{
	AUTO(own_collect) struct collect c = { .root = root, .area = a, .dir = dir, .parent = -1, .folder = -1 };
	char *path = NULL;
	int r = path_answers(root, dir, e);

	if (r == 0)
		r = find_collected(root, a, dir, ret, e);
	if (r != 0)
		return r < 0 ? r : 0;
	retain_clean(root, dir);
	r = open_parent(&c, e);
	if (r == 0)
		r = make_folder(&c, e);
	for (enum rawarea_name n = RAWAREA_DMESG; r == 0 && n < RAWAREA_VMCORE; n++)
		r = copy_part(&c, n, e);
	if (r == 0)
		r = read_manifest(&c, e);
	if (r == 0)
		r = unflatten(&c, e);
	if (r == 0)
		r = write_manifest(&c, e);
	if (r == 0)
		r = name_folder(&c, &path, e);
	if (r < 0) {
		retain_clean(root, dir);
		return r;
	}
	*ret = (struct collected){
		.path = path, .state = c.manifest->state, .bytes = c.manifest->bytes,
		.check = xstrdup(c.manifest->check),
	};
	return 0;
}
