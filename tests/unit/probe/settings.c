/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include "kv.h"
#include "schema.h"
#include "tree.h"

#include <sys/sysmacros.h>

#define MAIN SETTINGS_PATH
#define DROP SETTINGS_DIR "/"

/* The faults as printed, one on a line. */
static char *told(const struct fault_list *faults)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < faults->n; i++) {
		fault_format(&faults->v[i], &text);
		buf_addc(&text, '\n');
	}
	return buf_take(&text);
}

static struct settings *read_tree(const struct tree *t, struct fault_list *faults)
{
	struct settings *s = NULL;

	assert_int_equal(settings_read(&t->root, &s, faults, NULL), 0);
	assert_non_null(s);
	return s;
}

static void without_files_the_defaults_hold(void **state)
{
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	struct tree t;

	(void)state;
	tree_begin(&t);
	s = read_tree(&t, &faults);
	assert_int_equal(faults.n, 0);
	for (unsigned k = 0; k < SETTING_COUNT; k++)
		assert_null(s->values[k].file);
	tree_end(&t);
}

static void later_files_win_and_each_value_knows_its_place(void **state)
{
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	struct tree t;

	(void)state;
	tree_begin(&t);
	tree_put(&t, MAIN, "# ours\nDUMP_LEVEL=1\nDUMP_KEEP=\"7\"\r\nCAPTURE_CMDLINE_ADD='memmap=1G$4G x=\"a b\"'\n");
	tree_put(&t, DROP "20-b.conf", "DUMP_LEVEL=3\n");
	tree_put(&t, DROP "10-a.conf", "\nDUMP_LEVEL=2\nDUMP_KEEP=\n");
	tree_put(&t, DROP "30-c.conf~", "DUMP_LEVEL=4\n");
	tree_put(&t, DROP "30-c.conf.rpmsave", "DUMP_LEVEL=5\n");
	tree_put(&t, DROP ".30-c.conf", "DUMP_LEVEL=6\n");
	tree_put(&t, DROP ".conf", "DUMP_LEVEL=6\n");
	tree_put(&t, DROP "README", "not settings\n");
	s = read_tree(&t, &faults);
	assert_int_equal(faults.n, 0);
	assert_int_equal(s->dump_level, 3);
	assert_string_equal(s->values[SET_DUMP_LEVEL].file, DROP "20-b.conf");
	assert_int_equal(s->values[SET_DUMP_LEVEL].line, 1);
	assert_int_equal(s->keep, 5);
	assert_string_equal(s->values[SET_DUMP_KEEP].file, DROP "10-a.conf");
	assert_int_equal(s->values[SET_DUMP_KEEP].line, 3);
	assert_string_equal(s->cmdline_add, "memmap=1G$4G x=\"a b\"");
	assert_string_equal(s->values[SET_CAPTURE_CMDLINE_ADD].file, MAIN);
	assert_int_equal(s->values[SET_CAPTURE_CMDLINE_ADD].line, 4);
	tree_end(&t);
}

