/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"
#include "vmcoreinfo.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define RECORD_MAX (64U << 10)	/* more than printk ever stores for one record */
#define LAYOUT_MAX 4096		/* no structure here is larger */
#define RING_BITS_MAX 30
#define LOG_MAX (256U << 20)
#define MISSING_MAX (256U << 10)

static int info_value(const char *info, const char *key, bool hex, uint64_t *ret)
{
	auto_free char *text = vmcoreinfo_get(info, strlen(info), key);
	char *end;

	if (!text)
		return -ENOENT;
	errno = 0;
	*ret = strtoull(text, &end, hex ? 16 : 10);
	return *end || end == text || errno ? -EINVAL : 0;
}

static int symbol(const char *info, const char *name, uint64_t *ret)
{
	auto_free char *key = xasprintf("SYMBOL(%s)", name);

	return info_value(info, key, true, ret);
}

/* A member or a size that must be told and must be small. */
struct layout_row {
	const char *key;
	uint64_t *to;
};

static int layout(const char *info, const struct layout_row *rows, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		int r = info_value(info, rows[i].key, false, rows[i].to);

		if (r == -ENOENT)
			return err_set(e, ENOTSUP, "VMCOREINFO has no '%s'", rows[i].key);
		if (r < 0 || *rows[i].to > LAYOUT_MAX)
			return err_set(e, EINVAL, "VMCOREINFO: '%s' is not a size or offset", rows[i].key);
	}
	return 0;
}

/* One member out of a structure's bytes; 0 beyond their end. */
static uint64_t member(const char *data, size_t size, uint64_t offset, size_t width)
{
	uint64_t v = 0;

	if (offset <= size && width <= size - offset)
		memcpy(&v, data + offset, width);
	return v;
}

/* A time stamp before each line, as dmesg does; what is not printable as \xNN. */
static void add_record(struct buf *to, uint64_t nsec, const char *text, size_t len)
{
	bool start = true;

	if (to->len > LOG_MAX)
		return;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (start)
			buf_addf(to, "[%5" PRIu64 ".%06" PRIu64 "] ", nsec / 1000000000,
				 nsec / 1000 % 1000000);
		start = c == '\n';
		if (c == '\n' || c == '\t' || c >= 0x80 || isprint(c))
			buf_addc(to, (char)c);
		else
			buf_addf(to, "\\x%02x", c);
	}
	if (!start)
		buf_addc(to, '\n');
	else if (len == 0)
		buf_addf(to, "[%5" PRIu64 ".%06" PRIu64 "] \n", nsec / 1000000000, nsec / 1000 % 1000000);
}

/* --- the lockless ring ----------------------------------------------------------------------- */

struct prb {
	uint64_t rb_size, rb_desc_ring, rb_data_ring;
	uint64_t dr_count_bits, dr_descs, dr_infos, dr_head, dr_tail;
	uint64_t desc_size, desc_state, desc_lpos, lpos_begin, lpos_next, counter;
	uint64_t info_size, info_ts, info_len;
	uint64_t data_bits, data_data;
};

struct prb_ring {
	uint64_t descs, infos, head, tail, count, data, data_size;
};

/* Descriptor states and ids: the two top bits and the rest of state_var (printk_ringbuffer.h). */
enum { DESC_COMMITTED = 1, DESC_FINALIZED = 2 };
#define ID_MASK (~(UINT64_C(3) << 62))

static int prb_layout(const char *info, struct prb *p, struct err *e)
{
	const struct layout_row rows[] = {
		{ "SIZE(printk_ringbuffer)", &p->rb_size },
		{ "OFFSET(printk_ringbuffer.desc_ring)", &p->rb_desc_ring },
		{ "OFFSET(printk_ringbuffer.text_data_ring)", &p->rb_data_ring },
		{ "OFFSET(prb_desc_ring.count_bits)", &p->dr_count_bits },
		{ "OFFSET(prb_desc_ring.descs)", &p->dr_descs },
		{ "OFFSET(prb_desc_ring.infos)", &p->dr_infos },
		{ "OFFSET(prb_desc_ring.head_id)", &p->dr_head },
		{ "OFFSET(prb_desc_ring.tail_id)", &p->dr_tail },
		{ "SIZE(prb_desc)", &p->desc_size },
		{ "OFFSET(prb_desc.state_var)", &p->desc_state },
		{ "OFFSET(prb_desc.text_blk_lpos)", &p->desc_lpos },
		{ "OFFSET(prb_data_blk_lpos.begin)", &p->lpos_begin },
		{ "OFFSET(prb_data_blk_lpos.next)", &p->lpos_next },
		{ "OFFSET(atomic_long_t.counter)", &p->counter },
		{ "SIZE(printk_info)", &p->info_size },
		{ "OFFSET(printk_info.ts_nsec)", &p->info_ts },
		{ "OFFSET(printk_info.text_len)", &p->info_len },
		{ "OFFSET(prb_data_ring.size_bits)", &p->data_bits },
		{ "OFFSET(prb_data_ring.data)", &p->data_data },
	};

	return layout(info, rows, ARRAY_SIZE(rows), e);
}

