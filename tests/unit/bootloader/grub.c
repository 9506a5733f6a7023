/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "helper.h"

#include "grubcfg.h"
#include "proc.h"

#define DEFAULTS "/etc/default/grub"
#define DROPIN "/etc/default/grub.d/crashcfg.cfg"
#define DROPIN_LINE "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=256M\"\n"
#define CFG "/boot/grub/grub.cfg"

/* What the generator would put on the kernel's command line: a real shell reads the files, as there. */
static char *as_the_shell_reads_it(const struct tree *t)
{
	static const char script[] =
		"cd \"$1\" || exit 1; . ./etc/default/grub; for x in ./etc/default/grub.d/*.cfg; do"
		" if [ -e \"$x\" ]; then . \"$x\"; fi; done; printf '%s %s' \"$GRUB_CMDLINE_LINUX\" "
		"\"$GRUB_CMDLINE_LINUX_DEFAULT\"";
	const char *const argv[] = { "/bin/sh", "-c", script, "sh", t->path, NULL };
	auto_proc struct proc p = { .argv = argv, .deadline_ms = 10000 };
	struct err e = { 0 };

	if (proc_check(&p, &e) < 0)
		fail_msg("%s", e.text);
	return xstrdup(buf_text(&p.out));
}

static void set_ok(struct boot_state *s, const char *value, bool force)
{
	struct err e = { 0 };

	if (boot_grub.set_arg(s, KEY, value, force, &e) < 0)
		fail_msg("%s", e.text);
}

/* In the fixture a link to an absolute path would lead the shell to this machine's file. */
static void make_defaults(const struct tree *t, const char *text)
{
	auto_free char *path = root_path(&t->root, DEFAULTS);

	unlink(path);
	tree_put(t, DEFAULTS, text);
}