static void every_fault_of_every_file_is_told_in_one_run(void **state)
{
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	auto_free char *text = NULL;
	struct tree t;

	(void)state;
	tree_begin(&t);
	tree_put(&t, MAIN,
		 "DUMP_LEVEL=\"42\"\n"
		 "DUMP_TARGTES=\"file:///x\"\n"
		 "DUMP_KEEP = 3\n"
		 "DUMP_KEEP_DAYS=1\n"
		 "FOO=1\n"
		 "DUMP_KEEP_DAYS=2\n"
		 "DUMP_KEEP_DAYS=x\n"
		 "CRASHKERNEL=\"$(touch x)\"\n"
		 "DUMP_TARGETS=\"ssh://me:secret@host/d\"\n");
	tree_put(&t, DROP "a.conf", "DUMP_RAW_FORCE=yes\nDUMP_LEVEL=\"\n");
	s = read_tree(&t, &faults);
	text = told(&faults);
	assert_string_equal(text,
		MAIN ":1: DUMP_LEVEL = '42': not a dump level (0 to 31, names such as 'zero+free', or log)\n"
		MAIN ":2: DUMP_TARGTES = 'file:///x': unknown key (did you mean DUMP_TARGETS?)\n"
		MAIN ":3: DUMP_KEEP = '3': blanks around '=' (write DUMP_KEEP=\"3\")\n"
		MAIN ":4: warning: DUMP_KEEP_DAYS = '1': set 3 times in this file, and line 7 wins (keep one of them)\n"
		MAIN ":5: FOO = '1': unknown key (remove it; crashcfg(5) lists all keys)\n"
		MAIN ":7: DUMP_KEEP_DAYS = 'x': not a number that fits here (write 0 to 36500)\n"
		MAIN ":8: CRASHKERNEL = '$(touch x)': nothing is expanded or executed here, so '$' is not allowed "
			"(write the value itself; between single quotes '$' is plain text)\n"
		MAIN ":9: DUMP_TARGETS = 'ssh://me:***@host/d': a password in a URL is never used "
			"(write ssh://user@host/dir, and set SSH_KEY)\n"
		DROP "a.conf:2: DUMP_LEVEL = '\"': no closing '\"' on this line (a value ends on the line where it starts)\n"
		DROP "a.conf:1: warning: DUMP_RAW_FORCE = 'yes': no target is raw: (remove it, so that a later one is guarded)\n");
	assert_int_equal(s->dump_level, 31);
	assert_int_equal(s->keep_days, 2);
	assert_int_equal(s->n_targets, 1);
	tree_end(&t);
}

