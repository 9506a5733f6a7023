/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"

#include "brake.h"
#include "cmdline.h"
#include "dump.h"
#include "file.h"
#include "hooks.h"
#include "lastplace.h"
#include "listeners.h"
#include "modules.h"
#include "num.h"
#include "place.h"
#include "proc.h"
#include "report.h"
#include "room.h"
#include "say.h"
#include "turns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/*
 * The worker: does all that can hang, crash or run out of memory.  It may be killed at
 * any point; what it has done stands in the page, and the next worker goes on from there.
 */

#define CMDLINE_MAX 65536

static int stage_look(struct capture *c, struct err *e)
{
	struct stat st;

	page_sample_memory(c->page);
	if (stat(VMCORE, &st) < 0)
		return err_set(e, errno, "'" VMCORE "': %s: no crashed kernel is behind this one",
			       strerror(errno));
	atomic_store(&c->page->vmcore_size, (uint64_t)st.st_size);
	return 0;
}

static int stage_notes(struct capture *c, struct err *e)
{
	int r = notes_read(&c->notes, e);

	c->page->notes_ok = r == 0;
	return r;
}

static int stage_log(struct capture *c, struct err *e)
{
	return log_take(c->page, e);
}

static int stage_modules(struct capture *c, struct err *e)
{
	modules_answer_kernel();
	return modules_load(c->recipe, c->page, e);
}

/* Log, VMCOREINFO and registers: the log first and by itself, since it is worth most. */
static int save_log(struct capture *c, const struct place *to, struct err *e)
{
	struct page_attempt *a = &c->page->attempts[to->target];
	char size[SIZE_TEXT_MAX];
	struct stat st;
	int r;

	if (c->page->log_ready) {
		auto_close int fd = place_create(to, "dmesg.txt", e);

		if (fd < 0)
			return fd;
		r = log_write(c->page, fd, e);
		if (r < 0)
			return err_wrap(e, "cannot write '%s/dmesg.txt.incomplete'", to->shown);
		r = place_commit(to, fd, "dmesg.txt", e);
		if (r == 0)
			r = place_sync(to, e);
		if (r < 0)
			return r;
		a->log = true;
		if (fstat(fd, &st) == 0)
			say(CONSOLE_DMESG, "saved %s/dmesg.txt (%s)", to->shown,
			    size_human((uint64_t)st.st_size, size));
	}
	r = place_put(to, "vmcoreinfo.txt", buf_text(&c->notes.vmcoreinfo), c->notes.vmcoreinfo.len, e);
	if (r == 0)
		r = place_put(to, "registers.txt", buf_text(&c->notes.registers), c->notes.registers.len, e);
	page_beat(c->page);
	return r;
}

static int phase_open(struct capture *c, int i, struct place *place, struct err *e)
{
	const struct destination *how = destination_find(&c->recipe->targets[i]);
	int r;

	page_phase_begin(c->page, "device", i);
	if (!how)
		r = err_set(e, ENOTSUP, "a target of kind '%s' is not known to this capture-init",
			    target_kind_name(c->recipe->targets[i].kind));
	else
		r = how->open(c, i, place, e);
	place->how = how;
	page_phase_end(c->page, r < 0, r < 0 ? e->text : "");
	return r;
}

static int phase_log(struct capture *c, const struct place *place, struct err *e)
{
	int r;

	page_phase_begin(c->page, "dmesg", place->target);
	r = place->how->put_log ? place->how->put_log(c, place, e) : save_log(c, place, e);
	if (r == 0)
		r = report_write(c, place, false, e);
	page_phase_end(c->page, r < 0, r < 0 ? e->text : "");
	return r;
}

static int phase(struct capture *c, const struct place *place, const char *name,
		 int (*run)(struct capture *c, const struct place *at, struct err *e), struct err *e)
{
	int r;

	page_phase_begin(c->page, name, place->target);
	r = run(c, place, e);
	page_phase_end(c->page, r < 0, r < 0 ? e->text : "");
	return r;
}

