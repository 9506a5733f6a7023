/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"
#include "vmcore.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/*
 * A kernel's memory by hand: a lockless ring of four descriptors and 256 bytes
 * of text, laid out as VMCOREINFO below tells, at address BASE.
 */
#define BASE UINT64_C(0xffffffff80000000)
#define DESCS 0x400
#define INFOS 0x800
#define DATA 0xc00

static const char prb_info[] =
	"OSRELEASE=6.1.0-test\nSYMBOL(prb)=ffffffff80000000\nSIZE(printk_ringbuffer)=88\n"
	"OFFSET(printk_ringbuffer.desc_ring)=0\nOFFSET(printk_ringbuffer.text_data_ring)=48\n"
	"OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=8\nOFFSET(prb_desc_ring.infos)=16\n"
	"OFFSET(prb_desc_ring.head_id)=24\nOFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\n"
	"OFFSET(prb_desc.state_var)=0\nOFFSET(prb_desc.text_blk_lpos)=8\nOFFSET(prb_data_blk_lpos.begin)=0\n"
	"OFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=32\nOFFSET(printk_info.ts_nsec)=8\n"
	"OFFSET(printk_info.text_len)=16\nOFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n"
	"OFFSET(atomic_long_t.counter)=0\n";

struct kernel {
	unsigned char bytes[0x1000];
	uint64_t hole, hole_len;	/* not in the dump */
	uint64_t pos;			/* of the next block of text */
};

static int mem_read(void *ctx, uint64_t addr, void *to, size_t len)
{
	const struct kernel *k = ctx;
	uint64_t at = addr - BASE;

	if (addr < BASE || at > sizeof(k->bytes) || len > sizeof(k->bytes) - at)
		return -EIO;
	if (at < k->hole + k->hole_len && k->hole < at + len)
		return -EIO;
	memcpy(to, k->bytes + at, len);
	return 0;
}

static void put(struct kernel *k, uint64_t at, uint64_t v, size_t width)
{
	memcpy(k->bytes + at, &v, width);
}

static void prb_make(struct kernel *k, uint64_t tail, uint64_t head)
{
	memset(k, 0, sizeof(*k));
	put(k, 0, BASE + 0x100, 8);		/* the pointer prb */
	put(k, 0x100, 2, 4);			/* 4 descriptors */
	put(k, 0x108, BASE + DESCS, 8);
	put(k, 0x110, BASE + INFOS, 8);
	put(k, 0x118, head, 8);
	put(k, 0x120, tail, 8);
	put(k, 0x130, 8, 4);			/* 256 bytes */
	put(k, 0x138, BASE + DATA, 8);
}

/* A record as printk stores it: a block that starts with its id and does not wrap. */
static void prb_put(struct kernel *k, uint64_t id, unsigned state, uint64_t nsec, const char *text)
{
	uint64_t at = id % 4, len = strlen(text), size = (8 + len + 7) & ~UINT64_C(7), begin = k->pos;

	if (begin % 256 + size > 256) /* the text goes to the ring's start, the block's begin stays */
		k->pos += 256 - begin % 256;
	memcpy(k->bytes + DATA + k->pos % 256 + 8, text, len);
	k->pos += size;
	put(k, DESCS + at * 24, (uint64_t)state << 62 | id, 8);
	put(k, DESCS + at * 24 + 8, begin, 8);
	put(k, DESCS + at * 24 + 16, k->pos, 8);
	put(k, INFOS + at * 32 + 8, nsec, 8);
	put(k, INFOS + at * 32 + 16, len, 2);
}

static char *read_log(struct kernel *k, const char *info, int *ret)
{
	struct memory mem = { mem_read, k };
	struct buf log = { 0 };
	struct err e = { 0 };

	*ret = log_read(info, &mem, &log, &e);
	assert_int_equal(*ret < 0 ? -e.code : 0, *ret);
	return buf_take(&log);
}

static void expect(struct kernel *k, const char *info, const char *want)
{
	int r;
	auto_free char *got = read_log(k, info, &r);

	assert_int_equal(r, 0);
	assert_string_equal(got, want);
}

