/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"
#include "guest/guest.h"
#include "proc.h"
#include "scratch.h"
#include "stream.h"
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char dir[] = "/tmp/crashcfg-lab-test-XXXXXX";

static char *at(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void write_file(const char *path, const void *data, size_t len, mode_t mode)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, len), 0);
}

/* --- disks ----------------------------------------------------------------------------------- */

static void the_disk_is_of_the_kind_that_the_drivers_are_for(void **state)
{
	static const char builtin[] =
		"kernel/drivers/block/virtio_blk.ko\nkernel/drivers/nvme/host/nvme.ko\n";
	static const char dashed[] = "kernel/drivers/block/virtio-blk.ko\n";
	static const struct {
		const char *modules[4], *builtin, *want;	/* NULL: not supported */
	} rows[] = {
		{ { "virtio_blk", "ext4" }, "", "virtio-blk-pci" },
		{ { "nvme", "nvme_core" }, "", "nvme," },
		{ { "sd_mod", "virtio_scsi" }, "", "virtio-scsi-pci" },
		{ { "sd_mod", "ahci" }, "", "ide-hd" },
		{ { "ext4" }, builtin, "virtio-blk-pci" },
		{ { "ext4" }, dashed, "virtio-blk-pci" },
		{ { "ahci" }, builtin, "ide-hd" },
		{ { "ext4" }, "", NULL },
		{ { "ext4" }, "kernel/drivers/block/xvirtio_blk.ko\nvirtio_blk.ko", NULL },
		{ { "mpt3sas" }, "", NULL },
		{ { "dm_mod", "raid1" }, "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct recipe_module modules[4] = { { .name = NULL } };
		struct recipe recipe = { .modules = modules };
		auto_strv struct strv argv = { 0 };
		struct err e = { 0 };
		int r;

		for (; recipe.n_modules < 4 && rows[i].modules[recipe.n_modules]; recipe.n_modules++)
			modules[recipe.n_modules] = (struct recipe_module){
				.name = xstrdup(rows[i].modules[recipe.n_modules]), .wanted = 1,
			};
		r = scratch_devices(&recipe, rows[i].builtin, 2, &argv, &e);
		for (size_t m = 0; m < recipe.n_modules; m++)
			free(modules[m].name);
		if (!rows[i].want) {
			assert_int_equal(r, -ENOTSUP);
			assert_non_null(strstr(e.text, "--fs ext4"));
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(argv.v[0], "-device");
		assert_ptr_equal(strstr(argv.v[1], rows[i].want), argv.v[1]);
		assert_non_null(strstr(argv.v[argv.n - 3], "drive=scratch0"));
		assert_non_null(strstr(argv.v[argv.n - 1], "drive=scratch1"));
	}
}

static void a_scratch_disk_has_the_identity_of_the_target(void **state)
{
	static const char *const types[] = { "ext4", "xfs", "btrfs" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		auto_storage struct storage st = { .target.kind = TARGET_FS };
		auto_free char *path = at("disk");
		const char *argv[] = { "/usr/sbin/blkid", "-p", "-o", "export", path, NULL };
		auto_proc struct proc p = { .argv = argv };
		auto_free char *uuid = NULL, *label = NULL, *type = NULL;
		struct err e = { 0 };
		struct stat s;

		if (access(argv[0], X_OK) < 0)
			argv[0] = "/sbin/blkid";
		assert_int_equal(lab_storage(types[i], "/var/crash", 600 << 20, &st, &e), 0);
		assert_int_equal(scratch_make(path, &st.target, 1 << 30, &e), 0);
		assert_int_equal(stat(path, &s), 0);
		assert_int_equal(s.st_size, 600 << 20);
		assert_true(s.st_blocks * 512 < 300 << 20);	/* sparse */
		assert_int_equal(proc_check(&p, &e), 0);
		uuid = xasprintf("\nUUID=%s\n", st.target.uuid);
		label = xasprintf("LABEL=%s\n", st.target.label);
		type = xasprintf("\nTYPE=%s\n", types[i]);
		assert_non_null(strstr(buf_text(&p.out), uuid));
		assert_non_null(strstr(buf_text(&p.out), label));
		assert_non_null(strstr(buf_text(&p.out), type));
		unlink(path);
	}
}

static void what_cannot_be_played_names_a_way_out(void **state)
{
	char swap[] = "swap", ext4[] = "ext4", zfs[] = "zfs";
	struct recipe_target t[2] = { { .kind = TARGET_RAW, .fstype = swap },
				      { .kind = TARGET_FILE, .fstype = ext4 } };
	struct recipe recipe = { .targets = t, .n_targets = 2 };
	const struct recipe_target *found = NULL;
	struct storage st;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(scratch_target(&recipe, &found, &e), 0);
	assert_ptr_equal(found, &t[1]);
	t[1].fstype = zfs;
	assert_int_equal(scratch_target(&recipe, &found, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "--fs ext4"));
	assert_int_equal(lab_storage("zfs", "/x", 0, &st, &e), -EINVAL);
}

/* --- the machine ----------------------------------------------------------------------------- */

static void qemu_gets_no_network_and_no_files_of_the_user(void **state)
{
	auto_strv struct strv argv = { 0 }, devices = { 0 }, more = { 0 };
	struct vm vm = {
		.accel = "tcg",
		.memory = 1ULL << 30,
		.kernel = "/k",
		.initrd = "/i",
		.append = "console=ttyS0",
		.devices = &devices,
		.more = &more,
	};

	(void)state;
	strv_add(&devices, "-device");
	strv_add(&devices, "disk");
	strv_add(&more, "-qmp");
	vm_argv("/usr/bin/qemu", &vm, &argv);
	assert_string_equal(argv.v[0], "/usr/bin/qemu");
	assert_true(strv_has(&argv, "-nodefaults") && strv_has(&argv, "-no-user-config") &&
		    strv_has(&argv, "-no-reboot"));
	assert_true(strv_has(&argv, "tcg,thread=multi") && strv_has(&argv, "1048576K") &&
		    strv_has(&argv, "disk"));
	for (size_t i = 0; i + 1 < argv.n; i++)
		if (strcmp(argv.v[i], "-nic") == 0)
			assert_string_equal(argv.v[i + 1], "none");
	assert_string_equal(argv.v[argv.n - 1], "-qmp");
}

struct seen {
	struct buf lines;
	long long deadline;	/* 0: leave it */
};

static void see(void *ctx, const char *line, long long *deadline)
{
	struct seen *s = ctx;

	buf_addf(&s->lines, "%s|", line);
	if (s->deadline)
		*deadline = s->deadline;
}

/* A script in the place of QEMU: what it prints is the console, whatever its arguments. */
static int run_script(const char *script, struct seen *seen, int stop_fd, struct vm *vm, struct err *e)
{
	auto_free char *path = at("qemu"), *console = at("console"), *errors = at("errors");
	auto_strv struct strv none = { 0 };

	write_file(path, script, strlen(script), 0700);
	*vm = (struct vm){
		.accel = "tcg",
		.kernel = "k",
		.initrd = "i",
		.append = "a",
		.devices = &none,
		.console = console,
		.errors = errors,
		.stop_fd = stop_fd,
		.line = see,
		.ctx = seen,
		.deadline = now_ms() + 10000,
	};
	return vm_run(path, vm, e);
}

static void the_console_is_cut_into_lines_and_logged(void **state)
{
	auto_free char *console = at("console");
	auto_close int fd = -1;
	auto_buf struct buf log = { 0 };
	struct seen seen = { .deadline = 0 };
	struct err e = { 0 };
	struct vm vm;

	(void)state;
	assert_int_equal(run_script("#!/bin/sh\nprintf 'one\\r\\n\\ntwo\\rthree\\nrest'; exit 3\n", &seen,
				    -1, &vm, &e),
			 0);
	assert_string_equal(buf_text(&seen.lines), "one|two|three|");
	assert_int_equal(vm.status, 3);
	fd = open(console, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_read_all(fd, 1000, &log), 0);
	assert_string_equal(buf_text(&log), "one\r\n\ntwo\rthree\nrest");
	buf_done(&seen.lines);
}

static void a_machine_that_hangs_is_killed_at_its_deadline(void **state)
{
	struct seen seen = { .deadline = now_ms() + 300 };
	struct err e = { 0 };
	struct vm vm;

	(void)state;
	assert_int_equal(run_script("#!/bin/sh\necho hello\nexec sleep 60\n", &seen, -1, &vm, &e),
			 -ETIMEDOUT);
	assert_int_equal(vm.status, 128 + 9);
	assert_true(vm.ended - vm.started < 8000);
	buf_done(&seen.lines);
}

static void a_machine_is_killed_when_told_to_stop(void **state)
{
	struct seen seen = { .deadline = 0 };
	struct err e = { 0 };
	struct vm vm;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "", 1), 1);
	assert_int_equal(run_script("#!/bin/sh\nexec sleep 60\n", &seen, ends[0], &vm, &e), -EINTR);
	assert_int_equal(vm.status, 128 + 9);
	close(ends[0]);
	close(ends[1]);
	buf_done(&seen.lines);
}