/* One way of writing it, until it is found whole.  *ret_written: it was written, whole or not. */
static int write_and_check(struct capture *c, const struct place *place, bool *ret_written, struct err *e)
{
	const struct page_attempt *a = &c->page->attempts[place->target];
	const struct destination *how = place->how;
	bool may_stop = turns_more(c->recipe, c->page) || dump_next(c->recipe, (enum dump_how)a->how, -ENOSPC, false) >= 0;
	int r, code = 0;

	*ret_written = false;
	if (!how->write && room_is_doubtful(c, place)) {
		r = phase(c, place, "room", room_look, e);
		if (r == -ENOSPC)
			return r;
	}
	page_phase_begin(c->page, a->how == DUMP_COPY ? "copy" : "vmcore", place->target);
	r = how->write ? how->write(c, place, may_stop, &code, e) : dump_write(c, place, may_stop, &code, e);
	page_phase_end(c->page, code ? code : r < 0, r < 0 ? e->text : "");
	*ret_written = r == 0;
	return r < 0 ? r : phase(c, place, "check", how->check ? how->check : dump_check, e);
}

static int phase_dump(struct capture *c, const struct place *place, struct err *e)
{
	struct page_attempt *a = &c->page->attempts[place->target];
	const struct destination *how = place->how;
	bool written = false;
	int r, next;

	/* What was found out about another target's dump is not said of this one. */
	c->page->checked = false;
	c->page->pages = 0;
	c->page->sha256[0] = c->page->check[0] = '\0';
	a->dumping = true;
	while ((r = write_and_check(c, place, &written, e)) < 0 && !(a->cut = place_is_cut(place)) &&
	       (next = dump_next(c->recipe, (enum dump_how)a->how, r, written)) >= 0) {
		if (next == DUMP_COPY && dump_outdoes_copy(c, place)) {
			err_wrap(e, "it is kept, since there is no room for a plain copy of all memory");
			break;
		}
		a->how = next;
		if (next == DUMP_COPY)
			say(CONSOLE_FAILED, "%s; next: a plain copy of all memory", e->text);
		else
			say(CONSOLE_FAILED, "%s; next: makedumpfile at level %u%s", e->text,
			    dump_level(c->recipe, (enum dump_how)next),
			    next == DUMP_ONE_THREAD ? " with one thread" : "");
	}
	a->whole = r == 0;
	if (r == 0)
		r = phase(c, place, "hash", how->hash ? how->hash : dump_hash, e);
	if (r == 0)
		r = phase(c, place, "rename", how->commit ? how->commit : dump_commit, e);
	a->dumping = a->whole = false;
	return r;
}

/* The place has all that is wanted: a whole vmcore, or the log where no more was asked for. */
static int phase_dump_or_log(struct capture *c, const struct place *place, struct err *e)
{
	c->page->attempts[place->target].waiting = false;
	if (!c->page->log_only)
		return phase_dump(c, place, e);
	if (!c->page->attempts[place->target].log)
		return err_set(e, ENODATA, "the log alone was to be saved, and it could not be read");
	return 0;
}

/* Write down how target I ended: now, since what comes next may hang. */
static int end_target(struct capture *c, int i, const struct place *place, int code, struct err *e)
{
	struct page_attempt *a = &c->page->attempts[i];

	if (code < 0) {
		page_text(a->error, e->text);
		say(CONSOLE_FAILED, "%s: %s", c->recipe->targets[i].url, e->text);
	} else {
		a->error[0] = '\0';
		a->saved = true;
		c->page->winner = i;
	}
	if (place->dir >= 0 && report_write(c, place, true, e) < 0)
		say(CONSOLE_FAILED, "%s", e->text);
	c->page->target = -1;
	return code;
}

static int open_and_log(struct capture *c, int i, struct place *place, struct err *e)
{
	int r = phase_open(c, i, place, e);

	return r < 0 ? r : phase_log(c, place, e);
}

static void save_log_early(struct capture *c)
{
	int i;

	while ((i = turns_next_early(c->recipe, c->page)) >= 0) {
		auto_place struct place place = { .dir = -1 };
		struct err e = { 0 };

		c->page->target = i;
		/* It has its turn later: nothing that fails now counts against it. */
		if (open_and_log(c, i, &place, &e) < 0)
			say(CONSOLE_FAILED, "%s: %s", c->recipe->targets[i].url, e.text);
		c->page->target = -1;
	}
}

