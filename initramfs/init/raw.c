/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "raw.h"

#include "collect.h"
#include "dump.h"
#include "elfcore.h"
#include "file.h"
#include "hash.h"
#include "kdump.h"
#include "num.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/*
 * Targets on a bare device: `raw:`.  The dump lies in an area of the form that rawarea.h tells.
 * The header is written anew after each part, so that what has come is kept whatever comes next;
 * from the first one on swapon(8) no longer takes the device.
 *
 * The stream is not packed once more: of 104 MB of pages, which makedumpfile packs to 39 MB by lzo in 0.41 s of a
 * processor, zstd -1 makes 27 MB in another 0.21 s.  That pays where a device writes less than 57 MB/s, or where
 * processors are idle, and the capture has one.
 */

#define HASH_BYTES (128u << 10)
#define WRITE_BYTES (1u << 20)
#define RECORDS_MAX (128u << 10) /* of a dump of 4 GB or so; their places cost 16 bytes each */

static uint64_t page_up(uint64_t at)
{
	return (at + RAWAREA_PAGE - 1) / RAWAREA_PAGE * RAWAREA_PAGE;
}

/* --- reading and writing the device -------------------------------------------------------------- */

static int device_fault(const struct place *to, int code, const char *what, struct err *e)
{
	return err_set(e, -code, "cannot %s '%s': %s", what, to->shown, strerror(-code));
}

static int flush(const struct place *to, struct err *e)
{
	return fsync(to->dir) < 0 ? device_fault(to, -errno, "bring the dump to the disk of", e) : 0;
}

/* The sum of what the device has there, not of what memory still holds. */
static int hash_area(struct page *p, int fd, uint64_t at, uint64_t len, char text[static HASH_TEXT_MAX])
{
	auto_free char *data = xmalloc(HASH_BYTES);
	struct hash *h = hash_new();
	int r = 0;

	posix_fadvise(fd, (off_t)at, (off_t)len, POSIX_FADV_DONTNEED);
	while (len && r == 0) {
		size_t n = len < HASH_BYTES ? (size_t)len : HASH_BYTES;

		r = fd_read_at(fd, at, data, n);
		hash_add(h, data, r == 0 ? n : 0);
		at += n;
		len -= n;
		if (p)
			page_beat(p);
	}
	hash_end(h, text);
	return r;
}

/* --- the header ------------------------------------------------------------------------------------ */

/* The second page first: one of the two is whole, whenever the machine is cut off. */
static int write_header(const struct place *to, struct err *e)
{
	struct raw *raw = to->own;
	auto_free char *lead = xcalloc(1, RAWAREA_LEAD);
	int r;

	raw->area->sequence++;
	r = rawarea_encode(raw->area, lead, e);
	if (r < 0)
		return r;
	memcpy(lead + RAWAREA_PAGE, lead, RAWAREA_PAGE);
	r = fd_write_at(to->dir, RAWAREA_PAGE, lead + RAWAREA_PAGE, RAWAREA_LEAD - RAWAREA_PAGE);
	if (r == 0)
		r = fsync(to->dir) < 0 ? -errno : 0;
	if (r == 0)
		r = fd_write_at(to->dir, 0, lead, RAWAREA_PAGE);
	if (r < 0)
		return device_fault(to, r, "write the header of", e);
	return flush(to, e);
}

static void set_part(struct raw *raw, enum rawarea_name n, uint64_t at, uint64_t len, bool whole,
		     const char *sha256)
{
	struct rawarea_part *part = &raw->area->parts[n];

	free(part->sha256);
	*part = (struct rawarea_part){
		.at = at, .len = len, .whole = whole, .sha256 = xstrdup(sha256)
	};
	if (n > RAWAREA_OLD_LEAD && n < RAWAREA_VMCORE && at + len > raw->next)
		raw->next = page_up(at + len);
}

static int put(const struct place *to, enum rawarea_name n, uint64_t at, const void *data, size_t len,
	       struct err *e)
{
	struct raw *raw = to->own;
	char sha256[HASH_TEXT_MAX];
	int r;