static void records_come_in_order_with_their_times(void **state)
{
	struct kernel k;

	(void)state;
	prb_make(&k, 1, 3);
	prb_put(&k, 1, 2, 1234567890, "Linux version 6.1");
	prb_put(&k, 2, 1, 61000000000, "two\nlines");
	prb_put(&k, 3, 2, 62000001000, "\x1b[31mred\ttab");
	expect(&k, prb_info, "[    1.234567] Linux version 6.1\n[   61.000000] two\n[   61.000000] lines\n"
	       "[   62.000001] \\x1b[31mred\ttab\n");
}

static void only_whole_records_of_this_round_are_taken(void **state)
{
	struct kernel k;

	(void)state;
	prb_make(&k, 5, 8);
	prb_put(&k, 5, 0, 1, "reserved, not yet written");
	prb_put(&k, 6, 3, 2, "free to be used again");
	prb_put(&k, 3, 2, 3, "of an earlier round");	/* in the place of 7 */
	prb_put(&k, 8, 2, 4000000000, "good");
	expect(&k, prb_info, "[    4.000000] good\n");
}

static void a_text_at_the_ring_end_is_found_at_its_start(void **state)
{
	static const char turned[] = "after the turn, and too long for what was left of the ring";
	struct kernel k;
	auto_free char *want =
		xasprintf("[    1.000000] before\n[    2.000000] %s\n[    3.000000] \n", turned);

	(void)state;
	prb_make(&k, 1, 3);
	k.pos = 200;
	prb_put(&k, 1, 2, 1000000000, "before");
	prb_put(&k, 2, 2, 2000000000, turned);
	prb_put(&k, 3, 2, 3000000000, "");
	put(&k, DESCS + 3 * 24 + 8, 1, 8);	/* data-less: both ends are odd */
	put(&k, DESCS + 3 * 24 + 16, 1, 8);
	expect(&k, prb_info, want);
}

static void what_is_not_in_the_dump_is_left_out(void **state)
{
	struct kernel k;
	int r;

	(void)state;
	prb_make(&k, 1, 2);
	prb_put(&k, 1, 2, 1000000000, "lost");
	prb_put(&k, 2, 2, 2000000000, "kept");
	k.hole = DATA + 8;
	k.hole_len = 1;
	expect(&k, prb_info, "[    2.000000] kept\n");
	k.hole = INFOS;
	k.hole_len = 4 * 32;
	free(read_log(&k, prb_info, &r));
	assert_int_equal(r, -EIO);
	k.hole = 0x100;
	free(read_log(&k, prb_info, &r));
	assert_int_equal(r, -EIO);
}

static void a_damaged_head_is_refused(void **state)
{
	static const struct {
		uint64_t at, value;
	} rows[] = { { 0x100, 0 }, { 0x100, 31 }, { 0x100, 0xffffffff }, { 0x130, 0 }, { 0x130, 63 } };
	struct kernel k;
	int r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		prb_make(&k, 1, 1);
		prb_put(&k, 1, 2, 1, "x");
		put(&k, rows[i].at, rows[i].value, 4);
		free(read_log(&k, prb_info, &r));
		assert_int_equal(r, -EINVAL);
	}
}

static void a_vmcoreinfo_without_a_layout_is_refused(void **state)
{
	static const struct {
		const char *info;
		int want;
	} rows[] = {
		{ "", -ENOTSUP },
		{ "OSRELEASE=2.6.32\n", -ENOTSUP },
		{ "SYMBOL(prb)=ffffffff80000000\n", -ENOTSUP },
		{ "SYMBOL(prb)=ffffffff80000000\nSIZE(printk_ringbuffer)=99999999\n", -EINVAL },
		{ "SYMBOL(prb)=ffffffff80000000\nSIZE(printk_ringbuffer)=88x\n", -EINVAL },
		{ "SYMBOL(log_first_idx)=ffffffff80000000\n", -ENOTSUP },
	};
	struct kernel k = { .pos = 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r;

		free(read_log(&k, rows[i].info, &r));
		assert_int_equal(r, rows[i].want);
	}
}

/* --- the ring of records before 5.10 --------------------------------------------------------- */