static int prb_open(const struct prb *p, const struct memory *mem, uint64_t prb, struct prb_ring *ring,
		    struct err *e)
{
	char rb[LAYOUT_MAX];
	uint64_t addr, bits, data_bits, d = p->rb_desc_ring, t = p->rb_data_ring;

	if (mem->read(mem->ctx, prb, &addr, sizeof(addr)) < 0 ||
	    mem->read(mem->ctx, addr, rb, p->rb_size) < 0)
		return err_set(e, EIO, "the kernel log's head is not in the dump");
	bits = member(rb, p->rb_size, d + p->dr_count_bits, 4);
	data_bits = member(rb, p->rb_size, t + p->data_bits, 4);
	if (bits == 0 || bits > RING_BITS_MAX || data_bits == 0 || data_bits > RING_BITS_MAX)
		return err_set(e, EINVAL,
			       "the kernel log's head is damaged (2^%" PRIu64 " records, 2^%" PRIu64
			       " bytes)",
			       bits, data_bits);
	ring->descs = member(rb, p->rb_size, d + p->dr_descs, 8);
	ring->infos = member(rb, p->rb_size, d + p->dr_infos, 8);
	ring->head = member(rb, p->rb_size, d + p->dr_head + p->counter, 8) & ID_MASK;
	ring->tail = member(rb, p->rb_size, d + p->dr_tail + p->counter, 8) & ID_MASK;
	ring->count = UINT64_C(1) << bits;
	ring->data = member(rb, p->rb_size, t + p->data_data, 8);
	ring->data_size = UINT64_C(1) << data_bits;
	return 0;
}

/* Append record ID and return the bytes of its text; 0: it is not there, not whole, or empty. */
static uint64_t prb_record(const struct prb *p, const struct memory *mem, const struct prb_ring *ring,
		       uint64_t id, char *text, struct buf *to)
{
	char desc[LAYOUT_MAX], info[LAYOUT_MAX];
	uint64_t at = id % ring->count, state, begin, next, len;

	if (mem->read(mem->ctx, ring->descs + at * p->desc_size, desc, p->desc_size) < 0)
		return 0;
	state = member(desc, p->desc_size, p->desc_state + p->counter, 8);
	if ((state & ID_MASK) != id || (state >> 62 != DESC_COMMITTED && state >> 62 != DESC_FINALIZED))
		return 0;
	if (mem->read(mem->ctx, ring->infos + at * p->info_size, info, p->info_size) < 0)
		return 0;

	begin = member(desc, p->desc_size, p->desc_lpos + p->lpos_begin, 8);
	next = member(desc, p->desc_size, p->desc_lpos + p->lpos_next, 8);
	len = member(info, p->info_size, p->info_len, 2);
	if (begin & 1 && next & 1) {	/* a record without text, or one whose text did not fit */
		len = 0;
	} else {
		begin %= ring->data_size;
		next %= ring->data_size;
		if (begin > next)	/* a block does not wrap, it starts over at 0 */
			begin = 0;
		begin += 8;		/* the block's id */
		if (begin > next)
			return 0;
		if (len > next - begin)
			len = next - begin;
		if (len > RECORD_MAX || mem->read(mem->ctx, ring->data + begin, text, len) < 0)
			return 0;
	}
	add_record(to, member(info, p->info_size, p->info_ts, 8), text, len);
	return len;
}

static int prb_read(const char *info, uint64_t prb, const struct memory *mem, struct buf *ret, struct err *e)
{
	auto_free char *text = xmalloc(RECORD_MAX);
	struct prb p = { 0 };
	struct prb_ring ring = { 0 };
	uint64_t n;
	int r;

	r = prb_layout(info, &p, e);
	if (r < 0)
		return r;
	r = prb_open(&p, mem, prb, &ring, e);
	if (r < 0)
		return r;
	n = ((ring.head - ring.tail) & ID_MASK) + 1;
	/*
	 * No two records share bytes: a ring that seems to hold more than fits into it is none.  And where so
	 * many in a row are not there, those behind them are not either.
	 */
	for (uint64_t i = 0, used = 0, missing = 0; i < n && i < ring.count && missing < MISSING_MAX; i++) {
		uint64_t len = prb_record(&p, mem, &ring, (ring.tail + i) & ID_MASK, text, ret);

		missing = len ? 0 : missing + 1;
		used += len;
		if (used > ring.data_size || ret->len > LOG_MAX)
			break;
	}
	return 0;
}

