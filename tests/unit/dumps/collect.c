/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dumps.h"
#include "flat.h"
#include "hash.h"
#include "tree.h"

#define SIZE (16u << 20)
#define DUMPS "/var/crash/h"
#define FOLDER "2026-11-21T00-53-36Z-1b4e28ba"

static struct tree t;
static struct root here;
static char device[96];		/* a file with a device's content */
static char before[RAWAREA_LEAD];

static int begin(void **state)
{
	(void)state;
	tree_begin(&t);
	snprintf(device, sizeof(device), "%s/device", t.path);
	assert_int_equal(root_open(&here, "/", NULL), 0);
	for (size_t i = 0; i < sizeof(before); i++)
		before[i] = (char)(i * 7);
	return 0;
}

static int end(void **state)
{
	(void)state;
	root_done(&here);
	tree_end(&t);
	return 0;
}

static void add_number(struct buf *b, uint64_t v)
{
	for (int i = 56; i >= 0; i -= 8)
		buf_addc(b, (char)(v >> i));
}

/* A flattened stream that makes a file of these bytes; it is no dump. */
static void make_stream(struct buf *b, const char *text)
{
	buf_add(b, "makedumpfile\0\0\0\0", 16);
	add_number(b, 1);
	add_number(b, 1);
	buf_zero(b, FLAT_HEAD - 32);
	add_number(b, 0);
	add_number(b, strlen(text));
	buf_adds(b, text);
	add_number(b, UINT64_MAX);
	add_number(b, UINT64_MAX);
}

static void put_part(int fd, struct rawarea *a, enum rawarea_name n, uint64_t at, const void *data, size_t len)
{
	char sha256[HASH_TEXT_MAX];

	assert_int_equal(pwrite(fd, data, len, (off_t)at), len);
	a->parts[n] = (struct rawarea_part){
		.at = at, .len = len, .whole = true, .sha256 = xstrdup(hash_bytes(data, len, sha256))
	};
}

