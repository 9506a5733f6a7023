/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What dracut is asked for and told, when, and what becomes of its answer. */
#include "imageparts.h"

#include "cpio.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char url[] = "file:///mnt/dump", what[] = "iSCSI disk 'sda'", device[] = "/dev/sda";
static char name[] = "session1", target[] = "iqn.2004-10.com.example:dumps",
	    initiator[] = "iqn.1993-08.org.debian:01:ab";
static char address[] = "192.0.2.1", address6[] = "2001:db8::1";

static struct iscsi_session session(char *portal, bool chap)
{
	return (struct iscsi_session){ .name = name,
				       .target = target,
				       .initiator = initiator,
				       .address = portal,
				       .port = 3260,
				       .chap = chap };
}

static struct storage on(enum remote_disk kind, struct iscsi_session *s)
{
	return (struct storage){ .target = { .url = url, .device = device },
				 .remote = kind,
				 .remote_what = kind ? what : NULL,
				 .sessions = s,
				 .n_sessions = s ? 1 : 0 };
}

static void the_builder_follows_the_storage_and_the_settings(void **state)
{
	struct iscsi_session one = session(address, false);
	static const struct {
		enum remote_disk kind;
		enum capture_builder builder;
		bool dracut;
		int code;
		const char *words;
	} rows[] = {
		{ REMOTE_NONE, BUILDER_AUTO, false, 0, NULL },
		{ REMOTE_NONE, BUILDER_NATIVE, false, 0, NULL },
		{ REMOTE_NONE, BUILDER_DRACUT, true, 0, "as CAPTURE_BUILDER says" },
		{ REMOTE_ISCSI, BUILDER_AUTO, true, 0,
		  "made by dracut: 'file:///mnt/dump' lies on iSCSI disk 'sda'" },
		{ REMOTE_ISCSI, BUILDER_DRACUT, true, 0, "lies on iSCSI disk 'sda'" },
		{ REMOTE_ISCSI, BUILDER_NATIVE, false, -ENOTSUP, "write CAPTURE_BUILDER = 'auto'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct storage at = on(rows[i].kind, rows[i].kind == REMOTE_ISCSI ? &one : NULL);
		struct settings s = { .builder = rows[i].builder };
		AUTO(own_dracut_job) struct dracut_job *job = NULL;
		auto_strv struct strv notes = { 0 };
		struct err e = { 0 };

		assert_int_equal(dracut_choose(&s, &at, 1, &job, &notes, &e), rows[i].code);
		assert_int_equal(job != NULL, rows[i].dracut);
		if (rows[i].words)
			assert_non_null(strstr(rows[i].code ? e.text : notes.v[0], rows[i].words));
		else
			assert_int_equal(notes.n, 0);
	}
}

static void a_secret_is_said_to_be_no_part_of_the_image(void **state)
{
	struct iscsi_session one = session(address, true);
	struct storage at = on(REMOTE_ISCSI, &one);
	struct settings s = { .builder = BUILDER_AUTO };
	AUTO(own_dracut_job) struct dracut_job *job = NULL;
	auto_strv struct strv notes = { 0 };

	(void)state;
	assert_int_equal(dracut_choose(&s, &at, 1, &job, &notes, NULL), 0);
	assert_int_equal(notes.n, 2);
	assert_non_null(strstr(notes.v[1],
			       "CHAP secret of 'iqn.2004-10.com.example:dumps' is no part of the image"));
}

static void dracuts_init_is_told_each_session_once(void **state)
{
	struct iscsi_session one = session(address, true), six = session(address6, false);
	struct storage at[] = { on(REMOTE_ISCSI, &one), on(REMOTE_ISCSI, &one), on(REMOTE_ISCSI, &six),
				on(REMOTE_NONE, NULL) };
	auto_buf struct buf words = { 0 };

	(void)state;
	dracut_words(at, ARRAY_SIZE(at), &words);
	assert_string_equal(buf_text(&words),
			    "rd.shell=0\nrd.retry=40\n"
			    "rd.iscsi.initiator=iqn.1993-08.org.debian:01:ab\n"
			    "netroot=iscsi:192.0.2.1::3260::iqn.2004-10.com.example:dumps\n"
			    "netroot=iscsi:[2001:db8::1]::3260::iqn.2004-10.com.example:dumps\n"
			    "rd.neednet=0\nrd.iscsi.login_retry_max=3\n");
}

/* The word behind OPTION. */
static const char *after(const struct strv *argv, const char *option)
{
	for (size_t i = 0; i + 1 < argv->n; i++)
		if (strcmp(argv->v[i], option) == 0)
			return argv->v[i + 1];
	return NULL;
}

static struct dracut_job *job_for(enum remote_disk kind)
{
	struct dracut_job *job = xcalloc(1, sizeof(*job));

	job->remote[kind] = true;
	job->program = xstrdup("/usr/bin/dracut");
	job->release = xstrdup("6.1.0-toy");
	strv_add(&job->drivers, "virtio_net");
	strv_add(&job->drivers, "ext4");
	return job;
}

static void dracut_is_asked_for_that_storage_and_nothing_of_the_host(void **state)
{
	AUTO(own_dracut_job) struct dracut_job *job = job_for(REMOTE_ISCSI);
	auto_strv struct strv argv = { 0 };

	(void)state;
	dracut_argv(job, "/var/tmp/x", &argv);
	assert_string_equal(argv.v[0], "/usr/bin/dracut");
	assert_string_equal(after(&argv, "--modules"), "crashcfg iscsi network-legacy");
	assert_string_equal(after(&argv, "--add"), "crashcfg iscsi network-legacy");
	assert_string_equal(after(&argv, "--add-drivers"), "virtio_net ext4");
	assert_string_equal(after(&argv, "--conf"), "/var/tmp/x/conf");
	assert_string_equal(after(&argv, "--confdir"), "/var/tmp/x/conf.d");
	assert_string_equal(after(&argv, "--tmpdir"), "/var/tmp/x");
	assert_string_equal(after(&argv, "--kver"), "6.1.0-toy");
	assert_string_equal(argv.v[argv.n - 1], "/var/tmp/x/archive");
	assert_true(strv_has(&argv, "--no-hostonly-cmdline") && strv_has(&argv, "--reproducible"));
	assert_true(strv_has(&argv, "--no-hostonly-default-device") && strv_has(&argv, "--nohardlink"));
	assert_false(strv_has(&argv, "--add-device"));
}

static void what_dracut_finds_out_itself_it_is_asked_to(void **state)
{
	AUTO(own_dracut_job) struct dracut_job *job = job_for(REMOTE_NVME);
	auto_strv struct strv argv = { 0 };

	(void)state;
	strv_add(&job->devices, "/dev/nvme1n1");
	dracut_argv(job, "/var/tmp/x", &argv);
	assert_string_equal(after(&argv, "--modules"), "crashcfg nvmf network-legacy");
	assert_string_equal(after(&argv, "--add-device"), "/dev/nvme1n1");
	assert_true(strv_has(&argv, "--hostonly-cmdline"));
	assert_null(after(&argv, "--hostonly-nics"));
}

static void a_part_that_is_missing_is_named_with_its_package(void **state)
{
	static const struct {
		const char *path, *words;
	} rows[] = {
		{ "/usr/bin/dracut", "install the package dracut" },
		{ "/usr/lib/dracut/modules.d/99crashcfg/module-setup.sh", "install the package crashcfg" },
		{ "/usr/sbin/iscsid", "install the package open-iscsi" },
		{ "/usr/lib/dracut/modules.d/95iscsi/module-setup.sh",
		  "install the package dracut-network" },
		{ "/usr/lib/dracut/modules.d/35network-legacy/module-setup.sh",
		  "install the package dracut-network" },
		{ "/usr/lib/dracut/modules.d/40network/module-setup.sh",
		  "install the package dracut-network" },
		{ "/usr/sbin/dhclient", "install the package isc-dhcp-client" },
		{ "/usr/bin/arping", "install the package iputils-arping" },
	};
	AUTO(own_dracut_job) struct dracut_job *job = job_for(REMOTE_ISCSI);
	struct tree t;

	(void)state;
	tree_begin(&t);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = { 0 };

		assert_int_equal(dracut_need(&t.root, job, &e), -ENOENT);
		if (!strstr(e.text, rows[i].words))
			fail_msg("'%s' lacks '%s'", e.text, rows[i].words);
		tree_put(&t, rows[i].path, "");
	}
	assert_int_equal(dracut_need(&t.root, job, NULL), 0);
	assert_string_equal(job->program, "/usr/bin/dracut");
	tree_end(&t);
}