/* --- the stream of files --------------------------------------------------------------------- */

static void unit(struct buf *to, const char *text)
{
	size_t len = strlen(text);

	buf_add(to, text, len);
	buf_zero(to, (STREAM_UNIT - len % STREAM_UNIT) % STREAM_UNIT);
}

static int unpack(const struct buf *stream, struct lab_file **v, size_t *n, struct err *e)
{
	auto_free char *in = at("stream"), *out = at("out");

	write_file(in, stream->data, stream->len, 0600);
	return stream_unpack(in, out, v, n, e);
}

static void files_come_out_as_they_went_in(void **state)
{
	auto_free char *path = at("out/host/a/crash.json");
	auto_close int fd = -1;
	auto_buf struct buf stream = { 0 }, text = { 0 };
	struct lab_file *v = NULL;
	size_t n = 0;
	struct err e = { 0 };

	(void)state;
	unit(&stream, STREAM_FILE "3 host/a/crash.json\n");
	unit(&stream, "{}\n");
	unit(&stream, STREAM_FILE "0 empty\n");
	unit(&stream, STREAM_END "\n");
	assert_int_equal(unpack(&stream, &v, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_string_equal(v[0].name, "host/a/crash.json");
	assert_int_equal(v[0].size, 3);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_read_all(fd, 100, &text), 0);
	assert_string_equal(buf_text(&text), "{}\n");
	lab_files_free(v, n);
}

static void a_hostile_stream_is_refused(void **state)
{
	static const char *const heads[] = {
		"",
		"x",
		STREAM_FILE,
		STREAM_FILE "5\n",
		STREAM_FILE "x name\n",
		STREAM_FILE "-1 name\n",
		STREAM_FILE "1 \n",
		STREAM_FILE "1 ../x\n",
		STREAM_FILE "1 a/../../x\n",
		STREAM_FILE "1 /etc/x\n",
		STREAM_FILE "1 a//b\n",
		STREAM_FILE "1 .\n",
		STREAM_FILE "999999 big\n",
		STREAM_FILE "99999999999999999999 big\n",
		STREAM_FILE "0 no-end-follows\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		auto_buf struct buf stream = { 0 };
		struct lab_file *v = NULL;
		size_t n = 0;
		struct err e = { 0 };

		unit(&stream, heads[i]);
		if (unpack(&stream, &v, &n, &e) != -EINVAL)
			fail_msg("'%s' gave: %s", heads[i], e.text);
		assert_null(v);
	}
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_disk_is_of_the_kind_that_the_drivers_are_for),
		cmocka_unit_test(a_scratch_disk_has_the_identity_of_the_target),
		cmocka_unit_test(what_cannot_be_played_names_a_way_out),
		cmocka_unit_test(qemu_gets_no_network_and_no_files_of_the_user),
		cmocka_unit_test(the_console_is_cut_into_lines_and_logged),
		cmocka_unit_test(a_machine_that_hangs_is_killed_at_its_deadline),
		cmocka_unit_test(a_machine_is_killed_when_told_to_stop),
		cmocka_unit_test(files_come_out_as_they_went_in),
		cmocka_unit_test(a_hostile_stream_is_refused),
	};

	return cmocka_run_group_tests_name("lab/machine", tests, make_dir, remove_dir);
}