	if (at > raw->area->size || len > raw->area->size - at)
		return err_set(e, ENOSPC, "'%s' has no room left for '%s'", to->shown,
			       rawarea_part_name(n));
	r = fd_write_at(to->dir, at, data, len);
	if (r < 0)
		return device_fault(to, r, "write to", e);
	set_part(raw, n, at, len, true, hash_bytes(data, len, sha256));
	return 0;
}

/* --- taking the device ------------------------------------------------------------------------------- */

/* Not a secret: it tells one dump from the next, for whoever collects them. */
static char *make_id(const struct capture *c, const char *device)
{
	char sha256[HASH_TEXT_MAX];
	auto_buf struct buf text = { 0 };
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	buf_addf(&text, "%s %s %lld %lld.%09ld ", device, c->boot_id, (long long)c->notes.crash_time,
		 (long long)now.tv_sec, now.tv_nsec);
	buf_add(&text, buf_text(&c->notes.registers), c->notes.registers.len);
	return xstrndup(hash_bytes(text.data, text.len, sha256), 32);
}

static struct rawarea *new_area(const struct capture *c, const struct recipe_target *t,
				const char *device, uint64_t size)
{
	struct rawarea *a = xcalloc(1, sizeof(*a));

	*a = (struct rawarea){
		.id = make_id(c, device),
		.size = size,
		.url = xstrdup(t->url),
		.fstype = xstrdup(t->fstype),
		.uuid = xstrdup(t->uuid),
		.label = xstrdup(t->label),
		.partuuid = xstrdup(t->partuuid),
	};
	for (size_t i = 0; i < RAWAREA_NAMES; i++)
		a->parts[i].sha256 = xstrdup("");
	return a;
}

/* An area of an earlier crash lies there, and nobody has collected it. */
static int take_over(const struct place *to, const struct rawarea *old, struct err *e)
{
	const struct rawarea_part *lead = &old->parts[RAWAREA_OLD_LEAD];
	struct raw *raw = to->own;
	char sha256[HASH_TEXT_MAX];
	int r;

	if (old->parts[RAWAREA_VMCORE].whole)
		return err_set(e, EBUSY,
			       "'%s' still holds the whole dump of an earlier crash, which is kept; "
			       "'crashcfg save' collects it",
			       to->shown);
	r = lead->at ? hash_area(NULL, to->dir, lead->at, lead->len, sha256) : -ENODATA;
	if (r == 0 && strcmp(sha256, lead->sha256) != 0)
		r = -EBADMSG;
	if (r < 0)
		return device_fault(to, r, "read what was saved of", e);
	set_part(raw, RAWAREA_OLD_LEAD, lead->at, lead->len, true, sha256);
	raw->area->sequence = old->sequence;
	say(CONSOLE_DEVICE, "%s: what an earlier capture that was cut off left there gives way",
	    to->shown);
	return 0;
}

static int keep_lead(const struct place *to, struct err *e)
{
	auto_free char *lead = xmalloc(RAWAREA_LEAD);
	int r = fd_read_at(to->dir, 0, lead, RAWAREA_LEAD);

	if (r < 0)
		return device_fault(to, r, "read the start of", e);
	r = put(to, RAWAREA_OLD_LEAD, RAWAREA_OLD, lead, RAWAREA_LEAD, e);
	return r < 0 ? r : flush(to, e);
}

/* Is there what the recipe knows, or nothing? */
static int check_content(const struct recipe_target *t, const struct place *to, struct err *e)
{
	char type[TYPE_BYTES];

	if (t->force)
		return 0;
	if (devices_content(to->dir, type) < 0)
		return err_set(e, EIO, "cannot tell what '%s' bears", to->shown);
	if (!type[0] || strcmp(type, "swap") == 0)
		return 0;
	return err_set(e, EMEDIUMTYPE,
		       "'%s' bears '%s', which a dump would destroy (DUMP_RAW_FORCE=yes allows it)",
		       to->shown, type);
}