static void the_drop_in_is_last_on_the_kernels_line(void **state)
{
	static const struct {
		const char *fixture, *want;
		bool force;
	} rows[] = {
		{ "debian12-grub", " quiet crashkernel=256M", false },
		{ "debian12-grub-handmade", " quiet crashkernel=512M", false },
		{ "debian12-grub-handmade", " quiet crashkernel=256M", true },
		{ "debian12-grub-kdumptools", " quiet crashkernel=384M-:128M", false },
		{ "debian12-grub-kdumptools", " quiet crashkernel=256M", true },
		{ "ubuntu2204-grub", " console=tty1 console=ttyS0 crashkernel=256M", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tree t;
		auto_free char *got = NULL;

		tree_from(&t, rows[i].fixture);
		change(&boot_grub, &t, "256M", rows[i].force);
		got = as_the_shell_reads_it(&t);
		assert_string_equal(got, rows[i].want);
		tree_end(&t);
	}
}

static void values_of_another_hand_are_found_taken_and_given_back(void **state)
{
	static const struct {
		const char *defaults, *conflict;	/* conflict NULL: none */
		const char *forced;			/* what the shell reads then; NULL: refused */
	} rows[] = {
		{ "GRUB_CMDLINE_LINUX=\"a crashkernel=1G b\"\n", "1 crashkernel=1G",
		  "a b  crashkernel=256M" },
		{ "GRUB_CMDLINE_LINUX='crashkernel=1G'\n", "1 crashkernel=1G", "  crashkernel=256M" },
		{ "GRUB_CMDLINE_LINUX=crashkernel=1G", "1 crashkernel=1G", "  crashkernel=256M" },
		{ "#\nA=1; export GRUB_CMDLINE_LINUX_DEFAULT=\"x \\\n crashkernel=1G y\"\n",
		  "2 crashkernel=1G", " x y crashkernel=256M" },
		{ "GRUB_CMDLINE_LINUX=\"x\"' crashkernel=1G,high'\" crashkernel=2M,low y\"\n",
		  "1 crashkernel=1G,high crashkernel=2M,low", "x y  crashkernel=256M" },
		{ "GRUB_CMDLINE_LINUX+=\" crashkernel=1G\"\n", "1 crashkernel=1G",
		  NULL }, /* dash knows no += */
		{ "GRUB_CMDLINE_LINUX=\"crashkernel=$SIZE y\"\n", "1 crashkernel=$SIZE",
		  "y  crashkernel=256M" },
		{ "GRUB_CMDLINE_LINUX=\"$(echo crashkernel=1G)\"\n", "1 crashkernel=1G", NULL },
		{ "GRUB_CMDLINE_LINUX=`echo crashkernel=1G`\n", "1 crashkernel=1G", NULL },
		{ "if true; then\nGRUB_CMDLINE_LINUX=crashkernel=1G\nfi\n", "2 crashkernel=1G", NULL },
		{ "true && GRUB_CMDLINE_LINUX=crashkernel=1G\n", "1 crashkernel=1G", NULL },
		{ "GRUB_CMDLINE_LINUX=crashkernel=1G true\n", "1 crashkernel=1G", NULL },
		{ "MINE=crashkernel=1G\nGRUB_CMDLINE_LINUX=\"$MINE\"\n", "1 crashkernel=1G", NULL },
		{ "cat <<X\nGRUB_CMDLINE_LINUX=crashkernel=1G\nX\n", "2 crashkernel=1G", NULL },
		{ "#GRUB_CMDLINE_LINUX=crashkernel=1G\n", NULL, NULL },
		{ "GRUB_CMDLINE_LINUX=\"a # crashkernel=1G\"\n", "1 crashkernel=1G",
		  "a #  crashkernel=256M" },
		{ "GRUB_CMDLINE_LINUX_RECOVERY=\"crashkernel=0M\"\n", NULL, NULL },
		{ "GRUB_CMDLINE_XEN_DEFAULT=\"crashkernel=64M\"\n", NULL, NULL },
		{ "GRUB_CMDLINE_LINUX=\"xcrashkernel=1 crashkernel\"\n", NULL, NULL },
		{ "GRUB_CMDLINE_LINUX=\"a -- crashkernel=1\"\n", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *conflicts = NULL, *want = NULL, *got = NULL, *back = NULL;
		struct err e = { 0 };
		struct boot_state *s;
		struct tree t;

		tree_from(&t, "debian12-grub");
		make_defaults(&t, rows[i].defaults);
		s = load(&boot_grub, &t);
		conflicts = conflicts_text(&boot_grub, s);
		want = rows[i].conflict ? xasprintf("%s:%s\n", DEFAULTS, rows[i].conflict) : xstrdup("");
		assert_string_equal(conflicts, want);
		if (rows[i].conflict && !rows[i].forced && !strstr(rows[i].defaults, "+=")) {
			assert_int_equal(boot_grub.set_arg(s, KEY, "256M", true, &e), -ENOTSUP);
			assert_non_null(strstr(e.text, DEFAULTS ":"));
		}
		boot_grub.free(s);
		if (rows[i].forced) {
			change(&boot_grub, &t, "256M", true);
			got = as_the_shell_reads_it(&t);
			assert_string_equal(got, rows[i].forced);
			change(&boot_grub, &t, NULL, false);
			back = text_of(&t, DEFAULTS);
			assert_string_equal(back, rows[i].defaults);
		}
		tree_end(&t);
	}
}

static void edits_made_since_survive_the_taking_off(void **state)
{
	static const struct {
		const char *before, *since, *after;
	} rows[] = {
		/* Another argument came: the value goes back where it can. */
		{ "GRUB_CMDLINE_LINUX=\"quiet crashkernel=1G splash\"\n",
		  "GRUB_CMDLINE_LINUX=\"quiet splash debug\"\n",
		  "GRUB_CMDLINE_LINUX=\"quiet splash debug crashkernel=1G\"\n" },
		/* A new value came: it is the one that counts. */
		{ "GRUB_CMDLINE_LINUX=\"crashkernel=1G\"\n", "GRUB_CMDLINE_LINUX=\"crashkernel=2G\"\n",
		  "GRUB_CMDLINE_LINUX=\"crashkernel=2G\"\n" },
		/* The line is gone: so be it. */
		{ "GRUB_CMDLINE_LINUX=\"crashkernel=1G\"\n", "GRUB_TIMEOUT=1\n", "GRUB_TIMEOUT=1\n" },
		/* A line came before it. */
		{ "GRUB_CMDLINE_LINUX=\"crashkernel=1G\"\n", "# mine\nGRUB_CMDLINE_LINUX=\"\"\n",
		  "# mine\nGRUB_CMDLINE_LINUX=\"crashkernel=1G\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *after = NULL;
		struct tree t;

		tree_from(&t, "debian12-grub");
		make_defaults(&t, rows[i].before);
		change(&boot_grub, &t, "256M", true);
		make_defaults(&t, rows[i].since);
		change(&boot_grub, &t, NULL, false);
		after = text_of(&t, DEFAULTS);
		assert_string_equal(after, rows[i].after);
		assert_null(text_of(&t, DROPIN));
		assert_null(text_of(&t, LEDGER_PATH));
		tree_end(&t);
	}
}

static void a_value_that_came_by_hand_since_rules_until_forced(void **state)
{
	struct tree t;
	auto_free char *got = NULL, *forced = NULL;

	(void)state;
	tree_from(&t, "debian12-grub");
	change(&boot_grub, &t, "256M", false);
	make_defaults(&t, "GRUB_CMDLINE_LINUX=\"crashkernel=1G\"\n");
	assert_int_equal(change(&boot_grub, &t, "256M", false), 1);
	got = as_the_shell_reads_it(&t);
	assert_string_equal(got, "crashkernel=1G ");
	change(&boot_grub, &t, "256M", true);
	forced = as_the_shell_reads_it(&t);
	assert_string_equal(forced, "  crashkernel=256M");
	tree_end(&t);
}

static void a_later_drop_in_that_starts_anew_does_not_hide_ours(void **state)
{
	struct tree t;
	auto_free char *got = NULL, *first = NULL;
	struct err e = { 0 };
	struct boot_state *s;

	(void)state;
	tree_from(&t, "debian12-grub");
	change(&boot_grub, &t, "128M", false);
	tree_put(&t, "/etc/default/grub.d/rpi.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=\"console=ttyS0\"\n");
	change(&boot_grub, &t, "256M", false);
	got = as_the_shell_reads_it(&t);
	assert_string_equal(got, " console=ttyS0 crashkernel=256M");
	first = text_of(&t, DROPIN);
	assert_null(first);
	tree_put(&t, "/etc/default/grub.d/zzz.cfg", "\nGRUB_CMDLINE_LINUX_DEFAULT=\"console=ttyS0\"\n");
	s = load(&boot_grub, &t);
	assert_int_equal(boot_grub.set_arg(s, KEY, "256M", false, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "/etc/default/grub.d/zzz.cfg:2"));
	boot_grub.free(s);
	tree_end(&t);
}

static void a_strangers_file_of_our_name_is_not_touched(void **state)
{
	struct tree t;
	struct err e = { 0 };
	struct boot_state *s;

	(void)state;
	tree_from(&t, "debian12-grub");
	tree_put(&t, DROPIN, "GRUB_TIMEOUT=1\n");
	s = load(&boot_grub, &t);
	assert_int_equal(boot_grub.set_arg(s, KEY, "256M", true, &e), -EEXIST);
	boot_grub.free(s);
	assert_int_equal(change(&boot_grub, &t, NULL, false), 0);
	tree_end(&t);
}

static void several_arguments_share_the_drop_in(void **state)
{
	auto_edits struct edit_list edits = { 0 };
	auto_free char *text = NULL, *left = NULL;
	struct boot_state *s;
	struct tree t;

	(void)state;
	tree_from(&t, "debian12-grub");
	s = load(&boot_grub, &t);
	set_ok(s, "256M", false);
	assert_int_equal(boot_grub.set_arg(s, "panic", "10", false, NULL), 0);
	assert_int_equal(boot_grub.emit(s, &edits, NULL), 0);
	put_edits(&t, &edits);
	boot_grub.free(s);
	text = text_of(&t, DROPIN);
	assert_non_null(strstr(text, DROPIN_LINE));
	assert_non_null(strstr(text, " panic=10\"\n"));
	assert_int_equal(change(&boot_grub, &t, NULL, false), 1);
	left = text_of(&t, DROPIN);
	assert_null(strstr(left, KEY));
	assert_non_null(strstr(left, " panic=10\"\n"));
	tree_end(&t);
}

/* --- the generator ----------------------------------------------------------------------------- */

/* Write the words into every normal entry of grub.cfg, as the generator would. */
static void generate(const struct tree *t, const char *words, bool recovery)
{
	auto_free char *cfg = text_of(t, CFG);
	auto_buf struct buf out = { 0 };

	for (char *line = cfg, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		buf_adds(&out, line);
		if (strstr(line, "\tlinux\t") && (recovery || !strstr(line, " single")))
			buf_addf(&out, " %s", words);
		buf_addc(&out, '\n');
	}
	tree_bytes(t, CFG, out.data, out.len);
}

static char *command_of(const struct tree *t, const char *value)
{
	struct boot_state *s = load(&boot_grub, t);
	struct boot_command command = { 0 };
	struct buf text = { 0 };
	int r;

	if (value)
		set_ok(s, strcmp(value, "off") == 0 ? NULL : value, false);
	r = boot_grub.command(s, &command);
	for (size_t i = 0; i < command.argv.n; i++)
		buf_addf(&text, "%s%s", i ? " " : "", command.argv.v[i]);
	assert_int_equal(r, text.len ? 0 : 1);
	boot_command_done(&command);
	boot_grub.free(s);
	return buf_take(&text);
}

static void assert_command(const struct tree *t, const char *value, const char *want)
{
	auto_free char *got = command_of(t, value);

	assert_string_equal(got, want);
}

static void the_generator_runs_when_grub_cfg_is_behind(void **state)
{
	struct tree t;
	auto_free char *update = NULL, *value = NULL;
	struct boot_state *s;

	(void)state;
	tree_from(&t, "debian12-grub");
	assert_command(&t, NULL, "");
	assert_command(&t, "256M", "/usr/sbin/update-grub");
	change(&boot_grub, &t, "256M", false);
	/* It never ran, or failed: the drop-in stands, grub.cfg lacks the value. */
	assert_command(&t, NULL, "/usr/sbin/update-grub");
	assert_command(&t, "256M", "/usr/sbin/update-grub");
	generate(&t, "crashkernel=256M", false);
	assert_command(&t, "256M", "");
	assert_command(&t, "128M", "/usr/sbin/update-grub");
	assert_command(&t, "off", "/usr/sbin/update-grub");
	s = load(&boot_grub, &t);
	value = boot_grub.get_default(s, KEY);
	assert_string_equal(value, "256M");
	boot_grub.free(s);

	update = root_path(&t.root, "/usr/sbin/update-grub");
	unlink(update);
	assert_command(&t, "128M", "/usr/sbin/grub-mkconfig -o /boot/grub/grub.cfg");
	tree_end(&t);
}

/* Below a foreign root the drop-in can go, the generator cannot run: that system must not forget it. */
static void a_generator_that_could_not_run_is_owed_until_it_has(void **state)
{
	struct tree t;
	auto_free char *before = NULL, *after = NULL, *ledger = NULL;

	(void)state;
	tree_from(&t, "debian12-grub");
	before = text_of(&t, CFG);
	change(&boot_grub, &t, "256M", false);
	generate(&t, "crashkernel=256M", false);
	assert_int_equal(change(&boot_grub, &t, NULL, false), 2);	/* drop-in and ledger */
	ledger = text_of(&t, LEDGER_PATH);
	assert_non_null(ledger);
	assert_command(&t, "off", "/usr/sbin/update-grub");
	assert_int_equal(change(&boot_grub, &t, NULL, false), 0);

	/* The system itself pays: the same files, where the generator can run. */
	t.root.host = true;
	assert_command(&t, "off", "/usr/sbin/update-grub");
	assert_int_equal(change(&boot_grub, &t, NULL, false), 1);
	assert_null(text_of(&t, LEDGER_PATH));

	/* Somebody else ran it: there is nothing left to remember. */
	t.root.host = false;
	tree_put(&t, LEDGER_PATH, ledger);
	tree_put(&t, CFG, before);
	assert_command(&t, "off", "");
	assert_int_equal(change(&boot_grub, &t, NULL, false), 1);
	assert_null(text_of(&t, LEDGER_PATH));

	/* Wanted again: the drop-in speaks for itself. */
	tree_put(&t, LEDGER_PATH, ledger);
	generate(&t, "crashkernel=256M", false);
	assert_command(&t, "256M", "/usr/sbin/update-grub");
	assert_int_equal(change(&boot_grub, &t, "256M", false), 2);
	assert_null(text_of(&t, LEDGER_PATH));
	after = text_of(&t, DROPIN);
	assert_non_null(strstr(after, "crashkernel=256M"));
	tree_end(&t);
}

static void a_grub_cfg_that_was_never_made_is_behind_too(void **state)
{
	struct tree t;
	auto_free char *path = NULL;

	(void)state;
	tree_from(&t, "debian12-grub");
	change(&boot_grub, &t, "256M", false);
	path = root_path(&t.root, CFG);
	unlink(path);
	assert_command(&t, "256M", "/usr/sbin/update-grub");
	tree_end(&t);
}

/* --- grub.cfg ---------------------------------------------------------------------------------- */

static void the_default_entry_is_the_one_that_grub_would_start(void **state)
{
	static const char menu[] =
		"set default=\"%s\"\n"
		"menuentry 'A' --id 'ida' {\n linux /a x=1\n}\n"
		"submenu \"More > of it\" $menuentry_id_option 'more' {\n"
		"\tmenuentry 'B' --class x --id idb { linux /b \"x=2\" y='1 2'; initrd /i }\n"
		"\tmenuentry 'C (recovery mode)' { linux /c x=3 single; }\n"
		"}\n"
		"menuentry Windows { chainloader +1 }\n";
	static const struct {
		const char *set, *saved, *want;		/* want "-": no entry, "": one without Linux */
	} rows[] = {
		{ "0", NULL, "x=1" },
		{ "1", NULL, "-" },
		{ "1>0", NULL, "x=2 \"y=1 2\"" },
		{ "more>idb", NULL, "x=2 \"y=1 2\"" },
		{ "More >> of it>C (recovery mode)", NULL, "x=3 single" },
		{ "more>nothing", NULL, "-" },
		{ "2", NULL, "" },
		{ "Windows", NULL, "" },
		{ "7", NULL, "x=1" },
		{ "gone", NULL, "x=1" },
		{ "${saved_entry}", NULL, "x=1" },
		{ "${saved_entry}", "more>B", "x=2 \"y=1 2\"" },
		{ "$saved_entry", "ida", "x=1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_buf struct buf text = { 0 };
		auto_grubcfg struct grubcfg cfg = { 0 };
		const struct grub_entry *entry;

		buf_addf(&text, "if x; then\nset default=\"${next_entry}\"\nfi\n");
		for (const char *p = menu; *p; p++)
			if (p[0] == '%' && p[1] == 's')
				buf_adds(&text, rows[i].set), p++;
			else
				buf_addc(&text, *p);
		grubcfg_parse(&text, &cfg);
		assert_int_equal(cfg.n, 5);
		entry = grubcfg_default(&cfg, rows[i].saved);
		if (strcmp(rows[i].want, "-") == 0)
			assert_null(entry);
		else
			assert_string_equal(entry->cmdline ? entry->cmdline : "", rows[i].want);
	}
}

static void the_saved_entry_is_followed(void **state)
{
	auto_free char *cfg = NULL, *value = NULL;
	struct boot_state *s;
	struct tree t;

	(void)state;
	tree_from(&t, "debian12-grub-saved");
	cfg = text_of(&t, CFG);
	/* Only the older kernel's normal entry, the saved one, gets a value. */
	memcpy(strstr(strstr(cfg, "gnulinux-6.1.0-49-amd64-advanced-"), " quiet"), " a=123", 6);
	tree_put(&t, CFG, cfg);
	s = load(&boot_grub, &t);
	value = boot_grub.get_default(s, "a");
	assert_string_equal(value, "123");
	boot_grub.free(s);
	tree_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_drop_in_is_last_on_the_kernels_line),
		cmocka_unit_test(values_of_another_hand_are_found_taken_and_given_back),
		cmocka_unit_test(edits_made_since_survive_the_taking_off),
		cmocka_unit_test(a_value_that_came_by_hand_since_rules_until_forced),
		cmocka_unit_test(a_later_drop_in_that_starts_anew_does_not_hide_ours),
		cmocka_unit_test(a_strangers_file_of_our_name_is_not_touched),
		cmocka_unit_test(several_arguments_share_the_drop_in),
		cmocka_unit_test(the_generator_runs_when_grub_cfg_is_behind),
		cmocka_unit_test(a_generator_that_could_not_run_is_owed_until_it_has),
		cmocka_unit_test(a_grub_cfg_that_was_never_made_is_behind_too),
		cmocka_unit_test(the_default_entry_is_the_one_that_grub_would_start),
		cmocka_unit_test(the_saved_entry_is_followed),
	};

	return cmocka_run_group_tests_name("grub", tests, NULL, NULL);
}
