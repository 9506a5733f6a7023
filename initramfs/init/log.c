/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include "elfnote.h"
#include "file.h"
#include "oops.h"
#include "run.h"
#include "say.h"
#include "vmcoreinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD_BYTES 4096
#define LOG_MIN (256U << 10)		/* what a log may take of memory in any case, */
#define LOG_SHARE 8			/* the part of free memory that it may take, */
#define LOG_MAX (16U << 20)		/* and at most */
#define SHOW_BYTES (16U << 10)		/* on a serial line a second and a half */
#define PROGRAM_MS 20000

static int read_at(int fd, uint64_t offset, size_t len, struct buf *to)
{
	char *room = buf_room(to, len);

	while (len) {
		ssize_t n = pread(fd, room, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		room += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
		to->len += (size_t)n;
	}
	return 0;
}

static char *info(const struct notes *n, const char *key)
{
	char *value = vmcoreinfo_get(buf_text(&n->vmcoreinfo), n->vmcoreinfo.len, key);

	return value ? value : xstrdup("");
}

int notes_read(struct notes *ret, struct err *e)
{
	auto_buf struct buf head = { 0 };
	auto_buf struct buf notes = { 0 };
	auto_close int fd = open(VMCORE, O_RDONLY | O_CLOEXEC);
	uint64_t offset, size;
	uint16_t machine;
	const char *text;
	size_t len;
	int r;

	*ret = (struct notes){ .release = xstrdup(""), .build_id = xstrdup("") };
	if (fd < 0)
		return err_set(e, errno, "cannot open '" VMCORE "': %s", strerror(errno));
	r = read_at(fd, 0, HEAD_BYTES, &head);
	if (r < 0)
		return err_set(e, -r, "cannot read '" VMCORE "': %s", strerror(-r));
	r = elfnote_find(head.data, head.len, &offset, &size, &machine, e);
	if (r < 0)
		return err_wrap(e, "'" VMCORE "'");
	r = read_at(fd, offset, (size_t)size, &notes);
	if (r < 0)
		return err_set(e, -r, "cannot read the notes of '" VMCORE "': %s", strerror(-r));
	elfnote_registers(notes.data, notes.len, machine, &ret->registers);
	text = elfnote_vmcoreinfo(notes.data, notes.len, &len);
	if (!text)
		return err_set(e, ENOENT, "'" VMCORE "' has no VMCOREINFO");
	buf_add(&ret->vmcoreinfo, text, len);
	free(ret->release);
	free(ret->build_id);
	ret->release = info(ret, "OSRELEASE");
	ret->build_id = info(ret, "BUILD-ID");
	ret->crash_time = vmcoreinfo_crash_time(text, len);
	return 0;
}

/* The end of a text of unknown length. */
struct tail {
	struct buf text;
	size_t max;
	bool cut;
};

static void tail_add(void *ctx, int stream, const char *data, size_t len)
{
	struct tail *t = ctx;

	if (stream != STDOUT_FILENO)
		return;
	if (t->text.len + len > 2 * t->max && t->text.len > t->max) {
		size_t drop = t->text.len - t->max;

		memmove(t->text.data, t->text.data + drop, t->max);
		t->text.len = t->max;
		t->cut = true;
	}
	buf_add(&t->text, data, len);
}

static size_t log_max(struct page *p)
{
	uint64_t share;

	page_sample_memory(p);
	share = p->mem_low / LOG_SHARE;
	return share < LOG_MIN ? LOG_MIN : share > LOG_MAX ? LOG_MAX : (size_t)share;
}

static int by_vmcore_dmesg(struct page *p, struct err *e)
{
	const char *const argv[] = { "vmcore-dmesg", VMCORE, NULL };
	struct tail t = { .max = log_max(p) };
	struct run run = { .argv = argv, .folder = -1, .out_fd = -1, .deadline_ms = PROGRAM_MS,
			   .heard = tail_add, .ctx = &t };
	auto_close int fd = -1;
	int r = run_check(&run, e);

	if (r == 0 && t.text.len == 0)
		r = err_set(e, ENODATA, "'vmcore-dmesg' found no line of log");
	if (r == 0) {
		fd = open(LOG_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		r = fd < 0 ? -errno : fd_write_all(fd, t.text.data, t.text.len);
		if (r < 0)
			err_set(e, -r, "cannot write '" LOG_FILE "': %s", strerror(-r));
	}
	if (r == 0)
		p->log_whole = !t.cut;
	buf_done(&t.text);
	return r;
}

static int by_makedumpfile(struct page *p, struct err *e)
{
	const char *const argv[] = {
		"makedumpfile", "--message-level", "4", "--dump-dmesg", VMCORE, LOG_FILE, NULL
	};
	struct run run = { .argv = argv, .folder = -1, .out_fd = -1, .deadline_ms = PROGRAM_MS };
	struct stat st;
	int r;

	unlink(LOG_FILE);
	r = run_check(&run, e);
	if (r == 0 && (stat(LOG_FILE, &st) < 0 || st.st_size == 0))
		r = err_set(e, ENODATA, "'makedumpfile --dump-dmesg' found no line of log");
	if (r == 0)
		p->log_whole = true;
	return r;
}

static int (*const methods[])(struct page *p, struct err *e) = { by_vmcore_dmesg, by_makedumpfile };

static void find_panic(struct page *p)
{
	auto_close int fd = open(LOG_FILE, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf text = { 0 };
	auto_free char *line = NULL;

	if (fd >= 0 && fd_read_all(fd, LOG_MAX * 2, &text) == 0)
		line = oops_panic_line(buf_text(&text), text.len);
	if (line)
		page_text(p->panic, line);
}

int log_take(struct page *p, struct err *e)
{
	struct err first = { 0 };

	while (!p->log_ready && p->next_method < ARRAY_SIZE(methods)) {
		struct err why = { 0 };

		if (methods[p->next_method++](p, &why) == 0)
			p->log_ready = true;
		else if (!first.code)
			first = why;
		page_beat(p);
	}
	if (!p->log_ready)
		return err_set(e, first.code ? first.code : EIO, "%s",
			       first.code ? first.text : "no program is left to try");
	find_panic(p);
	return 0;
}

static int copy(int from, int to)
{
	char data[16384];
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = read(from, data, sizeof(data))) != 0)
		r = n < 0 ? -errno : fd_write_all(to, data, (size_t)n);
	return r;
}

int log_write(const struct page *p, int fd, struct err *e)
{
	const char *const argv[] = { "vmcore-dmesg", VMCORE, NULL };
	struct run run = { .argv = argv, .folder = -1, .out_fd = fd };
	auto_close int from = -1;
	int r;

	if (!p->log_ready)
		return err_set(e, ENODATA, "no program of the image could read the log");
	if (!p->log_whole)
		return run_check(&run, e);
	from = open(LOG_FILE, O_RDONLY | O_CLOEXEC);
	r = from < 0 ? -errno : copy(from, fd);
	return r < 0 ? err_set(e, -r, "%s", strerror(-r)) : 0;
}

void log_show(void)
{
	auto_close int fd = open(LOG_FILE, O_RDONLY | O_CLOEXEC);
	auto_buf struct buf text = { 0 };
	struct stat st;
	off_t from;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	from = st.st_size > (off_t)SHOW_BYTES ? st.st_size - (off_t)SHOW_BYTES : 0;
	if (lseek(fd, from, SEEK_SET) < 0 || fd_read_all(fd, SHOW_BYTES, &text) < 0 || !text.len)
		return;
	for (char *line = text.data, *end; line && *line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		say(CONSOLE_LOG, "%s", line);
	}
}