static int take_device(struct capture *c, const struct recipe_target *t, struct place *to,
		       struct err *e)
{
	auto_rawarea struct rawarea *old = NULL;
	char pages[2 * RAWAREA_PAGE];
	struct raw *raw = to->own;
	off_t size = lseek(to->dir, 0, SEEK_END);
	int r;

	if (size < (off_t)RAWAREA_LEAST)
		return err_set(e, ENOSPC, "'%s' is too small for any dump", to->shown);
	raw->area = new_area(c, t, to->shown, (uint64_t)size);
	raw->next = RAWAREA_DATA;
	r = fd_read_at(to->dir, 0, pages, sizeof(pages));
	if (r < 0)
		return device_fault(to, r, "read the start of", e);
	if (rawarea_decode(pages, &old, NULL) == 0 || rawarea_choose(pages, &old, NULL) == 0)
		return take_over(to, old, e);
	r = check_content(t, to, e);
	return r < 0 ? r : keep_lead(to, e);
}

static int open_same(const char *path, int checked, struct err *e)
{
	/* Nobody else in the capture has it: a claim fails where it is mounted or part of something. */
	auto_close int fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
	struct stat a, b;

	if (fd < 0)
		return err_set(e, errno, "cannot open '%s' for writing: %s", path, strerror(errno));
	if (fstat(fd, &a) < 0 || fstat(checked, &b) < 0 || a.st_rdev != b.st_rdev)
		return err_set(e, EMEDIUMTYPE, "'%s' became another device", path);
	return take_fd(fd);
}

static int raw_open(struct capture *c, int i, struct place *ret, struct err *e)
{
	const struct recipe_target *t = &c->recipe->targets[i];
	struct page_attempt *a = &c->page->attempts[i];
	auto_place struct place to = { .target = i, .dir = -1, .how = &destination_raw };
	char path[DEVNAME_MAX + 8];
	auto_close int checked = -1;
	int r;

	r = devices_wait(&c->devices, t, place_patience(c), 0, &checked, path, e);
	if (r < 0)
		return r;
	to.own = xcalloc(1, sizeof(struct raw));
	to.shown = xstrdup(path);
	to.dir = open_same(path, checked, e);
	r = to.dir < 0 ? to.dir : take_device(c, t, &to, e);
	if (r < 0)
		return r;
	devices_say(path, t);
	page_text(a->folder, path);
	*ret = to;
	to = (struct place){ .dir = -1 };
	return 0;
}

/* What an earlier worker left is told by the area itself. */
static int raw_reopen(const struct page *p, const struct recipe *r, int i, struct place *ret,
		      struct err *e)
{
	const struct page_attempt *a = &p->attempts[i];
	auto_place struct place to = { .target = i, .dir = -1, .how = &destination_raw };
	char pages[2 * RAWAREA_PAGE];
	struct raw *raw = xcalloc(1, sizeof(*raw));
	int err;

	to.own = raw;
	to.shown = xstrdup(a->folder);
	to.dir = open(a->folder, O_RDWR | O_CLOEXEC);
	err = to.dir < 0 ? -errno : fd_read_at(to.dir, 0, pages, sizeof(pages));
	if (err < 0)
		return err_set(e, -err, "cannot open '%s' of '%s': %s", a->folder, r->targets[i].url,
			       strerror(-err));
	err = rawarea_choose(pages, &raw->area, e);
	if (err < 0)
		return err_wrap(e, "'%s'", a->folder);
	raw->next = RAWAREA_DATA;
	for (enum rawarea_name n = RAWAREA_DMESG; n < RAWAREA_VMCORE; n++) {
		const struct rawarea_part *part = &raw->area->parts[n];

		if (part->at && page_up(part->at + part->len) > raw->next)
			raw->next = page_up(part->at + part->len);
	}
	*ret = to;
	to = (struct place){ .dir = -1 };
	return 0;
}

static void raw_done(struct place *p)
{
	struct raw *raw = take_ptr(p->own);

	if (!raw)
		return;
	rawarea_free(raw->area);
	free(raw->records);
	free(raw->data);
	if (raw->hash)
		raw_stream_sum(raw, (char[HASH_TEXT_MAX]){ 0 });
	free(raw);
}