/* --- its archive --------------------------------------------------------------------------------- */

static void add(struct buf *to, unsigned *inode, const char *path, uint32_t mode, const char *data)
{
	cpio_add(to, inode, path, mode, data, strlen(data), 0, 0);
}

static void make_archive(struct buf *to, bool crashcfg, bool iscsi)
{
	unsigned inode = 0;

	add(to, &inode, "usr/lib/libz.so.1.2", S_IFREG | 0755, "zlib");
	add(to, &inode, "lib", S_IFLNK | 0777, "usr/lib");
	add(to, &inode, "usr/lib/libz.so.1", S_IFLNK | 0777, "libz.so.1.2");
	add(to, &inode, "etc", S_IFDIR | 0755, "");
	add(to, &inode, "etc/conf", S_IFREG | 0644, "same");
	if (crashcfg)
		add(to, &inode, "usr/lib/crashcfg/bring-up", S_IFREG | 0755, "#!/bin/sh");
	if (iscsi)
		add(to, &inode, "usr/sbin/iscsiroot", S_IFREG | 0755, "#!/bin/sh");
	cpio_end(to);
}

static void what_dracut_left_out_is_noticed(void **state)
{
	static const struct {
		bool crashcfg, iscsi;
		const char *words;
	} rows[] = {
		{ false, true, "left its module 'crashcfg' out" },
		{ true, false, "left out what brings up the target's disk ('sbin/iscsiroot')" },
		{ true, true, NULL },
	};
	AUTO(own_dracut_job) struct dracut_job *job = job_for(REMOTE_ISCSI);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(dracut_members_done) struct dracut_members m = { 0 };
		auto_buf struct buf archive = { 0 };
		struct err e = { 0 };

		make_archive(&archive, rows[i].crashcfg, rows[i].iscsi);
		assert_int_equal(dracut_members_read(job, &archive, &m, &e), rows[i].words ? -ENOENT : 0);
		if (rows[i].words)
			assert_non_null(strstr(e.text, rows[i].words));
	}
}