static int try_target(struct capture *c, int i)
{
	auto_place struct place place = { .dir = -1 };
	struct err e = { 0 };
	int r;

	c->page->target = i;
	c->page->attempts[i].begun = true;
	if (c->page->attempts[i].log)
		r = place_reopen(c->page, c->recipe, i, &place, &e);
	else
		r = open_and_log(c, i, &place, &e);
	if (r == 0) {
		c->page->attempts[i].waiting = true;
		listeners_find(c);
		/* A disk's driver asks for firmware when it is loaded, and all are; a card's may ask when it is brought up. */
		if (!turns_want_network(c->recipe, i))
			modules_drop_firmware(c->recipe);
		brake_look(c, &place);
		hooks_pre(c, &place);
		r = phase_dump_or_log(c, &place, &e);
	}
	return end_target(c, i, &place, r, &e);
}

/*
 * A worker died there, and nobody took a dump since.  Where it was writing one the plain copy has its turn; where
 * it had not begun the place is as good as it was.  Or the connection ended: then it is made anew, and the dump is
 * written once more in the same way.
 */
static int try_again(struct capture *c, int i)
{
	struct page_attempt *a = &c->page->attempts[i];
	auto_place struct place place = { .dir = -1 };
	bool waiting = a->waiting;
	struct err e = { 0 };
	int r;

	if ((!(a->dumping || a->cut) || c->page->log_only) && !waiting)
		return -ENOENT;
	if (!waiting && !a->cut)
		a->how = DUMP_COPY;
	a->dumping = a->waiting = a->cut = false;
	c->page->target = i;
	r = place_reopen(c->page, c->recipe, i, &place, &e);
	if (r == 0 && !waiting)
		say(CONSOLE_FAILED, "%s: %s; next: %s", c->recipe->targets[i].url, a->error,
		    a->how == DUMP_COPY ? "a plain copy of all memory" : "once more");
	/* Programs of DUMP_PRE that had no turn yet get none: one of them may be what killed that worker. */
	if (r == 0)
		r = phase_dump_or_log(c, &place, &e);
	return end_target(c, i, &place, r, &e);
}

/*
 * A worker died, or the time was over, when a dump had been found whole and only lacked its hash, its final name or
 * the record: it gets the latter two.  Once: whatever hung there may hang again.
 */