/* --- log and record ------------------------------------------------------------------------------------ */

static int put_log(struct capture *c, const struct place *to, struct err *e)
{
	struct raw *raw = to->own;
	char sha256[HASH_TEXT_MAX], size[SIZE_TEXT_MAX];
	uint64_t at = raw->next;
	off_t end;
	int r;

	if (lseek(to->dir, (off_t)at, SEEK_SET) < 0)
		return device_fault(to, -errno, "seek in", e);
	r = log_write(c->page, to->dir, e);
	if (r < 0)
		return err_wrap(e, "cannot write the log to '%s'", to->shown);
	end = lseek(to->dir, 0, SEEK_CUR);
	r = end < (off_t)at ? -EIO : fsync(to->dir) < 0 ? -errno : 0;
	if (r == 0)
		r = hash_area(c->page, to->dir, at, (uint64_t)end - at, sha256);
	if (r < 0)
		return device_fault(to, r, "bring the log to the disk of", e);
	set_part(raw, RAWAREA_DMESG, at, (uint64_t)end - at, true, sha256);
	r = write_header(to, e);
	if (r < 0)
		return r;
	c->page->attempts[to->target].log = true;
	say(CONSOLE_DMESG, "saved %s dmesg.txt (%s)", to->shown, size_human((uint64_t)end - at, size));
	return 0;
}

static int raw_put_log(struct capture *c, const struct place *to, struct err *e)
{
	const struct {
		enum rawarea_name name;
		const struct buf *text;
	} notes[] = {
		{ RAWAREA_VMCOREINFO, &c->notes.vmcoreinfo },
		{ RAWAREA_REGISTERS, &c->notes.registers },
	};
	struct raw *raw = to->own;
	int r = c->page->log_ready ? put_log(c, to, e) : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(notes); i++)
		r = put(to, notes[i].name, raw->next, buf_text(notes[i].text), notes[i].text->len, e);
	if (r == 0)
		r = flush(to, e);
	page_beat(c->page);
	return r < 0 ? r : write_header(to, e);
}

/* Slots take turns, so that the record which the header names stays whole. */
static int raw_report(const struct capture *c, const struct place *at, const struct buf *text,
		      bool final, struct err *e)
{
	const struct page_attempt *a = &c->page->attempts[at->target];
	struct raw *raw = at->own;
	struct rawarea_part *dump = &raw->area->parts[RAWAREA_VMCORE];
	bool second = raw->area->parts[RAWAREA_MANIFEST].at == RAWAREA_RECORD;
	int r;

	if (text->len > RAWAREA_RECORD_MAX)
		return err_set(e, E2BIG, "the record has %zu bytes, '%s' room for %u", text->len,
			       at->shown, RAWAREA_RECORD_MAX);
	r = put(at, RAWAREA_MANIFEST, RAWAREA_RECORD + (second ? RAWAREA_RECORD_MAX : 0), text->data,
		text->len, e);
	/* A worker that died could not say how far it had come. */
	if (r == 0 && dump->at && !dump->whole && !dump->len && a->bytes &&
	    a->bytes <= raw->area->size - dump->at)
		dump->len = a->bytes;
	raw->area->state = final ? RAWAREA_FINAL : RAWAREA_SAVING;
	if (r == 0)
		r = flush(at, e);
	return r < 0 ? r : write_header(at, e);
}

/* --- the dump -------------------------------------------------------------------------------------------- */

static int note_record(void *ctx, uint64_t offset, uint64_t len, uint64_t pos)
{
	struct raw *raw = ctx;

	(void)len;
	if (raw->n_records == RECORDS_MAX)
		raw->too_many = true;
	else
		*vec_push(&raw->records, &raw->n_records) =
			(struct raw_record){ .offset = offset, .pos = pos };
	return 0;
}