/* --- the record ring before 5.10 ------------------------------------------------------------- */

struct record_ring {
	uint64_t size, ts, len, text_len;	/* layout of a record's head */
	uint64_t buf, buf_len, first, next;
};

static int u32_at(const char *info, const char *name, const struct memory *mem, uint64_t *ret)
{
	uint64_t addr;
	uint32_t v;

	if (symbol(info, name, &addr) < 0 || mem->read(mem->ctx, addr, &v, sizeof(v)) < 0)
		return -EIO;
	*ret = v;
	return 0;
}

static int record_ring_open(const char *info, const struct memory *mem, struct record_ring *rr, struct err *e)
{
	/* struct log became struct printk_log in 3.11 */
	bool old = strstr(info, "SIZE(printk_log)=") == NULL;
	const struct layout_row rows[] = {
		{ old ? "SIZE(log)" : "SIZE(printk_log)", &rr->size },
		{ old ? "OFFSET(log.ts_nsec)" : "OFFSET(printk_log.ts_nsec)", &rr->ts },
		{ old ? "OFFSET(log.len)" : "OFFSET(printk_log.len)", &rr->len },
		{ old ? "OFFSET(log.text_len)" : "OFFSET(printk_log.text_len)", &rr->text_len },
	};
	uint64_t addr;
	int r = layout(info, rows, ARRAY_SIZE(rows), e);

	if (r < 0)
		return r;
	if (symbol(info, "log_buf", &addr) < 0 || mem->read(mem->ctx, addr, &rr->buf, 8) < 0 ||
	    u32_at(info, "log_buf_len", mem, &rr->buf_len) < 0 ||
	    u32_at(info, "log_first_idx", mem, &rr->first) < 0 ||
	    u32_at(info, "log_next_idx", mem, &rr->next) < 0)
		return err_set(e, EIO, "the kernel log's head is not in the dump");
	if (rr->size < 16 || rr->buf_len > UINT64_C(1) << RING_BITS_MAX || rr->first >= rr->buf_len ||
	    rr->next > rr->buf_len)
		return err_set(e, EINVAL, "the kernel log's head is damaged");
	return 0;
}

static int records_read(const char *info, const struct memory *mem, struct buf *ret, struct err *e)
{
	auto_free char *text = xmalloc(RECORD_MAX);
	struct record_ring rr = { 0 };
	char head[LAYOUT_MAX];
	uint64_t at, seen = 0;
	int r;

	r = record_ring_open(info, mem, &rr, e);
	if (r < 0)
		return r;
	for (at = rr.first; at != rr.next && seen <= rr.buf_len;) {
		uint64_t len, text_len;

		if (at + rr.size > rr.buf_len || mem->read(mem->ctx, rr.buf + at, head, rr.size) < 0)
			break;
		len = member(head, rr.size, rr.len, 2);
		text_len = member(head, rr.size, rr.text_len, 2);
		if (len == 0) {		/* the rest of the ring is not used: go on at its start */
			if (at == 0)
				break;
			seen += rr.buf_len - at;
			at = 0;
			continue;
		}
		if (len < rr.size || text_len > len - rr.size || at + len > rr.buf_len)
			break;
		if (mem->read(mem->ctx, rr.buf + at + rr.size, text, text_len) == 0)
			add_record(ret, member(head, rr.size, rr.ts, 8), text, text_len);
		at += len;
		seen += len;
	}
	return 0;
}

int log_read(const char *info, const struct memory *mem, struct buf *ret, struct err *e)
{
	auto_buf struct buf log = { 0 };
	uint64_t prb;
	int r;

	if (symbol(info, "prb", &prb) == 0)
		r = prb_read(info, prb, mem, &log, e);
	else if (strstr(info, "SYMBOL(log_first_idx)="))
		r = records_read(info, mem, &log, e);
	else
		r = err_set(e, ENOTSUP,
			    "VMCOREINFO tells of no kernel log (a kernel before 3.5, or none in the dump)");
	if (r < 0)
		return r;
	if (log.len == 0)
		return err_set(e, EIO, "no record of the kernel log is in the dump");
	buf_add(ret, log.data, log.len);
	return 0;
}