/* What a capture left: RECORD NULL none; DUMP NULL none. */
static void make_device(const char *record, const char *dump)
{
	auto_rawarea struct rawarea *a = xcalloc(1, sizeof(*a));
	auto_close int fd = open(device, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	auto_free char *lead = xcalloc(1, RAWAREA_LEAD);
	auto_buf struct buf stream = { 0 };

	assert_int_equal(ftruncate(fd, SIZE), 0);
	*a = (struct rawarea){ .sequence = 2, .state = RAWAREA_FINAL, .id = xstrdup("00ff"), .size = SIZE,
			       .url = xstrdup("raw:swap"), .fstype = xstrdup("swap"), .uuid = xstrdup("1"),
			       .label = xstrdup(""), .partuuid = xstrdup("") };
	put_part(fd, a, RAWAREA_OLD_LEAD, RAWAREA_OLD, before, RAWAREA_LEAD);
	put_part(fd, a, RAWAREA_DMESG, RAWAREA_DATA, "log\n", 4);
	put_part(fd, a, RAWAREA_REGISTERS, RAWAREA_DATA + 4096, "cpu\n", 4);
	if (record)
		put_part(fd, a, RAWAREA_MANIFEST, RAWAREA_RECORD, record, strlen(record));
	if (dump) {
		make_stream(&stream, dump);
		put_part(fd, a, RAWAREA_VMCORE, RAWAREA_DATA + (1 << 20), stream.data, stream.len);
	}
	assert_int_equal(rawarea_encode(a, lead, NULL), 0);
	memcpy(lead + RAWAREA_PAGE, lead, RAWAREA_PAGE);
	assert_int_equal(pwrite(fd, lead, RAWAREA_LEAD, 0), RAWAREA_LEAD);
}

static void spoil(uint64_t at, size_t len)
{
	auto_close int fd = open(device, O_RDWR | O_CLOEXEC);
	auto_free char *junk = xmalloc(len);

	memset(junk, 0x5a, len);
	assert_int_equal(pwrite(fd, junk, len, (off_t)at), len);
}

static char *read_text(const char *path)
{
	struct buf b = { 0 };

	assert_int_equal(root_read(&t.root, path, 1 << 20, &b, NULL), 0);
	return buf_take(&b);
}

static const char record[] =
	"{\"schema\":1,\"state\":\"complete\",\"boot_id\":\"1b4e28ba-2fa1\",\"crash_time\":1795222416,"
	"\"panic\":\"it died\",\"target\":\"raw:swap\"}";

static int collect(struct area *a, struct collected *c, struct err *e)
{
	int r = area_open(&here, device, a, e);

	return r < 0 ? r : area_collect(&t.root, a, DUMPS, c, e);
}

static void what_lies_in_an_area_becomes_a_dump_folder_and_the_device_what_it_was(void **state)
{
	auto_area struct area a = { .fd = -1 };
	auto_collected struct collected c = { 0 };
	auto_dumps struct dump_list l = { 0 };
	auto_free char *log = NULL, *dump = NULL, *now = xmalloc(RAWAREA_LEAD);
	auto_close int fd = -1;
	struct stat st;

	(void)state;
	make_device(record, "no real dump");
	assert_int_equal(collect(&a, &c, NULL), 0);
	assert_string_equal(c.path, DUMPS "/" FOLDER);
	assert_false(c.before);
	/* It arrived as it was written, but nobody can open it: so it is not called whole. */
	assert_int_equal(c.state, MANIFEST_INCOMPLETE);
	assert_non_null(strstr(c.check, "within its header"));
	log = read_text(DUMPS "/" FOLDER "/dmesg.txt");
	assert_string_equal(log, "log\n");
	dump = read_text(DUMPS "/" FOLDER "/vmcore.incomplete");
	assert_string_equal(dump, "no real dump");
	assert_int_equal(root_stat(&t.root, DUMPS "/" FOLDER, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(root_stat(&t.root, DUMPS "/" FOLDER "/dmesg.txt", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(dump_list_add(&t.root, DUMPS, false, &l, NULL), 0);
	assert_int_equal(l.n, 1);
	assert_string_equal(dump_state(&l.v[0]), "incomplete");
	assert_string_equal(l.v[0].manifest->panic, "it died");
	assert_string_equal(l.v[0].manifest->area, "00ff");
	assert_int_equal(area_give_back(&here, &a, NULL), 0);
	fd = open(device, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, now, RAWAREA_LEAD, 0), RAWAREA_LEAD);
	assert_memory_equal(now, before, RAWAREA_LEAD);
}

static void a_run_that_was_cut_off_before_the_device_was_given_back_does_not_collect_twice(void **state)
{
	auto_area struct area a = { .fd = -1 }, b = { .fd = -1 };
	auto_collected struct collected first = { 0 }, second = { 0 };

	(void)state;
	make_device(record, NULL);
	assert_int_equal(collect(&a, &first, NULL), 0);
	assert_int_equal(first.state, MANIFEST_LOG_ONLY);
	assert_int_equal(collect(&b, &second, NULL), 0);
	assert_true(second.before);
	assert_string_equal(second.path, first.path);
}

static void what_an_interrupted_run_left_is_no_dump_and_goes(void **state)
{
	auto_area struct area a = { .fd = -1 };
	auto_collected struct collected c = { 0 };
	auto_dumps struct dump_list l = { 0 };

	(void)state;
	tree_put(&t, DUMPS "/.collecting-00ff/vmcore", "half");
	tree_put(&t, DUMPS "/.deleting-x/vmcore", "half");
	make_device(record, NULL);
	assert_int_equal(collect(&a, &c, NULL), 0);
	assert_false(root_exists(&t.root, DUMPS "/.collecting-00ff"));
	assert_false(root_exists(&t.root, DUMPS "/.deleting-x"));
	assert_int_equal(dump_list_add(&t.root, DUMPS, false, &l, NULL), 0);
	assert_int_equal(l.n, 1);
}

static void damage_is_told_and_what_is_there_is_kept(void **state)
{
	static const struct {
		uint64_t at;
		size_t len;
		enum manifest_state want;
		const char *words;
	} rows[] = {
		{ RAWAREA_DATA, 1, MANIFEST_INCOMPLETE, "'dmesg.txt' is damaged" },
		{ RAWAREA_RECORD + 3, 1, MANIFEST_INCOMPLETE, "the capture's record is damaged" },
		{ RAWAREA_DATA + (1 << 20) + FLAT_HEAD + FLAT_RECORD, 1, MANIFEST_INCOMPLETE, "sha256 is another" },
		{ RAWAREA_DATA + (1 << 20), 1, MANIFEST_LOG_ONLY, "does not begin with" },
		{ 0, 4096, MANIFEST_INCOMPLETE, "within its header" },		/* the second header serves */
		{ 4096, 4096, MANIFEST_INCOMPLETE, "within its header" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_area struct area a = { .fd = -1 };
		auto_collected struct collected c = { 0 };
		auto_free char *dir = NULL;

		make_device(record, "no real dump");
		spoil(rows[i].at, rows[i].len);
		assert_int_equal(collect(&a, &c, NULL), 0);
		if (c.state != rows[i].want || !strstr(c.check, rows[i].words))
			fail_msg("row %zu: %s, '%s'", i, manifest_state_name(c.state), c.check);
		assert_int_equal(area_give_back(&here, &a, NULL), 0);
		dir = xasprintf("%s" DUMPS, t.path);
		assert_int_equal(nftw(dir, tree_drop, 16, FTW_DEPTH | FTW_PHYS), 0);
	}
}

static void what_is_no_area_any_more_is_left_alone(void **state)
{
	auto_area struct area a = { .fd = -1 };
	auto_close int fd = -1;
	struct err e = { 0 };

	(void)state;
	make_device(record, NULL);
	spoil(0, 8192);
	assert_int_equal(area_open(&here, device, &a, &e), -ENOENT);
	/* mkswap writes over the first page alone: the second header is no longer true. */
	make_device(record, NULL);
	spoil(0, 4096);
	fd = open(device, O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "SWAPSPACE2", 10, 4086), 10);
	assert_int_equal(pwrite(fd, "\1\0\0\0\377\17\0\0", 8, 1024), 8);
	assert_int_equal(area_open(&here, device, &a, &e), -ENOENT);
	assert_non_null(strstr(e.text, "something else was put on it"));
}

static void a_damaged_copy_of_what_was_there_is_not_put_back(void **state)
{
	auto_area struct area a = { .fd = -1 }, again = { .fd = -1 };
	auto_collected struct collected c = { 0 };
	struct err e = { 0 };

	(void)state;
	make_device(record, NULL);
	spoil(RAWAREA_OLD + 5000, 1);
	assert_int_equal(collect(&a, &c, NULL), 0);
	assert_int_equal(area_give_back(&here, &a, &e), -EBADMSG);
	assert_int_equal(area_open(&here, device, &again, NULL), 0);
}

static void hostile_names_lead_nowhere(void **state)
{
	static const char evil[] =
		"{\"schema\":1,\"state\":\"complete\",\"boot_id\":\"../../../x\",\"crash_time\":99999999999999,"
		"\"host\":\"../..\",\"panic\":\"\\u0007\"}";
	auto_area struct area a = { .fd = -1 };
	auto_collected struct collected c = { 0 };

	(void)state;
	make_device(evil, NULL);
	assert_int_equal(collect(&a, &c, NULL), 0);
	assert_int_equal(strncmp(c.path, DUMPS "/", strlen(DUMPS "/")), 0);
	assert_null(strchr(c.path + strlen(DUMPS "/"), '/'));
}

int main(void)
{
#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		IN_TREE(what_lies_in_an_area_becomes_a_dump_folder_and_the_device_what_it_was),
		IN_TREE(a_run_that_was_cut_off_before_the_device_was_given_back_does_not_collect_twice),
		IN_TREE(what_an_interrupted_run_left_is_no_dump_and_goes),
		IN_TREE(damage_is_told_and_what_is_there_is_kept),
		IN_TREE(what_is_no_area_any_more_is_left_alone),
		IN_TREE(a_damaged_copy_of_what_was_there_is_not_put_back),
		IN_TREE(hostile_names_lead_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