static int write_piece(struct raw *raw, struct err *e)
{
	uint64_t at = raw->dump_at + raw->written;
	int r = 0;

	if (at > raw->area->size || raw->n_data > raw->area->size - at)
		return err_set(e, ENOSPC, "the dump does not fit on '%s'", raw->place->shown);
	r = fd_write_at(raw->place->dir, at, raw->data, raw->n_data);
	if (r < 0)
		return device_fault(raw->place, r, "write the dump to", e);
	hash_add(raw->hash, raw->data, raw->n_data);
	raw->written += raw->n_data;
	raw->attempt->bytes = raw->written;
	raw->n_data = 0;
	return 0;
}

static int take(void *ctx, const void *data, size_t len, struct err *e)
{
	struct raw *raw = ctx;
	struct flat_sink to = { .record = note_record, .ctx = raw };
	const char *p = data;
	int r = flat_feed(&raw->flat, data, len, &to, e);

	if (r < 0)
		return err_wrap(e, "what makedumpfile writes");
	while (len && r == 0) {
		size_t n = WRITE_BYTES - raw->n_data < len ? WRITE_BYTES - raw->n_data : len;

		memcpy(raw->data + raw->n_data, p, n);
		raw->n_data += n;
		p += n;
		len -= n;
		if (raw->n_data == WRITE_BYTES)
			r = write_piece(raw, e);
	}
	return r;
}

const char *raw_stream_sum(struct raw *raw, char text[static HASH_TEXT_MAX])
{
	return hash_end(take_ptr(raw->hash), text);
}

/* Also for another try: what an earlier one wrote is written over. */
static void begin_stream(struct raw *raw, const struct place *to)
{
	raw->place = to;
	raw->dump_at = (raw->next + WRITE_BYTES - 1) / WRITE_BYTES * WRITE_BYTES;
	raw->written = raw->n_data = raw->n_records = 0;
	raw->too_many = false;
	raw->flat = (struct flat){ 0 };
	free(take_ptr(raw->records));
	if (!raw->data)
		raw->data = xmalloc(WRITE_BYTES);
	raw->hash = hash_new();
	set_part(raw, RAWAREA_VMCORE, raw->dump_at, 0, false, "");
}

static int collect(struct capture *c, struct raw *raw, bool may_stop, int *ret_code, struct err *e)
{
	enum dump_how how = (enum dump_how)raw->attempt->how;
	struct collect_stream stream = { .take = take, .ctx = raw, .room = raw->area->size - raw->dump_at };
	struct err later = { 0 };
	int r;

	if (how == DUMP_COPY)
		r = collect_copy_stream(c, &stream, e);
	else
		r = collect_stream(c, &stream, dump_level(c->recipe, how),
				   dump_threads(c->recipe, how), may_stop, ret_code, e);
	if (r == 0 && !raw->flat.ended)
		r = err_set(e, EBADMSG, "makedumpfile did not end what it wrote");
	/* What came before a failure is kept too. */
	if (write_piece(raw, r == 0 ? e : &later) < 0 && r == 0)
		r = -e->code;
	return r;
}

static int raw_write(struct capture *c, const struct place *to, bool may_stop, int *ret_code, struct err *e)
{
	struct raw *raw = to->own;
	char sha256[HASH_TEXT_MAX];
	int r;

	*ret_code = 0;
	if (raw->area->parts[RAWAREA_VMCORE].whole)
		return err_set(e, EEXIST, "'%s' has the whole dump already", to->shown);
	begin_stream(raw, to);
	raw->attempt = &c->page->attempts[to->target];
	raw->attempt->bytes = 0;
	raw->attempt->partial = true;
	r = raw->dump_at < raw->area->size ? write_header(to, e)
					   : err_set(e, ENOSPC, "'%s' is too small for any dump", to->shown);
	if (r == 0)
		r = collect(c, raw, may_stop, ret_code, e);
	if (fsync(to->dir) < 0 && r == 0)
		r = device_fault(to, -errno, "bring the dump to the disk of", e);
	raw_stream_sum(raw, sha256);
	set_part(raw, RAWAREA_VMCORE, raw->dump_at, raw->written, false, sha256);
	return r;
}