static void a_key_in_the_image_is_refused_and_not_told(void **state)
{
	AUTO(own_dracut_job) struct dracut_job *job = job_for(REMOTE_NVME);
	AUTO(dracut_members_done) struct dracut_members m = { 0 };
	auto_buf struct buf archive = { 0 };
	struct err e = { 0 };
	unsigned inode = 0;

	(void)state;
	add(&archive, &inode, "usr/lib/crashcfg/bring-up", S_IFREG | 0755, "#!/bin/sh");
	add(&archive, &inode, "usr/sbin/nvmf-autoconnect.sh", S_IFREG | 0755, "DHHC-1: is no key here");
	add(&archive, &inode, "etc/nvme/discovery.conf", S_IFREG | 0600,
	    "-t tcp -a 192.0.2.1 --dhchap-secret=DHHC-1:00:sesame:\n");
	cpio_end(&archive);
	assert_int_equal(dracut_members_read(job, &archive, &m, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "'/etc/nvme/discovery.conf' holds a key"));
	assert_null(strstr(e.text, "sesame"));
}

static void what_a_killed_run_left_goes_and_what_another_works_in_stays(void **state)
{
	static const char program[] = "#!/bin/sh\nfor last; do :; done\nprintf made >\"$last\"\n";
	char left[] = "/var/tmp/crashcfg-dracut.XXXXXX", busy[] = "/var/tmp/crashcfg-dracut.XXXXXX";
	AUTO(own_dracut_job) struct dracut_job *job = job_for(REMOTE_ISCSI);
	auto_free char *file = NULL;
	auto_buf struct buf archive = { 0 };
	auto_close int lock = -1, fd = -1;
	struct tree t;

	(void)state;
	tree_begin(&t);
	tree_put(&t, "/dracut", program);
	free(job->program);
	job->program = xasprintf("%s/dracut", t.path);
	assert_int_equal(chmod(job->program, 0700), 0);
	assert_non_null(mkdtemp(busy));
	lock = open(busy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	assert_non_null(mkdtemp(left));
	file = xasprintf("%s/archive", left);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(dracut_run(job, &archive, NULL), 0);
	assert_string_equal(buf_text(&archive), "made");
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(rmdir(busy), 0);
	tree_end(&t);
}

static void a_damaged_archive_is_none(void **state)
{
	AUTO(own_dracut_job) struct dracut_job *job = job_for(REMOTE_ISCSI);
	AUTO(dracut_members_done) struct dracut_members m = { 0 };
	auto_buf struct buf archive = { 0 };
	struct err e = { 0 };

	(void)state;
	make_archive(&archive, true, true);
	archive.len -= 700;
	assert_int_equal(dracut_members_read(job, &archive, &m, &e), -EINVAL);
	archive.len = 0;
	assert_int_equal(dracut_members_read(job, &archive, &m, &e), -EINVAL);
}

static void our_tree_fits_over_dracuts(void **state)
{
	static const struct {
		const char *path, *there;
		uint32_t mode;
		const char *data;
		bool serves;
	} rows[] = {
		{ "lib/libz.so.1", "usr/lib/libz.so.1", S_IFREG | 0755, "zlib",
		  true }, /* the library by its link */
		{ "lib/modules/a.ko", "usr/lib/modules/a.ko", S_IFREG | 0644, "a", false },
		{ "lib", "usr/lib", S_IFDIR | 0755, "", false },
		{ "etc", "etc", S_IFDIR | 0755, "", true },
		{ "etc/conf", "etc/conf", S_IFREG | 0644, "same", true },
		{ "etc/conf", "etc/conf", S_IFREG | 0644, "other", false },
		{ "init", "init", S_IFREG | 0755, "init", false },
	};
	AUTO(own_dracut_job) struct dracut_job *job = job_for(REMOTE_ISCSI);
	AUTO(dracut_members_done) struct dracut_members m = { 0 };
	auto_buf struct buf archive = { 0 };

	(void)state;
	make_archive(&archive, true, true);
	assert_int_equal(dracut_members_read(job, &archive, &m, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *path = dracut_member_path(&m, rows[i].path);
		auto_buf struct buf data = { 0 };

		buf_adds(&data, rows[i].data);
		assert_string_equal(path, rows[i].there);
		assert_int_equal(dracut_member_serves(&m, path, rows[i].mode, &data), rows[i].serves);
	}
}

static void a_file_that_dracut_took_is_an_input(void **state)
{
	AUTO(own_dracut_job) struct dracut_job *job = job_for(REMOTE_ISCSI);
	AUTO(dracut_members_done) struct dracut_members m = { 0 };
	auto_buf struct buf archive = { 0 };
	auto_json struct json *taken = NULL;
	struct hashes *h = hashes_load(NULL);
	struct tree t;

	(void)state;
	tree_begin(&t);
	tree_put(&t, "/etc/conf", "same");
	tree_put(&t, "/usr/sbin/iscsiroot", "another one: dracut made its own");
	make_archive(&archive, true, true);
	assert_int_equal(dracut_members_read(job, &archive, &m, NULL), 0);
	taken = dracut_taken(&t.root, &m, h);
	assert_int_equal(js_len(taken), 1);
	assert_string_equal(js_get_text(js_at(taken, 0), "name"), "/etc/conf");
	assert_true(dracut_taken_stands(&t.root, taken, h));
	tree_put(&t, "/etc/conf", "edit");
	assert_false(dracut_taken_stands(&t.root, taken, h));
	assert_true(dracut_taken_stands(&t.root, NULL, h));
	hashes_free(h);
	tree_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_builder_follows_the_storage_and_the_settings),
		cmocka_unit_test(a_secret_is_said_to_be_no_part_of_the_image),
		cmocka_unit_test(dracuts_init_is_told_each_session_once),
		cmocka_unit_test(dracut_is_asked_for_that_storage_and_nothing_of_the_host),
		cmocka_unit_test(what_dracut_finds_out_itself_it_is_asked_to),
		cmocka_unit_test(a_part_that_is_missing_is_named_with_its_package),
		cmocka_unit_test(what_dracut_left_out_is_noticed),
		cmocka_unit_test(a_key_in_the_image_is_refused_and_not_told),
		cmocka_unit_test(what_a_killed_run_left_goes_and_what_another_works_in_stays),
		cmocka_unit_test(a_damaged_archive_is_none),
		cmocka_unit_test(our_tree_fits_over_dracuts),
		cmocka_unit_test(a_file_that_dracut_took_is_an_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