static void claim(struct capture *c)
{
	for (int i = 0; i < ATTEMPTS_MAX && c->page->winner < 0; i++) {
		struct page_attempt *a = &c->page->attempts[i];
		auto_place struct place place = { .dir = -1 };
		struct err e = { 0 };

		if (!a->whole)
			continue;
		a->whole = false;
		if (place_reopen(c->page, c->recipe, i, &place, NULL) < 0 || place.how->commit)
			continue;
		c->page->target = i;
		if (faccessat(place.dir, DUMP_NAME, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    phase(c, &place, "rename", dump_commit, &e) < 0)
			continue;
		a->dumping = false;
		end_target(c, i, &place, 0, &e);
	}
}

static int stage_targets(struct capture *c, struct err *e)
{
	struct page *p = c->page;

	if (!p->devices_since)
		p->devices_since = now_ms();
	claim(c);
	while (p->winner < 0 && turns_more(c->recipe, p)) {
		save_log_early(c);
		try_target(c, (int)p->next_target++);
	}
	while (p->winner < 0 && p->next_again < p->next_target)
		try_again(c, (int)p->next_again++);
	return p->winner < 0 ? err_set(e, ENOENT, "no target took the dump") : 0;
}

static int stage_post(struct capture *c, struct err *e)
{
	(void)e;
	hooks_post(c);
	return 0;
}

/* No target took the log: what is left is the machine itself, and whoever reads the console. */
static void save_log_here(struct capture *c)
{
	struct err e = { 0 };
	unsigned records;
	int r;

	log_show();
	records = lastplace_pstore();
	if (records)
		say(CONSOLE_DMESG, "the crashed kernel left %u records in pstore", records);
	page_phase_begin(c->page, "efi", -1);
	r = lastplace_save(c, &e);
	page_phase_end(c->page, r < 0, r < 0 ? e.text : "");
	if (r == 0)
		say(CONSOLE_DMESG, "no target took the log: its end is in EFI variables");
	else
		say(CONSOLE_FAILED, "no target took the log, and there was no other place: %s", e.text);
}

static void close_record(struct capture *c, int i)
{
	auto_place struct place place = { .dir = -1 };
	struct err e = { 0 };
	int r = place_reopen(c->page, c->recipe, i, &place, &e);

	if (r == 0)
		r = report_write(c, &place, true, &e);
	if (r < 0)
		say(CONSOLE_FAILED, "%s", e.text);
}

/* The last word: the manifests, and where no target took the log, the log on the console. */
static int stage_close(struct capture *c, struct err *e)
{
	(void)e;
	/* Tried once: the firmware may hang in it. */
	if (!turns_have_log(c->page) && c->page->vmcore_size && !c->page->here_tried) {
		c->page->here_tried = true;
		save_log_here(c);
	}
	claim(c);
	/* Disks first: a server that hangs must not keep them from their record. */
	for (int i = 0; i < 2 * ATTEMPTS_MAX; i++) {
		bool local = i < ATTEMPTS_MAX;

		if (c->page->attempts[i % ATTEMPTS_MAX].folder[0] &&
		    turns_is_local(&c->recipe->targets[i % ATTEMPTS_MAX]) == local)
			close_record(c, i % ATTEMPTS_MAX);
	}
	return 0;
}

/* REQUIRED: without it there is nothing to save, and the last stage is next. */
static const struct {
	const char *name;
	int (*run)(struct capture *c, struct err *e);
	bool required;
	bool told;		/* its result is a phase of its own in the manifest */
} stages[STAGES] = {
	[STAGE_LOOK] = { .name = "look", .run = stage_look, .required = true, .told = true },
	[STAGE_NOTES] = { .name = "notes", .run = stage_notes, .told = true },
	[STAGE_LOG] = { .name = "log", .run = stage_log, .told = true },
	[STAGE_MODULES] = { .name = "modules", .run = stage_modules, .told = true },
	[STAGE_TARGETS] = { .name = "targets", .run = stage_targets },
	[STAGE_POST] = { .name = "post", .run = stage_post },
	[STAGE_CLOSE] = { .name = "close", .run = stage_close },
};

static void run_stage(struct capture *c, int i)
{
	struct page *p = c->page;
	struct err e = { 0 };
	int r;

	if (stages[i].told)
		page_phase_begin(p, stages[i].name, -1);
	r = stages[i].run(c, &e);
	if (stages[i].told)
		page_phase_end(p, r < 0, r < 0 ? e.text : "");
	if (r < 0)
		say(CONSOLE_FAILED, "%s: %s", stages[i].name, e.text);
	p->stage = r < 0 && stages[i].required ? STAGE_CLOSE : i + 1;
}

/* "crashcfg.boot_id=" of the command line, which no dump holds. */
static char *read_boot_id(void)
{
	auto_close int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	auto_buf struct buf line = { 0 };
	char *id = NULL;

	if (fd >= 0 && fd_read_all(fd, CMDLINE_MAX, &line) == 0)
		id = cmdline_get(buf_text(&line), "crashcfg.boot_id");
	return id ? id : xstrdup("");
}

void worker_main(const struct recipe *r, struct page *p)
{
	struct capture c = { .recipe = r, .page = p, .devices = { .fd = -1 }, .boot_id = read_boot_id() };
	struct err e = { 0 };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	listeners_tell(r, p);
	p->log_only |= r->dump_level == DUMP_LEVEL_LOG;
	/* A later worker needs what the first one learnt when it looked. */
	c.notes = (struct notes){ .release = xstrdup(""), .build_id = xstrdup("") };
	if (p->notes_ok)
		notes_read(&c.notes, NULL);
	if (p->stage <= STAGE_TARGETS && devices_open(&c.devices, r, p, &e) < 0)
		say(CONSOLE_FAILED, "%s", e.text);
	while (p->stage < STAGES)
		run_stage(&c, p->stage);
	atomic_store(&p->finished, true);
	_exit(0);
}