/* Bytes of the dump as its records make it; of records that overlap the last counts. */
static int read_dump(void *ctx, uint64_t offset, void *to, size_t len)
{
	const struct raw *raw = ctx;
	int r = 0;

	memset(to, 0, len);
	for (size_t i = 0; i < raw->n_records && r == 0; i++) {
		const struct raw_record *rec = &raw->records[i];
		uint64_t next = i + 1 < raw->n_records ? raw->records[i + 1].pos - FLAT_RECORD
						       : raw->flat.pos - FLAT_RECORD;
		uint64_t size = next - rec->pos, from = rec->offset > offset ? rec->offset : offset;
		uint64_t end = rec->offset + size < offset + len ? rec->offset + size : offset + len;

		if (from < end)
			r = fd_read_at(raw->place->dir, raw->dump_at + rec->pos + (from - rec->offset),
				     (char *)to + (from - offset), (size_t)(end - from));
	}
	page_beat(raw->page);
	return r;
}

static int check_records(struct raw *raw, char says[static 200], struct err *e)
{
	auto_elfcore struct elfcore core = { 0 };
	struct kdump k = { .version = 0 };
	int r;

	if (raw->too_many) {
		snprintf(says, 200, "too large to be looked at in its flattened form; 'save' does so");
		return 0;
	}
	if (raw->attempt->how == DUMP_COPY) {
		r = elfcore_read(read_dump, raw, raw->flat.size, &core, e);
		snprintf(says, 200, "a plain copy, all that its headers name is there");
		return r;
	}
	r = kdump_check(read_dump, raw, raw->flat.size, &k, e);
	raw->page->pages = k.pages;
	snprintf(says, 200, "whole: %llu pages%s; its log is looked at when it is collected",
		 (unsigned long long)k.pages,
		 k.seen < k.pages ? ", the first and last of them looked at" : "");
	return r;
}

static int raw_check(struct capture *c, const struct place *at, struct err *e)
{
	struct raw *raw = at->own;
	char says[200] = "";
	int r;

	raw->page = c->page;
	c->page->pages = 0;
	posix_fadvise(at->dir, (off_t)raw->dump_at, (off_t)raw->written, POSIX_FADV_DONTNEED);
	r = check_records(raw, says, e);
	page_text(c->page->check, r < 0 && e ? e->text : says);
	if (r < 0)
		return err_wrap(e, "the dump on '%s' is not whole", at->shown);
	say(CONSOLE_CHECK, "%s", says);
	return 0;
}

/* Does the device have what was written? */
static int raw_hash(struct capture *c, const struct place *at, struct err *e)
{
	struct raw *raw = at->own;
	const struct rawarea_part *part = &raw->area->parts[RAWAREA_VMCORE];
	char sha256[HASH_TEXT_MAX];
	int r;

	if (part->len > c->recipe->hash_max)
		return 0;
	r = hash_area(c->page, at->dir, part->at, part->len, sha256);
	if (r < 0)
		return device_fault(at, r, "read the dump back from", e);
	if (strcmp(sha256, part->sha256) != 0)
		return err_set(e, EBADMSG, "'%s' gives back other bytes than were written", at->shown);
	c->page->checked = true;
	return 0;
}

static int raw_commit(struct capture *c, const struct place *at, struct err *e)
{
	struct raw *raw = at->own;
	struct rawarea_part *part = &raw->area->parts[RAWAREA_VMCORE];
	char size[SIZE_TEXT_MAX];
	int r;

	part->whole = true;
	r = write_header(at, e);
	if (r < 0) {
		part->whole = false;
		return r;
	}
	say(CONSOLE_SAVED, "%s vmcore (%s, sha256 %.12s)", at->shown,
	    size_human(c->page->attempts[at->target].bytes, size), part->sha256);
	return 0;
}

static bool raw_takes(const struct recipe_target *t)
{
	return t->kind == TARGET_RAW;
}

const struct destination destination_raw = {
	.name = "raw",
	.takes = raw_takes,
	.open = raw_open,
	.reopen = raw_reopen,
	.put_log = raw_put_log,
	.report = raw_report,
	.write = raw_write,
	.check = raw_check,
	.hash = raw_hash,
	.commit = raw_commit,
	.done = raw_done,
};