static const char record_info[] =
	"SYMBOL(log_buf)=ffffffff80000000\nSYMBOL(log_buf_len)=ffffffff80000008\n"
	"SYMBOL(log_first_idx)=ffffffff8000000c\nSYMBOL(log_next_idx)=ffffffff80000010\n"
	"SIZE(printk_log)=16\nOFFSET(printk_log.ts_nsec)=0\nOFFSET(printk_log.len)=8\n"
	"OFFSET(printk_log.text_len)=10\nOFFSET(printk_log.dict_len)=12\n";

static uint64_t record_put(struct kernel *k, uint64_t at, uint64_t nsec, const char *text)
{
	uint64_t len = (16 + strlen(text) + 3) & ~UINT64_C(3);

	put(k, DATA + at, nsec, 8);
	put(k, DATA + at + 8, len, 2);
	put(k, DATA + at + 10, strlen(text), 2);
	memcpy(k->bytes + DATA + at + 16, text, strlen(text));
	return at + len;
}

static void record_make(struct kernel *k, uint64_t first, uint64_t next)
{
	put(k, 0, BASE + DATA, 8);
	put(k, 8, 256, 4);
	put(k, 12, first, 4);
	put(k, 16, next, 4);
}

static void records_before_5_10_are_read_over_the_turn(void **state)
{
	struct kernel k = { .pos = 0 };
	uint64_t next;

	(void)state;
	record_put(&k, 100, 1000000000, "first");
	next = record_put(&k, 0, 2000000000, "second");
	record_make(&k, 100, next);
	expect(&k, record_info, "[    1.000000] first\n[    2.000000] second\n");
}

static void damaged_records_end_the_log_and_nothing_else(void **state)
{
	static const struct {
		uint64_t at, value;
	} rows[] = { { 124, 1 }, { 124, 15 }, { 124, 0xffff }, { 126, 0xffff } };
	struct kernel k = { .pos = 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&k, 0, sizeof(k));
		record_put(&k, record_put(&k, 92, 1000000000, "first!!"), 2000000000, "second");
		record_make(&k, 92, 200);
		put(&k, DATA + rows[i].at, rows[i].value, 2);
		expect(&k, record_info, "[    1.000000] first!!\n");
	}
}

static void a_ring_of_nothing_but_turns_comes_to_an_end(void **state)
{
	struct kernel k = { .pos = 0 };
	int r;

	(void)state;
	record_make(&k, 8, 100);
	free(read_log(&k, record_info, &r));
	assert_int_equal(r, -EIO);
	record_make(&k, 300, 100);
	free(read_log(&k, record_info, &r));
	assert_int_equal(r, -EINVAL);
}

/* --- files that are no dumps ----------------------------------------------------------------- */

static void what_is_no_dump_is_told_apart(void **state)
{
	struct vmcore_look look = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(vmcore_look("/nonexistent", 5000, &look, &e), -ENOENT);
	assert_non_null(strstr(e.text, "'/nonexistent'"));
	assert_int_equal(vmcore_look("/dev/null", 5000, &look, &e), -EINVAL);
	/* an ELF file, but no core */
	assert_int_equal(vmcore_look("/proc/self/exe", 5000, &look, &e), -EINVAL);
	assert_true(vmcore_look("/", 5000, &look, &e) < 0);
	assert_null(look.info);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_in_order_with_their_times),
		cmocka_unit_test(only_whole_records_of_this_round_are_taken),
		cmocka_unit_test(a_text_at_the_ring_end_is_found_at_its_start),
		cmocka_unit_test(what_is_not_in_the_dump_is_left_out),
		cmocka_unit_test(a_damaged_head_is_refused),
		cmocka_unit_test(a_vmcoreinfo_without_a_layout_is_refused),
		cmocka_unit_test(records_before_5_10_are_read_over_the_turn),
		cmocka_unit_test(damaged_records_end_the_log_and_nothing_else),
		cmocka_unit_test(a_ring_of_nothing_but_turns_comes_to_an_end),
		cmocka_unit_test(what_is_no_dump_is_told_apart),
	};

	return cmocka_run_group_tests_name("vmcore/log", tests, NULL, NULL);
}