static void what_is_no_file_is_told_and_never_waited_for(void **state)
{
	static const struct { mode_t mode; const char *link, *want; } rows[] = {
		{ S_IFDIR, NULL,	MAIN ": a directory where the settings file should be (move it away)\n" },
		{ S_IFIFO, NULL,	MAIN ": a fifo where a settings file should be (move it away)\n" },
		{ S_IFSOCK, NULL,	MAIN ": a socket where a settings file should be (move it away)\n" },
		{ S_IFCHR, NULL,	MAIN ": a device where a settings file should be (move it away)\n" },
		{ 0, "/nowhere",	MAIN ": a symbolic link to a file that is not there (remove it, or mend it)\n" },
		{ 0, MAIN,		MAIN ": cannot be read: Too many levels of symbolic links\n" },
		{ 0, "/etc",		MAIN ": a directory where the settings file should be (move it away)\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_settings struct settings *s = NULL;
		auto_faults struct fault_list faults = { 0 };
		auto_free char *text = NULL, *path = NULL;
		struct tree t;

		tree_begin(&t);
		tree_dir(&t, "/etc/sysconfig");
		path = root_path(&t.root, MAIN);
		if (rows[i].link) {
			tree_link(&t, MAIN, rows[i].link);
		} else if (rows[i].mode == S_IFDIR) {
			tree_dir(&t, MAIN);
		} else if (mknod(path, rows[i].mode | 0644, makedev(1, 5)) < 0) {	/* /dev/zero's number */
			assert_int_equal(errno, EPERM);		/* only root may make a device */
			tree_end(&t);
			continue;
		}
		s = read_tree(&t, &faults);
		text = told(&faults);
		assert_string_equal(text, rows[i].want);
		assert_int_equal(faults.errors, 1);
		tree_end(&t);
	}
}

static void a_link_stays_below_the_root(void **state)
{
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	struct tree t;

	(void)state;
	tree_begin(&t);
	tree_put(&t, "/srv/settings", "DUMP_LEVEL=7\n");
	tree_link(&t, MAIN, "/srv/settings");
	tree_link(&t, DROP "a.conf", "../../../../../srv/settings");
	s = read_tree(&t, &faults);
	assert_int_equal(faults.n, 0);
	assert_int_equal(s->dump_level, 7);
	assert_string_equal(s->values[SET_DUMP_LEVEL].file, DROP "a.conf");
	tree_end(&t);
}

static void a_drop_in_folder_that_is_none_is_a_fault(void **state)
{
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	auto_free char *text = NULL;
	struct tree t;

	(void)state;
	tree_begin(&t);
	tree_put(&t, SETTINGS_DIR, "DUMP_LEVEL=1\n");
	s = read_tree(&t, &faults);
	text = told(&faults);
	assert_string_equal(text, SETTINGS_DIR ": not a directory, so no drop-in can be read (move it away)\n");
	tree_end(&t);
}

static void a_file_beyond_the_cap_is_a_fault(void **state)
{
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	auto_buf struct buf big = { 0 };
	struct tree t;

	(void)state;
	buf_zero(&big, (8 << 20) + 1);
	tree_begin(&t);
	tree_bytes(&t, MAIN, big.data, big.len);
	s = read_tree(&t, &faults);
	assert_int_equal(faults.errors, 1);
	assert_non_null(strstr(faults.v[0].text, "larger than the 8 MB"));
	tree_end(&t);
}

static void a_file_that_anybody_may_change_is_warned_of(void **state)
{
	auto_settings struct settings *s = NULL;
	auto_faults struct fault_list faults = { 0 };
	auto_free char *path = NULL;
	struct tree t;

	(void)state;
	tree_begin(&t);
	tree_put(&t, MAIN, "");
	path = root_path(&t.root, MAIN);
	assert_int_equal(chmod(path, 0666), 0);
	s = read_tree(&t, &faults);
	assert_int_equal(faults.errors, 0);
	assert_int_equal(faults.warnings, 1);
	assert_non_null(strstr(faults.v[0].text, "anybody may write"));
	tree_end(&t);
}

static void the_environment_is_never_looked_at(void **state)
{
	auto_settings struct settings *s = settings_new();
	auto_faults struct fault_list faults = { 0 };
	static const char text[] = "CAPTURE_CMDLINE_ADD='a=${HOME}'\nNFS_OPTIONS='${HOME}'\n";

	(void)state;
	setenv("HOME", "/evil", 1);
	settings_read_text("f", text, sizeof(text) - 1, s, &faults);
	assert_int_equal(faults.n, 0);
	assert_string_equal(s->cmdline_add, "a=${HOME}");
	assert_string_equal(s->nfs_options, "${HOME}");
}

/* Both parsers must give the same value for whatever the splitter lets through. */
static void libconfuse_reads_what_the_splitter_reads(void **state)
{
	static const char *const texts[] = {
		"a", "a#b", "a//b", "a/*b", "{a}", "a=b", "a,b", "+=", "a{b", "*", "~", "caf\xc3\xa9", "\"# // /* */ {} = , +\"",
		"\"a\\\"b\\\\c\"", "\"it's\"", "'\"'", "'\\x41'", "\"\t\"", "'$x ${y} `z`'", "''", "\"\"", "", "include", "\"\xf0\x9f\x98\x80\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_free char *line = xasprintf("CAPTURE_CMDLINE_REMOVE=auto\nNFS_OPTIONS=%s\n", texts[i]);
		auto_settings struct settings *s = settings_new();
		auto_faults struct fault_list faults = { 0 };
		auto_kv struct kv_file f = { 0 };

		kv_split(line, strlen(line), &f);
		settings_read_text("f", line, strlen(line), s, &faults);
		for (size_t j = 0; j < faults.n; j++)
			if (strstr(faults.v[j].text, "libconfuse"))
				fail_msg("'%s': %s", texts[i], faults.v[j].text);
		if (!faults.n)
			assert_string_equal(s->values[SET_NFS_OPTIONS].text, f.lines[1].value);
	}
}

static void the_shipped_file_is_good(void **state)
{
	auto_settings struct settings *s = settings_new();
	auto_faults struct fault_list faults = { 0 };
	auto_buf struct buf text = { 0 };

	(void)state;
	schema_file_text(&text);
	for (char *line = text.data; *line; line = strchr(line, '\n') + 1)
		if (line[0] == '#' && line[1] >= 'A' && line[1] <= 'Z')
			line[0] = ' ';
	settings_read_text("f", text.data, text.len, s, &faults);
	settings_check(s, &faults);
	assert_int_equal(faults.n, 0);
	for (unsigned k = 0; k < SETTING_COUNT; k++) {
		assert_string_equal(s->values[k].text, setting_default((enum setting_key)k));
		assert_string_equal(s->values[k].file, "f");
	}
}

static void files_that_are_named_are_looked_at(void **state)
{
	static const struct { enum setting_key key; const char *path, *content; mode_t mode; const char *want; } rows[] = {
		{ SET_SSH_KEY, "/k", "key", 0600, NULL },
		{ SET_SSH_KEY, "/k", "key", 0640, "ssh refuses such a key (run: chmod 600 /k)" },
		{ SET_SSH_KEY, "/k", "", 0600, "'/k' is empty" },
		{ SET_SSH_KEY, "/k", NULL, 0, "'/k' is not there" },
		{ SET_SSH_KEY, "/etc", NULL, 0, "'/etc' is not a regular file" },
		{ SET_LUKS_KEY_FILE, "/k", "key", 0644, "open to others" },
		{ SET_HUB_CA, "/ca", "x", 0644, NULL },
		{ SET_HUB_CA, "/ca", "", 0644, "'/ca' is empty" },
		{ SET_SSH_KNOWN_HOSTS, "/kh", NULL, 0, "'/kh' is not there" },
		{ SET_DUMP_PRE, "/p", "\177ELF...", 0755, NULL },
		{ SET_DUMP_PRE, "/p", "\177ELF...", 0644, "is not executable (run: chmod +x /p)" },
		{ SET_DUMP_PRE, "/p", "\177ELF...", 0757, "anybody may write to '/p'" },
		{ SET_DUMP_PRE, "/p", "#! /bin/tool -x\n", 0755, NULL },
		{ SET_DUMP_PRE, "/p", "#!/bin/none\n", 0755, "'/p' wants '/bin/none', which is not there" },
		{ SET_DUMP_PRE, "/p", "#!tool\n", 0755, "'/p' wants 'tool'" },
		{ SET_DUMP_POST, "/p", "echo x\n", 0755, "neither a program nor a script" },
		{ SET_DUMP_POST, "/p", "", 0755, "neither a program nor a script" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_settings struct settings *s = settings_new();
		auto_faults struct fault_list faults = { 0 };
		auto_free char *path = NULL;
		struct tree t;

		tree_begin(&t);
		tree_dir(&t, "/etc");
		tree_put(&t, "/bin/tool", "");
		path = root_path(&t.root, rows[i].path);
		if (rows[i].content) {
			tree_put(&t, rows[i].path, rows[i].content);
			assert_int_equal(chmod(path, rows[i].mode), 0);
		}
		settings_set(s, rows[i].key, rows[i].path, "/f", 1, &faults);
		settings_check_files(&t.root, s, &faults);
		if (rows[i].want ? faults.n != 1 || !strstr(faults.v[0].text, rows[i].want) : faults.n != 0)
			fail_msg("row %zu: %s", i, faults.n ? faults.v[0].text : "no fault");
		tree_end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_files_the_defaults_hold),
		cmocka_unit_test(later_files_win_and_each_value_knows_its_place),
		cmocka_unit_test(every_fault_of_every_file_is_told_in_one_run),
		cmocka_unit_test(what_is_no_file_is_told_and_never_waited_for),
		cmocka_unit_test(a_link_stays_below_the_root),
		cmocka_unit_test(a_drop_in_folder_that_is_none_is_a_fault),
		cmocka_unit_test(a_file_beyond_the_cap_is_a_fault),
		cmocka_unit_test(a_file_that_anybody_may_change_is_warned_of),
		cmocka_unit_test(the_environment_is_never_looked_at),
		cmocka_unit_test(libconfuse_reads_what_the_splitter_reads),
		cmocka_unit_test(the_shipped_file_is_good),
		cmocka_unit_test(files_that_are_named_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
